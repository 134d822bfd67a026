"""Read what a card is: bits plus their number, never text.

Rules of this file:

1. A card is `CardBits`. Text forms (decimal, hex, facility and number) are views for people and may
   change between releases; what is stored and compared is bits and length (acceptance case A15).
2. A frame is accepted only if its length is in the table and every parity bit agrees (A02).
3. The identity of a card is its data bits without the parity bits, in the byte order that the
   reader is set to, so that one fob is one credential at every reader (A07).
4. A format is data. Managers add one without code (A11).

Sources: SIA AC-01-1996.10 (Wiegand); HID, "Understanding Card Data Formats" (H10301 to H10304).
"""

from dataclasses import dataclass
from enum import Enum

from edge.domain.card_bits import ByteOrder, CardBits

__all__ = [
    "DEFAULT_FORMATS",
    "H10302",
    "H10304",
    "W26",
    "W34",
    "ByteOrder",
    "CardBits",
    "CardField",
    "CardFormat",
    "CardRead",
    "CardTier",
    "ParityCheck",
    "ReadFault",
    "ReadFaultCode",
    "card_tier",
    "decode",
    "encode",
    "fit_fault",
    "raw_format",
]


class CardTier(Enum):
    """Say how hard a credential is to copy. It is shown to managers and inspectors, never hidden.

    A compound may accept clonable fobs: that residents can enter without a face weighs more than
    the strength of a plastic tag. What it may not do is believe that they are more than they are.

    - CLONABLE: a number in the open (any Wiegand line, any 125 kHz tag, any UID). Anybody who was
      near the fob, or at the two wires behind the reader, can present it again.
    - LINK_PROTECTED: the same open number, but the line from reader to gate is an OSDP secure
      channel. Nothing can be replayed on the wire; the fob itself can still be copied.
    - SECURED: the card proved a secret to the reader (DESFire AES, Aliro); the line is protected.
    """

    CLONABLE = "clonable"
    LINK_PROTECTED = "link_protected"
    SECURED = "secured"

    @property
    def is_clonable(self) -> bool:
        """Tell whether somebody near the fob can make a second one."""
        return self is not CardTier.SECURED


def card_tier(*, link_is_secure: bool, card_proves_secret: bool) -> CardTier:
    """Name the tier of a reading from its line and from what the card can do.

    A card that proves a secret over an open line is still clonable on that line.
    """
    if not link_is_secure:
        return CardTier.CLONABLE
    return CardTier.SECURED if card_proves_secret else CardTier.LINK_PROTECTED


@dataclass(frozen=True, slots=True)
class CardField:
    """Place a named number inside a frame; `start` counts from the first bit sent, from 0."""

    name: str
    start: int
    length: int


@dataclass(frozen=True, slots=True)
class ParityCheck:
    """Bind one parity bit to the bits it covers; positions count from the first bit sent, from 0.

    The number of ones in `covers` plus the parity bit itself is odd if `odd`, else even.
    """

    position: int
    covers: tuple[int, ...]
    odd: bool


@dataclass(frozen=True, slots=True)
class CardFormat:
    """Describe one frame layout as data.

    `length` is in bits and counts parity bits. `fields` usually name `facility` and `number`.
    `problems()` says what is wrong with a format that a manager typed.
    """

    name: str
    length: int
    fields: tuple[CardField, ...]
    parities: tuple[ParityCheck, ...] = ()

    @property
    def data_positions(self) -> tuple[int, ...]:
        """List the positions that are no parity bits, in the order sent."""
        parity = {check.position for check in self.parities}
        return tuple(at for at in range(self.length) if at not in parity)

    @property
    def data_length(self) -> int:
        """Count the bits that identify a card."""
        return len(self.data_positions)

    def problems(self) -> tuple[str, ...]:
        """Say in plain words why this format cannot be used; empty if it can."""
        found: list[str] = []
        if not self.name:
            found.append("the format needs a name")
        if not 1 <= self.length <= CardBits.MAX_LENGTH:
            return (*found, f"the length must be 1 to {CardBits.MAX_LENGTH} bits")
        if not self.fields:
            found.append("the format needs at least one field")
        found.extend(
            f"field {field.name} leaves the {self.length} bits"
            for field in self.fields
            if field.length < 1 or field.start < 0 or field.start + field.length > self.length
        )
        positions = [check.position for check in self.parities]
        if len(set(positions)) != len(positions):
            found.append("two parity bits share a position")
        for check in self.parities:
            if not all(0 <= at < self.length for at in (check.position, *check.covers)):
                found.append(f"parity bit {check.position} leaves the {self.length} bits")
            if not check.covers or check.position in check.covers:
                found.append(f"parity bit {check.position} must cover other bits")
        return tuple(found)


class ReadFaultCode(Enum):
    """Name why a frame is no card; the values are reason codes of the contract."""

    PARITY = "read_parity"
    UNKNOWN_FORMAT = "read_unknown_format"


@dataclass(frozen=True, slots=True)
class ReadFault:
    """A frame that is no card: no decision is made, a read error is counted.

    `raw_hex` is filled only for an unknown length, where a manager needs it to define the format
    (A11); a damaged frame of a known length leaves nothing of somebody's number behind.
    """

    code: ReadFaultCode
    length: int
    raw_hex: str = ""


@dataclass(frozen=True, slots=True)
class CardRead:
    """A card that was read without fault.

    `identity` is what credentials are compared with. `fields` are for people only.
    """

    format_name: str
    identity: CardBits
    fields: tuple[tuple[str, int], ...]

    def field(self, name: str) -> int | None:
        """Give a named number of the format, or None where the format has no such field."""
        return next((value for key, value in self.fields if key == name), None)

    def __repr__(self) -> str:
        return f"CardRead({self.format_name}, {self.identity!r})"


def _span(start: int, length: int) -> tuple[int, ...]:
    return tuple(range(start, start + length))


def _halves(length: int, covered: int) -> tuple[ParityCheck, ParityCheck]:
    """Give the usual pair: even parity over the first data bits, odd over the last ones."""
    return (
        ParityCheck(0, _span(1, covered), odd=False),
        ParityCheck(length - 1, _span(length - 1 - covered, covered), odd=True),
    )


W26 = CardFormat(
    "W26", 26, (CardField("facility", 1, 8), CardField("number", 1, 24)), _halves(26, 12)
)
W34 = CardFormat(
    "W34", 34, (CardField("facility", 1, 16), CardField("number", 1, 32)), _halves(34, 16)
)
H10302 = CardFormat("H10302", 37, (CardField("number", 1, 35),), _halves(37, 18))
H10304 = CardFormat(
    "H10304", 37, (CardField("facility", 1, 16), CardField("number", 17, 19)), _halves(37, 18)
)

# H10304 and H10302 share length and parity, so either gives the same identity; the first one names
# the numbers that people see.
DEFAULT_FORMATS: tuple[CardFormat, ...] = (W26, W34, H10304, H10302)


def raw_format(length: int) -> CardFormat:
    """Make the pass-through of `length` bits without parity, for readers that send a bare UID."""
    return CardFormat(f"raw{length}", length, (CardField("number", 0, length),))


def _parity_holds(bits: CardBits, check: ParityCheck) -> bool:
    ones = sum(bits.bit(at) for at in (check.position, *check.covers))
    return ones % 2 == int(check.odd)


def _data_of(bits: CardBits, card_format: CardFormat) -> CardBits:
    value = 0
    for at in card_format.data_positions:
        value = value << 1 | bits.bit(at)
    return CardBits(value, card_format.data_length)


def _with_data(bits: CardBits, card_format: CardFormat, data: CardBits) -> CardBits:
    value = bits.value
    for index, at in enumerate(card_format.data_positions):
        place = 1 << (bits.length - 1 - at)
        value = value | place if data.bit(index) else value & ~place
    return CardBits(value, bits.length)


def decode(
    bits: CardBits,
    formats: tuple[CardFormat, ...] = DEFAULT_FORMATS,
    byte_order: ByteOrder = ByteOrder.AS_READ,
) -> CardRead | ReadFault:
    """Turn a frame into a card, or say why it is none; the first format that agrees wins.

    Total: never raises. `byte_order` is a setting of the reader; it has no effect on formats whose
    data bits are no whole number of bytes.
    """
    candidates = [entry for entry in formats if entry.length == bits.length]
    if not candidates:
        return ReadFault(ReadFaultCode.UNKNOWN_FORMAT, bits.length, bits.hex)
    for entry in candidates:
        if all(_parity_holds(bits, check) for check in entry.parities):
            identity = _data_of(bits, entry).ordered(byte_order)
            seen = _with_data(bits, entry, identity)
            fields = tuple((f.name, seen.part(f.start, f.length)) for f in entry.fields)
            return CardRead(entry.name, identity, fields)
    return ReadFault(ReadFaultCode.PARITY, bits.length)


def encode(card_format: CardFormat, **numbers: int) -> CardBits:
    """Build the frame that a reader would send, parity included; raise ValueError if it cannot fit.

    Fields that overlap are written in the order of the format, so name only those you mean.
    """
    value = 0
    for field in card_format.fields:
        number = numbers.pop(field.name, None)
        if number is None:
            continue
        if not 0 <= number < 1 << field.length:
            raise ValueError(f"{field.name} does not fit {field.length} bits")
        value |= number << (card_format.length - field.start - field.length)
    if numbers:
        raise ValueError(f"{card_format.name} has no field {min(numbers)}")
    bits = CardBits(value, card_format.length)
    for check in card_format.parities:
        if not _parity_holds(bits, check):
            flipped = bits.value ^ 1 << (bits.length - 1 - check.position)
            bits = CardBits(flipped, bits.length)
    return bits


def fit_fault(value: int, formats: tuple[CardFormat, ...]) -> str | None:
    """Say why a card number cannot be read at a gate with these formats, or None if it can (A09).

    The words name the length that people know ("26 bits" for Wiegand 26, which carries 24).
    """
    if not formats:
        return "no card format is set"
    widest = max(formats, key=lambda entry: entry.data_length)
    if 0 <= value < 1 << widest.data_length:
        return None
    return f"does not fit {widest.length} bits"
