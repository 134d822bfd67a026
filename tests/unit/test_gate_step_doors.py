"""Doors around people: fire, exit, tamper, lockdown, interlock, schedules, start (C08, D03-D12)."""

import itertools
from dataclasses import replace

import pytest

from edge.domain.card_formats import CardBits
from edge.domain.door_model import DoorPhase
from edge.domain.effects import Effect, Record, Signal, Unlock
from edge.domain.inputs import (
    CallPressed,
    LockSensed,
    Observed,
    PowerSensed,
    TamperSensed,
    WayChanged,
)
from edge.domain.model import StaffAction
from mqtt.contract.commands import Operation
from mqtt.contract.events import EventKind, Method
from mqtt.contract.reasons import ReasonCode
from mqtt.contract.records import PortalRecord, ScheduleRecord, WindowRecord
from tests.support.gate_factories import (
    DOOR,
    HOUR,
    IN,
    SIMULATED,
    Papers,
    make_access_point,
    visitor_pass,
)
from tests.support.gate_run import GateRun

INNER, INNER_IN = "inner-door", "inner-in"
EVERY_DAY = (0, 1, 2, 3, 4, 5, 6)


def positions(effects: tuple[Effect, ...], kind: type[Effect]) -> list[int]:
    return [at for at, effect in enumerate(effects) if isinstance(effect, kind)]


def airlock() -> Papers:
    papers = Papers(
        portals={
            DOOR: PortalRecord(interlock_with=(INNER,)),
            INNER: PortalRecord(interlock_with=(DOOR,)),
        }
    )
    papers.access_points[INNER_IN] = make_access_point(portal=INNER)
    grants = papers.levels["residents"].grants
    papers.levels["residents"] = type(papers.levels["residents"])(
        (type(grants[0])((IN, INNER_IN), "always"),)
    )
    return papers


def free_day(*, first_person: bool = False) -> Papers:
    """Return a door that is free from 09:00 to 17:00; the tests begin at noon."""
    papers = Papers(
        portals={DOOR: PortalRecord(free_schedule="day", free_needs_first_person=first_person)}
    )
    papers.schedules["day"] = ScheduleRecord((WindowRecord(EVERY_DAY, 540, 1_020),))
    return papers


def test_fire_frees_every_door_before_anything_is_written() -> None:
    gate = GateRun(airlock())
    effects = gate.fire()
    assert {one.portal for one in effects if isinstance(one, Unlock)} == {DOOR, INNER}
    assert max(positions(effects, Unlock)) < min(positions(effects, Record))
    assert not any(one.wait_for_disk for one in gate.unlocks())


def test_a_broken_fire_wire_frees_the_doors_and_is_a_fault() -> None:
    gate = GateRun()
    gate.fire(active=False, line_fault=True)
    assert gate.is_unlocked()
    assert gate.told(EventKind.HEALTH) == [ReasonCode.INPUT_FAULT]


def test_a_due_relock_never_follows_a_fires_unlocking() -> None:
    gate = GateRun()
    gate.fob()
    gate.at = replace(gate.at, mono_ms=gate.at.mono_ms + 6_000)
    gate.fire()
    assert gate.is_unlocked()


def test_a_door_that_is_configured_during_a_fire_is_freed_too() -> None:
    gate = GateRun()
    gate.fire()
    gate.papers = airlock()
    gate.relearn()
    gate.wait(1)
    assert gate.is_unlocked(INNER)


def test_fire_during_an_opening_outlasts_the_pulse_of_the_grant() -> None:
    gate = GateRun()
    gate.fob()
    gate.wait(1_000)
    gate.fire()
    gate.wait(HOUR)
    assert gate.is_unlocked()


def test_an_exit_through_an_open_door_keeps_it_unlocked_until_it_closes() -> None:
    gate = GateRun(Papers(portals={DOOR: PortalRecord(longer_unlock_ms=30_000)}))
    gate.fob()
    gate.door(is_open=True)
    gate.leave()
    gate.wait(20_000)
    assert gate.is_unlocked()
    gate.door(is_open=False)
    assert not gate.is_unlocked()


def test_fire_is_latched_over_a_restart_until_it_is_reset() -> None:
    gate = GateRun()
    gate.fire()
    gate.restart()
    assert gate.is_unlocked()
    assert gate.state.doors.get(DOOR) is None or gate.state.doors[DOOR].fire
    gate.fire(active=False)
    assert gate.is_unlocked()
    gate.sign_on()
    assert gate.staff(StaffAction.RESET_FIRE) is ReasonCode.FIRE_ENDED
    assert not gate.is_unlocked()
    gate.restart()
    assert not gate.is_unlocked()


def test_fire_cannot_be_reset_while_the_panel_reports_it() -> None:
    gate = GateRun()
    gate.fire()
    gate.sign_on()
    assert gate.staff(StaffAction.RESET_FIRE) is ReasonCode.FIRE
    assert gate.is_unlocked()


def test_the_exit_button_opens_at_once_and_greets_nobody() -> None:
    gate = GateRun()
    effects = gate.leave()
    assert positions(effects, Unlock) < positions(effects, Record)
    assert gate.shown() == []
    gate.door(is_open=True)
    assert ReasonCode.FORCED not in gate.told(EventKind.DOOR)


def test_D03_an_opening_without_cause_is_forced_within_a_second() -> None:
    gate = GateRun()
    gate.door(is_open=False)
    gate.door(is_open=True)
    gate.wait(600)
    assert gate.told(EventKind.DOOR) == [ReasonCode.FORCED]
    assert gate.state.doors[DOOR].phase is DoorPhase.FORCED


def test_C08_interlock_refuses_a_grant_but_never_an_exit() -> None:
    gate = GateRun(airlock())
    gate.fob()
    gate.door(is_open=True)
    assert gate.fob(place=INNER_IN) is ReasonCode.INTERLOCK
    gate.leave(INNER)
    assert gate.is_unlocked(INNER)  # DESIGN promise 8: an exit always wins
    gate.wait(10_000)
    gate.door(is_open=False)
    gate.wait(10_000)
    assert gate.fob(place=INNER_IN) is ReasonCode.GRANTED


def test_C08_in_a_fire_both_doors_of_the_chamber_open() -> None:
    gate = GateRun(airlock())
    gate.fob()
    gate.door(is_open=True)
    gate.fire()
    assert gate.is_unlocked(INNER)
    assert gate.fob(place=INNER_IN) is ReasonCode.GRANTED


def test_D12_tamper_blocks_grants_over_restarts_until_cleared_with_a_reason() -> None:
    gate = GateRun()
    gate.send(TamperSensed(gate.at, True, SIMULATED))
    gate.send(TamperSensed(gate.at, False, SIMULATED))
    assert gate.fob() is ReasonCode.TAMPER
    gate.restart()
    assert gate.fob() is ReasonCode.TAMPER
    gate.leave()
    assert gate.is_unlocked()
    gate.wait(6_000)
    gate.sign_on()
    assert gate.staff(StaffAction.CLEAR_TAMPER) is ReasonCode.REASON_REQUIRED
    assert gate.fob() is ReasonCode.TAMPER
    assert gate.staff(StaffAction.CLEAR_TAMPER, reason="cover closed") is (
        ReasonCode.TAMPER_CLEARED
    )
    assert gate.fob() is ReasonCode.GRANTED
    gate.restart()
    assert gate.fob() is ReasonCode.GRANTED


def test_D12_tamper_ends_a_scheduled_free_period() -> None:
    gate = GateRun(free_day())
    assert gate.is_unlocked()
    gate.send(TamperSensed(gate.at, True, SIMULATED))
    assert not gate.is_unlocked()


_SOURCES = ("fire_input", "fire_line", "panel", "command")


@pytest.mark.parametrize("sources", list(itertools.product([False, True], repeat=4)))
def test_D11_evacuation_beats_lockdown_in_every_combination(sources: tuple[bool, ...]) -> None:
    """The table: fire by either input frees the doors; else a lockdown keeps them shut for all but
    credentials; in whichever order they come."""
    wanted = dict(zip(_SOURCES, sources, strict=True))
    for order in itertools.permutations(_SOURCES):
        gate = GateRun()
        gate.on_duty()
        for source in order:
            if not wanted[source]:
                continue
            match source:
                case "panel":
                    gate.staff(StaffAction.LOCKDOWN)
                case "command":
                    gate.command(Operation.LOCKDOWN)
                case _:
                    gate.fire(active=wanted["fire_input"], line_fault=wanted["fire_line"])
        fire = wanted["fire_input"] or wanted["fire_line"]
        lockdown = wanted["panel"] or wanted["command"]
        assert gate.is_unlocked() is fire
        assert gate.show(visitor_pass()) is (
            ReasonCode.LOCKDOWN if lockdown and not fire else ReasonCode.GRANTED
        )


def test_a_lock_that_does_not_follow_is_reported() -> None:
    gate = GateRun()
    gate.send(LockSensed(gate.at, DOOR, True, SIMULATED))
    gate.fob()
    gate.wait(1_100)
    assert ReasonCode.LOCK_FAULT in gate.told(EventKind.DOOR)


def test_power_ways_and_observations_are_recorded_once() -> None:
    gate = GateRun()
    for on_battery in (True, True, False):
        gate.send(PowerSensed(gate.at, on_battery, SIMULATED))
    for status in ("fault", "fault", "ready"):
        gate.send(WayChanged(gate.at, IN, Method.QR, status, ReasonCode.WORKER_LOST, SIMULATED))
    assert gate.told(EventKind.HEALTH) == [
        ReasonCode.POWER,
        ReasonCode.POWER,
        ReasonCode.WORKER_LOST,
        ReasonCode.WORKER_LOST,
    ]
    gate.send(
        Observed(gate.at, EventKind.READER, ReasonCode.READ_PARITY, SIMULATED, IN, Method.FOB)
    )
    assert (gate.records[-1].reason, gate.records[-1].method) == (
        ReasonCode.READ_PARITY,
        Method.FOB,
    )


def test_a_call_is_an_event_and_pressing_again_is_the_same_call() -> None:
    gate = GateRun()
    for _ in range(3):
        gate.send(CallPressed(gate.at, IN, SIMULATED))
        assert gate.shown() == [(Signal.CALLING, ReasonCode.CALLED)]
        gate.wait(1_000)
    assert gate.told(EventKind.GUARD) == [ReasonCode.CALLED]
    assert gate.command(Operation.ANSWER_CALL).done
    assert (Signal.ANSWERED, ReasonCode.CALL_ANSWERED) in gate.shown()


def test_a_gate_without_documents_lets_people_out_and_nobody_in() -> None:
    gate = GateRun()
    gate.knowledge = type(gate.knowledge)("site-1", "gate-1")
    gate.state = type(gate.state)()
    assert gate.fob(CardBits(1, 24)) is ReasonCode.WRONG_ACCESS_POINT
    gate.leave("some-door")
    assert gate.is_unlocked("some-door")
    gate.fire()
    assert gate.is_unlocked("some-door")
