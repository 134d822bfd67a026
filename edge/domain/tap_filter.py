"""Make one access attempt out of a fob that lies on the reader (A14)."""

from dataclasses import dataclass

from edge.domain.card_bits import CardBits

__all__ = ["REMOVAL_MS", "TapFilter"]

# A fob away for this long was taken off and presented again.
REMOVAL_MS = 1_000
# More fobs than this do not lie on one reader at once; the bound keeps hostile input small.
_FIELD_LIMIT = 8


@dataclass(frozen=True, slots=True)
class TapFilter:
    """Remember which cards are in the field of one reader and when each was last seen.

    Readers repeat a card 2 to 10 times a second while it lies there. Two fobs on one ring may
    alternate, so each card has its own memory.
    """

    in_field: tuple[tuple[CardBits, int], ...] = ()

    def step(self, card: CardBits, now_ms: int) -> tuple["TapFilter", bool]:
        """Take one read at monotonic `now_ms`; True if it is a new tap."""
        present = tuple(
            (known, seen_ms) for known, seen_ms in self.in_field if now_ms - seen_ms < REMOVAL_MS
        )
        others = tuple(entry for entry in present if entry[0] != card)
        is_new = len(others) == len(present)
        kept = others[-(_FIELD_LIMIT - 1) :]
        return TapFilter((*kept, (card, now_ms))), is_new
