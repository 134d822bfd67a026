"""A heap of actions in time, for the in-memory broker: no threads, no wall clock, one order."""

import heapq
from collections.abc import Callable

__all__ = ["Agenda"]

_STEP_LIMIT = 1_000_000


class Agenda:
    """Actions that are due at a time; those due together run in the order they were put."""

    def __init__(self, clock_ms: Callable[[], int]) -> None:
        self._clock_ms = clock_ms
        self._heap: list[tuple[int, int, Callable[[], None]]] = []
        self._count = 0

    def now_ms(self) -> int:
        """Return the injected time."""
        return self._clock_ms()

    def after(self, delay_ms: int, action: Callable[[], None]) -> None:
        """Run `action` when `delay_ms` have passed and somebody pumps."""
        self._count += 1
        heapq.heappush(self._heap, (self.now_ms() + delay_ms, self._count, action))

    def next_due_ms(self) -> int | None:
        """Return when the next action is due, None for never: the simulator jumps there."""
        return self._heap[0][0] if self._heap else None

    def pump(self) -> int:
        """Run all that is due, also what that causes; return the number of actions.

        Raises RuntimeError where two ends answer each other without end.
        """
        done = 0
        while self._heap and self._heap[0][0] <= self.now_ms():
            _, _, action = heapq.heappop(self._heap)
            action()
            done += 1
            if done > _STEP_LIMIT:
                raise RuntimeError("the agenda does not come to rest")
        return done
