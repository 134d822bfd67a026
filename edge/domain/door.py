"""Follow one portal: lock, door position, exit button, fire, hold-open, lockdown. Pure and total.

The state is a set of facts; the phase and the lock's position are computed from them, so that
every combination has an answer:

1. Fire beats everything, from any state, in one step, and stays latched until a reset after the
   panel's input is normal again. The fire contact also cuts the lock's power in hardware; here it
   is only observed and followed (DESIGN promise 8).
2. The exit button always works; held down it opens once, does not hold the door, and is reported
   when stuck.
3. Lockdown ends a hold-open or a free schedule; it never refuses a grant, because residents' own
   credentials keep working.
4. A tampered housing takes no grant until cleared, but exit and fire go on.
5. A second grant extends and never shortens; a grant on an open door keeps it unlocked until it
   is closed, and after that for the rest of its time: the leaf may just have been falling shut
   behind somebody else.
6. At start the lock is at rest and nothing is pulsed.
"""

from dataclasses import replace

from edge.domain import door_timers
from edge.domain.door_model import (
    NEVER,
    Closed,
    DoorEvent,
    DoorInput,
    DoorOutput,
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
    held_free,
    lock_open,
)
from mqtt.contract.reasons import ReasonCode
from mqtt.contract.records import PortalRecord

__all__ = ["MIN_EXIT_MS", "phase_of", "step_door"]

MIN_EXIT_MS = 1_000
"""An exit press unlocks for at least this long (acceptance D01)."""

_Step = tuple[DoorState, list[DoorEvent]]


def step_door(
    state: DoorState, settings: PortalRecord, item: DoorInput, now_ms: int
) -> tuple[DoorState, tuple[DoorOutput, ...]]:
    """Take one input at monotonic `now_ms` and return the new state with what to do, in order.

    Timers that are due run first, so a late input meets the state that time has made, and once
    more after it, so nothing that is due already is left to a later step.
    """
    before = state
    state, events = door_timers.run_due(state, settings, now_ms)
    state, more = _take(state, settings, item, now_ms)
    if lock_open(state) != lock_open(before):
        state = replace(state, lock_changed_ms=now_ms)
    state, at_once = door_timers.run_due(state, settings, now_ms)
    outputs: list[DoorOutput] = [*events, *more, *at_once]
    extended = state.unlocked_until_ms > before.unlocked_until_ms
    if lock_open(state) != lock_open(before) or extended:
        outputs.insert(0, DriveLock(lock_open(state), _duration(state, now_ms)))
    due = door_timers.next_due(state, settings)
    if due != NEVER:
        outputs.append(WakeDoor(due))
    return replace(state, phase=phase_of(state)), tuple(outputs)


def _duration(state: DoorState, now_ms: int) -> int:
    timed = state.unlocked_until_ms != NEVER and not state.keep_until_closed
    return state.unlocked_until_ms - now_ms if timed and not held_free(state) else 0


def phase_of(state: DoorState) -> DoorPhase:
    """Name the state for people; the first that applies, in the order of the module's rules."""
    named = (
        (state.fire, DoorPhase.FIRE),
        (state.forced, DoorPhase.FORCED),
        (state.held_stage >= door_timers.HELD_ALARM_STAGE, DoorPhase.HELD_ALARM),
        (state.held_stage > 0, DoorPhase.HELD_WARN),
        (state.lock_fault, DoorPhase.FAULT),
        (held_free(state), DoorPhase.FREE),
        (state.is_open is True, DoorPhase.OPEN_OK),
        (state.unlocked_until_ms != NEVER, DoorPhase.UNLOCKED),
        (state.lockdown, DoorPhase.LOCKDOWN),
    )
    return next((phase for applies, phase in named if applies), DoorPhase.SECURED)


def _take(state: DoorState, settings: PortalRecord, item: DoorInput, now_ms: int) -> _Step:
    match item:
        case Grant(unlock_ms):
            return _grant(state, unlock_ms, now_ms)
        case Opened():
            return _opened(state, settings, now_ms)
        case Closed():
            return _closed(state)
        case Exit(pressed):
            return _exit(state, settings, pressed=pressed, now_ms=now_ms)
        case LockReported(is_locked):
            changed_ms = now_ms if state.lock_changed_ms == NEVER else state.lock_changed_ms
            return replace(state, reported_locked=is_locked, lock_changed_ms=changed_ms), []
        case Elapsed():
            return state, []
        case _:
            return _take_rule(state, item, now_ms)


def _take_rule(state: DoorState, item: DoorInput, now_ms: int) -> _Step:
    """Take the inputs that come from rules, people and the fire panel."""
    match item:
        case Fire(active):
            begins = active and not state.fire
            state = replace(state, fire=state.fire or active, fire_input=active)
            return state, [DoorEvent(ReasonCode.FIRE)] if begins else []
        case FireReset() if state.fire and not state.fire_input:
            state = replace(state, fire=False, opened_ms=now_ms)
            return state, [DoorEvent(ReasonCode.FIRE_ENDED)]
        case Free(until_ms, cause):
            changed = state.free_until_ms == NEVER
            state = replace(state, free_until_ms=until_ms, free_cause=cause)
            return state, [DoorEvent(cause)] if changed else []
        case EndFree() if state.free_until_ms != NEVER:
            state = replace(state, free_until_ms=NEVER, opened_ms=now_ms)
            return state, [DoorEvent(ReasonCode.FREE_ENDED)]
        case Lockdown(on) if on != state.lockdown:
            reason = ReasonCode.LOCKDOWN if on else ReasonCode.LOCKDOWN_ENDED
            free_until = NEVER if on else state.free_until_ms
            state = replace(state, lockdown=on, free_until_ms=free_until, opened_ms=now_ms)
            return state, [DoorEvent(reason)]
        case Tamper(is_open) if is_open and not state.tampered:
            return replace(state, tampered=True), [DoorEvent(ReasonCode.TAMPER)]
        case TamperCleared() if state.tampered:
            return replace(state, tampered=False), [DoorEvent(ReasonCode.TAMPER_CLEARED)]
        case _:
            return state, []


def _grant(state: DoorState, unlock_ms: int, now_ms: int) -> _Step:
    if state.tampered:
        return state, [DoorEvent(ReasonCode.TAMPER, caused_by_grant=True)]
    events = [*_explained(state), DoorEvent(ReasonCode.UNLOCKED, caused_by_grant=True)]
    state = replace(
        state,
        unlocked_until_ms=max(state.unlocked_until_ms, now_ms + unlock_ms),
        relock_due_ms=NEVER,
        granted=True,
        keep_until_closed=state.is_open is True,
        asked_while_open=state.is_open is True,
        unexplained_since_ms=NEVER,
        forced=False,
    )
    return state, events


def _explained(state: DoorState) -> list[DoorEvent]:
    """Record an opening whose cause arrived within the time that it may take."""
    return [DoorEvent(ReasonCode.OPENED)] if state.unexplained_since_ms != NEVER else []


def _opened(state: DoorState, settings: PortalRecord, now_ms: int) -> _Step:
    if state.is_open is True:
        return state, []
    first_look = state.is_open is None
    state = replace(state, is_open=True, opened_ms=now_ms, held_stage=0)
    if lock_open(state):
        if settings.relock_on_close:
            state = replace(state, keep_until_closed=True)
        elif not state.keep_until_closed:
            relock = now_ms + door_timers.RELOCK_AFTER_OPENING_MS
            state = replace(state, relock_due_ms=relock)
        return state, [DoorEvent(ReasonCode.OPENED, caused_by_grant=state.granted)]
    if first_look:
        return state, [DoorEvent(ReasonCode.OPENED_WITHOUT_CAUSE)]
    if state.exit_ms != NEVER and now_ms - state.exit_ms <= door_timers.EXPLAIN_MS:
        return state, [DoorEvent(ReasonCode.OPENED)]
    return replace(state, unexplained_since_ms=now_ms), []


def _closed(state: DoorState) -> _Step:
    if state.is_open is False:
        return state, []
    was_known = state.is_open is True
    events = []
    if state.unexplained_since_ms != NEVER:
        events.append(DoorEvent(ReasonCode.FORCED))
    if was_known:
        events.append(DoorEvent(ReasonCode.CLOSED, caused_by_grant=state.granted))
    is_over = was_known and not state.asked_while_open
    state = replace(
        state,
        is_open=False,
        forced=False,
        held_stage=0,
        unexplained_since_ms=NEVER,
        relock_due_ms=NEVER,
        keep_until_closed=False,
        asked_while_open=False,
        unlocked_until_ms=NEVER if is_over else state.unlocked_until_ms,
        granted=False if is_over else state.granted,
    )
    return state, events


def _exit(state: DoorState, settings: PortalRecord, *, pressed: bool, now_ms: int) -> _Step:
    if not pressed:
        return replace(state, exit_pressed_ms=NEVER, exit_stuck=False), []
    if state.exit_pressed_ms != NEVER:
        return state, []
    until = max(state.unlocked_until_ms, now_ms + max(settings.unlock_ms, MIN_EXIT_MS))
    events = [DoorEvent(ReasonCode.EXIT_REQUEST), *_explained(state)]
    state = replace(
        state,
        exit_ms=now_ms,
        exit_pressed_ms=now_ms,
        unlocked_until_ms=until,
        unexplained_since_ms=NEVER,
        keep_until_closed=state.keep_until_closed or state.is_open is True,
        asked_while_open=state.is_open is True,
    )
    return state, events
