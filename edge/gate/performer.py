"""Carry out what a step asked for, in the order that the door needs (DESIGN §7).

1. A step's records and facts go to the disk in one transaction.
2. What the person sees and the lock wait for that transaction: at most 50 ms, or for as long as it
   takes where a use is consumed or a command's id is burnt.
3. Face waits for that transaction, for as long as it takes: no log, no face. Stopping and erasing
   face wait for nothing.
4. Exit, fire and schedules move the lock at once; nothing waits for a disk there.
5. Before a late unlock is carried out, the door is asked again whether it still belongs open.

Runs on the event loop only; the disk's answers come back to it.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from functools import partial
from typing import Protocol

from edge.domain.effects import (
    AnswerWitness,
    Effect,
    FaceWakeAt,
    Indicate,
    Record,
    Relock,
    Remember,
    Reply,
    Signal,
    TellFace,
    TellGates,
    TellMove,
    Unlock,
    WakeAt,
)
from edge.domain.face_orders import ArmFace, EnrolFace, FaceOrder, ShowNotice
from edge.domain.inputs import Input, Observed, RelayMoved
from edge.domain.model import Moment
from edge.domain.ports import Clock, Commit, Committed, Indicator, Lock
from edge.gate.timing import LoopTiming, Timing
from mqtt.contract.errors import EqualGateError
from mqtt.contract.events import AdapterKind, EventKind, Method
from mqtt.contract.reasons import ReasonCode

__all__ = ["PATIENCE_S", "FacePort", "Gate", "Outside", "Performer", "Writer"]

PATIENCE_S = 0.05
"""How long a non-biometric way waits for the disk before it opens all the same (promise 6)."""

_log = logging.getLogger(__name__)
_CAUSES = frozenset({EventKind.DECISION, EventKind.COMMAND, EventKind.GUARD})


class Writer(Protocol):
    """The port to whatever writes commits in order in its own thread and counts failed ones."""

    def submit(self, work: Commit) -> "Future[Committed]":
        """Queue one transaction; the future ends with StorageError where it was not written."""


class Outside(Protocol):
    """The port to the other gates and the controller."""

    def committed(self, now: Moment) -> None:
        """Take note that there are new events in the log."""

    def tell_gates(self, effect: TellGates | TellMove, now: Moment) -> None:
        """Tell that a use of a pass is spent here, or that somebody changed zones."""

    def reply(self, effect: Reply, now: Moment) -> None:
        """Answer a command."""


class FacePort(Protocol):
    """The port to the face worker and the screen beside its button."""

    def tell(self, order: FaceOrder) -> None:
        """Ask for something; it never blocks and never raises."""


class Gate(Protocol):
    """What the performer asks of the loop."""

    def put(self, item: Input) -> None:
        """Put an input into the inbox."""

    def belongs_open(self, portal: str) -> bool:
        """Tell whether the lock of `portal` belongs open now."""

    def wake_at(self, mono_ms: int) -> None:
        """Send a Tick at that time."""

    def list_age_s(self) -> int:
        """Return the age of the list of credentials in seconds."""


@dataclass(slots=True)
class _Waiting:
    """Effects of one step that wait for the disk, and the locks that moved meanwhile."""

    effects: list[Effect] = field(default_factory=list)
    moved: list[tuple[Unlock, Moment]] = field(default_factory=list)


class Performer:
    """Performs effects; see the module's rules.

    `timing` says how to wait; without one it is the running event loop.
    """

    def __init__(
        self,
        *,
        clock: Clock,
        writer: Writer,
        outside: Outside,
        locks: Mapping[str, Lock],
        indicators: Mapping[str, Indicator],
        crash_point: Callable[[str], None],
        timing: Timing | None = None,
        face: FacePort | None = None,
        witness: Callable[[AnswerWitness], None] = lambda _: None,
    ) -> None:
        self._clock = clock
        self._writer = writer
        self._outside = outside
        self._locks = locks
        self._indicators = indicators
        self._crash_point = crash_point
        self._timing = timing
        self._face = face
        self._witness = witness

    def perform(
        self, gate: Gate, at: Moment, policy_version: int, effects: tuple[Effect, ...]
    ) -> None:
        """Perform the effects of one step."""
        records: list[Record] = []
        memory: list[Remember] = []
        waiting = _Waiting()
        for effect in effects:
            match effect:
                case Record():
                    records.append(effect)
                case Remember():
                    memory.append(effect)
                case Relock(portal):
                    self._drive(gate, portal, unlock=False)
                case WakeAt(mono_ms) | FaceWakeAt(mono_ms):
                    gate.wake_at(mono_ms)
                case TellFace(order, wait_for_disk=False):
                    self._tell_face(order)
                case AnswerWitness():
                    self._witness(effect)
                case Unlock(method=Method.NONE):
                    self._unlock(gate, effect)
                case _:
                    waiting.effects.append(effect)
        if not records and not memory and not _asks_somebody(waiting):
            self._finish(gate, waiting, -1)
            return
        self._commit(gate, Commit(at, policy_version, records, memory), waiting)

    def _commit(self, gate: Gate, work: Commit, waiting: _Waiting) -> None:
        timing = self._timing or LoopTiming(asyncio.get_running_loop())

        def answered(done: "Future[Committed]") -> None:
            timing.soon(partial(self._answered, gate, work, waiting, done))

        self._writer.submit(work).add_done_callback(answered)
        if _may_go_first(waiting):
            timing.later(PATIENCE_S, partial(self._go_first, gate, waiting))

    def _answered(
        self, gate: Gate, work: Commit, waiting: _Waiting, done: "Future[Committed]"
    ) -> None:
        error = done.exception()
        if error is None:
            self._finish(gate, waiting, _cause_of(work, done.result()))
            self._outside.committed(self._clock.now())
            return
        if not isinstance(error, EqualGateError):
            raise error
        _log.error("commit_failed", extra={"reason": error.code.value})
        if _may_go_first(waiting):
            self._go_first(gate, waiting)
        self._refuse(gate, waiting)
        self._report_moves(gate, waiting, -1)

    def _go_first(self, gate: Gate, waiting: _Waiting) -> None:
        """Open for those who need not wait for the disk any longer."""
        early = [effect for effect in waiting.effects if isinstance(effect, Unlock | Indicate)]
        waiting.effects = [effect for effect in waiting.effects if effect not in early]
        for effect in early:
            self._carry_out(gate, effect, waiting)

    def _finish(self, gate: Gate, waiting: _Waiting, cause_seq: int) -> None:
        effects, waiting.effects = waiting.effects, []
        for effect in effects:
            self._carry_out(gate, effect, waiting)
        self._report_moves(gate, waiting, cause_seq)

    def _carry_out(self, gate: Gate, effect: Effect, waiting: _Waiting) -> None:
        match effect:
            case Unlock():
                if self._unlock(gate, effect):
                    self._crash_point("after_relay")
                    waiting.moved.append((effect, self._clock.now()))
            case Indicate(access_point, signal, reason):
                self._show(gate, access_point, signal, reason)
            case TellGates() | TellMove():
                self._outside.tell_gates(effect, self._clock.now())
            case Reply():
                self._outside.reply(effect, self._clock.now())
            case TellFace(order):
                self._tell_face(order)
            case _:
                raise RuntimeError(f"effect cannot wait: {type(effect).__name__}")

    def _refuse(self, gate: Gate, waiting: _Waiting) -> None:
        """Tell those whose use could not be written that nothing was opened."""
        code = ReasonCode.STORAGE_UNAVAILABLE
        for effect in waiting.effects:
            match effect:
                case Unlock(access_point=access_point) | TellFace(
                    ArmFace(access_point) | EnrolFace(access_point)
                ):
                    self._show(gate, access_point, Signal.DENIED, code)
                case Reply(command_id):
                    self._outside.reply(Reply(command_id, False, code), self._clock.now())
                case _:
                    continue
        waiting.effects = []

    def _tell_face(self, order: FaceOrder) -> None:
        if self._face is not None:
            self._face.tell(order)

    def _report_moves(self, gate: Gate, waiting: _Waiting, cause_seq: int) -> None:
        moved, waiting.moved = waiting.moved, []
        for unlock, at in moved:
            gate.put(
                RelayMoved(
                    at,
                    unlock.portal,
                    unlock.access_point,
                    unlocked=True,
                    cause_seq=cause_seq,
                    intent_mono_ms=unlock.intent_mono_ms,
                    method=unlock.method,
                    adapter_kind=self._locks[unlock.portal].kind,
                )
            )

    def _unlock(self, gate: Gate, effect: Unlock) -> bool:
        return gate.belongs_open(effect.portal) and self._drive(gate, effect.portal, unlock=True)

    def _drive(self, gate: Gate, portal: str, *, unlock: bool) -> bool:
        lock = self._locks.get(portal)
        if lock is None:
            return False
        try:
            if unlock:
                lock.unlock()
            else:
                lock.relock()
        except EqualGateError as error:
            _log.error("lock_unavailable", extra={"portal": portal, "reason": error.code.value})
            gate.put(_lock_fault(self._clock.now(), portal, lock.kind))
            return False
        return True

    def _show(self, gate: Gate, access_point: str, signal: Signal, reason: ReasonCode) -> None:
        indicator = self._indicators.get(access_point)
        if indicator is not None:
            indicator.show(signal, reason, gate.list_age_s())


def _asks_somebody(waiting: _Waiting) -> bool:
    """Tell whether a notice is shown, which must come after the answer that still waits."""
    return any(isinstance(e, TellFace) and isinstance(e.order, ShowNotice) for e in waiting.effects)


def _may_go_first(waiting: _Waiting) -> bool:
    unlocks = [effect for effect in waiting.effects if isinstance(effect, Unlock)]
    return bool(unlocks) and not any(effect.wait_for_disk for effect in unlocks)


def _lock_fault(at: Moment, portal: str, kind: AdapterKind) -> Observed:
    return Observed(at, EventKind.DOOR, ReasonCode.LOCK_FAULT, kind, note=portal)


def _cause_of(work: Commit, committed: Committed) -> int:
    """Return the number of the decision or command in the commit, else of its first record."""
    if not work.records:
        return -1
    offsets = (at for at, record in enumerate(work.records) if record.kind in _CAUSES)
    return committed.first_seq + next(offsets, 0)
