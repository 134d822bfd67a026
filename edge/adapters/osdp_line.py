"""Own the serial line of an OSDP bus: a non-blocking file descriptor that never raises into C.

An exception inside a libosdp channel callback stays pending in the interpreter and surfaces
somewhere else; so errors become a flag, `is_lost`, that the bus looks at.
"""

import contextlib
import fcntl
import os
import select
import termios
import tty
from collections.abc import Callable
from pathlib import Path

from edge.adapters.osdp_wire import Exchange, WireTap
from mqtt.contract.errors import ConfigError, UnavailableError
from mqtt.contract.reasons import ReasonCode

__all__ = ["BAUD_RATES", "OsdpChannel", "SerialLine"]

BAUD_RATES = {
    9_600: termios.B9600,
    19_200: termios.B19200,
    38_400: termios.B38400,
    57_600: termios.B57600,
    115_200: termios.B115200,
    230_400: termios.B230400,
}
_CHUNK = 1024


class SerialLine:
    """One RS-485 line (or pty), shared in turns by the readers on it.

    Raise ConfigError for a speed that OSDP does not know; `open` raises UnavailableError where the
    device is not there.
    """

    def __init__(self, path: str, baud: int) -> None:
        if baud not in BAUD_RATES:
            raise ConfigError(ReasonCode.CONFIG_INVALID, f"osdp baud {baud}")
        self._path = path
        self._baud = baud
        self._fd = -1
        self.is_lost = False

    def open(self) -> None:
        """Open the device raw, 8N1, for us alone."""
        flags = os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK | os.O_CLOEXEC
        try:
            self._fd = os.open(self._path, flags)
            tty.setraw(self._fd, termios.TCSANOW)
            settings = termios.tcgetattr(self._fd)
            settings[4] = settings[5] = BAUD_RATES[self._baud]
            termios.tcsetattr(self._fd, termios.TCSANOW, settings)
            fcntl.ioctl(self._fd, termios.TIOCEXCL)
        except (OSError, termios.error) as error:
            self.close()
            raise UnavailableError(ReasonCode.READER_OFFLINE, Path(self._path).name) from error
        self.is_lost = False

    def close(self) -> None:
        """Let the device go; harmless if it is not open."""
        if self._fd >= 0:
            with contextlib.suppress(OSError, termios.error):
                fcntl.ioctl(self._fd, termios.TIOCNXCL)
            with contextlib.suppress(OSError):
                os.close(self._fd)
        self._fd = -1

    def fileno(self) -> int:
        """Give the descriptor for waiting on."""
        return self._fd

    def read(self, max_bytes: int) -> bytes:
        """Give what is there now, possibly nothing."""
        try:
            return os.read(self._fd, max_bytes)
        except BlockingIOError:
            return b""
        except OSError:
            self.is_lost = True
            return b""

    def write(self, data: bytes) -> int:
        """Send what the line takes now and say how much that was."""
        try:
            return os.write(self._fd, data)
        except BlockingIOError:
            return 0
        except OSError:
            self.is_lost = True
            return 0

    def drain(self) -> None:
        """Throw away what came unasked: on a half-duplex line it is noise or a late answer."""
        for _ in range(64):
            if not self.read(_CHUNK):
                return

    def wait_readable(self, timeout_s: float) -> None:
        """Sleep until something comes in or the time is over."""
        if self._fd >= 0:
            with contextlib.suppress(OSError):
                select.select([self._fd], [], [], timeout_s)


class OsdpChannel:
    """What libosdp reads and writes through for one reader (`id`, `read`, `write`, `flush`)."""

    def __init__(self, line: SerialLine, clock_ms: Callable[[], int]) -> None:
        self.id = 0
        self._line = line
        self._clock_ms = clock_ms
        self._tap = WireTap()
        self.sent_ms = 0
        self._exchanges: list[Exchange] = []

    @property
    def is_lost(self) -> bool:
        """Tell whether the line itself is gone."""
        return self._line.is_lost

    def read(self, max_bytes: int) -> bytes:
        """Hand over received bytes, watching for the answer."""
        data = self._line.read(max_bytes)
        exchange = self._tap.received(data) if data else None
        if exchange is not None:
            self._exchanges.append(exchange)
        return data

    def write(self, data: bytes) -> int:
        """Send a command on a line freed of leftovers."""
        self._line.drain()
        self._tap.sent(data)
        self.sent_ms = self._clock_ms()
        return self._line.write(data)

    def flush(self) -> None:
        """Do nothing: `write` already starts on a drained line."""

    def take_exchanges(self) -> list[Exchange]:
        """Take the exchanges that ended since the last call."""
        taken, self._exchanges = self._exchanges, []
        return taken

    def is_waiting(self, now_ms: int, patience_ms: int) -> bool:
        """Tell whether an answer is due and still worth keeping the line for."""
        return self._tap.is_waiting and now_ms - self.sent_ms < patience_ms

    def forget(self) -> None:
        """Drop the half exchange of a session that ended."""
        self._tap.forget()
        self._exchanges.clear()
