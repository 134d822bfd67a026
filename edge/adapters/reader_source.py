"""Connect readers to their desks: OSDP buses and Wiegand lines as Sources of inputs.

Nothing leaves a reader's thread as an exception: an absent reader, a missing key and a broken line
are inputs.
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from edge.adapters.osdp_bus import OsdpBus
from edge.adapters.osdp_messages import (
    OsdpCardRead,
    OsdpDowngrade,
    OsdpFault,
    OsdpFaultCode,
    OsdpIndication,
    OsdpKeys,
    OsdpMessage,
    OsdpOffline,
    OsdpOnline,
    OsdpReader,
    OsdpTamper,
)
from edge.adapters.wiegand import (
    EdgeSource,
    WiegandFault,
    WiegandLost,
    WiegandMessage,
    WiegandRead,
    WiegandReader,
)
from edge.domain.card_bits import CardBits
from edge.domain.ports import Emit
from mqtt.contract.errors import ConfigError, EqualGateError
from mqtt.contract.events import AdapterKind
from mqtt.contract.reasons import ReasonCode

__all__ = ["Desk", "OsdpReaders", "OsdpSeat", "WiegandLine", "read_scbk"]

_log = logging.getLogger(__name__)

_FAULTS = {
    OsdpFaultCode.READ_STALE: ReasonCode.READ_STALE,
    OsdpFaultCode.READ_MALFORMED: ReasonCode.READ_PARITY,
}


class Desk(Protocol):
    """What sits behind a reader: a ReaderDesk, or the desk of a guard's panel."""

    def start(self, emit: Emit) -> None:
        """Take reads from now on."""

    def stop(self) -> None:
        """Drop what comes later."""

    def frame(self, bits: CardBits, mono_ms: int) -> None:
        """Take a card."""

    def keys(self, keys: str, mono_ms: int) -> None:
        """Take keys."""

    def ready(self) -> None:
        """Note that the reader works."""

    def lost(self, reason: ReasonCode) -> None:
        """Note that it does not."""

    def noticed(self, reason: ReasonCode, note: str = "") -> None:
        """Record something about it."""


def read_scbk(path: Path) -> bytes:
    """Return a reader's base key from a file of 32 hex digits.

    Raises ConfigError(`reader_key_missing`); nothing of the content is repeated.
    """
    try:
        key = bytes.fromhex(path.read_text("ascii").strip())
    except (OSError, ValueError):
        raise ConfigError(ReasonCode.READER_KEY_MISSING, path.name) from None
    if len(key) != 16:
        raise ConfigError(ReasonCode.READER_KEY_MISSING, f"{path.name}: 32 hex digits")
    return key


@dataclass(frozen=True, slots=True)
class OsdpSeat:
    """One reader on a bus: where its key comes from, and its desk."""

    key: Callable[[], bytes]
    desk: Desk


class OsdpReaders:
    """The Source of the readers on one serial line, by address."""

    def __init__(
        self, path: str, seats: Mapping[int, OsdpSeat], kind: AdapterKind, *, baud: int = 9_600
    ) -> None:
        self._path = path
        self._seats = dict(seats)
        self._kind = kind
        self._baud = baud
        self._bus: OsdpBus | None = None

    @property
    def kind(self) -> AdapterKind:
        """Return whether real readers are on the line."""
        return self._kind

    def start(self, emit: Emit) -> None:
        """Begin to serve; a reader without a usable key is a fault of that reader alone."""
        readers = []
        for address, seat in self._seats.items():
            seat.desk.start(emit)
            try:
                readers.append(OsdpReader(address, seat.key()))
            except EqualGateError as error:
                seat.desk.lost(error.code)
                seat.desk.noticed(error.code, error.detail)
        try:
            if readers:
                self._bus = OsdpBus(self._path, readers, self._took, baud=self._baud)
                self._bus.start()
        except ConfigError as error:
            # A key that is no secret: nothing on this line may be trusted.
            self._bus = None
            for reader in readers:
                self._seats[reader.address].desk.lost(error.code)
                self._seats[reader.address].desk.noticed(error.code, error.detail)

    def stop(self) -> None:
        """End and free the line."""
        bus, self._bus = self._bus, None
        if bus is not None:
            bus.stop()
        for seat in self._seats.values():
            seat.desk.stop()

    def indicate(self, address: int, indication: OsdpIndication) -> None:
        """Show light and sound on a reader; from any thread, nothing where it is away."""
        bus = self._bus
        if bus is not None and address in self._seats:
            bus.indicate(address, indication)

    def _took(self, message: OsdpMessage) -> None:
        desk = self._seats[message.address].desk
        match message:
            case OsdpCardRead(_, bits, mono_ms):
                desk.frame(bits, mono_ms)
            case OsdpKeys(_, digits, mono_ms):
                desk.keys(digits, mono_ms)
            case OsdpOnline():
                desk.ready()
            case OsdpOffline(_, cause):
                _log.warning("reader_offline", extra={"cause": cause.value})
                desk.lost(ReasonCode.READER_OFFLINE)
            case OsdpDowngrade(_, downgrade):
                desk.lost(ReasonCode.READER_DOWNGRADE)
                desk.noticed(ReasonCode.READER_DOWNGRADE, downgrade.value)
            case OsdpTamper(_, is_open):
                # Outside on the wall: an alarm, not a reason to lock residents out.
                if is_open:
                    desk.noticed(ReasonCode.TAMPER, "reader housing")
            case OsdpFault(_, code):
                desk.noticed(_FAULTS.get(code, ReasonCode.READER_OFFLINE), code.value)


class WiegandLine:
    """The Source of one Wiegand reader. Silence tells nothing: the line has no sign of life."""

    def __init__(self, name: str, wires: EdgeSource, desk: Desk, kind: AdapterKind) -> None:
        self._reader = WiegandReader(name, wires, self._took)
        self._desk = desk
        self._kind = kind

    @property
    def kind(self) -> AdapterKind:
        """Return whether real wires are behind it."""
        return self._kind

    def start(self, emit: Emit) -> None:
        """Begin to listen."""
        self._desk.start(emit)
        self._desk.ready()
        self._reader.start()

    def stop(self) -> None:
        """End and free the wires."""
        self._reader.stop()
        self._desk.stop()

    def _took(self, message: WiegandMessage) -> None:
        match message:
            case WiegandRead(_, bits, mono_ms):
                self._desk.ready()
                self._desk.frame(bits, mono_ms)
            case WiegandFault(_, pulses):
                self._desk.noticed(ReasonCode.READ_PARITY, f"{pulses} pulses")
            case WiegandLost():
                self._desk.lost(ReasonCode.READER_OFFLINE)
