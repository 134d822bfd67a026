"""Play an OSDP reader that is a real libosdp peripheral on a pty.

Nothing of the protocol is imitated: secure channel, sequence numbers and time-outs are the
library's. What is simulated is the hand with the fob, the cable and the lamp. Used by the demo, by
`equalgate edge sim` and by tests.
"""

import os
import pty
import select
import threading
import time
import tty
from collections import deque
from dataclasses import dataclass
from enum import Enum
from typing import Any

from edge.adapters.osdp_messages import LedColour
from edge.adapters.osdp_session import load_library
from edge.adapters.sim.osdp_cable import SimCable
from edge.domain.card_bits import CardBits

__all__ = ["SimIndication", "SimOsdpReader", "SimReaderMode"]

_KEY_BYTES = {"*": 0x7F, "#": 0x0D}
_REFRESH_S = 0.010


class SimReaderMode(Enum):
    """How the reader was set up: as commissioned, fresh from the factory, or without encryption."""

    SECURE = "secure"
    INSTALL = "install"
    PLAINTEXT = "plaintext"


@dataclass(frozen=True, slots=True)
class SimIndication:
    """What the reader was told to show or sound; `colour` is None for sound."""

    colour: LedColour | None
    beeps: int
    mono_ms: int


class SimOsdpReader:
    """A reader with keypad, lamp, buzzer and tamper switch.

    Give `path` to an `OsdpBus`. Start and stop it like a device; every method may be called from
    any thread. The pty stays when the reader is powered off, as a cable does.
    """

    def __init__(self, scbk: bytes, address: int = 0) -> None:
        self._scbk = scbk
        self._address = address
        self._mode = SimReaderMode.SECURE
        self._library = load_library()
        self._hold = threading.Lock()
        self._pending: deque[dict[str, object]] = deque()
        self._device: Any = None
        self._has_light = True
        self._is_stubborn = False
        self._indications: list[SimIndication] = []
        self._is_stopping = threading.Event()
        self._thread: threading.Thread | None = None
        head, self._tail = pty.openpty()
        for end in (head, self._tail):
            tty.setraw(end)
        os.set_blocking(head, False)
        self._path = os.ttyname(self._tail)
        self.cable = SimCable(head)

    @property
    def path(self) -> str:
        """Name the device file that the gate opens."""
        return self._path

    @property
    def indications(self) -> tuple[SimIndication, ...]:
        """List everything that was shown or sounded so far."""
        return tuple(self._indications)

    @property
    def last_indication(self) -> SimIndication | None:
        """Give what was shown or sounded last."""
        return self._indications[-1] if self._indications else None

    def start(self) -> None:
        """Power the reader on."""
        self._is_stopping.clear()
        self._build()
        self._thread = threading.Thread(target=self._run, name="sim-osdp-reader", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Power it off and take the pty away."""
        self._is_stopping.set()
        if self._thread is not None:
            self._thread.join(2.0)
            self._thread = None
            self._device = None
            self.cable.close()
            os.close(self._tail)

    def set_mode(self, mode: SimReaderMode) -> None:
        """Set the reader up differently; it restarts, as after power-on."""
        self._mode = mode
        self._build()

    def set_key(self, scbk: bytes) -> None:
        """Give the reader another base key; it restarts."""
        self._scbk = scbk
        self._build()

    def set_lamp(self, *, is_fitted: bool) -> None:
        """Leave lamp and buzzer out of what the reader says it can do; it restarts."""
        self._has_light = is_fitted
        self._build()

    def refuse_commands(self, *, is_stubborn: bool) -> None:
        """Answer light and sound with a refusal although they are offered, as some readers do."""
        self._is_stubborn = is_stubborn

    def power_cycle(self) -> None:
        """Take power away for a moment: the session is lost, and so is what waited in it."""
        with self._hold:
            self._pending.clear()
        self._build()

    def present(self, bits: CardBits) -> None:
        """Hold a card to the reader once."""
        library = self._library
        self._submit(
            {
                "event": library.EVENT_CARDREAD,
                "reader_no": 0,
                "direction": 0,
                "format": library.CARD_FMT_RAW_WIEGAND,
                "length": bits.length,
                "data": bits.left_justified(),
            }
        )

    def press(self, digits: str) -> None:
        """Press keys, each one of `0-9`, `*` and `#`."""
        data = bytes(_KEY_BYTES.get(key, ord(key)) for key in digits)
        self._submit({"event": self._library.EVENT_KEYPRESS, "reader_no": 0, "data": data})

    def tamper(self, *, is_open: bool) -> None:
        """Open or close the housing."""
        library = self._library
        self._submit(
            {
                "event": library.EVENT_STATUS,
                "type": library.STATUS_REPORT_LOCAL,
                "report": bytes([is_open, 0]),
            }
        )

    def cut(self) -> None:
        """Pull the cable: nothing passes in either direction."""
        self.cable.cut()

    def join(self) -> None:
        """Plug the cable in again."""
        self.cable.join()

    def noise(self, count: int) -> None:
        """Put `count` random bytes on the line towards the gate."""
        self.cable.noise(count)

    def _submit(self, event: dict[str, object]) -> None:
        if self._is_stopping.is_set():
            return
        with self._hold:
            self._pending.append(event)
        self.cable.wake()

    def _build(self) -> None:
        library = self._library
        is_secure = self._mode is SimReaderMode.SECURE
        flags = {
            SimReaderMode.SECURE: library.FLAG_ENFORCE_SECURE,
            SimReaderMode.INSTALL: library.FLAG_INSTALL_MODE,
            SimReaderMode.PLAINTEXT: 0,
        }[self._mode]
        # The library claims AES for every peripheral; only the cable can take that away.
        self.cable.hide_encryption(is_hidden=self._mode is SimReaderMode.PLAINTEXT)
        can = [
            library.CAP_CONTACT_STATUS_MONITORING,
            library.CAP_CARD_DATA_FORMAT,
            library.CAP_COMMUNICATION_SECURITY,
        ]
        if self._has_light:
            can += [library.CAP_READER_LED_CONTROL, library.CAP_READER_AUDIBLE_OUTPUT]
        info = {
            "name": f"sim-{self._address}",
            "address": self._address,
            "flags": flags,
            "scbk": self._scbk if is_secure else None,
            "channel": self.cable,
            "version": 1,
            "model": 1,
            "vendor_code": 0,
            "serial_number": 1,
            "firmware_version": 1,
        }
        capabilities = [
            {"function_code": code, "compliance_level": 1, "num_items": 1} for code in can
        ]
        device = library.PeripheralDevice(info, capabilities=capabilities)
        device.set_command_callback(self._obey)
        with self._hold:
            self._device = device

    def _run(self) -> None:
        while not self._is_stopping.is_set():
            with self._hold:
                self._device.refresh()
                while self._pending and self._device.submit_event(self._pending[0]):
                    self._pending.popleft()
            select.select(self.cable.waits_on(), [], [], _REFRESH_S)
            self.cable.calm()

    def _obey(self, command: dict[str, Any]) -> tuple[int, None]:
        now_ms = time.monotonic_ns() // 1_000_000
        if self._is_stubborn:
            return -1, None
        if command["command"] == self._library.CMD_LED:
            colour = LedColour(command["on_color"])
            self._indications.append(SimIndication(colour, 0, now_ms))
        elif command["command"] == self._library.CMD_BUZZER:
            self._indications.append(SimIndication(None, command["rep_count"], now_ms))
        return 0, None
