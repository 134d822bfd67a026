"""Turn the number that an old system printed into the card that our readers report.

The same fob is written in many ways in the field: `8H10D` (ten decimal digits of the last 32 bits),
`3+5` (one byte and two bytes, decimal), hexadecimal, each with its bytes in either order, and each
with the zeros that a spreadsheet took away. A number in `1.23E+09` has lost digits for good.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from controller.domain.cards import Card

__all__ = [
    "READINGS",
    "FobFault",
    "FobForm",
    "FobReading",
    "fitting_readings",
    "proposals_for",
    "read_fob",
]

_BYTES_ABOVE = 5
"""Low-frequency tags carry 40 bits; lists name the last 32 or 24 of them."""


class FobForm(StrEnum):
    """How a number is written."""

    DECIMAL = "8h10d"
    THREE_FIVE = "3+5"
    HEX = "hex"


class FobFault(StrEnum):
    """Why a number cannot be read."""

    LOST_DIGITS = "lost_digits"
    NOT_A_NUMBER = "not_a_number"
    TOO_LARGE = "too_large"
    BYTE_UNKNOWN = "byte_unknown"


@dataclass(frozen=True, slots=True)
class FobReading:
    """A form, the bits that the readers report (24 or 32), and whether the list has them reversed.

    24 bits are what a Wiegand 26 reader reports, 32 bits a Wiegand 34 reader.
    """

    form: FobForm
    bits: int = 32
    is_reversed: bool = False

    @property
    def word(self) -> str:
        """Return the reading as one word, for forms and records: `8h10d-32`, `hex-32-reversed`."""
        return f"{self.form.value}-{self.bits}" + ("-reversed" if self.is_reversed else "")


READINGS = tuple(
    FobReading(form, bits, is_reversed=turned)
    for form in FobForm
    for bits in (32, 24)
    for turned in (False, True)
    if (form, bits) != (FobForm.THREE_FIVE, 32)
)
"""Every reading there is; `3+5` names three bytes only."""

_SCIENTIFIC = re.compile(r"[0-9]+([.,][0-9]+)?[eE][+]?[0-9]+")
_WHOLE = re.compile(r"([0-9]+)([.]0+)?")
_THREE_FIVE = re.compile(r"([0-9]{1,3})[ ,:;+/-]+([0-9]{1,5})")
_HEX = re.compile(r"(0[xX])?([0-9A-Fa-f]{1,10})")


def read_fob(text: str, reading: FobReading) -> Card | FobFault:
    """Return the card that a cleaned text names, or why it names none. Total."""
    text = text.strip().lstrip("'").strip()
    if _SCIENTIFIC.fullmatch(text) and not _is_hex_word(text, reading):
        return FobFault.LOST_DIGITS
    value = _value(text, reading)
    if isinstance(value, FobFault):
        return value
    if value.bit_length() > 8 * _BYTES_ABOVE:
        return FobFault.TOO_LARGE
    kept = value & ((1 << reading.bits) - 1)
    if reading.is_reversed:
        kept = int.from_bytes(kept.to_bytes(reading.bits // 8, "big"), "little")
    return Card(kept, reading.bits)


def _is_hex_word(text: str, reading: FobReading) -> bool:
    """Tell `12E4` in a hexadecimal list from a spreadsheet's `1.2E+04`."""
    return reading.form is FobForm.HEX and _HEX.fullmatch(text) is not None


def _value(text: str, reading: FobReading) -> int | FobFault:
    match reading.form:
        case FobForm.DECIMAL:
            return _decimal(text)
        case FobForm.THREE_FIVE:
            return FobFault.BYTE_UNKNOWN if reading.bits > 24 else _three_five(text)
        case FobForm.HEX:
            found = _HEX.fullmatch(re.sub(r"[ :-]", "", text))
            return int(found[2], 16) if found else FobFault.NOT_A_NUMBER


def _decimal(text: str) -> int | FobFault:
    found = _WHOLE.fullmatch(text)
    return int(found[1]) if found else FobFault.NOT_A_NUMBER


def _three_five(text: str) -> int | FobFault:
    """Read `069,45586`, and `6945586` where sign and leading zero were lost."""
    found = _THREE_FIVE.fullmatch(text)
    if found:
        facility, number = int(found[1]), int(found[2])
    elif re.fullmatch(r"[0-9]{6,8}", text):
        padded = text.zfill(8)
        facility, number = int(padded[:3]), int(padded[3:])
    else:
        return FobFault.NOT_A_NUMBER
    if facility > 0xFF or number > 0xFFFF:
        return FobFault.TOO_LARGE
    return facility << 16 | number


def fitting_readings(texts: Iterable[str]) -> tuple[FobReading, ...]:
    """Return the readings in which every text names a card; the order is that of `READINGS`.

    Several usually fit, because digits are hexadecimal too: one fob at a reader decides.
    """
    known = tuple(texts)
    return tuple(
        reading
        for reading in READINGS
        if known and all(isinstance(read_fob(text, reading), Card) for text in known)
    )


def proposals_for(text: str, seen: Card) -> tuple[FobReading, ...]:
    """Return the readings that make this text the card that a reader just reported (A07)."""
    return tuple(reading for reading in READINGS if read_fob(text, reading) == seen)
