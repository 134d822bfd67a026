"""The door machine against the field's cases D01-D13 and protocol notes §3.5."""

from dataclasses import dataclass, field
from itertools import product

import pytest

from edge.domain.door import step_door
from edge.domain.door_model import (
    NO_END,
    Closed,
    DoorEvent,
    DoorInput,
    DoorPhase,
    DoorState,
    DriveLock,
    Elapsed,
    EndFree,
    Exit,
    Fire,
    FireReset,
    Free,
    Grant,
    Lockdown,
    LockReported,
    Opened,
    Tamper,
    TamperCleared,
    WakeDoor,
)
from mqtt.contract.reasons import ReasonCode as R
from mqtt.contract.records import PortalRecord


@dataclass
class Door:
    """A door in a test: feed inputs at times, look at reasons and at the lock."""

    settings: PortalRecord = field(default_factory=PortalRecord)
    state: DoorState = field(default_factory=DoorState)
    lock_is_open: bool = False
    pulses: int = 0
    reasons: list[R] = field(default_factory=list)
    wake_ms: int = -1

    def unlocked(self) -> bool:
        """Tell where the lock was driven last."""
        return self.lock_is_open

    def at(self, now_ms: int, *items: DoorInput) -> list[R]:
        """Take items at one time and return the reasons of their events."""
        fresh: list[R] = []
        for item in items:
            self.state, outputs = step_door(self.state, self.settings, item, now_ms)
            self.wake_ms = -1
            for output in outputs:
                match output:
                    case DriveLock(is_open, _):
                        self.pulses += is_open and not self.lock_is_open
                        self.lock_is_open = is_open
                    case DoorEvent(reason):
                        fresh.append(reason)
                    case WakeDoor(mono_ms):
                        self.wake_ms = mono_ms
        self.reasons += fresh
        return fresh

    def run_to(self, now_ms: int) -> list[R]:
        """Follow every wake-up until `now_ms`."""
        fresh: list[R] = []
        while -1 < self.wake_ms <= now_ms:
            fresh += self.at(self.wake_ms, Elapsed())
        return fresh


@pytest.fixture
def door() -> Door:
    door = Door()
    door.at(0, Closed())
    return door


def test_a_grant_unlocks_and_relocks_by_itself(door: Door) -> None:
    assert door.at(100, Grant(5_000)) == [R.UNLOCKED]
    assert door.unlocked()
    assert door.state.phase is DoorPhase.UNLOCKED
    door.run_to(5_099)
    assert door.unlocked()
    assert door.run_to(5_100) == [R.RELOCKED]
    assert not door.unlocked()


def test_the_lock_falls_in_half_a_second_after_the_leaf_opened(door: Door) -> None:
    door.at(100, Grant(5_000))
    assert door.at(1_000, Opened()) == [R.OPENED]
    assert door.run_to(1_500) == [R.RELOCKED]
    assert door.at(2_000, Closed()) == [R.CLOSED]
    assert door.state.phase is DoorPhase.SECURED


def test_a_magnetic_lock_waits_for_the_leaf_to_close() -> None:
    door = Door(PortalRecord(relock_on_close=True))
    door.at(0, Closed())
    door.at(100, Grant(2_000))
    door.at(1_000, Opened())
    door.run_to(20_000)
    assert door.unlocked()
    door.at(21_000, Closed())
    assert not door.unlocked()


def test_C01_a_second_grant_extends_and_never_shortens(door: Door) -> None:
    door.at(0, Grant(12_000))
    door.at(1_000, Grant(5_000))
    assert door.pulses == 1
    door.run_to(11_999)
    assert door.unlocked()
    door.run_to(12_000)
    assert not door.unlocked()


def test_a_grant_on_an_open_door_keeps_it_unlocked_until_closed(door: Door) -> None:
    door.at(0, Grant(5_000))
    door.at(1_000, Opened())
    door.run_to(1_500)
    door.at(2_000, Grant(5_000))
    door.run_to(29_000)
    assert door.unlocked()
    door.at(29_500, Closed())
    assert not door.unlocked()


def test_a_leaf_that_falls_shut_just_after_a_grant_does_not_end_it(door: Door) -> None:
    door.at(0, Grant(5_000))
    door.at(1_000, Opened())
    door.run_to(1_500)
    door.at(2_000, Grant(5_000))
    door.at(2_040, Closed())
    assert door.unlocked()
    assert door.at(3_000, Opened()) == [R.OPENED]
    assert door.run_to(3_500) == [R.RELOCKED]


def test_a_grant_before_the_leaf_fell_shut_ends_at_its_time(door: Door) -> None:
    door.at(0, Grant(5_000))
    door.at(1_000, Opened())
    door.at(2_000, Grant(5_000))
    door.at(2_040, Closed())
    assert door.run_to(7_000) == [R.RELOCKED]
    assert not door.unlocked()


def test_D03_opening_without_cause_is_forced_within_a_second(door: Door) -> None:
    assert door.at(1_000, Opened()) == []
    assert door.run_to(2_000) == [R.FORCED]
    assert door.state.phase is DoorPhase.FORCED


def test_D03_an_exit_press_first_or_just_after_explains_the_opening(door: Door) -> None:
    door.at(1_000, Exit(pressed=True))
    assert door.at(1_200, Opened()) == [R.OPENED]
    late = Door()
    late.at(0, Closed())
    late.at(1_000, Opened())
    assert late.at(1_400, Exit(pressed=True)) == [R.EXIT_REQUEST, R.OPENED]
    assert R.FORCED not in late.reasons + late.run_to(10_000)


def test_an_opening_without_cause_that_closes_at_once_is_still_recorded(door: Door) -> None:
    door.at(1_000, Opened())
    assert door.at(1_100, Closed()) == [R.FORCED, R.CLOSED]


def test_D04_one_warning_one_alarm_one_reminder_never_a_storm(door: Door) -> None:
    door.at(0, Grant(5_000))
    door.at(1_000, Opened())
    reasons = door.run_to(600_000)
    assert reasons == [R.RELOCKED, R.HELD_WARNING, R.HELD, R.HELD_REMINDER]
    assert door.state.phase is DoorPhase.HELD_ALARM
    assert door.at(601_000, Closed()) == [R.CLOSED]


def test_D05_an_open_door_found_at_start_is_an_event() -> None:
    door = Door()
    assert door.at(0, Opened()) == [R.OPENED_WITHOUT_CAUSE]


def test_D07_start_never_moves_the_lock() -> None:
    door = Door()
    for item in (Elapsed(), Closed(), Fire(active=False), Lockdown(on=False), EndFree()):
        door.at(0, item)
    assert door.pulses == 0
    assert door.reasons == []


@pytest.mark.parametrize(
    ("fire", "lockdown", "free", "granted"), list(product([False, True], repeat=4))
)
def test_D11_sixteen_combinations_follow_one_table(
    *, fire: bool, lockdown: bool, free: bool, granted: bool
) -> None:
    door = Door()
    door.at(0, Closed())
    if free:
        door.at(1, Free(NO_END, R.HOLD_OPEN))
    if lockdown:
        door.at(2, Lockdown(on=True))
    if fire:
        door.at(3, Fire(active=True))
    if granted:
        door.at(4, Grant(5_000))
    assert door.unlocked() == (fire or granted or (free and not lockdown))
    if fire:
        assert door.state.phase is DoorPhase.FIRE


def test_fire_is_latched_until_reset_with_a_normal_input(door: Door) -> None:
    assert door.at(1, Fire(active=True)) == [R.FIRE]
    assert door.at(2, FireReset()) == []
    assert door.at(3, Fire(active=False)) == []
    assert door.unlocked()
    assert door.at(4, FireReset()) == [R.FIRE_ENDED]
    assert not door.unlocked()


def test_D12_tamper_blocks_grants_until_cleared_but_not_exit_and_fire(door: Door) -> None:
    door.at(1, Tamper(is_open=True))
    assert door.at(2, Grant(5_000)) == [R.TAMPER]
    assert not door.unlocked()
    door.at(3, Tamper(is_open=False), Exit(pressed=True))
    assert door.unlocked()
    door.at(10_000, Elapsed(), TamperCleared(), Grant(5_000))
    assert door.unlocked()


def test_D13_a_stuck_exit_button_is_one_fault_and_does_not_hold_the_door(door: Door) -> None:
    door.at(0, Exit(pressed=True))
    assert door.run_to(5_000) == [R.RELOCKED]
    assert door.run_to(1_200_000) == [R.EXIT_STUCK]
    assert not door.unlocked()


def test_G10_a_lock_that_does_not_follow_is_a_fault_until_it_does(door: Door) -> None:
    door.at(0, LockReported(is_locked=True))
    door.at(1_000, Grant(5_000))
    assert door.run_to(2_000) == [R.LOCK_FAULT]
    assert door.state.phase is DoorPhase.FAULT
    door.at(2_100, LockReported(is_locked=False))
    door.run_to(2_200)
    assert not door.state.lock_fault


def test_lockdown_ends_a_hold_open_and_leaves_grants_alone(door: Door) -> None:
    door.at(0, Free(NO_END, R.HOLD_OPEN))
    assert door.unlocked()
    door.at(1, Lockdown(on=True))
    assert not door.unlocked()
    door.at(2, Grant(5_000))
    assert door.unlocked()


def test_a_free_period_ends_by_itself(door: Door) -> None:
    door.at(0, Free(60_000, R.HOLD_OPEN))
    assert door.run_to(60_000) == [R.FREE_ENDED]
    assert not door.unlocked()


def test_G10_a_lock_that_falls_shut_a_moment_after_its_time_is_no_fault(door: Door) -> None:
    door.at(0, LockReported(is_locked=True))
    door.at(10_000, Grant(5_000))
    door.at(10_050, LockReported(is_locked=False))
    assert door.run_to(15_000) == [R.RELOCKED]
    door.at(15_040, LockReported(is_locked=True))
    assert door.run_to(20_000) == []
    assert not door.state.lock_fault


def test_G10_a_lock_that_stays_open_after_its_time_is_a_fault(door: Door) -> None:
    door.at(0, LockReported(is_locked=True))
    door.at(10_000, Grant(5_000))
    door.at(10_050, LockReported(is_locked=False))
    assert door.run_to(15_999) == [R.RELOCKED]
    assert door.run_to(16_000) == [R.LOCK_FAULT]
