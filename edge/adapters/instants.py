"""Bring instants of devices onto the gate's clock.

Readers, workers and the kernel's line events count CLOCK_MONOTONIC; the gate's clock may count the
machine's sleep too. What both agree on is how long ago something was.
"""

import time

from edge.domain.model import Moment

__all__ = ["monotonic_ms", "seen_at"]


def monotonic_ms() -> int:
    """Return CLOCK_MONOTONIC in ms, the clock that all processes of one machine share."""
    return time.monotonic_ns() // 1_000_000


def seen_at(at: Moment, device_ms: int, *, longest_ms: int = 60_000) -> int:
    """Return the gate's monotonic ms of something that a device saw at its `device_ms`.

    Never later than `at` and never more than `longest_ms` before it, whatever the device says.
    """
    age_ms = min(max(monotonic_ms() - device_ms, 0), longest_ms)
    return at.mono_ms - age_ms
