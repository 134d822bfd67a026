"""Bound how many faults of one reader reach the log, so that noise cannot fill it."""

from collections import deque

__all__ = ["FaultBudget"]


class FaultBudget:
    """Admit `count` events in any `window_ms`, in monotonic time; `refused` counts the others."""

    def __init__(self, count: int = 30, window_ms: int = 60_000) -> None:
        self.refused = 0
        self._window_ms = window_ms
        self._admitted: deque[int] = deque(maxlen=count)

    def admits(self, now_ms: int) -> bool:
        """Take one event; False if there were too many."""
        full = len(self._admitted) == self._admitted.maxlen
        if full and now_ms - self._admitted[0] < self._window_ms:
            self.refused += 1
            return False
        self._admitted.append(now_ms)
        return True
