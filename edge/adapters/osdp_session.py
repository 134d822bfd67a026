"""Hold one libosdp control panel for one reader, typed, silent and restartable.

One control panel per reader, also where readers share a line: a session can then be started anew in
the middle of an exchange without touching the neighbours, and a silent reader cannot hold a lock of
the library. The line is shared by `OsdpBus`, which gives it to one session at a time.

`osdp_sys` is driven directly. The Python wrapper above it adds a thread of its own with a 20 ms
sleep, a lock that its event handler must not meet again (deadlock), queues without bound and
`print` of exceptions.
"""

from collections import deque
from dataclasses import dataclass
from importlib import import_module
from types import ModuleType
from typing import Any

from edge.adapters.osdp_keys import seed_challenges
from edge.adapters.osdp_line import OsdpChannel
from edge.adapters.osdp_messages import OsdpIndication, OsdpReader
from edge.adapters.osdp_wire import CAP_BUZZER, CAP_LED
from edge.domain.card_bits import CardBits
from edge.domain.keypad_codes import keys_from_osdp

__all__ = [
    "CardArrived",
    "KeysArrived",
    "LinkChanged",
    "MalformedArrived",
    "OsdpSession",
    "SessionEvent",
    "TamperArrived",
    "load_library",
]

# A reader sends 20 events a second at most; the bus drains after every refresh.
_EVENT_LIMIT = 256
_LED_TEMPORARY = 2
_BUZZER_TONE = 2
_UNIT_MS = 100


@dataclass(frozen=True, slots=True)
class CardArrived:
    """A card read left the reader."""

    bits: CardBits


@dataclass(frozen=True, slots=True)
class KeysArrived:
    """Keys left the reader."""

    keys: str

    def __repr__(self) -> str:
        return "KeysArrived(…)"


@dataclass(frozen=True, slots=True)
class TamperArrived:
    """The reader reports its housing."""

    is_open: bool


@dataclass(frozen=True, slots=True)
class LinkChanged:
    """The library calls the reader online or offline."""

    is_up: bool


@dataclass(frozen=True, slots=True)
class MalformedArrived:
    """Something came that is no card, no key and no report that we know."""


SessionEvent = CardArrived | KeysArrived | TamperArrived | LinkChanged | MalformedArrived


def load_library() -> ModuleType:
    """Load libosdp and keep it quiet: it prints to stdout, and dumps would hold card numbers.

    Loaded late because only a gate with OSDP readers needs it; by name because it has no types.
    """
    library = import_module("osdp_sys")
    library.set_loglevel(library.LOG_EMERG)
    return library


class OsdpSession:
    """The library's end of one secure channel; not thread-safe, owned by the bus thread."""

    def __init__(self, reader: OsdpReader, channel: OsdpChannel) -> None:
        self._reader = reader
        self._channel = channel
        self._events: deque[SessionEvent] = deque(maxlen=_EVENT_LIMIT)
        self._panel: Any = None
        self._library = ModuleType("osdp_sys")

    def restart(self) -> None:
        """Begin anew at once, whatever is under way; queued commands are gone."""
        library = load_library()
        self._library = library
        self._channel.forget()
        self._events.clear()
        seed_challenges()
        self._panel = library.ControlPanel([self._info()])
        self._panel.set_event_callback(self._take)

    def _info(self) -> dict[str, object]:
        flags = self._library.FLAG_ENFORCE_SECURE | self._library.FLAG_ENABLE_NOTIFICATION
        return {
            "name": f"reader-{self._reader.address}",
            "address": self._reader.address,
            "flags": flags,
            "scbk": self._reader.scbk,
            "channel": self._channel,
            "version": 1,
            "model": 1,
            "vendor_code": 0,
            "serial_number": 0,
            "firmware_version": 0,
        }

    def close(self) -> None:
        """Let the library go; `restart` begins anew."""
        self._panel = None
        self._events.clear()

    def refresh(self) -> None:
        """Let the library do one step."""
        self._panel.refresh()

    def events(self) -> list[SessionEvent]:
        """Take what happened since the last call."""
        taken = list(self._events)
        self._events.clear()
        return taken

    def drop_commands(self) -> int:
        """Throw away commands that wait in the library; say how many there were."""
        return int(self._panel.flush_commands(0))

    def disable(self) -> None:
        """Ask the library to leave its offline pause; `enable` follows once it did."""
        seed_challenges()
        self._panel.disable_pd(0)

    def enable(self) -> bool:
        """Bring the reader back in; False as long as the library is not ready for it."""
        if self._panel.is_pd_enabled(0):
            return False
        return bool(self._panel.enable_pd(0))

    def indicate(self, indication: OsdpIndication, capabilities: frozenset[int]) -> None:
        """Queue light and sound, leaving out what the reader does not offer.

        A command that a reader refuses makes the library drop the reader.
        """
        library = self._library
        if CAP_LED in capabilities:
            self._panel.submit_command(0, self._led(indication))
        if indication.beeps is not None and CAP_BUZZER in capabilities:
            tenths = _tenths(indication.beeps.length_ms)
            self._panel.submit_command(
                0,
                {
                    "command": library.CMD_BUZZER,
                    "reader": 0,
                    "control_code": _BUZZER_TONE,
                    "on_count": tenths,
                    "off_count": tenths,
                    "rep_count": indication.beeps.count,
                },
            )

    def _led(self, indication: OsdpIndication) -> dict[str, object]:
        tenths = _tenths(indication.for_ms)
        return {
            "command": self._library.CMD_LED,
            "reader": 0,
            "led_number": 0,
            "control_code": _LED_TEMPORARY,
            "on_color": indication.colour.value,
            "off_color": indication.colour.value,
            "on_count": tenths,
            "off_count": 0,
            "temporary": True,
            "timer_count": tenths,
        }

    def _take(self, _index: int, event: dict[str, Any]) -> int:
        """Queue one event; called by C inside `refresh`, so nothing else happens here.

        The dict is emptied because the library never releases it: the card number must not stay.
        """
        typed = _typed(self._library, event)
        if typed is not None:
            self._events.append(typed)
        event.clear()
        return 0


def _tenths(duration_ms: int) -> int:
    return max(1, min(255, round(duration_ms / _UNIT_MS)))


def _typed(library: ModuleType, event: dict[str, Any]) -> SessionEvent | None:
    kind = event.get("event")
    if kind == library.EVENT_NOTIFICATION:
        return _notification(library, event)
    data = event.get("data", b"")
    if kind == library.EVENT_CARDREAD and event.get("format") != library.CARD_FMT_ASCII:
        try:
            return CardArrived(CardBits.from_left_justified(data, int(event.get("length", 0))))
        except ValueError:
            return MalformedArrived()
    if kind == library.EVENT_KEYPRESS:
        return KeysArrived(keys_from_osdp(data))
    if kind == library.EVENT_STATUS and event.get("type") == library.STATUS_REPORT_LOCAL:
        return TamperArrived(bool(event.get("report", b"\x00")[0]))
    return MalformedArrived()


def _notification(library: ModuleType, event: dict[str, Any]) -> SessionEvent | None:
    if event.get("type") != library.EVENT_NOTIFICATION_PD_STATUS:
        return None
    return LinkChanged(bool(event.get("arg0")))
