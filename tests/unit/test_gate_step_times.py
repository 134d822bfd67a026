"""Lockdowns, schedules and starts (D08, D09)."""

from dataclasses import replace

from edge.domain.effects import Relock, Unlock, WakeAt
from edge.domain.inputs import FeedHeard
from edge.domain.model import ClockTrust, StaffAction
from mqtt.contract.events import EventKind, Outcome
from mqtt.contract.reasons import ReasonCode
from mqtt.contract.records import (
    ConfigRecord,
    GrantRecord,
    LevelRecord,
    PortalRecord,
    ScheduleRecord,
    WindowRecord,
)
from tests.support.gate_factories import (
    DOOR,
    GATE,
    HOUR,
    IN,
    MINUTE,
    Papers,
    credential_id,
    make_access_point,
    make_pass,
    person,
    visitor_pass,
    with_pin,
)
from tests.support.gate_run import GateRun

INNER, INNER_IN = "inner-door", "inner-in"
EVERY_DAY = (0, 1, 2, 3, 4, 5, 6)


def free_day(*, first_person: bool = False) -> Papers:
    """Return a door that is free from 09:00 to 17:00; the tests begin at noon."""
    papers = Papers(
        portals={DOOR: PortalRecord(free_schedule="day", free_needs_first_person=first_person)}
    )
    papers.schedules["day"] = ScheduleRecord((WindowRecord(EVERY_DAY, 540, 1_020),))
    return papers


def test_lockdown_ends_a_free_period_and_lets_residents_in() -> None:
    gate = GateRun(free_day())
    gate.sign_on()
    assert gate.staff(StaffAction.LOCKDOWN) is ReasonCode.LOCKDOWN
    assert not gate.is_unlocked()
    for reason in (gate.fob(), gate.show(make_pass()), gate.pin("135790")):
        assert reason is ReasonCode.GRANTED
    gate.wait(15 * MINUTE)
    assert gate.state.lockdowns == {}
    assert gate.is_unlocked()
    assert ReasonCode.LOCKDOWN_ENDED in gate.told(EventKind.DOOR)


def test_one_person_ends_a_lockdown_and_a_restart_keeps_what_is_left_of_it() -> None:
    gate = GateRun(free_day())
    gate.sign_on()
    gate.staff(StaffAction.LOCKDOWN)
    gate.restart(off_ms=5 * MINUTE)
    assert not gate.is_unlocked()
    gate.sign_on()
    assert gate.staff(StaffAction.END_LOCKDOWN) is ReasonCode.LOCKDOWN_ENDED
    assert gate.is_unlocked()
    gate.staff(StaffAction.LOCKDOWN)
    gate.restart(off_ms=16 * MINUTE)
    assert gate.is_unlocked()


def test_a_schedule_frees_and_shuts_the_door() -> None:
    gate = GateRun(free_day())
    assert gate.is_unlocked()
    gate.wait(5 * HOUR - 1)
    assert gate.is_unlocked()
    gate.wait(1)
    assert not gate.is_unlocked()
    assert gate.told(EventKind.DOOR) == [ReasonCode.SCHEDULED, ReasonCode.FREE_ENDED]


def test_the_gate_asks_to_be_woken_for_the_next_minute() -> None:
    gate = GateRun(free_day())
    assert WakeAt(gate.at.mono_ms + MINUTE) in gate.effects


def test_a_new_schedule_counts_at_once() -> None:
    gate = GateRun(free_day())
    gate.papers.schedules["day"] = ScheduleRecord()
    gate.papers.version = 2
    gate.relearn()
    gate.wait(1)
    assert not gate.is_unlocked()


def test_D08_a_scheduled_period_comes_back_after_a_power_cycle() -> None:
    gate = GateRun(free_day())
    gate.restart()
    assert gate.is_unlocked()


def test_D08_locked_by_hand_comes_back_locked_until_the_period_ends() -> None:
    gate = GateRun(free_day())
    gate.sign_on()
    gate.staff(StaffAction.END_HOLD)
    assert not gate.is_unlocked()
    assert ReasonCode.LOCKED_BY_HAND in gate.told(EventKind.DOOR)
    gate.restart()
    assert not gate.is_unlocked()
    gate.wait(21 * HOUR + MINUTE)
    assert gate.is_unlocked()


def test_D08_locked_by_hand_yesterday_means_nothing_today() -> None:
    gate = GateRun(free_day())
    gate.sign_on()
    gate.staff(StaffAction.END_HOLD)
    gate.restart(off_ms=22 * HOUR)
    assert gate.is_unlocked()


def test_D08_a_hold_does_not_come_back() -> None:
    gate = GateRun()
    gate.sign_on()
    gate.staff(StaffAction.EMERGENCY_HOLD)
    assert gate.is_unlocked()
    gate.all_effects.clear()
    gate.restart()
    assert not gate.is_unlocked()
    assert not [one for one in gate.all_effects if isinstance(one, Unlock | Relock)]
    gate.restart()
    assert gate.told(EventKind.DOOR).count(ReasonCode.FREE_ENDED) == 1


def test_D09_the_first_person_starts_the_period_and_a_restart_keeps_it() -> None:
    gate = GateRun(free_day(first_person=True))
    assert not gate.is_unlocked()
    gate.restart()
    assert not gate.is_unlocked()
    gate.fob()
    gate.wait(10_000)
    assert gate.is_unlocked()
    gate.restart()
    assert gate.is_unlocked()
    gate.restart(off_ms=23 * HOUR)
    assert not gate.is_unlocked()


def test_D09_neither_visitors_nor_guards_are_the_first_person() -> None:
    gate = GateRun(free_day(first_person=True))
    gate.sign_on()
    gate.show(visitor_pass())
    gate.staff(StaffAction.RELEASE, reason="parcel")
    gate.wait(10_000)
    assert not gate.is_unlocked()


def test_an_unknown_clock_frees_nothing_by_schedule() -> None:
    gate = GateRun(free_day())
    gate.at = replace(gate.at, trust=ClockTrust.UNKNOWN)
    gate.wait(MINUTE)
    assert not gate.is_unlocked()
    assert gate.fob() is ReasonCode.GRANTED
    gate.at = replace(gate.at, trust=ClockTrust.SYNCED)
    gate.wait(MINUTE)
    assert gate.is_unlocked()


def test_a_start_is_recorded_and_pulses_nothing() -> None:
    gate = GateRun()
    assert [one.reason for one in gate.records] == [ReasonCode.BOOT]
    assert not [one for one in gate.all_effects if isinstance(one, Unlock | Relock)]


def test_a_start_finishes_what_a_power_cut_left_open() -> None:
    gate = GateRun()
    gate.start(unfinished=(17, 23))
    unknown = [one for one in gate.records if one.outcome is Outcome.UNKNOWN]
    assert [one.cause_seq for one in unknown] == [17, 23]
    assert {one.reason for one in unknown} == {ReasonCode.OUTCOME_UNKNOWN}


def test_I09_a_couriers_code_has_hours_and_ends_when_it_is_deleted() -> None:
    papers = Papers()
    workdays = WindowRecord((0, 1, 2, 3, 4), 480, 1_200)
    papers.schedules["deliveries"] = ScheduleRecord((workdays,))
    papers.levels["couriers"] = LevelRecord((GrantRecord((IN,), "deliveries"),))
    carrier = credential_id(80)
    papers.credentials[carrier] = with_pin("808080", levels=("couriers",), holder=person(80))
    gate = GateRun(papers)
    assert gate.pin("808080") is ReasonCode.OUTSIDE_SCHEDULE  # Sunday noon
    gate.wait(32 * HOUR - 1)
    assert gate.pin("808080") is ReasonCode.GRANTED  # Monday, a moment before 20:00
    personal = gate.records[-1].personal
    assert personal is not None
    assert (personal.holder, personal.credential) == (person(80), carrier)
    gate.wait(MINUTE)
    assert gate.pin("808080") is ReasonCode.OUTSIDE_SCHEDULE
    del papers.credentials[carrier]
    gate.relearn()
    assert gate.pin("808080") is ReasonCode.PIN_WRONG


def test_I12_leaving_by_the_button_leaves_nobody_inside_for_ever() -> None:
    papers = Papers(gate=ConfigRecord(passback="hard"))
    papers.access_points[IN] = make_access_point(zone_to="court")
    gate = GateRun(papers)
    gate.send(FeedHeard(gate.at, GATE))
    assert gate.fob() is ReasonCode.GRANTED
    gate.leave()
    gate.wait(24 * HOUR)
    gate.send(FeedHeard(gate.at, GATE))
    assert gate.fob() is ReasonCode.GRANTED


def test_E05_a_clock_that_goes_back_moves_no_timer_and_no_order() -> None:
    gate = GateRun()
    gate.fob()
    gate.at = replace(gate.at, utc_ms=gate.at.utc_ms - 40 * 365 * 24 * HOUR)
    gate.wait(5_000)
    assert not gate.is_unlocked()
    assert gate.fob() is ReasonCode.GRANTED
    assert [one.kind for one in gate.records[:2]] == [EventKind.BOOT, EventKind.DECISION]
