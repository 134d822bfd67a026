"""Play electrical lines: a relay's coil, and contacts that open, close and bounce.

They stand at the place of the wires, so everything behind them is the code that drives real ones.
"""

import queue
import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from edge.adapters.instants import monotonic_ms
from edge.adapters.lines import Edge
from mqtt.contract.errors import UnavailableError
from mqtt.contract.events import AdapterKind
from mqtt.contract.reasons import ReasonCode

__all__ = ["RelayChange", "SimInputs", "SimOutput"]

_HISTORY = 10_000


@dataclass(frozen=True, slots=True)
class RelayChange:
    """The coil was switched; `has_moved` is False where the relay is stuck."""

    mono_ms: int
    is_active: bool
    has_moved: bool


class SimOutput:
    """An OutputLine with a relay on it that can be stuck, and a wire that can break.

    `on_change` is called on the driving thread, after the coil was switched.
    """

    kind = AdapterKind.SIMULATED

    def __init__(self, clock_ms: Callable[[], int] = monotonic_ms) -> None:
        self.is_active = False
        self.is_stuck = False
        self.is_gone = False
        self.on_change: Callable[[RelayChange], None] = lambda _change: None
        self._clock_ms = clock_ms
        self._history: deque[RelayChange] = deque(maxlen=_HISTORY)
        self._changed = threading.Condition()
        self._is_open = False

    @property
    def history(self) -> tuple[RelayChange, ...]:
        """List every switching of the coil, oldest first; a start is none."""
        return tuple(self._history)

    def open(self) -> None:
        """Take the line at rest."""
        self._check()
        self._is_open = True

    def drive(self, *, active: bool) -> None:
        """Switch the coil; nothing happens where it is so already."""
        self._check()
        if not self._is_open:
            raise UnavailableError(ReasonCode.LOCK_FAULT, "simulated relay is not open")
        if active != self.is_active:
            self._switch(active=active)

    def close(self) -> None:
        """Put the coil to rest and let the line go."""
        if self._is_open and not self.is_gone and self.is_active:
            self._switch(active=False)
        self._is_open = False

    def wait_active(self, since_ms: int, timeout_s: float) -> RelayChange | None:
        """Wait until the coil was switched on at or after `since_ms`; None when time is over."""

        def found() -> RelayChange | None:
            seen = (change for change in self._history if change.mono_ms >= since_ms)
            return next((change for change in seen if change.is_active), None)

        with self._changed:
            return self._changed.wait_for(found, timeout_s)

    def _check(self) -> None:
        if self.is_gone:
            raise UnavailableError(ReasonCode.LOCK_FAULT, "simulated relay is gone")

    def _switch(self, *, active: bool) -> None:
        self.is_active = active
        change = RelayChange(self._clock_ms(), active, not self.is_stuck)
        with self._changed:
            self._history.append(change)
            self._changed.notify_all()
        self.on_change(change)


class SimInputs:
    """InputLines whose contacts are moved by hand, from any thread."""

    kind = AdapterKind.SIMULATED
    name = "simulated contacts"

    def __init__(self, rest: Sequence[bool], clock_ms: Callable[[], int] = monotonic_ms) -> None:
        self._levels = list(rest)
        self._clock_ms = clock_ms
        self._edges: queue.SimpleQueue[Edge | None] = queue.SimpleQueue()
        self._is_there = True

    def set(self, index: int, *, active: bool) -> None:
        """Move a contact, cleanly; one that stands so already stays."""
        if self._levels[index] != active:
            self._levels[index] = active
            self._edges.put(Edge(index, active, self._clock_ms()))

    def bounce(self, index: int, times: int) -> None:
        """Let a contact move and come back `times` times: it ends where it was."""
        for _ in range(times):
            self.set(index, active=not self._levels[index])
            self.set(index, active=not self._levels[index])

    def unplug(self) -> None:
        """Take the chip away."""
        self._is_there = False
        self._edges.put(None)

    def plug(self) -> None:
        """Bring it back."""
        self._is_there = True

    def open(self) -> None:
        """Take the lines; edges from before are gone."""
        self._check()
        while not self._edges.empty():
            self._edges.get()

    def levels(self) -> tuple[bool, ...]:
        """Read every level."""
        self._check()
        return tuple(self._levels)

    def wait(self, timeout_s: float | None) -> Sequence[Edge]:
        """Sleep until a contact moves."""
        try:
            edge = self._edges.get(timeout=timeout_s)
        except queue.Empty:
            return []
        self._check()
        return [] if edge is None else [edge]

    def wake(self) -> None:
        """End a `wait`."""
        self._edges.put(None)

    def close(self) -> None:
        """Let the lines go."""

    def _check(self) -> None:
        if not self._is_there:
            raise UnavailableError(ReasonCode.INPUT_FAULT, self.name)
