"""The machine under a simulated gate: its clocks, relays and doors, its way of waiting and writing.

`DelayedWriter` stands where the daemon has its writer thread: commits before other work, each when
the disk gets to it, through the same `StoreWriter`.
"""

import math
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar

from edge.adapters.clock import Reading
from edge.domain.event_log import EventLog
from edge.domain.ports import Commit, Committed
from edge.gate.committer import QUEUE_LIMIT
from edge.gate.disk import Failed
from edge.gate.store_writer import StoreWriter
from edge.gate.timing import Alarm
from equalgate.simulation.world import Action, World
from mqtt.contract.errors import StorageError
from mqtt.contract.events import AdapterKind
from mqtt.contract.reasons import ReasonCode

__all__ = ["DelayedTiming", "DelayedWriter", "GateMachine", "WatchedLock"]

T = TypeVar("T")

_WRITE_MS = 1
_SLOW_JUST_NOW_MS = 1_000


@dataclass(slots=True)
class GateMachine:
    """What a gate's board is like; it outlives the process.

    `offset_ms` is the error of the wall clock, `stalled_until_ms` when the disk works again.
    """

    world: World
    powered_ms: int = 0
    offset_ms: int = 0
    is_synchronised: bool = True
    stalled_until_ms: int = -3_600_000
    fire: bool = False
    open_doors: set[str] = field(default_factory=set)
    relays: dict[str, bool] = field(default_factory=dict)

    @property
    def was_slow(self) -> bool:
        """Tell whether the disk stood still just now."""
        return self.world.now_ms - self.stalled_until_ms < _SLOW_JUST_NOW_MS

    def read(self) -> Reading:
        """See `Machine.read`."""
        now_ms = self.world.now_ms
        utc_ms = max(0, self.world.utc_ms + self.offset_ms)
        return Reading(now_ms - self.powered_ms, utc_ms, self.is_synchronised)

    def lose_power(self, *, keeps_time: bool) -> None:
        """Begin a new boot; without a battery clock the wall clock starts in 1970."""
        self.powered_ms = self.world.now_ms
        if not keeps_time:
            self.offset_ms = -self.world.utc_ms
            self.is_synchronised = False

    def set_clock(self) -> None:
        """Let the time service set the clock right."""
        self.offset_ms, self.is_synchronised = 0, True


class _Alarm:
    def __init__(self) -> None:
        self.is_cancelled = False

    def cancel(self) -> None:
        """See `Alarm.cancel`."""
        self.is_cancelled = True


@dataclass(frozen=True, slots=True)
class DelayedTiming:
    """A `Timing` on the heap of the world; `enter` runs an action inside the gate's process."""

    world: World
    enter: Callable[[Action], None]

    def soon(self, action: Action) -> None:
        """See `Timing.soon`."""
        self.world.after(0, partial(self.enter, action))

    def later(self, delay_s: float, action: Action) -> Alarm:
        """See `Timing.later`."""
        alarm = _Alarm()

        def ring() -> None:
            if not alarm.is_cancelled:
                self.enter(action)

        self.world.after(math.ceil(delay_s * 1000), ring)
        return alarm


class DelayedWriter:
    """The gate's `Writer` and `Disk` over one `StoreWriter`; works off its queue as time passes."""

    def __init__(self, writer: StoreWriter, machine: GateMachine, timing: DelayedTiming) -> None:
        self._writer = writer
        self._machine = machine
        self._timing = timing
        self._commits: deque[tuple[Commit, Future[Committed]]] = deque()
        self._jobs: deque[Action] = deque()
        self._is_planned = False
        self._retries = False

    def __len__(self) -> int:
        return len(self._commits)

    def submit(self, work: Commit) -> "Future[Committed]":
        """See `Writer.submit`."""
        future: Future[Committed] = Future()
        if len(self._commits) >= QUEUE_LIMIT:
            self._writer.turn_away(work)
            future.set_exception(StorageError(ReasonCode.STORAGE_UNAVAILABLE, "queue"))
            return future
        self._commits.append((work, future))
        self._plan()
        return future

    def ask(self, job: Callable[[EventLog], T], done: Callable[[T], None], failed: Failed) -> None:
        """See `Disk.ask`."""

        def work() -> None:
            try:
                result = job(self._writer.store)
            except StorageError as error:
                failed(error)
            else:
                done(result)

        self._jobs.append(work)
        self._plan()

    def _plan(self) -> None:
        if self._is_planned or not (self._commits or self._jobs):
            return
        self._is_planned = True
        world = self._machine.world
        wait_ms = max(_WRITE_MS, self._machine.stalled_until_ms - world.now_ms)
        self._timing.later(wait_ms / 1000, self._next)

    def _next(self) -> None:
        if self._machine.stalled_until_ms <= self._machine.world.now_ms:
            if self._commits:
                self._write(*self._commits.popleft())
            elif self._jobs:
                self._jobs.popleft()()
        self._is_planned = False
        self._plan()
        self._plan_retry()

    def _write(self, work: Commit, future: "Future[Committed]") -> None:
        try:
            committed = self._writer.write(work)
        except StorageError as error:
            future.set_exception(error)
        else:
            future.set_result(committed)

    def _plan_retry(self) -> None:
        pause_s = self._writer.pause_s
        if pause_s is not None and not self._retries:
            self._retries = True
            self._timing.later(pause_s, self._retry)

    def _retry(self) -> None:
        self._retries = False
        if not self._commits:
            self._writer.retry()
        self._plan_retry()


@dataclass(frozen=True, slots=True)
class WatchedLock:
    """A relay of the machine; `moved` hears of every command to open."""

    machine: GateMachine
    portal: str
    moved: Callable[[str], None]
    kind: AdapterKind = AdapterKind.SIMULATED

    def unlock(self) -> None:
        """See `Lock.unlock`."""
        self.machine.relays[self.portal] = True
        self.moved(self.portal)

    def relock(self) -> None:
        """See `Lock.relock`."""
        self.machine.relays[self.portal] = False
