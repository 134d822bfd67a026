"""Know what card readers can carry, so that a fob that would never open is refused at the desk.

A card is its data bits without parity plus their number, as gates compare it. The formats are those
of the gate's table (SIA AC-01-1996.10; HID, "Understanding Card Data Formats").
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from controller.domain.refusal import Refusal
from mqtt.contract.reasons import ReasonCode

__all__ = ["CARD_FORMATS", "Card", "CardFormatBits", "card_for", "fits", "format_bits"]

_LONGEST_RAW_BITS = 128


@dataclass(frozen=True, slots=True)
class CardFormatBits:
    """A reader format: the frame's length that people know it by, and the data bits it carries."""

    name: str
    frame_bits: int
    data_bits: int


CARD_FORMATS = (
    CardFormatBits("w26", 26, 24),
    CardFormatBits("w34", 34, 32),
    CardFormatBits("h10302", 37, 35),
    CardFormatBits("h10304", 37, 35),
)


@dataclass(frozen=True, slots=True)
class Card:
    """A card's number and its length in bits."""

    value: int
    length: int

    @property
    def stored(self) -> str:
        """Return the value as hexadecimal, which has no sign and no limit."""
        return f"{self.value:x}"

    def __repr__(self) -> str:
        return f"Card(length={self.length})"


def format_bits(name: str) -> CardFormatBits | None:
    """Return a format by name; `raw56` is a bare number of 56 bits without parity."""
    for known in CARD_FORMATS:
        if known.name == name:
            return known
    raw = re.fullmatch(r"raw(\d{1,3})", name)
    if raw and 0 < int(raw[1]) <= _LONGEST_RAW_BITS:
        return CardFormatBits(name, int(raw[1]), int(raw[1]))
    return None


def fits(number: int, formats: Iterable[CardFormatBits]) -> Refusal | None:
    """Return why no reader with these formats can carry the number (A09), or None if one can."""
    widest = max(formats, key=lambda each: each.data_bits, default=None)
    if widest is None:
        return Refusal(ReasonCode.DOES_NOT_FIT, "CR-05", detail="no reader reads cards there")
    if number < 0 or number.bit_length() > widest.data_bits:
        detail = f"does not fit {widest.frame_bits} bits"
        return Refusal(ReasonCode.DOES_NOT_FIT, "CR-05", detail=detail)
    return None


def card_for(number: int, length: int | None, formats: Iterable[CardFormatBits]) -> Card | Refusal:
    """Return the card as readers with these formats will report it.

    `length` is known when the fob was read at a reader, and None for a number that was typed: then
    the shortest format that carries it decides.
    """
    known = tuple(formats)
    if length is not None and length not in {each.data_bits for each in known}:
        detail = f"read with {length} bits, the readers there carry other lengths"
        return Refusal(ReasonCode.DOES_NOT_FIT, "CR-05", detail=detail)
    refusal = fits(number, [each for each in known if length in {None, each.data_bits}])
    if refusal is not None:
        return refusal
    shortest = min(each.data_bits for each in known if number.bit_length() <= each.data_bits)
    return Card(number, length if length is not None else shortest)
