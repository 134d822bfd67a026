"""What staff can do to doors, from the panel or by command: hold, lock down, clear, reset.

Who may do what was checked before; here stand the limits that hold for everybody:
1. a hold-open ends after 30 min, an emergency hold after 10, a lockdown after 15;
2. a lockdown ends holds, an emergency hold ends the lockdown of its portals: people come first;
3. locking by hand during a scheduled free period lasts to the end of that period (D08);
4. a fire latch is reset only when the panel's input is normal again.
Each function returns why it did nothing, or None.
"""

from dataclasses import replace

from edge.domain.door_model import (
    NEVER,
    EndFree,
    FireReset,
    Free,
    Lockdown,
    TamperCleared,
)
from edge.domain.effects import MemoryKind, Unlock
from edge.domain.gate_state import Due, Hold
from edge.domain.gate_turn import Turn, with_key, without_key
from edge.domain.memory_codec import due_key, forget, remember_due, remember_number
from mqtt.contract.events import EventKind, Method
from mqtt.contract.reasons import ReasonCode

__all__ = [
    "COUNTERSIGN_DUE_MS",
    "EMERGENCY_HOLD_MS",
    "GATE_KEY",
    "HOLD_LIMIT_MS",
    "LOCKDOWN_MS",
    "REASON_DUE_MS",
    "add_due",
    "clear_passback",
    "clear_tamper",
    "drop_due",
    "drop_hold",
    "end_hold",
    "end_lockdown",
    "end_portal_lockdown",
    "hold",
    "lockdown",
    "reset_fire",
]

HOLD_LIMIT_MS = 30 * 60_000
EMERGENCY_HOLD_MS = 10 * 60_000
LOCKDOWN_MS = 15 * 60_000
REASON_DUE_MS = 5 * 60_000
COUNTERSIGN_DUE_MS = 24 * 3_600_000
GATE_KEY = b"gate"
"""The key of facts that hold for the whole gate unit."""

_DUES_LIMIT = 256


def hold(
    turn: Turn, access_point: str, duration_ms: int, reason: ReasonCode, *, durable: bool
) -> ReasonCode | None:
    """Keep the portal of an access point unlocked; `reason` is `hold_open` or `emergency_hold`.

    `durable` lets the lock wait for the disk, as commands do.
    """
    portals = turn.portals_at(access_point)
    if not portals:
        return ReasonCode.WRONG_ACCESS_POINT
    emergency = reason is ReasonCode.EMERGENCY_HOLD
    if emergency:
        end_lockdown(turn, access_point)
    elif any(portal in turn.state.lockdowns for portal in portals):
        return ReasonCode.LOCKDOWN
    elif turn.state.tampered:
        return ReasonCode.TAMPER
    limit_ms = EMERGENCY_HOLD_MS if emergency else HOLD_LIMIT_MS
    until_ms = turn.at.mono_ms + (min(duration_ms, limit_ms) if duration_ms > 0 else limit_ms)
    for portal in portals:
        key = portal.encode()
        turn.effects.append(remember_number(MemoryKind.HOLD, key, turn.at.utc_ms))
        turn.change(holds=with_key(turn.state.holds, portal, Hold(until_ms, reason)))
        method = Method.REMOTE if durable else Method.GUARD
        turn.door(portal, Free(until_ms, reason), Unlock(portal, 0, durable, method=method))
    return None


def end_hold(turn: Turn, access_point: str) -> ReasonCode | None:
    """End a hold, or lock by hand what a schedule keeps free."""
    portals = turn.portals_at(access_point)
    if not portals:
        return ReasonCode.WRONG_ACCESS_POINT
    for portal in portals:
        if portal in turn.state.holds:
            drop_hold(turn, portal)
        elif turn.door_state(portal).free_until_ms != NEVER:
            at_ms = turn.at.utc_ms
            turn.change(hand_locked=with_key(turn.state.hand_locked, portal, at_ms))
            key = portal.encode()
            turn.effects.append(
                remember_number(MemoryKind.HAND_LOCK, key, at_ms, at_ms + 86_400_000)
            )
            turn.record(EventKind.DOOR, ReasonCode.LOCKED_BY_HAND, access_point=portal)
            turn.door(portal, EndFree())
    return None


def drop_hold(turn: Turn, portal: str) -> None:
    """Forget a hold; the door returns to its schedule."""
    turn.change(holds=without_key(turn.state.holds, portal))
    turn.effects.append(forget(MemoryKind.HOLD, portal.encode()))
    turn.door(portal, EndFree())


def lockdown(turn: Turn, access_point: str) -> ReasonCode | None:
    """End everything that keeps doors free, for 15 min; own credentials keep working."""
    portals = turn.portals_at(access_point)
    if not portals:
        return ReasonCode.WRONG_ACCESS_POINT
    until_ms = turn.at.mono_ms + LOCKDOWN_MS
    ends_ms = turn.at.utc_ms + LOCKDOWN_MS
    for portal in portals:
        if portal in turn.state.holds:
            drop_hold(turn, portal)
        turn.change(lockdowns=with_key(turn.state.lockdowns, portal, until_ms))
        key = portal.encode()
        turn.effects.append(remember_number(MemoryKind.LOCKDOWN, key, ends_ms, ends_ms))
        turn.door(portal, Lockdown(on=True))
    return None


def end_lockdown(turn: Turn, access_point: str) -> ReasonCode | None:
    """End a lockdown."""
    portals = turn.portals_at(access_point)
    for portal in portals:
        if portal in turn.state.lockdowns:
            end_portal_lockdown(turn, portal)
    return None if portals else ReasonCode.WRONG_ACCESS_POINT


def end_portal_lockdown(turn: Turn, portal: str) -> None:
    """End the lockdown of one portal."""
    turn.change(lockdowns=without_key(turn.state.lockdowns, portal))
    turn.effects.append(forget(MemoryKind.LOCKDOWN, portal.encode()))
    turn.door(portal, Lockdown(on=False))


def clear_tamper(turn: Turn, reason: str) -> ReasonCode | None:
    """Clear the tamper latch of the gate unit, with a reason (D12)."""
    if not reason.strip():
        return ReasonCode.REASON_REQUIRED
    turn.change(tampered=False)
    turn.effects.append(forget(MemoryKind.TAMPER, GATE_KEY))
    for portal in turn.portals():
        turn.door(portal, TamperCleared())
    return None


def reset_fire(turn: Turn) -> ReasonCode | None:
    """Reset the fire latch; without effect while the panel's input is active."""
    if turn.state.fire_input:
        return ReasonCode.FIRE
    turn.change(fire=False)
    turn.effects.append(forget(MemoryKind.FIRE, GATE_KEY))
    for portal in turn.portals():
        turn.door(portal, FireReset())
    return None


def clear_passback(turn: Turn, holder: bytes) -> ReasonCode | None:
    """Forget where one holder is, and nobody else (C09)."""
    if not holder:
        return ReasonCode.NOT_FOUND
    memory = replace(turn.memory, positions=turn.memory.positions.drop(holder))
    turn.learn(memory, forget(MemoryKind.POSITION, holder))
    return None


def add_due(
    turn: Turn, actor: bytes, access_point: str, after_ms: int, *, countersign: bool = False
) -> None:
    """Note that staff owe a reason or a countersignature."""
    number = turn.state.due_count + 1
    due = Due(number, actor, access_point, turn.at.mono_ms + after_ms, countersign)
    for old in turn.state.dues[: max(0, len(turn.state.dues) - _DUES_LIMIT + 1)]:
        drop_due(turn, old)
    turn.change(dues=(*turn.state.dues, due), due_count=number)
    turn.effects.append(remember_due(due, turn.at))


def drop_due(turn: Turn, due: Due) -> None:
    """Forget something that was given."""
    turn.change(dues=tuple(one for one in turn.state.dues if one is not due))
    turn.effects.append(forget(MemoryKind.REASON_DUE, due_key(due.number)))
