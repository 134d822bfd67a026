"""Take what contacts and buttons of the doors say, and what else is sensed around the gate."""

from edge.domain import gate_passage, gate_shadow
from edge.domain.door_model import Closed, Exit, Fire, LockReported, Opened, Tamper
from edge.domain.effects import MemoryKind, Signal
from edge.domain.gate_acts import GATE_KEY
from edge.domain.gate_turn import Turn, with_key
from edge.domain.inputs import (
    CallPressed,
    DoorSensed,
    ExitRequested,
    FireSensed,
    LockSensed,
    Observed,
    PowerSensed,
    TamperSensed,
    WayChanged,
)
from edge.domain.memory_codec import remember_number
from mqtt.contract.events import EventKind, Method, Personal
from mqtt.contract.reasons import ReasonCode

__all__ = [
    "call_pressed",
    "door_sensed",
    "exit_requested",
    "fire_sensed",
    "lock_sensed",
    "observed",
    "power_sensed",
    "tamper_sensed",
    "way_changed",
]

_CALL_AGAIN_MS = 5_000
"""Pressing the call button again within this time is the same call."""


def door_sensed(turn: Turn, item: DoorSensed) -> None:
    """Give the door its position, and tell who went through."""
    if gate_shadow.is_shadow(turn):
        gate_shadow.door_sensed(turn, item)
        return
    opens = item.is_open and turn.door_state(item.portal).is_open is not True
    turn.door(item.portal, Opened() if item.is_open else Closed())
    if opens:
        gate_passage.door_opened(turn, item.portal)


def lock_sensed(turn: Turn, item: LockSensed) -> None:
    """Give the door what its lock reports."""
    if not gate_shadow.is_shadow(turn):
        turn.door(item.portal, LockReported(item.is_locked))


def exit_requested(turn: Turn, item: ExitRequested) -> None:
    """Let people out: nothing is asked, not even the disk."""
    turn.door(item.portal, Exit(item.pressed))


def fire_sensed(turn: Turn, item: FireSensed) -> None:
    """Free every door at once; a broken wire counts as fire for them, and is a fault besides."""
    active = item.active or item.line_fault
    for portal in turn.portals():
        turn.door(portal, Fire(active))
    begins = active and not turn.state.fire
    if begins and not turn.portals():
        turn.record(EventKind.DOOR, ReasonCode.FIRE)
    if begins:
        turn.effects.append(remember_number(MemoryKind.FIRE, GATE_KEY, turn.at.utc_ms))
    if item.line_fault and not turn.state.fire_line_fault:
        turn.record(EventKind.HEALTH, ReasonCode.INPUT_FAULT)
    turn.change(fire=turn.state.fire or active, fire_input=active, fire_line_fault=item.line_fault)


def tamper_sensed(turn: Turn, item: TamperSensed) -> None:
    """Latch an opened housing until a guard clears it, over restarts too (D12)."""
    if not item.is_open or turn.state.tampered:
        return
    portals = turn.portals()
    for portal in portals:
        turn.door(portal, Tamper(is_open=True))
    if not portals:
        turn.record(EventKind.DOOR, ReasonCode.TAMPER)
    turn.change(tampered=True)
    turn.effects.append(remember_number(MemoryKind.TAMPER, GATE_KEY, turn.at.utc_ms))


def power_sensed(turn: Turn, item: PowerSensed) -> None:
    """Record a change of the supply."""
    if item.on_battery is turn.state.on_battery:
        return
    turn.change(on_battery=item.on_battery)
    note = "battery" if item.on_battery else "mains"
    turn.record(EventKind.HEALTH, ReasonCode.POWER, personal=Personal(note=note))


def call_pressed(turn: Turn, item: CallPressed) -> None:
    """Tell that somebody calls; the event is the call, whoever may listen (F12)."""
    last_ms = turn.state.calls.get(item.access_point)
    turn.indicate(item.access_point, Signal.CALLING, ReasonCode.CALLED)
    if last_ms is not None and item.at.mono_ms - last_ms < _CALL_AGAIN_MS:
        return
    if item.access_point in turn.knowledge.rules.places:
        calls = with_key(turn.state.calls, item.access_point, item.at.mono_ms)
        turn.change(calls=calls)
    turn.record(EventKind.GUARD, ReasonCode.CALLED, access_point=item.access_point)


def way_changed(turn: Turn, item: WayChanged) -> None:
    """Record that a way in became ready or not; no other way is touched by it.

    A device of this unit is remembered before its access point is known: on the first day the
    readers are there before the first configuration is.
    """
    key = (item.access_point, item.method)
    if turn.state.ways.get(key) == item.status:
        return
    turn.change(ways=with_key(turn.state.ways, key, item.status))
    turn.record(
        EventKind.HEALTH,
        item.reason,
        access_point=item.access_point,
        method=item.method,
        personal=Personal(note=item.status),
    )


def observed(turn: Turn, item: Observed) -> None:
    """Record something that changes no state."""
    turn.record(
        item.kind,
        item.reason,
        access_point=item.access_point,
        method=item.method or Method.NONE,
        personal=Personal(note=item.note),
    )
