"""Record what an access point shows, for tests, the demo and people."""

import threading
from collections import deque

from edge.adapters.indicator import Shown

__all__ = ["SimDisplay"]

_HISTORY = 1_000


class SimDisplay:
    """A Display that keeps the last 1,000 things shown."""

    def __init__(self) -> None:
        self._history: deque[Shown] = deque(maxlen=_HISTORY)
        self._changed = threading.Condition()

    @property
    def history(self) -> tuple[Shown, ...]:
        """List what was shown, oldest first."""
        return tuple(self._history)

    def show(self, shown: Shown) -> None:
        """Keep it."""
        with self._changed:
            self._history.append(shown)
            self._changed.notify_all()

    def wait_shown(self, since_ms: int, timeout_s: float) -> Shown | None:
        """Wait for something shown at or after `since_ms` (monotonic); None when time is over."""

        def found() -> Shown | None:
            return next((s for s in self._history if s.at.mono_ms >= since_ms), None)

        with self._changed:
            return self._changed.wait_for(found, timeout_s)
