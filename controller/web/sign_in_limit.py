"""Slow down guessing of passwords: a few failures an account and address, then a pause.

Only signing in is limited, never a way in: the gates know nothing of this.
"""

import threading
from collections import OrderedDict

__all__ = ["SignInLimit"]

_FAILURES = 5
_WINDOW_MS = 60_000
_REMEMBERED = 10_000


class SignInLimit:
    """Count failures by login and address, in memory; `now_ms` is monotonic."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._failures: OrderedDict[tuple[str, str], list[int]] = OrderedDict()

    def allows(self, login: str, address: str, now_ms: int) -> bool:
        """Tell whether another attempt may be made now."""
        with self._lock:
            return len(self._recent((login, address), now_ms)) < _FAILURES

    def failed(self, login: str, address: str, now_ms: int) -> None:
        """Note a failure; the longest unused entry is forgotten when there are many."""
        key = (login, address)
        with self._lock:
            self._failures[key] = [*self._recent(key, now_ms), now_ms]
            self._failures.move_to_end(key)
            if len(self._failures) > _REMEMBERED:
                self._failures.popitem(last=False)

    def _recent(self, key: tuple[str, str], now_ms: int) -> list[int]:
        return [at for at in self._failures.get(key, ()) if now_ms - at < _WINDOW_MS]
