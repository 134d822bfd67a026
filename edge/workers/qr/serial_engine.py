"""Read a code engine on a serial line: it decodes by itself and sends text.

Engines differ in framing: STX text ETX, or a line ended by CR, LF or both. A pass is base45 (RFC
9285) with a prefix, so anything outside that alphabet is refused without being passed on. Engines
also obey printed set-up codes; those must be switched off in the engine, and where one sends the
text of such a code along, it is no attempt to enter and is left out. A serial port is used, never
a keyboard interface, which would type what is shown into the console.
"""

import re
from collections.abc import Callable

import serial

from edge.worker_wire import MAX_TEXT_CHARS
from edge.workers.qr.frames import CodeText, SourceError

__all__ = ["SerialEngine", "SerialFramer"]

_STX, _ETX, _CR, _LF = 0x02, 0x03, 0x0D, 0x0A
_ALPHABET = re.compile(r"[0-9A-Z $%*+\-./:]+")
# Newland, Honeywell and Zebra-style set-up codes as their engines echo them.
_SET_UP = re.compile(r"@|NLS[0-9A-Z]{4,}|\^#SC\^|\$\$\$\$|[0-9A-Z]{6,}\.$|\.?MATCMD")
_STALE_MS = 500.0
_TICK_S = 0.2


class SerialFramer:
    """Cut the bytes of an engine into texts; time is an argument, so a half line cannot linger."""

    def __init__(self) -> None:
        self._held = bytearray()
        self._first_ms = 0.0
        self._last_ms = 0.0
        self._overlong = False
        self.set_up_codes = 0

    def feed(self, chunk: bytes, mono_ms: float) -> list[CodeText]:
        """Return the texts that ``chunk`` completes, at most 600 characters each."""
        if mono_ms - self._last_ms > _STALE_MS:
            self._clear()
        self._last_ms = mono_ms
        texts: list[CodeText] = []
        for byte in chunk:
            if byte == _STX:
                self._clear()
            elif byte in (_ETX, _CR, _LF):
                texts += self._finish(mono_ms)
            else:
                self._add(byte, mono_ms)
        return texts

    def _add(self, byte: int, mono_ms: float) -> None:
        if not self._held:
            self._first_ms = mono_ms
        if len(self._held) < MAX_TEXT_CHARS:
            self._held.append(byte)
        else:
            self._overlong = True

    def _finish(self, mono_ms: float) -> list[CodeText]:
        text, overlong, first_ms = self._held.decode("latin-1"), self._overlong, self._first_ms
        self._clear()
        if overlong:
            return [CodeText("", "too_long", first_ms, mono_ms)]
        if not text:
            return []
        if _SET_UP.match(text):
            self.set_up_codes += 1
            return []
        if not _ALPHABET.fullmatch(text):
            return [CodeText("", "charset", first_ms, mono_ms)]
        return [CodeText(text, None, first_ms, mono_ms)]

    def _clear(self) -> None:
        self._held.clear()
        self._overlong = False


class SerialEngine:
    """Read texts from the engine at ``device``; blocks for at most a fifth of a second."""

    def __init__(self, device: str, baud: int, mono_ms: Callable[[], float]) -> None:
        self._device = device
        self._baud = baud
        self._mono_ms = mono_ms
        self._framer = SerialFramer()
        self._port: serial.Serial | None = None

    def open(self) -> None:
        """Open the port; raises ``SourceError`` when it is not there or in use."""
        try:
            self._port = serial.Serial(self._device, self._baud, timeout=_TICK_S, exclusive=True)
        except (OSError, ValueError):
            cure = "check the cable, the device name and the permission to use it"
            raise SourceError("engine_missing", cure) from None
        self._framer = SerialFramer()

    def read(self) -> list[CodeText]:
        """Return the texts that came in, none after a quiet moment; raises ``SourceError``."""
        if self._port is None:
            raise SourceError("engine_missing", "open it first")
        try:
            first = self._port.read(1)
            chunk = first + self._port.read(self._port.in_waiting) if first else b""
        except OSError:
            raise SourceError("engine_lost", "check the cable of the code engine") from None
        return self._framer.feed(chunk, self._mono_ms()) if chunk else []

    def close(self) -> None:
        """Close the port."""
        if self._port is not None:
            self._port.close()
            self._port = None
