"""Hand the time to services as a value: the wall clock, and the machine's monotonic clock."""

from dataclasses import dataclass

__all__ = ["DAY_MS", "HOUR_MS", "MINUTE_MS", "Moment"]

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS


@dataclass(frozen=True, slots=True)
class Moment:
    """One instant. `utc_ms` is UTC; `mono_ms` never jumps and is shared by all local processes."""

    utc_ms: int
    mono_ms: int

    @property
    def utc_s(self) -> int:
        """Return UTC in whole seconds."""
        return self.utc_ms // 1000
