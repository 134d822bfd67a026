r"""Read a Wiegand reader through a small microcontroller on a serial port.

The controller times the pulses and sends each frame as one line:

    W34:200A9DFEA*26\n     bits, the frame in hex, first bit sent first, XOR of all before *

What it sends becomes the same edges that a GPIO line gives, so everything behind it is the same. A
line that is cut, too long or has a wrong sum is dropped: a damaged frame must not become a card.
"""

import os
import re
import select
import termios
import time
import tty
from collections.abc import Callable
from contextlib import suppress

from edge.adapters.wiegand_pulses import FRAME_GAP_NS, Edge
from mqtt.contract.errors import UnavailableError
from mqtt.contract.reasons import ReasonCode

__all__ = ["SerialWiegandLine", "frame_line"]

_LINE = re.compile(rb"(W(\d{1,3}):([0-9A-Fa-f]{1,64}))\*([0-9A-Fa-f]{2})")
_LONGEST = 96
_SPACING_NS = 1_000_000
_CHUNK = 256


def frame_line(bits: int, length: int) -> bytes:
    """Return the line for a frame of `length` bits, as the controller sends it."""
    body = f"W{length}:{bits:X}".encode("ascii")
    return body + b"*%02X\n" % _sum(body)


class SerialWiegandLine:
    """An EdgeSource on a serial port; see the module text."""

    def __init__(self, path: str, clock_ns: Callable[[], int] = time.monotonic_ns) -> None:
        self._path = path
        self._clock_ns = clock_ns
        self._port = -1
        self._held = b""
        self._last_ns = 0

    def open(self) -> None:
        """Take the port."""
        flags = os.O_RDONLY | os.O_NOCTTY | os.O_NONBLOCK | os.O_CLOEXEC
        try:
            self._port = os.open(self._path, flags)
            with suppress(termios.error):
                tty.setraw(self._port)
        except OSError as error:
            raise UnavailableError(ReasonCode.READER_OFFLINE, "wiegand serial") from error
        self._held = b""

    def read(self, timeout_s: float) -> list[Edge]:
        """Wait for lines and return their pulses, 1 ms apart, the last one now."""
        if self._port < 0:
            raise UnavailableError(ReasonCode.READER_OFFLINE, "wiegand serial")
        ready, _, _ = select.select([self._port], [], [], timeout_s)
        if not ready:
            return []
        try:
            chunk = os.read(self._port, _CHUNK)
        except BlockingIOError:
            return []
        except OSError as error:
            raise UnavailableError(ReasonCode.READER_OFFLINE, "wiegand serial") from error
        if not chunk:
            raise UnavailableError(ReasonCode.READER_OFFLINE, "wiegand serial")
        *lines, self._held = (self._held + chunk).split(b"\n")
        self._held = self._held if len(self._held) <= _LONGEST else b""
        return [edge for line in lines for edge in self._edges(line)]

    def close(self) -> None:
        """Let the port go."""
        if self._port >= 0:
            with suppress(OSError):
                os.close(self._port)
        self._port = -1

    def _edges(self, line: bytes) -> list[Edge]:
        found = _LINE.fullmatch(line.strip())
        if found is None or int(found[4], 16) != _sum(found[1]):
            return []
        length, value = int(found[2]), int(found[3], 16)
        if not 0 < length <= 256 or value >> length:
            return []
        # Two frames that came together stay apart, as they were on the wire.
        took_ns = (length - 1) * _SPACING_NS
        start_ns = max(self._clock_ns() - took_ns, self._last_ns + 2 * FRAME_GAP_NS)
        self._last_ns = start_ns + took_ns
        return [
            Edge(start_ns + at * _SPACING_NS, value >> (length - 1 - at) & 1)
            for at in range(length)
        ]


def _sum(body: bytes) -> int:
    total = 0
    for each in body:
        total ^= each
    return total
