"""Let time pass at a gate: run what is due, follow the schedules, say when to come again."""

from dataclasses import replace

from edge.domain import gate_passage
from edge.domain.door_model import NEVER, NO_END, Elapsed, EndFree, Free
from edge.domain.effects import MemoryKind, WakeAt
from edge.domain.gate_acts import drop_hold, end_portal_lockdown
from edge.domain.gate_turn import Turn, without_key
from edge.domain.memory_codec import forget, remember_due
from edge.domain.model import ClockTrust
from edge.domain.schedule import MINUTE_MS, is_active_throughout
from mqtt.contract.events import EventKind, Personal
from mqtt.contract.reasons import ReasonCode

__all__ = ["catch_up", "settle"]

_SWEEP_MS = 3_600_000


def catch_up(turn: Turn) -> None:
    """Run what became due since the last step."""
    now_ms = turn.at.mono_ms
    for portal, until_ms in sorted(turn.state.lockdowns.items()):
        if until_ms <= now_ms:
            end_portal_lockdown(turn, portal)
    for portal, hold in sorted(turn.state.holds.items()):
        if hold.until_mono_ms <= now_ms:
            drop_hold(turn, portal)
    for portal in turn.portals():
        turn.door_state(portal)
        if _is_due(turn, portal):
            turn.door(portal, Elapsed())
    gate_passage.give_up_due(turn)
    if now_ms - turn.state.swept_mono_ms >= _SWEEP_MS:
        turn.change(memory=turn.memory.swept(turn.at), swept_mono_ms=now_ms)


def _is_due(turn: Turn, portal: str) -> bool:
    """Tell whether a door's time has come; after a change of the rules every door is looked at."""
    if turn.state.rules_version != turn.knowledge.rules.version:
        return True
    return NEVER < turn.state.wakes.get(portal, NEVER) <= turn.at.mono_ms


def settle(turn: Turn) -> None:
    """Bring the doors to what schedules and holds ask for, and say when to come again.

    What staff owe is told here, after the input: the first guard's or decision's record of a step
    is the one that its locks move for.
    """
    _escalate(turn)
    _look_at_schedules(turn)
    for portal in turn.portals():
        _settle_door(turn, portal)
    turn.effects += [WakeAt(mono_ms) for mono_ms in _next_wake(turn)]


def _escalate(turn: Turn) -> None:
    """Tell once that something staff owe is overdue; it stays owed (K01)."""
    for due in turn.state.dues:
        if due.overdue or due.due_mono_ms > turn.at.mono_ms:
            continue
        told = replace(due, overdue=True)
        turn.change(dues=tuple(told if one is due else one for one in turn.state.dues))
        turn.effects.append(remember_due(told, turn.at))
        turn.record(
            EventKind.GUARD,
            ReasonCode.REASON_OVERDUE,
            access_point=due.access_point,
            personal=Personal(actor=due.actor),
        )


def _look_at_schedules(turn: Turn) -> None:
    """Look once a minute which free schedules are active; never by a clock that is unknown."""
    minute = turn.at.utc_ms // MINUTE_MS
    known = turn.knowledge.rules
    if turn.at.trust is ClockTrust.UNKNOWN:
        turn.change(scheduled=frozenset())
        return
    if minute == turn.state.minute and turn.state.rules_version == known.version:
        return
    looked = turn.state.minute
    active = frozenset(
        name
        for name, record in known.portals.items()
        if record.free_schedule and known.is_active(record.free_schedule, turn.at.utc_ms)
    )
    turn.change(minute=minute, scheduled=active, rules_version=known.version)
    _forget_ended_periods(turn, looked)


def _forget_ended_periods(turn: Turn, looked: int) -> None:
    """End first-person and hand-lock marks with their period, also one that ended unseen.

    `looked` is the minute of the look before, -1 for none since the start.
    """
    for kind, name in (
        (MemoryKind.FIRST_PERSON, "first_person"),
        (MemoryKind.HAND_LOCK, "hand_locked"),
    ):
        marks = turn.state.first_person if name == "first_person" else turn.state.hand_locked
        for portal, since_ms in marks.items():
            going_on = portal in turn.state.scheduled
            if going_on and turn.state.minute - looked > 1:
                from_ms = since_ms if looked < 0 else looked * MINUTE_MS
                going_on = _went_on(turn, portal, max(from_ms, since_ms))
            if not going_on:
                marks = without_key(marks, portal)
                turn.change(**{name: marks})
                turn.effects.append(forget(kind, portal.encode()))


def _went_on(turn: Turn, portal: str, since_ms: int) -> bool:
    rules = turn.knowledge.rules
    schedule = rules.schedules.get(rules.portal(portal).free_schedule)
    return schedule is not None and is_active_throughout(
        schedule, since_ms, turn.at.utc_ms, rules.zone, rules.calendar
    )


def _settle_door(turn: Turn, portal: str) -> None:
    """Free a door, or end that, where hold and schedule ask for something else than what is."""
    state, door = turn.state, turn.door_state(portal)
    if portal in state.lockdowns:
        return
    wanted = _wanted_free(turn, portal)
    if wanted is None:
        if door.free_until_ms != NEVER:
            turn.door(portal, EndFree())
    elif wanted != Free(door.free_until_ms, door.free_cause):
        turn.door(portal, wanted)


def _wanted_free(turn: Turn, portal: str) -> Free | None:
    state = turn.state
    if turn.knowledge.settings.shadow:
        return None
    hold = state.holds.get(portal)
    emergency = hold is not None and hold.reason is ReasonCode.EMERGENCY_HOLD
    if state.tampered and not emergency:
        return None
    if hold is not None:
        return Free(hold.until_mono_ms, hold.reason)
    waits = turn.knowledge.rules.portal(portal).free_needs_first_person
    if portal not in state.scheduled or portal in state.hand_locked:
        return None
    if waits and portal not in state.first_person:
        return None
    return Free(NO_END, ReasonCode.SCHEDULED)


def _next_wake(turn: Turn) -> list[int]:
    state, now_ms = turn.state, turn.at.mono_ms
    times = [
        *(mono_ms for mono_ms in state.wakes.values() if NEVER < mono_ms < NO_END),
        *state.lockdowns.values(),
        *(hold.until_mono_ms for hold in state.holds.values()),
        *(passage.until_mono_ms for passage in state.passages),
        *(due.due_mono_ms for due in state.dues if not due.overdue),
    ]
    if any(record.free_schedule for record in turn.knowledge.rules.portals.values()):
        times.append(now_ms + MINUTE_MS - turn.at.utc_ms % MINUTE_MS)
    return [max(min(times), now_ms)] if times else []
