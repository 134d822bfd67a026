"""Run the product's own way from the inbox to the relay in this process, on a real disk."""

import asyncio
import time
from collections.abc import Mapping
from time import perf_counter

from edge.adapters.clock import SimClock
from edge.adapters.store import SqliteStore
from edge.domain.card_tier import CardTier
from edge.domain.effects import Reply, TellGates, TellMove
from edge.domain.event_log import EventLog
from edge.domain.gate_boot import boot
from edge.domain.inputs import Attempted, Tick
from edge.domain.knowledge import Knowledge
from edge.domain.model import AccessAttempt, CardClaim, Moment
from edge.domain.ports import Clock, Commit, Committed, Indicator, Lock
from edge.gate.committer import Committer
from edge.gate.crash_points import no_crash
from edge.gate.loop import GateLoop
from edge.gate.performer import Performer
from equalgate.bench.gate_papers import DOOR, IN, card
from mqtt.contract.events import AdapterKind, Method

__all__ = ["NOON_MS", "GateRig", "ProbeLock", "StallingStore"]

NOON_MS = 1_795_320_000_000
"""2026-11-22 12:00 in Asia/Shanghai, UTC ms: benchmarks run on a clock of their own."""

_SIMULATED = AdapterKind.SIMULATED
_BETWEEN_MS = 20_000
_LIMIT_S = 10.0


class StallingStore(SqliteStore):
    """The product's store on a disk that does not answer for `stall_s` at every commit."""

    stall_s = 0.0

    def commit(self, work: Commit) -> Committed:
        """See `Store.commit`."""
        if self.stall_s:
            time.sleep(self.stall_s)
        return super().commit(work)


class ProbeLock:
    """A lock that notes when it was commanded (`perf_counter`), and passes the command on."""

    def __init__(self, behind: Lock | None = None) -> None:
        self._behind = behind
        self._loop = asyncio.get_running_loop()
        self.moved = asyncio.Event()
        self.moved_s = 0.0

    @property
    def kind(self) -> AdapterKind:
        """Return the kind of the lock behind it."""
        return _SIMULATED if self._behind is None else self._behind.kind

    def unlock(self) -> None:
        """Note the time."""
        self.moved_s = perf_counter()
        if self._behind is not None:
            self._behind.unlock()
        self.moved.set()

    def relock(self) -> None:
        """Pass the command on."""
        if self._behind is not None:
            self._behind.relock()


class _Nobody:
    """Stands for the link: no controller, no other gates."""

    def committed(self, now: Moment) -> None:
        """Send nothing."""

    def tell_gates(self, effect: TellGates | TellMove, now: Moment) -> None:
        """Tell nobody."""

    def reply(self, effect: Reply, now: Moment) -> None:
        """Answer nobody."""


class GateRig:
    """One gate unit: loop, performer, committer and store of the product, with a probe as relay.

    `begin` starts it on the running event loop, `end` stops it.
    """

    def __init__(
        self,
        store: EventLog,
        knowledge: Knowledge,
        clock: Clock,
        lock: ProbeLock,
        indicators: Mapping[str, Indicator],
    ) -> None:
        self._clock = clock
        self._knowledge = knowledge
        self.committer = Committer(store, _SIMULATED)
        self.lock = lock
        self.performer = Performer(
            clock=clock,
            writer=self.committer,
            outside=_Nobody(),
            locks={DOOR: lock},
            indicators=indicators,
            crash_point=no_crash,
        )
        self.gate: GateLoop | None = None
        self._task: asyncio.Task[None] | None = None

    @property
    def running(self) -> GateLoop:
        """Return the loop after `begin`."""
        assert self.gate is not None
        return self.gate

    def begin(self) -> None:
        """Open the store and start the one consumer."""
        known = self.committer.start()
        assert known is not None
        at = self._clock.now()
        state, effects = boot(known, self._knowledge, at, _SIMULATED)
        self.gate = GateLoop(clock=self._clock, state=state, knowledge=self._knowledge)
        self.gate.begin(self.performer, at, effects)
        self._task = asyncio.create_task(self.gate.run())

    async def end(self) -> None:
        """Stop, with everything written."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        self.committer.stop()

    async def rest(self) -> None:
        """Wait until everything that was asked for is on the disk."""
        for _ in range(3):
            await asyncio.wrap_future(self.committer.ask(lambda _: None))
            await asyncio.sleep(0)

    async def fob(self, number: int, clock: SimClock) -> float:
        """Present a fob 20 s after the last; return the seconds until the relay was commanded."""
        gate = self.running
        clock.advance(_BETWEEN_MS)
        gate.put(Tick(clock.now()))
        await self.rest()
        self.lock.moved.clear()
        at = clock.now()
        claim = CardClaim(card(number), CardTier.CLONABLE)
        attempt = AccessAttempt(IN, Method.FOB, claim, at.mono_ms, _SIMULATED)
        began_s = perf_counter()
        gate.emit(Attempted(at, attempt))
        await asyncio.wait_for(self.lock.moved.wait(), _LIMIT_S)
        return self.lock.moved_s - began_s
