"""Drive a relay of a USB board: four bytes to a serial port (CH340 boards of the LCUS family).

A command is A0, channel from 1, 01 for on or 00 for off, and the sum of the three. The board does
not answer, so only the lock's own contact tells that a lock moved: fit `lock_sensor`. Unlike a GPIO
line it keeps its level when this process ends; the one-shot behind it bounds the pulse
(firmware-config/wiring). Writing is non-blocking: the loop never waits for a board.
"""

import os
import termios
from contextlib import suppress

from edge.config.devices import UsbRelay
from mqtt.contract.errors import UnavailableError
from mqtt.contract.events import AdapterKind
from mqtt.contract.reasons import ReasonCode

__all__ = ["UsbRelayOutput", "relay_command"]

_HEAD = 0xA0


def relay_command(channel: int, *, active: bool) -> bytes:
    """Return the four bytes that switch a channel."""
    body = bytes((_HEAD, channel, int(active)))
    return body + bytes((sum(body) & 0xFF,))


class UsbRelayOutput:
    """One relay, at rest from the moment at which it is taken."""

    kind = AdapterKind.REAL

    def __init__(self, relay: UsbRelay) -> None:
        self._relay = relay
        self._port = -1

    def open(self) -> None:
        """Take the port and command the relay to rest; a relay at rest does not move (D07)."""
        flags = os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK | os.O_CLOEXEC
        try:
            self._port = os.open(self._relay.path, flags)
            _make_raw(self._port)
        except (OSError, termios.error) as error:
            self._release()
            raise UnavailableError(ReasonCode.LOCK_FAULT, self._relay.path) from error
        self.drive(active=False)

    def drive(self, *, active: bool) -> None:
        """Switch the relay. Raises UnavailableError(`lock_fault`) where the board is gone."""
        if self._port < 0:
            self.open()
        command = relay_command(self._relay.channel, active=active)
        try:
            written = os.write(self._port, command)
        except OSError as error:
            self._release()
            raise UnavailableError(ReasonCode.LOCK_FAULT, self._relay.path) from error
        if written != len(command):
            self._release()
            raise UnavailableError(ReasonCode.LOCK_FAULT, self._relay.path)

    def close(self) -> None:
        """Put the relay to rest and let the port go."""
        if self._port < 0:
            return
        with suppress(UnavailableError):
            self.drive(active=False)
        self._release()

    def _release(self) -> None:
        if self._port >= 0:
            with suppress(OSError):
                os.close(self._port)
        self._port = -1


def _make_raw(port: int) -> None:
    """Set 9600 baud, 8N1, no echo and no line discipline."""
    settings = termios.tcgetattr(port)
    settings[0] = settings[1] = settings[3] = 0
    settings[2] = termios.CS8 | termios.CREAD | termios.CLOCAL
    settings[4] = settings[5] = termios.B9600
    termios.tcsetattr(port, termios.TCSANOW, settings)
