"""Watch OSDP frames pass by, without touching them.

libosdp says that a reader is online or offline, not why, and not whether a card read waited in the
reader. Both can be seen on the wire: the header and the code of a frame are never encrypted.
Nothing here is trusted for a decision; the library checks the MAC of every frame itself.

Source: SIA OSDP 2.2 / IEC 60839-11-5, frame layout, CRC-16 (polynomial 0x1021, start 0x1D0F).
"""

import binascii
from dataclasses import dataclass

__all__ = [
    "CAP_BUZZER",
    "CAP_LED",
    "CMD_CAP",
    "CMD_CHLNG",
    "CMD_ID",
    "CMD_POLL",
    "REPLY_ACK",
    "REPLY_BUSY",
    "REPLY_CCRYPT",
    "REPLY_NAK",
    "REPLY_PDCAP",
    "Exchange",
    "Frame",
    "WireTap",
    "build_frame",
    "parse_frame",
]

CMD_POLL = 0x60
CMD_CAP = 0x62
CMD_ID = 0x61
CMD_LED = 0x69
CMD_BUZ = 0x6A
CMD_CHLNG = 0x76
REPLY_ACK = 0x40
REPLY_NAK = 0x41
REPLY_PDCAP = 0x46
REPLY_CCRYPT = 0x76
REPLY_BUSY = 0x79

CAP_LED = 4
CAP_BUZZER = 5

_SOM = 0x53
_REPLY_BIT = 0x80
_USES_CRC = 0x04
_HAS_SECURITY_BLOCK = 0x08
_LONGEST_FRAME = 1440


@dataclass(frozen=True, slots=True)
class Frame:
    """One whole frame with a right check value.

    `security` is the security block without its length byte (type, data), empty for plain text;
    `payload` is what follows the code, MAC included.
    """

    address: int
    is_reply: bool
    control: int
    security: bytes
    code: int
    payload: bytes

    @property
    def is_secured(self) -> bool:
        """Tell whether the frame belongs to a standing secure session (types 0x15 to 0x18)."""
        return bool(self.security) and self.security[0] >= 0x15


@dataclass(frozen=True, slots=True)
class Exchange:
    """A command and its answer."""

    command: Frame
    reply: Frame

    @property
    def refuses_indication(self) -> bool:
        """Tell whether a reader in a standing session says no to light or sound."""
        return (
            self.command.code in (CMD_LED, CMD_BUZ)
            and self.reply.code == REPLY_NAK
            and self.reply.is_secured
        )

    @property
    def capabilities(self) -> frozenset[int] | None:
        """List the function codes a reader offers, or None if this is no capability reply.

        Taken from the wire because libosdp keeps what an earlier reader at the address offered.
        """
        if self.command.code != CMD_CAP or self.reply.code != REPLY_PDCAP:
            return None
        offered = self.reply.payload
        return frozenset(offered[at] for at in range(0, len(offered) - 2, 3) if offered[at + 1])

    @property
    def proves_nothing_waits(self) -> bool:
        """Tell whether the reader said "nothing to report" to a poll inside a secure session."""
        return (
            self.command.code == CMD_POLL and self.reply.code == REPLY_ACK and self.reply.is_secured
        )


def _check_of(body: bytes, *, use_crc: bool) -> bytes:
    if use_crc:
        return binascii.crc_hqx(body, 0x1D0F).to_bytes(2, "little")
    return bytes([-sum(body) & 0xFF])


def build_frame(
    address: int, code: int, payload: bytes = b"", *, is_reply: bool = False, sequence: int = 0
) -> bytes:
    """Make a plain frame with CRC, led by the mark byte. `sequence` is 0 to 3."""
    size = 6 + len(payload) + 2
    lead = address | (_REPLY_BIT if is_reply else 0)
    head = bytes([_SOM, lead]) + size.to_bytes(2, "little") + bytes([sequence | _USES_CRC, code])
    body = head + payload
    return b"\xff" + body + _check_of(body, use_crc=True)


def parse_frame(data: bytes) -> Frame | None:
    """Find the first whole, undamaged frame in `data`, or None. Never raises."""
    start = data.find(_SOM)
    while start >= 0:
        frame = _frame_at(data[start:])
        if frame is not None:
            return frame
        start = data.find(_SOM, start + 1)
    return None


def _frame_at(data: bytes) -> Frame | None:
    if len(data) < 7:
        return None
    size = int.from_bytes(data[2:4], "little")
    control = data[4]
    use_crc = bool(control & _USES_CRC)
    check_size = 2 if use_crc else 1
    if not 6 + check_size <= size <= min(len(data), _LONGEST_FRAME):
        return None
    body, check = data[: size - check_size], data[size - check_size : size]
    if _check_of(body, use_crc=use_crc) != check:
        return None
    block = body[5] if control & _HAS_SECURITY_BLOCK else 0
    if control & _HAS_SECURITY_BLOCK and not 2 <= block <= len(body) - 6:
        return None
    return Frame(
        address=data[1] & ~_REPLY_BIT,
        is_reply=bool(data[1] & _REPLY_BIT),
        control=control,
        security=body[6 : 5 + block] if block else b"",
        code=body[5 + block],
        payload=body[6 + block :],
    )


class WireTap:
    """Pair commands with answers on a half-duplex line, for one reader."""

    def __init__(self) -> None:
        self._command: Frame | None = None
        self._incoming = b""

    @property
    def is_waiting(self) -> bool:
        """Tell whether a command is out and its answer has not arrived."""
        return self._command is not None

    def sent(self, data: bytes) -> None:
        """Note bytes that went out; they end whatever was waited for."""
        self._command = parse_frame(data)
        self._incoming = b""

    def received(self, data: bytes) -> Exchange | None:
        """Note bytes that came in; the exchange, once the answer is whole."""
        if self._command is None:
            return None
        self._incoming = (self._incoming + data)[-_LONGEST_FRAME:]
        reply = parse_frame(self._incoming)
        if reply is None or not reply.is_reply or reply.address != self._command.address:
            return None
        exchange = Exchange(self._command, reply)
        self.forget()
        return exchange

    def forget(self) -> None:
        """Wait for nothing any more."""
        self._command = None
        self._incoming = b""
