"""Tell the moment and how far it can be believed; the only place that reads clocks.

Levels of trust, protocol notes §1.6. T0, synchronised: the kernel says so (adjtimex). T1,
holdover: it was synchronised less than 7 days ago, in this boot or, where a battery clock kept
the time, before it; the error grows by 50 ppm of the time since. T2, unknown: neither, or the
clock stands before the floor. The floor is the newest of the software's build time, the last
record and the newest signed document: a clock that stands before it is wrong.
"""

import ctypes
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from edge.domain.model import ClockTrust, Moment

__all__ = [
    "BUILD_TIME_MS",
    "JUMP_MS",
    "ClockJump",
    "KernelClock",
    "Machine",
    "Reading",
    "SimClock",
    "SystemClock",
]

BUILD_TIME_MS = 1_795_305_600_000
"""2026-11-22, before which no gate of this software can be."""
JUMP_MS = 2_000
"""A backward jump of the wall clock longer than this is an event."""
HOLDOVER_MS = 7 * 24 * 3_600_000
"""Longest time that a clock is believed without synchronisation."""
_DRIFT_PPM = 50
_SYNCED_ERROR_MS = 1_000
_READ_EVERY_MS = 1_000
_TIME_ERROR = 5
_STA_UNSYNC = 0x0040
_BATTERY_CLOCK = Path("/sys/class/rtc/rtc0/since_epoch")


@dataclass(frozen=True, slots=True)
class Reading:
    """What the machine says: its clocks, and whether the kernel holds the wall clock for right.

    `battery_utc_ms` is the battery clock, None where there is none.
    """

    mono_ms: int
    utc_ms: int
    is_synchronised: bool
    error_ms: int = 0
    battery_utc_ms: int | None = None


@dataclass(frozen=True, slots=True)
class ClockJump:
    """The wall clock went back by `back_ms`."""

    at: Moment
    back_ms: int


class Machine(Protocol):
    """Reads the machine's clocks."""

    def read(self) -> Reading:
        """Return both clocks and the kernel's word on them."""


class KernelClock:
    """The clocks of this machine; the monotonic one counts while it sleeps, as deadlines must."""

    def __init__(self) -> None:
        self._adjtimex: Callable[..., int] | None = None
        self._status = (False, 0)
        self._asked_ms: int | None = None
        self._battery_utc_ms: int | None = None

    def read(self) -> Reading:
        """See `Machine.read`. The kernel is asked once a second."""
        mono_ms = time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1_000_000
        if self._asked_ms is None:
            self._battery_utc_ms = _battery_utc_ms()
        if self._asked_ms is None or mono_ms - self._asked_ms >= _READ_EVERY_MS:
            self._asked_ms = mono_ms
            self._status = self._ask()
        utc_ms = time.time_ns() // 1_000_000
        return Reading(mono_ms, utc_ms, *self._status, self._battery_utc_ms)

    def _ask(self) -> tuple[bool, int]:
        if self._adjtimex is None:
            library = ctypes.CDLL(None, use_errno=True)
            self._adjtimex = library.adjtimex
        timex = _Timex()
        state = self._adjtimex(ctypes.byref(timex))
        good = 0 <= state < _TIME_ERROR and not timex.status & _STA_UNSYNC
        return good, timex.maxerror // 1_000 if good else 0


class _Timex(ctypes.Structure):
    """The head of `struct timex` (adjtimex(2)), with room for the rest."""

    _fields_ = (
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long),
        ("esterror", ctypes.c_long),
        ("status", ctypes.c_int),
        ("rest", ctypes.c_byte * 256),
    )


def _battery_utc_ms() -> int | None:
    """Return the battery clock, to the second (Documentation/ABI/testing/rtc-cdev, since_epoch)."""
    try:
        return int(_BATTERY_CLOCK.read_text()) * 1_000
    except (OSError, ValueError):
        return None


class SystemClock:
    """A `Clock` over a machine's readings.

    `floor_ms` is the newest time that the store knows; `jumped` is told of each backward jump of
    more than 2 s.
    """

    def __init__(
        self,
        machine: Machine,
        floor_ms: int,
        jumped: Callable[[ClockJump], None] | None = None,
    ) -> None:
        self._machine = machine
        self._floor_ms = max(floor_ms, BUILD_TIME_MS)
        self._jumped = jumped
        self._synced_mono_ms: int | None = None
        self._synced_error_ms = 0
        self._start_floor_ms = self._floor_ms
        self._first: Reading | None = None
        self._last: Reading | None = None
        self._has_jumped = False

    def raise_floor(self, utc_ms: int) -> None:
        """Note that it is later than `utc_ms`, because a signed document says so."""
        self._floor_ms = max(self._floor_ms, utc_ms)

    def now(self) -> Moment:
        """See `Clock.now`."""
        read = self._machine.read()
        last, self._last = self._last, read
        self._first = self._first or read
        moment = self._judge(read)
        if last is not None:
            expected_ms = last.utc_ms + read.mono_ms - last.mono_ms
            if expected_ms - read.utc_ms > JUMP_MS:
                self._report(ClockJump(moment, expected_ms - read.utc_ms))
        return moment

    def _judge(self, read: Reading) -> Moment:
        if read.utc_ms < self._floor_ms - JUMP_MS:
            return Moment(read.mono_ms, self._floor_ms, ClockTrust.UNKNOWN)
        if read.is_synchronised:
            self._synced_mono_ms, self._synced_error_ms = read.mono_ms, read.error_ms
            return Moment(read.mono_ms, read.utc_ms, ClockTrust.SYNCED, read.error_ms)
        since_ms = self._since_sync_ms(read)
        if since_ms is None or since_ms > HOLDOVER_MS:
            return Moment(read.mono_ms, read.utc_ms, ClockTrust.UNKNOWN)
        error_ms = self._synced_error_ms + since_ms * _DRIFT_PPM // 1_000_000
        return Moment(read.mono_ms, read.utc_ms, ClockTrust.HOLDOVER, error_ms)

    def _since_sync_ms(self, read: Reading) -> int | None:
        """Return the time since the last synchronisation as far as it is known.

        A gate records nothing under a time that it does not trust as its floor, so what the store
        knew at start is the last trusted time before a battery clock took over.
        """
        if self._synced_mono_ms is not None:
            return read.mono_ms - self._synced_mono_ms
        first = self._first or read
        if first.battery_utc_ms is None or self._has_jumped:
            return None
        if abs(first.battery_utc_ms - first.utc_ms) > JUMP_MS:
            return None
        return read.utc_ms - self._start_floor_ms + _SYNCED_ERROR_MS

    def _report(self, jump: ClockJump) -> None:
        self._synced_mono_ms = None
        self._has_jumped = True
        if self._jumped is not None:
            self._jumped(jump)


class SimClock:
    """A machine whose clocks a simulation sets; also a `Clock` with the trust that was set."""

    def __init__(self, utc_ms: int, mono_ms: int = 0) -> None:
        self._utc_ms = utc_ms
        self._mono_ms = mono_ms
        self.is_synchronised = True
        self.trust = ClockTrust.SYNCED
        self.error_ms = 0
        self.battery_utc_ms: int | None = None

    def advance(self, ms: int) -> None:
        """Let time pass."""
        self._mono_ms += ms
        self._utc_ms += ms

    def jump(self, ms: int) -> None:
        """Set the wall clock forward or back."""
        self._utc_ms += ms

    def restart(self) -> None:
        """Begin a new boot: the monotonic clock starts again."""
        self._mono_ms = 0

    def read(self) -> Reading:
        """See `Machine.read`."""
        return Reading(
            self._mono_ms,
            self._utc_ms,
            self.is_synchronised,
            self.error_ms,
            self.battery_utc_ms,
        )

    def now(self) -> Moment:
        """See `Clock.now`, with the trust that was set."""
        return Moment(self._mono_ms, self._utc_ms, self.trust, self.error_ms)
