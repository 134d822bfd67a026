"""Read what a card is: bits plus their number, never text.

Rules of this file:

1. A card is `CardBits`. Text forms (decimal, hex, facility and number) are views for people and may
   change between releases; what is stored and compared is bits and length (acceptance case A15).
2. A frame is accepted only if its length is in the table and every parity bit agrees (A02).
3. The identity of a card is its data bits without the parity bits, in the byte order that the
   reader is set to, so that one fob is one credential at every reader (A07).

The formats themselves are in `edge.domain.card_table`, the tiers in `edge.domain.card_tier`; their
names are given on from here.
"""

from dataclasses import dataclass
from enum import Enum
from functools import lru_cache

from edge.domain.card_bits import ByteOrder, CardBits
from edge.domain.card_table import (
    DEFAULT_FORMATS,
    H10302,
    H10304,
    W26,
    W34,
    CardField,
    CardFormat,
    ParityCheck,
    raw_format,
)
from edge.domain.card_tier import CardTier, card_tier

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


@lru_cache(maxsize=256)
def _mask(check: ParityCheck, length: int) -> int:
    return sum(1 << (length - 1 - at) for at in (check.position, *check.covers))


@lru_cache(maxsize=64)
def _positions(card_format: CardFormat) -> tuple[int, ...]:
    return card_format.data_positions


def _parity_holds(bits: CardBits, check: ParityCheck) -> bool:
    return (bits.value & _mask(check, bits.length)).bit_count() % 2 == int(check.odd)


def _data_of(bits: CardBits, card_format: CardFormat) -> CardBits:
    value, positions, top = 0, _positions(card_format), bits.length - 1
    for at in positions:
        value = value << 1 | bits.value >> (top - at) & 1
    return CardBits(value, len(positions))


def _with_data(bits: CardBits, card_format: CardFormat, data: CardBits) -> CardBits:
    value = bits.value
    for index, at in enumerate(_positions(card_format)):
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
            data = _data_of(bits, entry)
            identity = data.ordered(byte_order)
            seen = bits if identity == data else _with_data(bits, entry, identity)
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
