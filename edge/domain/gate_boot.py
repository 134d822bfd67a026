"""Start a gate unit from what its store remembers (D08, D09, C05).

What comes back: a tamper and a fire latch, a lockdown with the time it has left, a lock by hand and
the day's first person within their scheduled period, positions, uses, windows, lock-outs, and what
staff owe. What does not: a hold-open, a shift, and anything about the position of the doors.
"""

from collections.abc import Mapping

from edge.domain.effects import Effect, MemoryKind
from edge.domain.face_state import FaceState
from edge.domain.face_suspension import Watch
from edge.domain.facts import FactMap
from edge.domain.gate_acts import GATE_KEY, LOCKDOWN_MS
from edge.domain.gate_memory import GateMemory, Uses, Windows
from edge.domain.gate_state import GateState
from edge.domain.gate_timers import settle
from edge.domain.gate_turn import Turn
from edge.domain.knowledge import Knowledge
from edge.domain.memory_codec import (
    forget,
    read_due,
    read_fact,
    read_lock,
    read_number,
    read_positions,
)
from edge.domain.model import Moment
from edge.domain.ports import Boot
from mqtt.contract.events import AdapterKind, EventKind, Outcome
from mqtt.contract.reasons import ReasonCode

__all__ = ["boot", "restore"]

Stored = Mapping[tuple[str, bytes], bytes]


def boot(
    known: Boot, knowledge: Knowledge, at: Moment, kind: AdapterKind
) -> tuple[GateState, tuple[Effect, ...]]:
    """Return the first state of a start and what to do: record it, and finish what was cut off.

    `kind` is that of the locks and contacts. No relay is pulsed; only a fire latch and a schedule
    unlock. A grant whose outcome was never written gets `unknown`.
    """
    turn = Turn(restore(known.memory, at, kind), at, knowledge, kind)
    for portal in turn.portals():
        turn.door_state(portal)
    turn.record(EventKind.BOOT, ReasonCode.BOOT)
    if known.quarantined:
        turn.record(EventKind.BOOT, ReasonCode.EPOCH_CHANGED)
    for seq in known.unfinished:
        turn.record(
            EventKind.PASSAGE,
            ReasonCode.OUTCOME_UNKNOWN,
            outcome=Outcome.UNKNOWN,
            cause_seq=seq,
        )
    for name, key in sorted(known.memory):
        if name == MemoryKind.HOLD:
            turn.effects.append(forget(MemoryKind.HOLD, key))
            turn.record(EventKind.DOOR, ReasonCode.FREE_ENDED, access_point=_text(key))
    settle(turn)
    return turn.state, tuple(turn.effects)


def restore(stored: Stored, at: Moment, kind: AdapterKind) -> GateState:
    """Return the state that what was stored leads to at `at`; nothing in it can make this fail."""
    dues = tuple(
        due
        for key, value in _of(stored, MemoryKind.REASON_DUE)
        if (due := read_due(key, value, at)) is not None
    )
    return GateState(
        adapter_kind=kind,
        memory=_memory(stored, at),
        lockdowns=_lockdowns(stored, at),
        hand_locked=_instants(stored, MemoryKind.HAND_LOCK),
        first_person=_instants(stored, MemoryKind.FIRST_PERSON),
        dues=tuple(sorted(dues, key=lambda due: due.number)),
        due_count=max((due.number for due in dues), default=0),
        swept_mono_ms=at.mono_ms,
        fire=(MemoryKind.FIRE, GATE_KEY) in stored,
        tampered=(MemoryKind.TAMPER, GATE_KEY) in stored,
        face=_face(stored),
    )


def _memory(stored: Stored, at: Moment) -> GateMemory:
    positions = (
        (key, found)
        for key, value in _of(stored, MemoryKind.POSITION)
        if (found := read_positions(value)) is not None
    )
    locks = (
        (key, lock)
        for key, value in _of(stored, MemoryKind.PIN_LOCK)
        if (lock := read_lock(value, at)) is not None
    )
    windows = (
        (key, fact)
        for key, value in _of(stored, MemoryKind.WINDOW)
        if (fact := read_fact(value, Windows)) is not None
    )
    uses = (
        (key, used)
        for key, value in _of(stored, MemoryKind.USES)
        if (used := read_fact(value, Uses)) is not None
    )
    return GateMemory(
        windows=FactMap.of(windows),
        papers=FactMap.of(_numbers(stored, MemoryKind.PAPER)),
        revoked=FactMap.of(_numbers(stored, MemoryKind.REVOKED)),
        uses=FactMap.of(uses),
        positions=FactMap.of(positions),
        pin_locks=FactMap.of(locks),
        face_withdrawn=FactMap.of(_numbers(stored, MemoryKind.FACE_WITHDRAWN)),
    )


def _face(stored: Stored) -> FaceState:
    """Return the erasures that are done and how long each way has gone without proof."""
    watches = {
        _text(key): watch
        for key, value in _of(stored, MemoryKind.FACE_WATCH)
        if (watch := read_fact(value, Watch)) is not None
    }
    receipts = frozenset(key for key, _ in _of(stored, MemoryKind.FACE_RECEIPT))
    return FaceState(watches=watches, receipts=receipts)


def _of(stored: Stored, kind: MemoryKind) -> list[tuple[bytes, bytes]]:
    return sorted((key, value) for (name, key), value in stored.items() if name == kind)


def _numbers(stored: Stored, kind: MemoryKind) -> list[tuple[bytes, int]]:
    found = ((key, read_number(value)) for key, value in _of(stored, kind))
    return [(key, number) for key, number in found if number is not None]


def _instants(stored: Stored, kind: MemoryKind) -> dict[str, int]:
    return {_text(key): number for key, number in _numbers(stored, kind)}


def _lockdowns(stored: Stored, at: Moment) -> dict[str, int]:
    """Return what is left of each lockdown, by a wrong clock at most its whole length."""
    found = {}
    for key, ends_ms in _numbers(stored, MemoryKind.LOCKDOWN):
        left_ms = min(ends_ms - at.utc_ms, LOCKDOWN_MS)
        if left_ms > 0:
            found[_text(key)] = at.mono_ms + left_ms
    return found


def _text(key: bytes) -> str:
    return key.decode("utf-8", "replace")
