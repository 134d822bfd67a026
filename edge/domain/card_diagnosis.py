"""Find out why good fobs are not read: swapped wires, reversed bytes."""

from dataclasses import dataclass

from edge.domain.card_bits import ByteOrder, CardBits
from edge.domain.card_formats import CardFormat, CardRead, ReadFault, ReadFaultCode, decode

__all__ = ["SWAP_HINT_READS", "SwapDetector", "propose_byte_order"]

# One damaged frame may turn into a card when inverted; five in a row do not.
SWAP_HINT_READS = 5


@dataclass(frozen=True, slots=True)
class SwapDetector:
    """Count reads in a row that would be good with D0 and D1 exchanged (A06).

    An inverted 26, 34 or 37-bit frame fails both parity checks always, because each covers an odd
    number of bits; so swapped wires refuse everybody and are worth an alarm of their own.
    """

    suspicious_reads: int = 0

    def step(self, bits: CardBits, formats: tuple[CardFormat, ...]) -> tuple["SwapDetector", bool]:
        """Take one frame; True exactly once per episode, with the fifth suspicious read."""
        read = decode(bits, formats)
        is_suspicious = (
            isinstance(read, ReadFault)
            and read.code is ReadFaultCode.PARITY
            and isinstance(decode(bits.inverted(), formats), CardRead)
        )
        if not is_suspicious:
            return SwapDetector(), False
        count = self.suspicious_reads + 1
        return SwapDetector(count), count == SWAP_HINT_READS


def propose_byte_order(known: CardBits, seen: CardBits) -> ByteOrder | None:
    """Say which byte order of the new reader makes one fob one credential (learn mode, A07).

    `known` is the identity under which the fob is enrolled, `seen` what the new reader gives for
    it with `ByteOrder.AS_READ`. None: these are two different fobs, or one reader cuts bits.
    """
    for order in ByteOrder:
        if seen.ordered(order) == known:
            return order
    return None
