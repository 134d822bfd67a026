"""Describe card formats as data, so that managers add one without code (A11).

Sources: SIA AC-01-1996.10 (Wiegand); HID, "Understanding Card Data Formats" (H10301 to H10304).
"""

from dataclasses import dataclass

from edge.domain.card_bits import CardBits

__all__ = [
    "DEFAULT_FORMATS",
    "H10302",
    "H10304",
    "W26",
    "W34",
    "CardField",
    "CardFormat",
    "ParityCheck",
    "raw_format",
]


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
