"""Ask the machine for the time: the controller's only place that does."""

import time

from controller.domain.moment import Moment

__all__ = ["now"]


def now() -> Moment:
    """Return UTC and the machine's monotonic clock, which all its processes share, in ms."""
    return Moment(time.time_ns() // 1_000_000, time.monotonic_ns() // 1_000_000)
