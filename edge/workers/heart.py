"""Show the service manager that a worker's loop turns (sd_notify protocol, sd_notify(3)).

A worker that hangs in a camera's driver is started anew; the door never waited for it.
"""

import os
import socket
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Optional

__all__ = ["Heart"]


class Heart:
    """Beats from the main loop at most twice in a watchdog's period; without one it is still."""

    def __init__(
        self,
        environment: Optional[Mapping[str, str]] = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        given = os.environ if environment is None else environment
        address, period_us = given.get("NOTIFY_SOCKET", ""), given.get("WATCHDOG_USEC", "")
        self._address = "\0" + address[1:] if address.startswith("@") else address
        is_watched = bool(address) and period_us.isdecimal()
        self.period_s = int(period_us) / 2e6 if is_watched else 0.0
        self._clock = clock
        self._due_s = 0.0

    def beat(self) -> None:
        """Say that the loop turns, if that is due."""
        now_s = self._clock()
        if not self.period_s or now_s < self._due_s:
            return
        self._due_s = now_s + self.period_s / 2
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as peer, suppress(OSError):
            peer.sendto(b"WATCHDOG=1", self._address)

    def bounded(self, timeout_s: float) -> float:
        """Return how long the loop may sleep, so that it beats in time."""
        return min(timeout_s, self.period_s / 2) if self.period_s else timeout_s
