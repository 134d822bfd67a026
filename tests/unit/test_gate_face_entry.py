"""Face as a way in: only after a press, only under a lease, like everybody at the door."""

from dataclasses import replace

import pytest

from edge.domain.effects import Record, Signal, Unlock
from edge.domain.face_inputs import FaceCounted, FaceCounts, FaceWorker
from edge.domain.face_orders import AllowFace, ArmFace, DisarmFace
from edge.domain.inputs import PowerSensed
from edge.domain.model import ClockTrust
from edge.gate.appearance import appearance_of
from mqtt.contract.events import EventKind, Method
from mqtt.contract.reasons import ReasonCode
from mqtt.contract.records import LeaseRecord, ScheduleRecord
from mqtt.contract.records_face import FaceSwitchRecord
from tests.support.face_gate import WHO, FaceRun, face_papers, key
from tests.support.gate_factories import (
    DAY,
    FOB,
    HOUR,
    IN,
    NOON,
    SIMULATED,
    make_access_point,
    make_credential,
    person,
)


def test_a_resident_with_a_lease_presses_and_enters() -> None:
    gate = FaceRun()
    assert gate.allowed() == {WHO: NOON + 20 * HOUR}
    assert gate.enter() is ReasonCode.GRANTED
    (unlock,) = gate.unlocks()
    assert unlock.wait_for_disk, "no log, no face"
    decision = next(r for r in gate.records if r.kind is EventKind.DECISION)
    assert decision.method is Method.FACE
    assert decision.personal is not None
    assert (decision.personal.holder, decision.personal.credential) == (WHO, FOB)
    assert EventKind.FACE in {record.kind for record in gate.records}


def test_the_time_to_the_door_counts_from_the_press() -> None:
    gate = FaceRun()
    begun_ms = gate.at.mono_ms
    gate.enter()
    (unlock,) = gate.unlocks()
    assert unlock.intent_mono_ms == begun_ms


def test_j02_nothing_is_armed_without_a_press() -> None:
    gate = FaceRun()
    for _ in range(60):
        gate.run(60_000)
        gate.fob()
    assert gate.arms() == 0
    assert gate.seen(WHO) is ReasonCode.INTENT_MISSING
    assert not [u for u in gate.unlocks() if u.method is Method.FACE]


@pytest.mark.parametrize("for_ms", [1_000, 1_500, 2_999, 3_000, 8_000])
def test_only_a_press_shorter_than_a_second_arms(for_ms: int) -> None:
    gate = FaceRun()
    gate.button(for_ms)
    assert gate.arms() == 0
    gate.button(999)
    assert gate.arms() == 1


def test_a_press_arms_when_the_button_is_let_go_and_for_8_s() -> None:
    gate = FaceRun()
    gate.press()
    (arm,) = [order for order in gate.orders() if isinstance(order, ArmFace)]
    assert arm.deadline_mono_ms == gate.at.mono_ms + 8_000
    gate.press()
    assert gate.arms() == 1, "an armed camera is not armed again"
    gate.run(9_500)
    assert gate.seen(WHO) is ReasonCode.INTENT_MISSING
    assert any(isinstance(order, DisarmFace) for order in gate.orders())


def test_one_press_is_one_attempt() -> None:
    gate = FaceRun()
    assert gate.enter() is ReasonCode.GRANTED
    assert gate.seen(WHO) is ReasonCode.INTENT_MISSING


def test_j01_somebody_without_consent_is_refused_and_not_named() -> None:
    gate = FaceRun()
    gate.press()
    assert gate.seen(reason=ReasonCode.NO_MATCH) is ReasonCode.NO_MATCH
    assert (Signal.DENIED, ReasonCode.NO_MATCH) in gate.shown()
    (decision,) = [r for r in gate.records if r.kind is EventKind.DECISION]
    assert decision.personal is None
    gate.press()
    assert gate.seen(person(2)) is ReasonCode.NO_LEASE


def test_j03_two_faces_are_refused_as_ambiguous() -> None:
    gate = FaceRun()
    gate.press()
    assert gate.seen(reason=ReasonCode.AMBIGUOUS) is ReasonCode.AMBIGUOUS
    assert gate.fob() is ReasonCode.GRANTED


def test_face_reaches_no_further_than_the_named_credential() -> None:
    papers = face_papers()
    papers.schedules["always"] = ScheduleRecord()
    gate = FaceRun(papers)
    assert gate.fob() is gate.enter() is ReasonCode.OUTSIDE_SCHEDULE
    papers = face_papers()
    papers.credentials[FOB] = make_credential(card=(1, 24), valid_until_ms=NOON + HOUR)
    gate = FaceRun(papers)
    assert gate.allowed() == {WHO: NOON + HOUR}
    gate.run(HOUR)
    assert gate.enter() is ReasonCode.LEASE_ENDED


def test_where_the_persons_own_credential_cannot_be_read_face_does_not_open() -> None:
    papers = face_papers()
    papers.access_points[IN] = make_access_point(methods=(Method.QR, Method.FACE))
    papers.credentials = {FOB: papers.credentials[FOB]}
    gate = FaceRun(papers)
    assert gate.allowed() == {}
    assert gate.enter() is ReasonCode.METHOD_SUSPENDED


def test_a_revoked_or_lost_credential_takes_its_lease_along() -> None:
    gate = FaceRun()
    gate.papers.revoked[FOB] = NOON + DAY
    gate.learn()
    assert gate.allowed() == {}
    assert gate.enter() is ReasonCode.LEASE_ENDED


def test_a_lease_is_used_for_24_h_at_most_and_not_past_its_end() -> None:
    gate = FaceRun()
    gate.run(20 * HOUR)
    assert gate.enter() is ReasonCode.EXPIRED
    assert gate.fob() is ReasonCode.GRANTED
    papers = face_papers()
    papers.consents[key("lease")] = LeaseRecord(FOB, NOON - HOUR, NOON + 24 * HOUR)
    gate = FaceRun(papers)
    assert gate.allowed() == {}
    assert gate.enter() is ReasonCode.NO_LEASE


def test_a_renewed_lease_is_told_and_an_ended_one_is_erased_at_once() -> None:
    gate = FaceRun()
    gate.stored(WHO)
    gate.papers.consents[key("lease")] = LeaseRecord(FOB, NOON, NOON + 22 * HOUR)
    gate.learn()
    assert gate.allowed() == {WHO: NOON + 22 * HOUR}
    del gate.papers.consents[key("lease")]
    gate.learn()
    assert gate.revoked() == [WHO]
    assert gate.allowed() == {}


def test_battery_stops_face_first() -> None:
    gate = FaceRun()
    gate.press()
    gate.send(PowerSensed(gate.at, True, SIMULATED))
    gate.wait(1)
    assert gate.orders()[-1] in {DisarmFace(IN), AllowFace(WHO, 0)}
    assert DisarmFace(IN) in gate.orders()
    assert gate.seen(WHO) is ReasonCode.ON_BATTERY
    assert gate.fob() is ReasonCode.GRANTED
    gate.send(PowerSensed(gate.at, False, SIMULATED))
    gate.wait(1)
    assert gate.enter() is ReasonCode.GRANTED


def test_a_clock_that_is_not_trusted_stops_face_alone() -> None:
    gate = FaceRun()
    gate.at = replace(gate.at, trust=ClockTrust.UNKNOWN)
    gate.press()
    assert (Signal.DENIED, ReasonCode.CLOCK_UNTRUSTED) in gate.shown()
    assert gate.arms() == 0
    assert gate.allowed() == {}
    assert gate.fob() is ReasonCode.GRANTED


@pytest.mark.parametrize("which", ["compound", "gate", IN])
def test_one_switch_stops_face_alone(which: str) -> None:
    gate = FaceRun()
    off = FaceSwitchRecord(False, ReasonCode.FACE_SWITCHED_OFF, NOON)
    gate.papers.consents[f"switch:{which}"] = off
    gate.learn()
    gate.press()
    assert gate.arms() == 0
    assert gate.allowed() == {}
    assert gate.revoked() == [], "a switch stops the use and erases nothing"
    assert gate.fob() is ReasonCode.GRANTED
    gate.papers.consents[f"switch:{which}"] = replace_on(off)
    gate.learn()
    assert gate.enter() is ReasonCode.GRANTED


def replace_on(record: FaceSwitchRecord) -> FaceSwitchRecord:
    return FaceSwitchRecord(True, ReasonCode.FACE_RESUMED, record.since_ms)


def test_a_worker_that_cannot_be_armed_says_so_and_nothing_else_changes() -> None:
    for reason in (ReasonCode.FACE_SELF_TEST_FAILED, ReasonCode.METHOD_NOT_INSTALLED):
        gate = FaceRun()
        gate.worker(ready=False, reason=reason, new=False)
        gate.press()
        assert (Signal.DENIED, reason) in gate.shown()
        assert gate.arms() == 0
        told = [r for r in gate.records if r.method is Method.FACE and r.reason is reason]
        assert len(told) == 1
        assert gate.fob() is ReasonCode.GRANTED


def test_G14_while_face_prepares_every_other_way_opens() -> None:
    gate = FaceRun()
    gate.worker(ready=False, reason=ReasonCode.FACE_PREPARING, new=False)
    gate.press()
    assert (Signal.DENIED, ReasonCode.FACE_PREPARING) in gate.shown()
    assert gate.arms() == 0
    assert gate.fob() is ReasonCode.GRANTED
    gate.worker()
    assert gate.enter() is ReasonCode.GRANTED


def test_a_signed_heartbeat_says_whether_a_sensor_waits_behind_a_valve() -> None:
    gate = FaceRun()
    assert appearance_of(gate.state, gate.knowledge).face["valve"] == 0
    gate.say(FaceWorker(gate.at, True, True, ReasonCode.WAY_READY, SIMULATED, False, True, True))
    assert appearance_of(gate.state, gate.knowledge).face["valve"] == 1


def test_without_pad_files_face_needs_the_sites_recorded_acceptance() -> None:
    gate = FaceRun()
    gate.worker(pad=False)
    gate.press()
    assert (Signal.DENIED, ReasonCode.PAD_NOT_ACCEPTED) in gate.shown()
    papers = face_papers()
    papers.face[IN] = type(papers.face[IN])("PIA-2026-01", "v1", NOON, pad_accepted=True)
    gate = FaceRun(papers)
    gate.worker(pad=False)
    assert gate.enter() is ReasonCode.GRANTED


def test_without_a_worker_face_is_not_installed_and_says_nothing() -> None:
    gate = FaceRun(worker=False)
    gate.press()
    assert (Signal.DENIED, ReasonCode.METHOD_NOT_INSTALLED) in gate.shown()
    gate.run(48 * HOUR)
    assert gate.orders() == []
    assert not [r for r in gate.records if r.method is Method.FACE]


def test_both_sides_agree_again_after_either_restarts() -> None:
    gate = FaceRun()
    gate.worker(here=False, reason=ReasonCode.WORKER_LOST)
    assert gate.enter() is ReasonCode.WORKER_LOST
    mark = len(gate.orders())
    gate.worker()
    assert AllowFace(WHO, NOON + 20 * HOUR) in gate.orders()[mark:]
    gate.restart()
    for method in (Method.QR, Method.FOB):
        gate.way(method, "ready")
    gate.worker()
    mark = len(gate.orders())
    assert gate.enter() is ReasonCode.GRANTED


def test_many_leases_are_judged_in_small_parts() -> None:
    papers = face_papers()
    for number in range(10, 310):
        id_ = b"f" + number.to_bytes(7, "big")
        papers.credentials[id_] = make_credential(Method.FOB, number, card=(number, 26))
        papers.consents[key("lease", person(number))] = LeaseRecord(id_, NOON, NOON + HOUR)
    gate = FaceRun(papers, worker=False)
    gate.send(FaceWorker(gate.at, True, True, ReasonCode.WAY_READY, SIMULATED, True, True))
    assert len(gate.allowed()) <= 64
    gate.run(1_000)
    assert len(gate.allowed()) == 301


def test_counters_go_on_over_restarts_of_the_worker() -> None:
    gate = FaceRun()
    gate.say(FaceCounted(gate.at, "entry", FaceCounts(armed=2, frames=30), SIMULATED))
    gate.worker()
    gate.say(FaceCounted(gate.at, "entry", FaceCounts(armed=1, frames=5), SIMULATED))
    gate.press()
    face = gate.state.face
    assert face.counted["entry"].armed + face.counts["entry"].armed == 3
    assert face.pressed_count == 1


def test_a_face_decision_is_recorded_before_its_lock_moves() -> None:
    gate = FaceRun()
    gate.press()
    gate.seen(WHO)
    kinds = [type(effect) for effect in gate.effects]
    assert kinds.index(Record) < kinds.index(Unlock)
