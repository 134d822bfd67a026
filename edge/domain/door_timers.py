"""The door machine's timers: relock, held, forced, free, stuck button, lock out of step."""

from collections.abc import Callable
from dataclasses import replace

from edge.domain.door_model import NEVER, DoorEvent, DoorState, held_free, lock_open
from mqtt.contract.reasons import ReasonCode
from mqtt.contract.records import PortalRecord

__all__ = [
    "EXIT_STUCK_MS",
    "EXPLAIN_MS",
    "HELD_ALARM_STAGE",
    "HELD_REMINDER_FACTOR",
    "LOCK_FOLLOW_MS",
    "RELOCK_AFTER_OPENING_MS",
    "next_due",
    "run_due",
]

RELOCK_AFTER_OPENING_MS = 500
"""A bolt may fall back in once the leaf has left the frame."""

EXPLAIN_MS = 500
"""An exit press may reach us this long after the opening that it explains."""

EXIT_STUCK_MS = 10 * 60_000
"""An exit button that stays down longer is a fault (acceptance D13)."""

LOCK_FOLLOW_MS = 1_000
"""A lock contact that disagrees with the command for longer is a fault."""

HELD_ALARM_STAGE = 2
HELD_REMINDER_FACTOR = 5
"""One reminder comes at five times the alarm limit, and no more (acceptance D04)."""

_Timer = tuple[int, Callable[[DoorState], tuple[DoorState, DoorEvent | None]]]


def run_due(
    state: DoorState, settings: PortalRecord, now_ms: int
) -> tuple[DoorState, list[DoorEvent]]:
    """Run every timer that is due at `now_ms`, earliest first, and return the events."""
    events: list[DoorEvent] = []
    while True:
        due_ms, run = min(_timers(state, settings), key=_due, default=(NEVER, None))
        if run is None or due_ms > now_ms:
            return state, events
        was_open = lock_open(state)
        state, event = run(state)
        if lock_open(state) != was_open:
            # The lock is commanded now, and only now its contact can begin to follow.
            state = replace(state, lock_changed_ms=now_ms)
        if event is not None:
            events.append(event)


def next_due(state: DoorState, settings: PortalRecord) -> int:
    """Return when the next timer is due, or NEVER."""
    return min((due for due, _ in _timers(state, settings)), default=NEVER)


def _due(timer: _Timer) -> int:
    return timer[0]


def _timers(state: DoorState, settings: PortalRecord) -> list[_Timer]:
    timers: list[_Timer] = []
    if state.unlocked_until_ms != NEVER and not state.keep_until_closed:
        due = state.unlocked_until_ms
        if state.relock_due_ms != NEVER:
            due = min(due, state.relock_due_ms)
        timers.append((due, _relock))
    if state.free_until_ms != NEVER:
        timers.append((state.free_until_ms, _end_free))
    if state.unexplained_since_ms != NEVER:
        timers.append((state.unexplained_since_ms + EXPLAIN_MS, _forced))
    if state.exit_pressed_ms != NEVER and not state.exit_stuck:
        timers.append((state.exit_pressed_ms + EXIT_STUCK_MS, _exit_stuck))
    timers += _held_timers(state, settings)
    timers += _lock_timers(state)
    return timers


def _held_timers(state: DoorState, settings: PortalRecord) -> list[_Timer]:
    if state.is_open is not True or held_free(state) or state.forced:
        return []
    stages = (
        (settings.held_warn_ms, ReasonCode.HELD_WARNING),
        (settings.held_alarm_ms, ReasonCode.HELD),
        (settings.held_alarm_ms * HELD_REMINDER_FACTOR, ReasonCode.HELD_REMINDER),
    )
    if state.held_stage >= len(stages):
        return []
    after_ms, reason = stages[state.held_stage]

    def held(state: DoorState) -> tuple[DoorState, DoorEvent]:
        return replace(state, held_stage=state.held_stage + 1), DoorEvent(reason)

    return [(state.opened_ms + after_ms, held)]


def _lock_timers(state: DoorState) -> list[_Timer]:
    if state.reported_locked is None or state.lock_changed_ms == NEVER:
        return []
    disagrees = state.reported_locked == lock_open(state)
    if disagrees == state.lock_fault:
        return []
    if disagrees:
        return [(state.lock_changed_ms + LOCK_FOLLOW_MS, _lock_fault)]
    return [(state.lock_changed_ms, _lock_follows)]


def _relock(state: DoorState) -> tuple[DoorState, DoorEvent | None]:
    event = DoorEvent(ReasonCode.RELOCKED, caused_by_grant=state.granted)
    still_passing = state.granted and state.is_open is True
    state = replace(state, unlocked_until_ms=NEVER, relock_due_ms=NEVER, granted=still_passing)
    return state, None if held_free(state) else event


def _end_free(state: DoorState) -> tuple[DoorState, DoorEvent]:
    ended_ms = state.free_until_ms
    return replace(state, free_until_ms=NEVER, opened_ms=ended_ms), DoorEvent(ReasonCode.FREE_ENDED)


def _forced(state: DoorState) -> tuple[DoorState, DoorEvent]:
    return replace(state, unexplained_since_ms=NEVER, forced=True), DoorEvent(ReasonCode.FORCED)


def _exit_stuck(state: DoorState) -> tuple[DoorState, DoorEvent]:
    return replace(state, exit_stuck=True), DoorEvent(ReasonCode.EXIT_STUCK)


def _lock_fault(state: DoorState) -> tuple[DoorState, DoorEvent]:
    return replace(state, lock_fault=True), DoorEvent(ReasonCode.LOCK_FAULT)


def _lock_follows(state: DoorState) -> tuple[DoorState, None]:
    return replace(state, lock_fault=False), None
