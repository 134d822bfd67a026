"""Keep the simulated time, the one heap of actions, the one source of chance and the last actions.

Everything in a simulation happens because an action in the heap is due; actions that are due
together run in the order in which they were planned. Nothing reads a clock of the machine, waits or
runs beside anything else, so a seed repeats exactly.
"""

from collections import deque
from collections.abc import Callable
from random import Random

from equalgate.simulation.faults import BrokerFaults
from mqtt.client.memory_broker import MemoryBroker

__all__ = ["START_UTC_MS", "Action", "InvariantError", "PowerCutError", "World"]

START_UTC_MS = 1_795_320_000_000
"""Sunday 2026-11-22 12:00:00 in Asia/Shanghai, as UTC ms."""

_KEPT_ACTIONS = 30

Action = Callable[[], None]


class InvariantError(Exception):
    """A promise is broken; the text names the invariant of the protocol notes §7.3."""


class PowerCutError(BaseException):
    """The simulated process is no more: nothing in it may catch this."""


class World:
    """Time, heap, chance and broker of one run. Times are ms since the start of the simulation."""

    def __init__(self, seed: int) -> None:
        self.rng = Random(seed)  # noqa: S311  a simulation repeats; no secret comes from it
        self.faults = BrokerFaults(self.rng)
        self.now_ms = 0
        self.steps = 0
        self.broker = MemoryBroker(self._clock, faults=self.faults, latency_ms=3, queue_limit=200)
        self._last: deque[str] = deque(maxlen=_KEPT_ACTIONS)

    @property
    def utc_ms(self) -> int:
        """Return the true UTC time in ms."""
        return START_UTC_MS + self.now_ms

    @property
    def last_actions(self) -> tuple[str, ...]:
        """Return the last 30 noted actions, oldest first."""
        return tuple(self._last)

    def note(self, text: str) -> None:
        """Keep an action for the report of a failing seed."""
        self._last.append(f"{self.now_ms / 1000:10.3f} s  {text}")

    def after(self, delay_ms: int, action: Action) -> None:
        """Plan an action."""
        self.broker.agenda.after(delay_ms, action)

    def run_until(self, end_ms: int) -> None:
        """Do everything that is due up to `end_ms`."""
        while (due_ms := self.broker.next_due_ms()) is not None and due_ms <= end_ms:
            self.now_ms = max(self.now_ms, due_ms)
            self.steps += self.broker.pump()
        self.now_ms = end_ms

    def _clock(self) -> int:
        return self.now_ms
