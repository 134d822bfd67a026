"""Record what an access point shows, for tests, the demo and people."""

import threading
from collections import deque
from dataclasses import dataclass

from edge.adapters.indicator import Shown
from edge.adapters.instants import monotonic_ms

__all__ = ["Seen", "SimDisplay"]

_HISTORY = 1_000


@dataclass(frozen=True, slots=True)
class Seen:
    """Something shown, with the CLOCK_MONOTONIC ms at which it was."""

    shown: Shown
    mono_ms: int


class SimDisplay:
    """A Display that keeps the last 1,000 things shown."""

    def __init__(self) -> None:
        self._history: deque[Seen] = deque(maxlen=_HISTORY)
        self._changed = threading.Condition()

    @property
    def history(self) -> tuple[Seen, ...]:
        """List what was shown, oldest first."""
        return tuple(self._history)

    def show(self, shown: Shown) -> None:
        """Keep it."""
        with self._changed:
            self._history.append(Seen(shown, monotonic_ms()))
            self._changed.notify_all()

    def wait_shown(self, since_ms: int, timeout_s: float) -> Seen | None:
        """Wait for something shown at or after `since_ms`; None when time is over."""

        def found() -> Seen | None:
            return next((seen for seen in self._history if seen.mono_ms >= since_ms), None)

        with self._changed:
            return self._changed.wait_for(found, timeout_s)
