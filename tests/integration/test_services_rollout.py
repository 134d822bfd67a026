"""Roll-outs at the controller: drafts, canary gate, verdicts, roll-back, history."""

import pytest
from sqlalchemy import Engine, select

from controller.domain.moment import MINUTE_MS
from controller.domain.roles import Actor
from controller.domain.rollout.progress import SILENT_MS
from controller.services.documents import compile_all
from controller.services.gates import config_of
from controller.services.rollout import drafts, running
from controller.services.rollout.history import detail
from controller.storage.models import (
    AlarmRow,
    DocumentRecordRow,
    GatePresenceRow,
    RolloutRow,
)
from controller.storage.unit_of_work import UnitOfWork
from mqtt.contract.errors import RefusedError
from mqtt.contract.reasons import ReasonCode
from mqtt.contract.records import Role
from mqtt.contract.rollout import Mode, RolloutRecord, Stage, TrialVerdict
from tests.support.compound import NOW, build_compound
from tests.support.rollout_desk import CANARY, OTHER, Desk, presence


@pytest.fixture
def desk(engine: Engine) -> Desk:
    home = build_compound(engine)
    with UnitOfWork(engine) as uow:
        uow.session.add_all([presence(CANARY), presence(OTHER)])
        compile_all(uow, home.site, NOW)
        uow.commit()
    return Desk(engine, home)


def test_G13_canary_then_the_rest_then_the_settings_themselves(desk: Desk) -> None:
    rollout = desk.draft()
    with UnitOfWork(desk.engine, writes=False) as uow:
        found = drafts.diff(uow, desk.home.site, rollout)
    assert [(c.gate, c.field, c.before, c.after, c.mode) for c in found] == [
        (OTHER, "unlock_ms", 5_000, 7_000, Mode.LIVE),
        (CANARY, "unlock_ms", 5_000, 7_000, Mode.LIVE),
    ]
    desk.start(rollout)
    assert (desk.unlock_ms(CANARY), desk.unlock_ms(OTHER)) == (7_000, 5_000)
    record = desk.record(CANARY)
    assert record is not None
    assert record.stage is Stage.TRIAL
    assert desk.record(OTHER) is None
    desk.hear(CANARY, TrialVerdict.WAITING)
    desk.hear(CANARY, TrialVerdict.UNPROVEN)
    assert desk.unlock_ms(OTHER) == 5_000
    desk.hear(CANARY, TrialVerdict.HEALTHY)
    assert desk.unlock_ms(OTHER) == 7_000
    desk.hear(OTHER, TrialVerdict.HEALTHY)
    assert desk.states(rollout) == {"": "done", CANARY: "kept", OTHER: "kept"}
    record = desk.record(OTHER)
    assert record is not None
    assert record.stage is Stage.KEPT
    with UnitOfWork(desk.engine, writes=False) as uow:
        view = config_of(uow, desk.home.site, CANARY)
    assert view.portals["door-south"].unlock_ms == 7_000
    with UnitOfWork(desk.engine) as uow:
        back = running.undo(uow, desk.home.site, desk.home.manager, rollout, desk.now)
        assert back.changes == {
            "portal:door-north": {"unlock_ms": 5_000},
            "portal:door-south": {"unlock_ms": 5_000},
        }


def test_G13_a_failed_canary_goes_back_with_a_higher_version_and_others_are_untouched(
    desk: Desk,
) -> None:
    rollout = desk.draft()
    others = desk.version(OTHER)
    desk.start(rollout)
    on_trial = desk.version(CANARY)
    desk.hear(CANARY, TrialVerdict.FAILED, "lock:door-south")
    assert desk.states(rollout) == {"": "rolled_back", CANARY: "rolled_back", OTHER: "untouched"}
    assert desk.record(CANARY) == RolloutRecord(
        f"r{rollout}", Stage.ROLLED_BACK, drafts.WINDOW_MS, on_trial
    )
    assert desk.version(CANARY) == on_trial + 1
    assert (desk.unlock_ms(CANARY), desk.version(OTHER)) == (5_000, others)
    with UnitOfWork(desk.engine, writes=False) as uow:
        alarm = uow.session.scalars(select(AlarmRow)).one()
        steps = [step.step for step in detail(uow, rollout).steps]
    assert (alarm.gate, alarm.reason) == (CANARY, "rolled_back")
    assert steps == ["made", "started", "sent", "failed", "rolled_back"]


def test_G13_a_failure_among_the_rest_takes_everything_back(desk: Desk) -> None:
    rollout = desk.draft()
    desk.start(rollout)
    desk.hear(CANARY, TrialVerdict.HEALTHY)
    desk.hear(OTHER, TrialVerdict.FAILED, "reader:door-north-in:fob")
    assert desk.states(rollout) == {"": "rolled_back", CANARY: "rolled_back", OTHER: "rolled_back"}
    assert (desk.unlock_ms(CANARY), desk.unlock_ms(OTHER)) == (5_000, 5_000)


def test_G13_a_canary_that_goes_silent_has_failed(desk: Desk) -> None:
    rollout = desk.draft()
    desk.start(rollout)
    desk.at_ms += SILENT_MS
    desk.advance()
    assert desk.states(rollout)[""] == "canary"
    desk.at_ms += 1
    desk.advance()
    assert desk.states(rollout)[""] == "rolled_back"


def test_a_canary_that_nobody_uses_is_taken_back_after_the_sites_patience(desk: Desk) -> None:
    rollout = desk.draft(patience_ms=60 * MINUTE_MS)
    desk.start(rollout)
    desk.at_ms += 60 * MINUTE_MS - 2_000
    desk.hear(CANARY, TrialVerdict.UNPROVEN)
    assert desk.states(rollout)[""] == "canary"
    desk.hear(CANARY, TrialVerdict.UNPROVEN, mono_ms=desk.at_ms + 9_000)
    desk.at_ms += 10
    desk.hear(CANARY, TrialVerdict.UNPROVEN, mono_ms=desk.at_ms + 99_000)
    assert desk.states(rollout)[""] == "rolled_back"


def test_stopping_by_hand_needs_a_reason_and_takes_back(desk: Desk) -> None:
    rollout = desk.draft()
    desk.start(rollout)
    with UnitOfWork(desk.engine) as uow, pytest.raises(RefusedError) as caught:
        running.stop(uow, desk.home.manager, rollout, " ", desk.now)
    assert caught.value.code is ReasonCode.REASON_REQUIRED
    with UnitOfWork(desk.engine) as uow:
        running.stop(uow, desk.home.manager, rollout, "投诉", desk.now)
        compile_all(uow, desk.home.site, desk.now)
        uow.commit()
    assert desk.states(rollout)[""] == "stopped"
    assert desk.unlock_ms(CANARY) == 5_000


@pytest.mark.parametrize(
    ("changes", "detail_text"),
    [
        ({"ap:door-south-in": {"methods": ["face"]}}, "ap:door-south-in.methods"),
        ({"face:door-south-in": {"on": True}}, "face:door-south-in.on"),
        ({"portal:*": {"unlock_ms": 500}}, "unlock_ms: 1000 to 60000"),
        ({"portal:*": {"unlock_ms": "7"}}, "portal:door-north: unlock_ms"),
        ({"portal:nowhere": {"unlock_ms": 7_000}}, "portal:nowhere"),
        ({}, "kind"),
    ],
)
def test_what_a_gate_would_refuse_is_refused_before_anything_is_sent(
    desk: Desk, changes: dict[str, dict[str, object]], detail_text: str
) -> None:
    with pytest.raises(RefusedError) as caught:
        desk.draft(changes=changes)
    assert detail_text in caught.value.detail
    with UnitOfWork(desk.engine, writes=False) as uow:
        assert uow.session.scalars(select(RolloutRow)).all() == []


def test_only_one_runs_only_with_a_canary_online_and_only_by_those_who_may(desk: Desk) -> None:
    first, second = desk.draft(), desk.draft()
    with pytest.raises(RefusedError) as caught:
        desk.start(first, Actor(b"guard-01", Role.GUARD))
    assert caught.value.code is ReasonCode.ROLE_NOT_ALLOWED
    with UnitOfWork(desk.engine) as uow:
        uow.need(GatePresenceRow, CANARY).online = False
        uow.commit()
    with pytest.raises(RefusedError) as caught:
        desk.start(first)
    assert caught.value.code is ReasonCode.TIMEOUT
    with UnitOfWork(desk.engine) as uow:
        uow.need(GatePresenceRow, CANARY).online = True
        uow.commit()
    desk.start(first)
    with pytest.raises(RefusedError) as caught:
        desk.start(second)
    assert caught.value.code is ReasonCode.CONFLICT


def test_an_old_report_and_one_of_another_boot_change_nothing(desk: Desk) -> None:
    rollout = desk.draft()
    desk.start(rollout)
    desk.hear(CANARY, TrialVerdict.WAITING, mono_ms=50_000)
    desk.hear(CANARY, TrialVerdict.HEALTHY, mono_ms=40_000)
    assert desk.states(rollout)[CANARY] == "trial"
    with UnitOfWork(desk.engine) as uow:
        uow.need(GatePresenceRow, CANARY).boot_id = b"c" * 16
        uow.commit()
    desk.hear(CANARY, TrialVerdict.HEALTHY, mono_ms=60_000)
    assert desk.states(rollout)[CANARY] == "trial"


def test_models_and_software_travel_by_the_same_gate_as_files_with_a_hash(desk: Desk) -> None:
    offer = {"kind": "model", "version": "2026-05", "sha256": "ab" * 32, "size": 227_000}
    rollout = desk.draft(kind="model", changes={"artefact:yunet": offer})
    desk.start(rollout)
    key = (CANARY, "config", "artefact:yunet")
    with UnitOfWork(desk.engine, writes=False) as uow:
        assert uow.find(DocumentRecordRow, key) is not None
        assert uow.find(DocumentRecordRow, (OTHER, *key[1:])) is None
        assert drafts.diff(uow, desk.home.site, rollout)[0].mode is Mode.RESTART
    desk.hear(CANARY, TrialVerdict.FAILED, "artefact:yunet")
    with UnitOfWork(desk.engine, writes=False) as uow:
        assert uow.find(DocumentRecordRow, key) is None
