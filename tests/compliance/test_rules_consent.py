"""One test per measured rule: consent (CO), ends and rights (WD), notice (NO), minors (MI)."""

from sqlalchemy import select

from controller.domain.moment import DAY_MS, HOUR_MS
from controller.domain.roles import Actor
from controller.services.erasure import stop_face
from controller.storage.models import (
    ControlLeafRow,
    DisputeRow,
    DocumentRecordRow,
    ErasureRow,
    EventRow,
    FaceConsentRow,
    FaceEnrolmentRow,
    FaceNoticeRow,
    HolderRow,
)
from mqtt.contract import codec
from mqtt.contract.records import LeaseRecord
from tests.support.face_desk import SOUTH, FaceDesk
from tests.support.judging import FAIL, HUMAN, NONE, PASS, add, change, judged


def consent(desk: FaceDesk) -> FaceConsentRow:
    with desk.reading() as uow:
        return uow.session.scalars(select(FaceConsentRow)).first() or FaceConsentRow()


def withdraw(desk: FaceDesk) -> None:
    with desk.writing() as uow:
        holder = consent(desk).holder_id
        stop_face(uow, desk.site, Actor(holder), holder, moment=desk.moment)
        uow.commit()


def test_CO_01_a_consent_with_another_purpose_fails(desk: FaceDesk) -> None:
    assert judged(desk, "CO-01") is PASS
    change(desk, FaceConsentRow, purpose="attendance")
    assert judged(desk, "CO-01") is FAIL


def test_CO_02_a_screen_without_the_other_ways_fails(desk: FaceDesk) -> None:
    assert judged(desk, "CO-02") is PASS
    change(desk, FaceNoticeRow, screen_zh="请同意刷脸。")
    assert judged(desk, "CO-02") is FAIL


def test_CO_03_a_consent_without_a_gates_signed_event_fails(desk: FaceDesk) -> None:
    assert judged(desk, "CO-03") is PASS
    change(desk, EventRow, kind="guard")
    assert judged(desk, "CO-03") is FAIL


def test_CO_04_a_consent_to_another_notice_fails(desk: FaceDesk) -> None:
    assert judged(desk, "CO-04") is PASS
    change(desk, FaceConsentRow, notice_hash=b"\x01" * 32)
    desk.move(HOUR_MS)
    assert judged(desk, "CO-04") is FAIL


def test_CO_05_a_consent_longer_than_a_year_fails(desk: FaceDesk) -> None:
    assert judged(desk, "CO-05") is PASS
    change(desk, FaceConsentRow, until_ms=desk.moment.utc_ms + 400 * DAY_MS)
    assert judged(desk, "CO-05") is FAIL


def test_CO_06_references_without_a_consent_fail_until_a_gate_is_asked(desk: FaceDesk) -> None:
    assert judged(desk, "CO-06") is PASS
    withdraw(desk)
    assert judged(desk, "CO-06") is PASS  # both gates are asked to erase
    change(desk, ErasureRow, closed_at_ms=desk.moment.utc_ms)
    assert judged(desk, "CO-06") is FAIL


def test_WD_02_a_lease_longer_than_24_h_fails(desk: FaceDesk) -> None:
    assert judged(desk, "WD-02") is PASS
    long = codec.encode(LeaseRecord(b"creden-1", 0, 25 * HOUR_MS))
    add(desk, DocumentRecordRow(gate=SOUTH, name="leases", record="lease:x", body=long))
    assert judged(desk, "WD-02") is FAIL


def test_WD_03_an_erasure_waits_for_its_receipts(desk: FaceDesk) -> None:
    assert judged(desk, "WD-03") is NONE
    withdraw(desk)
    assert judged(desk, "WD-03") is PASS
    desk.move(73 * HOUR_MS)
    assert judged(desk, "WD-03") is FAIL


def test_WD_04_72_h_are_a_breach_even_when_closed_later(desk: FaceDesk) -> None:
    assert judged(desk, "WD-04") is NONE
    withdraw(desk)
    desk.move(71 * HOUR_MS)
    assert judged(desk, "WD-04") is PASS
    desk.move(3 * HOUR_MS)
    change(desk, ErasureRow, closed_at_ms=desk.moment.utc_ms)
    assert judged(desk, "WD-04") is FAIL


def test_WD_05_whoever_left_and_is_enrolled_still_fails(desk: FaceDesk) -> None:
    assert judged(desk, "WD-05") is PASS
    change(desk, HolderRow, left_at_ms=desk.moment.utc_ms - 4 * DAY_MS)
    assert judged(desk, "WD-05") is FAIL
    change(desk, FaceEnrolmentRow, erased_at_ms=desk.moment.utc_ms)
    assert judged(desk, "WD-05") is PASS


def test_WD_06_a_request_unanswered_for_15_days_fails(desk: FaceDesk) -> None:
    assert judged(desk, "WD-06") is NONE
    now_ms = desk.moment.utc_ms
    dispute = DisputeRow(
        holder_id=consent(desk).holder_id,
        event_id=1,
        method="face",
        opened_at_ms=now_ms,
        answer_due_ms=now_ms + 10 * DAY_MS,
        answer="",
    )
    add(desk, dispute)
    desk.move(15 * DAY_MS)
    assert judged(desk, "WD-06") is PASS
    desk.move(1)
    assert judged(desk, "WD-06") is FAIL


def test_WD_07_erasing_who_it_was_keeps_the_log_and_a_change_breaks_it(desk: FaceDesk) -> None:
    change(desk, ControlLeafRow, salt=None, personal=None)
    assert judged(desk, "WD-07") is PASS
    change(desk, ControlLeafRow, leaf=b"x")
    assert judged(desk, "WD-07") is FAIL


def test_NO_01_a_notice_that_lacks_an_element_or_was_changed_fails(desk: FaceDesk) -> None:
    assert judged(desk, "NO-01") is HUMAN  # print and speech are looked at on site
    change(desk, FaceNoticeRow, text_zh="同意刷脸。")
    assert judged(desk, "NO-01") is FAIL


def test_NO_03_the_page_shows_the_notice_that_was_published(desk: FaceDesk) -> None:
    assert judged(desk, "NO-03") is HUMAN  # the posting is looked at on site
    change(desk, FaceNoticeRow, text_hash=b"\x01" * 32)
    assert judged(desk, "NO-03") is FAIL


def test_MI_01_face_under_14_without_rules_fails(desk: FaceDesk) -> None:
    assert judged(desk, "MI-01") is PASS
    change(desk, FaceConsentRow, band="under_14")
    assert judged(desk, "MI-01") is FAIL


def test_MI_02_14_to_17_without_a_guardians_consent_fails(desk: FaceDesk) -> None:
    assert judged(desk, "MI-02") is NONE
    change(desk, FaceConsentRow, band="14_17", guardian_agreed_at_ms=1)
    assert judged(desk, "MI-02") is PASS
    change(desk, FaceConsentRow, guardian_agreed_at_ms=None)
    assert judged(desk, "MI-02") is FAIL


def test_MI_03_a_consent_across_a_birthday_fails(desk: FaceDesk) -> None:
    assert judged(desk, "MI-03") is PASS
    change(desk, FaceConsentRow, band="14_17")
    assert judged(desk, "MI-03") is FAIL
