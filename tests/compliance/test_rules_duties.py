"""One test per measured rule: counters, retention, logs, duties, inspection; and the engine."""

import hashlib

from controller.domain.complaints import ComplaintTopic
from controller.domain.moment import DAY_MS, MINUTE_MS
from controller.services.attestations import AttestationDraft, attest
from controller.services.complaints import complain
from controller.services.desk.filing import note_elsewhere
from controller.services.rules.engine import evaluate, history, keep_findings, present_findings
from controller.storage.models import (
    AlarmRow,
    ControlledPointRow,
    DeskRecordRow,
    LegalHoldRow,
    LegalOrderRow,
    PassageRow,
    SiteValueRow,
)
from mqtt.contract.rules import Verdict, rules
from tests.support.face_desk import FaceDesk
from tests.support.judging import FAIL, FEW, HUMAN, NONE, PASS, add, change, heartbeat, judged


def test_DM_01_a_frame_without_a_press_fails(desk: FaceDesk) -> None:
    assert judged(desk, "DM-01") is FEW
    heartbeat(desk, counts={"presses": 0, "self_test_frames": 40})
    assert judged(desk, "DM-01") is PASS  # the self-test runs with the camera closed
    heartbeat(desk, counts={"presses": 2, "entry_armed": 2, "entry_frames": 9})
    assert judged(desk, "DM-01") is PASS
    heartbeat(desk, counts={"presses": 0, "entry_frames": 1})
    assert judged(desk, "DM-01") is FAIL
    heartbeat(desk, counts={"presses": 1, "entry_armed": 2})
    assert judged(desk, "DM-01") is FAIL


def test_RT_01_a_named_passage_older_than_30_days_fails(desk: FaceDesk) -> None:
    assert judged(desk, "RT-01") is PASS
    add(desk, PassageRow(event_id=1, holder_id=b"x" * 8, at_s=desk.moment.utc_s))
    desk.move(31 * DAY_MS)
    assert judged(desk, "RT-01") is PASS
    desk.move(DAY_MS)
    assert judged(desk, "RT-01") is FAIL


def test_RT_02_a_hold_past_its_end_fails(desk: FaceDesk) -> None:
    assert judged(desk, "RT-02") is NONE
    holder = desk.resident(9).holder
    end_ms = desk.moment.utc_ms + DAY_MS
    order = LegalOrderRow(
        id=1,
        kind="preserve",
        authority="court",
        document_number="1",
        holder_id=holder,
        due_at_ms=end_ms,
        ends_at_ms=end_ms,
        made_at_ms=1,
        made_by=bytes(8),
        result_hash=b"",
        result="",
    )
    add(desk, order, LegalHoldRow(order_id=1, holder_id=holder, until_ms=end_ms))
    assert judged(desk, "RT-02") is PASS
    desk.move(2 * DAY_MS)
    assert judged(desk, "RT-02") is FAIL


def test_SE_04_a_fork_gap_or_unexplained_log_fails(desk: FaceDesk) -> None:
    assert judged(desk, "SE-04") is PASS
    add(desk, AlarmRow(id=1, at_ms=1, gate="gate-south", reason="epoch_changed", clear_reason=""))
    assert judged(desk, "SE-04") is FAIL
    change(desk, AlarmRow, cleared_at_ms=2, clear_reason="new board, on record")
    assert judged(desk, "SE-04") is PASS


def test_PI_01_face_without_an_assessment_in_force_fails(desk: FaceDesk) -> None:
    assert judged(desk, "PI-01") is FAIL
    row = DeskRecordRow(
        id=1,
        kind="pipia",
        title="PIA",
        document={},
        digest=hashlib.sha256(b"").digest(),
        made_at_ms=1,
        made_by=bytes(8),
        due_at_ms=desk.moment.utc_ms + DAY_MS,
        is_approved=True,
    )
    add(desk, row)
    assert judged(desk, "PI-01") is HUMAN  # somebody has to read it
    desk.move(2 * DAY_MS)
    assert judged(desk, "PI-01") is FAIL


def test_PI_03_without_the_other_compounds_numbers_there_is_no_verdict(desk: FaceDesk) -> None:
    assert judged(desk, "PI-03") is FEW
    for people, verdict in ((0, PASS), (79_000, PASS), (99_998, PASS)):
        with desk.writing() as uow:
            note_elsewhere(uow, people)
            uow.commit()
        assert judged(desk, "PI-03") is verdict
    add(desk, SiteValueRow(name="filing_reached", value=b"2026-11-18"))
    assert judged(desk, "PI-03") is HUMAN
    desk.move(60 * DAY_MS)
    assert judged(desk, "PI-03") is FAIL


def test_PR_01_a_compound_without_a_named_operator_fails(desk: FaceDesk) -> None:
    assert judged(desk, "PR-01") is FAIL
    point = ControlledPointRow(
        id=1,
        title="南门",
        kind="gate",
        place="",
        operator="某物业公司",
        ways=("qr",),
        photo_hash=b"",
        made_at_ms=1,
        made_by=bytes(8),
    )
    add(desk, point)
    assert judged(desk, "PR-01") is PASS


def test_CM_01_a_complaint_unanswered_for_10_days_fails(desk: FaceDesk) -> None:
    assert judged(desk, "CM-01") is PASS
    with desk.writing() as uow:
        complain(uow, ComplaintTopic.SLOWER, "刷卡太慢", desk.moment)
        uow.commit()
    desk.move(10 * DAY_MS)
    assert judged(desk, "CM-01") is PASS
    desk.move(MINUTE_MS)
    assert judged(desk, "CM-01") is FAIL


def test_IN_02_looks_are_counted(desk: FaceDesk) -> None:
    assert judged(desk, "IN-02") is PASS


def test_an_attestation_answers_what_only_people_can_see(desk: FaceDesk) -> None:
    assert judged(desk, "EM-01") is HUMAN
    with desk.writing() as uow:
        until_ms = desk.moment.utc_ms + 30 * DAY_MS
        draft = AttestationDraft("EM-01", "触点测试通过", valid_until_ms=until_ms)
        attest(uow, desk.home.manager, draft, desk.moment)
        uow.commit()
    assert judged(desk, "EM-01") is PASS
    desk.move(31 * DAY_MS)
    assert judged(desk, "EM-01") is HUMAN


def test_verdicts_are_kept_with_their_history_and_only_changes_are_noted(desk: FaceDesk) -> None:
    with desk.writing() as uow:
        first = keep_findings(uow, desk.site, desk.moment)
        assert [each.rule for each in first] == [rule.id for rule in rules()]
        desk.move(10 * MINUTE_MS)
        keep_findings(uow, desk.site, desk.moment)
        assert len(history(uow, "SE-04")) == 1
        row = AlarmRow(at_ms=1, gate="gate-south", reason="fork", clear_reason="")
        uow.session.add(row)
        desk.move(MINUTE_MS)
        keep_findings(uow, desk.site, desk.moment)
        assert present_findings(uow)["SE-04"].verdict == "PASS"  # evaluated every five minutes
        keep_findings(uow, desk.site, desk.moment, at_once=True)
        told = history(uow, "SE-04")
        assert [each.verdict for each in told] == ["FAIL", "PASS"]
        assert told[1].until_ms == told[0].since_ms
        assert told[0].evidence
        uow.commit()


def test_nothing_in_a_verdict_names_a_person(desk: FaceDesk) -> None:
    holder = desk.resident(11).holder
    with desk.reading() as uow:
        said = repr(evaluate(uow, desk.site, desk.moment))
    assert "张三" not in said
    assert holder.hex() not in said
    assert "3-2-502" not in said
    assert {verdict.value for verdict in Verdict} >= {"PASS", "NOT COVERED"}
