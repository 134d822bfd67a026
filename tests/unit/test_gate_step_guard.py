"""The guard at the panel (K01, K03, C02): sign-on, release, reasons, holds, countersigning."""

import pytest

from edge.domain.effects import Signal
from edge.domain.model import StaffAction
from mqtt.contract.events import EventKind, Method, Outcome
from mqtt.contract.reasons import ReasonCode
from mqtt.contract.records import ConfigRecord, Role
from tests.support.gate_factories import (
    DOOR,
    GUARD,
    GUARD_CARD,
    GUARD_PIN,
    HOUR,
    IN,
    MINUTE,
    SECOND,
    SECOND_CARD,
    SECOND_PIN,
    Papers,
    credential_id,
    make_credential,
    make_staff,
)
from tests.support.gate_run import GateRun

FIRST_FOB = (GUARD_CARD.value, GUARD_CARD.length)
SECOND_FOB = (SECOND_CARD.value, SECOND_CARD.length)
ACTS = [action for action in StaffAction if action is not StaffAction.SIGN_ON]


@pytest.mark.parametrize("action", ACTS)
def test_nobody_acts_without_signing_on(action: StaffAction) -> None:
    gate = GateRun()
    assert gate.staff(action, reason="x") is ReasonCode.ROLE_NOT_ALLOWED
    assert gate.records[-1].outcome is Outcome.DENIED
    assert not gate.is_unlocked()


def test_sign_on_takes_fob_and_pin() -> None:
    gate = GateRun()
    sign_on = StaffAction.SIGN_ON
    assert gate.staff(sign_on) is ReasonCode.UNKNOWN_CREDENTIAL
    assert gate.staff(sign_on, card=(1, 24), pin=GUARD_PIN) is ReasonCode.UNKNOWN_CREDENTIAL
    assert gate.staff(sign_on, card=FIRST_FOB, pin=SECOND_PIN) is ReasonCode.PIN_WRONG
    assert gate.state.memory.shift is None
    assert gate.sign_on() is ReasonCode.SIGNED_ON
    assert gate.staff(StaffAction.SIGN_OFF) is ReasonCode.SIGNED_OFF
    assert gate.staff(StaffAction.RELEASE) is ReasonCode.ROLE_NOT_ALLOWED


def test_guessing_a_guards_pin_locks_that_guard_and_not_the_residents_pad() -> None:
    gate = GateRun()
    for _ in range(5):
        gate.staff(StaffAction.SIGN_ON, card=FIRST_FOB, pin="0000")
    assert gate.staff(StaffAction.SIGN_ON, card=FIRST_FOB, pin=GUARD_PIN) is ReasonCode.PIN_LOCKED
    second = gate.staff(StaffAction.SIGN_ON, card=SECOND_FOB, pin=SECOND_PIN)
    assert second is ReasonCode.SIGNED_ON
    assert gate.pin("135790") is ReasonCode.GRANTED


@pytest.mark.parametrize("role", [Role.INSPECTOR, Role.INSTALLER])
def test_other_roles_do_not_sign_on(role: Role) -> None:
    papers = Papers()
    papers.roster = {key: make_staff(GUARD_CARD, GUARD_PIN, role=role) for key in papers.roster}
    assert GateRun(papers).sign_on() is ReasonCode.ROLE_NOT_ALLOWED


def test_a_shift_ends_after_twelve_hours_and_with_a_restart() -> None:
    gate = GateRun()
    gate.on_duty()
    gate.wait(12 * HOUR + 1)
    assert gate.staff(StaffAction.RELEASE) is ReasonCode.ROLE_NOT_ALLOWED
    gate.on_duty()
    gate.restart()
    assert gate.staff(StaffAction.RELEASE) is ReasonCode.ROLE_NOT_ALLOWED


def test_a_guard_who_left_the_roster_is_off_duty_at_once() -> None:
    gate = GateRun()
    gate.on_duty()
    gate.papers.roster = {}
    gate.relearn()
    assert gate.staff(StaffAction.RELEASE) is ReasonCode.ROLE_NOT_ALLOWED


def test_K01_a_release_opens_at_once_and_the_reason_is_due_in_five_minutes() -> None:
    gate = GateRun()
    gate.on_duty()
    assert gate.staff(StaffAction.RELEASE) is ReasonCode.GUARD_RELEASE
    assert gate.is_unlocked()
    decision = gate.records[-1]
    assert (decision.kind, decision.method) == (EventKind.DECISION, Method.GUARD)
    assert decision.personal is not None
    assert decision.personal.actor == GUARD
    gate.wait(5 * MINUTE - 1)
    assert ReasonCode.REASON_OVERDUE not in gate.told(EventKind.GUARD)
    gate.wait(1)
    gate.wait(HOUR)
    assert gate.told(EventKind.GUARD).count(ReasonCode.REASON_OVERDUE) == 1
    assert gate.staff(StaffAction.GIVE_REASON, reason="parcel") is ReasonCode.REASON_GIVEN
    assert gate.state.dues == ()


def test_K01_a_reason_in_time_escalates_nothing() -> None:
    gate = GateRun()
    gate.on_duty()
    gate.staff(StaffAction.RELEASE)
    assert gate.staff(StaffAction.GIVE_REASON) is ReasonCode.REASON_REQUIRED
    gate.staff(StaffAction.GIVE_REASON, reason="parcel")
    personal = gate.records[-1].personal
    assert personal is not None
    assert personal.note == "parcel"
    gate.staff(StaffAction.RELEASE, reason="visitor of 301")
    gate.wait(HOUR)
    assert ReasonCode.REASON_OVERDUE not in gate.told(EventKind.GUARD)


def test_a_due_reason_survives_a_restart() -> None:
    gate = GateRun()
    gate.on_duty()
    gate.staff(StaffAction.RELEASE)
    gate.restart(off_ms=MINUTE)
    gate.wait(4 * MINUTE)
    assert gate.told(EventKind.GUARD).count(ReasonCode.REASON_OVERDUE) == 1
    gate.restart()
    gate.wait(HOUR)
    assert gate.told(EventKind.GUARD).count(ReasonCode.REASON_OVERDUE) == 1


def test_K03_the_panel_needs_no_network() -> None:
    gate = GateRun()
    gate.wait(30 * 24 * HOUR)
    gate.on_duty()
    assert gate.staff(StaffAction.RELEASE) is ReasonCode.GUARD_RELEASE


def test_K01_a_hold_needs_a_reason_and_a_second_person_first() -> None:
    gate = GateRun()
    gate.on_duty()
    hold = StaffAction.HOLD_OPEN
    assert gate.staff(hold) is ReasonCode.REASON_REQUIRED
    assert gate.staff(hold, reason="move") is ReasonCode.SECOND_PERSON_MISSING
    itself = gate.staff(hold, reason="move", card=FIRST_FOB, pin=GUARD_PIN)
    assert itself is ReasonCode.SECOND_PERSON_MISSING
    wrong = gate.staff(hold, reason="move", card=SECOND_FOB, pin="0000")
    assert wrong is ReasonCode.PIN_WRONG
    assert not gate.is_unlocked()
    assert gate.staff(hold, reason="move", card=SECOND_FOB, pin=SECOND_PIN) is ReasonCode.HOLD_OPEN
    assert gate.is_unlocked()
    gate.wait(30 * MINUTE - 1)
    assert gate.is_unlocked()
    gate.wait(1)
    assert not gate.is_unlocked()


def test_one_person_ends_a_hold() -> None:
    gate = GateRun()
    gate.on_duty()
    gate.staff(StaffAction.HOLD_OPEN, reason="move", card=SECOND_FOB, pin=SECOND_PIN)
    assert gate.staff(StaffAction.END_HOLD) is ReasonCode.FREE_ENDED
    assert not gate.is_unlocked()


def test_an_emergency_hold_needs_nobody_and_is_countersigned_later() -> None:
    gate = GateRun()
    gate.on_duty()
    assert gate.staff(StaffAction.EMERGENCY_HOLD) is ReasonCode.EMERGENCY_HOLD
    gate.wait(10 * MINUTE - 1)
    assert gate.is_unlocked()
    gate.wait(1)
    assert not gate.is_unlocked()
    reason = StaffAction.GIVE_REASON
    gate.staff(reason, reason="ambulance")
    assert [due.countersign for due in gate.state.dues] == [True]
    itself = gate.staff(reason, card=FIRST_FOB, pin=GUARD_PIN)
    assert itself is ReasonCode.SECOND_PERSON_MISSING
    other = gate.staff(reason, card=SECOND_FOB, pin=SECOND_PIN)
    assert other is ReasonCode.COUNTERSIGNED
    assert gate.state.dues == ()
    personal = gate.records[-1].personal
    assert personal is not None
    assert personal.actor == SECOND


def test_a_missing_countersignature_is_told_after_a_day() -> None:
    gate = GateRun()
    gate.on_duty()
    gate.staff(StaffAction.EMERGENCY_HOLD, reason="ambulance")
    gate.wait(24 * HOUR)
    assert gate.told(EventKind.GUARD).count(ReasonCode.REASON_OVERDUE) == 1


def test_an_emergency_hold_ends_a_lockdown_and_a_plain_hold_does_not() -> None:
    gate = GateRun()
    gate.on_duty()
    gate.staff(StaffAction.LOCKDOWN)
    hold = gate.staff(StaffAction.HOLD_OPEN, reason="x", card=SECOND_FOB, pin=SECOND_PIN)
    assert hold is ReasonCode.LOCKDOWN
    gate.staff(StaffAction.EMERGENCY_HOLD)
    assert gate.is_unlocked()
    assert gate.state.lockdowns == {}


def guard_with_fob(*, allowed: bool) -> GateRun:
    papers = Papers(gate=ConfigRecord(double_tap_hold=allowed))
    papers.credentials[credential_id(70)] = make_credential(holder=70, card=FIRST_FOB)
    gate = GateRun(papers)
    gate.on_duty()
    return gate


def double_tap(gate: GateRun, apart_ms: int = 1_000) -> None:
    gate.fob(GUARD_CARD)
    gate.wait(apart_ms)
    gate.fob(GUARD_CARD)


def test_C02_the_guards_double_tap_is_an_emergency_hold_of_ten_minutes() -> None:
    gate = guard_with_fob(allowed=True)
    double_tap(gate)
    assert DOOR in gate.state.holds
    gate.wait(MINUTE)
    assert ReasonCode.REASON_OVERDUE in gate.told(EventKind.GUARD)
    gate.wait(9 * MINUTE)
    assert gate.state.holds == {}
    assert not gate.is_unlocked()


def test_C02_slow_taps_residents_and_a_site_without_it_hold_nothing() -> None:
    slow = guard_with_fob(allowed=True)
    double_tap(slow, apart_ms=2_001)
    off = guard_with_fob(allowed=False)
    double_tap(off)
    resident = guard_with_fob(allowed=True)
    resident.fob()
    resident.wait(1_000)
    resident.fob()
    assert slow.state.holds == off.state.holds == resident.state.holds == {}


def test_the_panel_shows_what_was_refused() -> None:
    gate = GateRun()
    gate.staff(StaffAction.LOCKDOWN)
    assert gate.shown() == [(Signal.DENIED, ReasonCode.ROLE_NOT_ALLOWED)]
    gate.on_duty()
    assert gate.staff(StaffAction.LOCKDOWN, place="nowhere") is ReasonCode.WRONG_ACCESS_POINT
    assert gate.staff(StaffAction.LOCKDOWN, place="") is ReasonCode.LOCKDOWN
    assert gate.staff(StaffAction.RELEASE, place=IN) is ReasonCode.GUARD_RELEASE
