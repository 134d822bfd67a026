"""Tell a contact that changed from one that bounces. Pure: time is an argument."""

__all__ = ["DEBOUNCE_MS", "UNREST_MS", "Debounce"]

DEBOUNCE_MS = 50
"""A level counts once it has stood this long (reference notes, door defaults)."""
UNREST_MS = 500
"""A line that chatters longer than this is taken as it is read, so that it cannot hide."""


class Debounce:
    """One contact. `level` is what counts; `due_ms` says when to look next, None for never."""

    def __init__(self, *, level: bool) -> None:
        self.level = level
        self._seen = level
        self._seen_ms: int | None = None
        self._unrest_ms: int | None = None

    @property
    def due_ms(self) -> int | None:
        """Say when `settle` has something to decide."""
        if self._seen_ms is None or self._unrest_ms is None:
            return None
        return min(self._seen_ms + DEBOUNCE_MS, self._unrest_ms + UNREST_MS)

    def edge(self, *, is_active: bool, mono_ms: int) -> None:
        """Note an edge."""
        if self._unrest_ms is None:
            self._unrest_ms = mono_ms
        self._seen, self._seen_ms = is_active, mono_ms

    def settle(self, *, is_active: bool, now_ms: int) -> bool:
        """Take the level read now; True if what counts has changed.

        A level that differs from the last edge means that an edge was lost: it counts from now.
        """
        if self._seen_ms is None or self._unrest_ms is None:
            if is_active != self.level:
                self.edge(is_active=is_active, mono_ms=now_ms)
            return False
        due_ms = self.due_ms
        if is_active != self._seen and now_ms < self._unrest_ms + UNREST_MS:
            self._seen, self._seen_ms = is_active, now_ms
            return False
        if due_ms is None or now_ms < due_ms:
            return False
        changed = is_active != self.level
        self.level, self._seen_ms, self._unrest_ms = is_active, None, None
        return changed
