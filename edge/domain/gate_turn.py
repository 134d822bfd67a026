"""Hold what one step has at hand while it works: the state so far and the effects so far.

A Turn lives for one call of `step` and never leaves it; outside, only frozen values are seen.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

from msgspec import structs

from edge.domain.door import phase_of, step_door
from edge.domain.door_model import (
    NEVER,
    NO_END,
    DoorEvent,
    DoorInput,
    DoorOutput,
    DoorState,
    DriveLock,
    Grant,
    WakeDoor,
    held_free,
    lock_open,
)
from edge.domain.effects import (
    Effect,
    Indicate,
    Record,
    Relock,
    Remember,
    Signal,
    Unlock,
)
from edge.domain.gate_memory import GateMemory
from edge.domain.gate_state import GateState
from edge.domain.knowledge import Knowledge
from edge.domain.model import Moment
from edge.domain.ports import adapter_kind
from mqtt.contract.events import (
    NOTE_CHARACTERS,
    AdapterKind,
    Direction,
    EventKind,
    Method,
    Outcome,
    Personal,
)
from mqtt.contract.reasons import ReasonCode

__all__ = ["Turn", "with_key", "without_key"]

K = TypeVar("K")
V = TypeVar("V")

_TOLD_BY_THE_DECISION = frozenset({ReasonCode.UNLOCKED, ReasonCode.TAMPER})
"""Transitions of a grant whose record is the decision itself."""


def with_key(mapping: Mapping[K, V], key: K, value: V) -> Mapping[K, V]:
    """Return a copy of `mapping` in which `key` has `value`."""
    return {**mapping, key: value}


def without_key(mapping: Mapping[K, V], key: K) -> Mapping[K, V]:
    """Return a copy of `mapping` without `key`."""
    return {name: value for name, value in mapping.items() if name != key}


def _cut(personal: Personal | None) -> Personal | None:
    """Keep a note within what the contract carries; leave out a personal part that says nothing."""
    if personal is None or personal == Personal():
        return None
    return Personal(
        personal.holder, personal.credential, personal.actor, personal.note[:NOTE_CHARACTERS]
    )


def _pulse_end(door: DoorState) -> int:
    """Return when the relay's pulse has to end, NO_END for an open lock without end."""
    if held_free(door) or (door.unlocked_until_ms != NEVER and door.keep_until_closed):
        return NO_END
    return door.unlocked_until_ms


@dataclass(slots=True)
class Turn:
    """The state as changed so far, the effects so far, and what the step looks at.

    `kind` is the adapter kind of everything involved.
    """

    state: GateState
    at: Moment
    knowledge: Knowledge
    kind: AdapterKind
    effects: list[Effect] = field(default_factory=list)

    @property
    def memory(self) -> GateMemory:
        """Return the gate's memory as changed so far."""
        return self.state.memory

    def involve(self, kind: AdapterKind) -> None:
        """Take one more adapter into account for what is recorded from now on."""
        self.kind = adapter_kind((self.kind, kind))

    def change(self, **changes: object) -> None:
        """Replace fields of the state."""
        self.state = structs.replace(self.state, **changes)

    def learn(self, memory: GateMemory, fact: Remember) -> None:
        """Replace the memory and make the changed fact durable."""
        self.state = structs.replace(self.state, memory=memory)
        self.effects.append(fact)

    def record(
        self,
        kind: EventKind,
        reason: ReasonCode,
        *,
        outcome: Outcome = Outcome.OBSERVED,
        access_point: str = "",
        method: Method = Method.NONE,
        cause_seq: int = -1,
        intent_to_unlock_ms: int = -1,
        personal: Personal | None = None,
    ) -> None:
        """Record one event of this step."""
        self.effects.append(
            Record(
                kind,
                outcome,
                reason,
                self.kind,
                access_point,
                method,
                self.direction(access_point),
                intent_to_unlock_ms,
                cause_seq,
                _cut(personal),
            )
        )

    def indicate(self, access_point: str, signal: Signal, reason: ReasonCode) -> None:
        """Show something to the person at the access point."""
        self.effects.append(Indicate(access_point, signal, reason))

    def direction(self, access_point: str) -> Direction:
        """Return where an access point leads, or `none` for what is not one."""
        place = self.knowledge.rules.places.get(access_point)
        return Direction.NONE if place is None else place.direction

    def portals(self) -> list[str]:
        """Name every portal that is configured or was seen, in a fixed order."""
        return sorted({*self.knowledge.rules.portals, *self.state.doors})

    def portals_at(self, access_point: str) -> list[str]:
        """Name the portal of an access point; every portal for none."""
        if not access_point:
            return self.portals()
        place = self.knowledge.rules.places.get(access_point)
        return [] if place is None else [place.portal]

    def door_state(self, portal: str) -> DoorState:
        """Return a door's state; one that was never seen is met first."""
        found = self.state.doors.get(portal)
        if found is not None:
            return found
        state = self.state
        met = DoorState(
            fire=state.fire,
            fire_input=state.fire_input,
            tampered=state.tampered,
            lockdown=portal in state.lockdowns,
        )
        met = replace(met, phase=phase_of(met))
        self.change(doors=with_key(state.doors, portal, met))
        if state.fire:
            self.effects.append(Unlock(portal, 0, wait_for_disk=False))
        return met

    def door(
        self,
        portal: str,
        item: DoorInput,
        unlock: Unlock | None = None,
    ) -> None:
        """Give one input to a door and turn its outputs into effects.

        `unlock` says how the lock is to be driven, for a grant or a hold. A grant on an unlocked
        door drives it again for the time that is left, so that every grant gets its `RelayMoved`;
        a lock that is to stay open beyond the pulse it got is driven again too.
        """
        settings = self.knowledge.rules.portal(portal)
        before = self.door_state(portal)
        after, outputs = step_door(before, settings, item, self.at.mono_ms)
        if after is not self.state.doors.get(portal):
            self.state = structs.replace(
                self.state, doors=with_key(self.state.doors, portal, after)
            )
        self._wake(portal, outputs)
        for output in outputs:
            match output:
                case DriveLock(is_open, duration_ms):
                    self._drive(portal, duration_ms, unlock, is_open=is_open)
                case DoorEvent(reason, caused_by_grant):
                    told = isinstance(item, Grant) and reason in _TOLD_BY_THE_DECISION
                    if not told:
                        self._door_event(portal, reason, caused_by_grant=caused_by_grant)
                case WakeDoor():
                    pass
        driven = any(isinstance(output, DriveLock) for output in outputs)
        wanted = isinstance(item, Grant) and unlock is not None
        longer = _pulse_end(after) > _pulse_end(before)
        if lock_open(after) and not driven and (wanted or longer):
            self._drive(portal, self._time_left(after), unlock, is_open=True)

    def _wake(self, portal: str, outputs: Sequence[DoorOutput]) -> None:
        """Keep when a door next wants time; NEVER for one that waits for nothing."""
        wake = next((out.mono_ms for out in outputs if isinstance(out, WakeDoor)), NEVER)
        if self.state.wakes.get(portal) != wake:
            self.change(wakes=with_key(self.state.wakes, portal, wake))

    def _time_left(self, door: DoorState) -> int:
        """Return how long an open lock stays open in ms, 0 for without end."""
        end_ms = _pulse_end(door)
        return 0 if end_ms == NO_END else max(1, end_ms - self.at.mono_ms)

    def _drive(
        self, portal: str, duration_ms: int, unlock: Unlock | None, *, is_open: bool
    ) -> None:
        if not is_open:
            self.effects.append(Relock(portal))
        elif unlock is None:
            self.effects.append(Unlock(portal, duration_ms, wait_for_disk=False))
        else:
            self.effects.append(replace(unlock, duration_ms=duration_ms))

    def _door_event(self, portal: str, reason: ReasonCode, *, caused_by_grant: bool) -> None:
        cause_seq = self.state.causes.get(portal, -1) if caused_by_grant else -1
        self.record(EventKind.DOOR, reason, access_point=portal, cause_seq=cause_seq)
