"""Hold the bits of a card: a number and how many bits it has."""

from dataclasses import dataclass
from enum import Enum
from typing import ClassVar, Self

__all__ = ["ByteOrder", "CardBits"]


class ByteOrder(Enum):
    """Say how a reader sends the bytes of a card; a setting of the reader (A07)."""

    AS_READ = "as_read"
    REVERSED = "reversed"


@dataclass(frozen=True, slots=True)
class CardBits:
    """Bits in the order sent: `value` has the first bit on top, `length` counts leading zeros too.

    `length` is 1 to 512 (OSDP carries 64 bytes); anything else is a ValueError. The representation
    shows the length only, so that a card number cannot slip into a log.
    """

    value: int
    length: int

    MAX_LENGTH: ClassVar[int] = 512

    def __post_init__(self) -> None:
        if not 1 <= self.length <= self.MAX_LENGTH:
            raise ValueError(f"a card has 1 to {self.MAX_LENGTH} bits")
        if not 0 <= self.value < 1 << self.length:
            raise ValueError(f"the value does not fit {self.length} bits")

    @classmethod
    def from_text(cls, text: str) -> Self:
        """Read ones and zeros as a person writes them, first bit first."""
        if not text or set(text) - {"0", "1"}:
            raise ValueError("only 0 and 1 make a card")
        return cls(int(text, 2), len(text))

    @classmethod
    def from_left_justified(cls, data: bytes, length: int) -> Self:
        """Take `length` bits from bytes padded on the right, as osdp_RAW sends them (A10).

        Raise ValueError if there are too few bytes. Source: SIA OSDP 2.2, reply 0x50.
        """
        if len(data) * 8 < length:
            raise ValueError("fewer bytes than bits announced")
        used = data[: (length + 7) // 8]
        return cls(int.from_bytes(used, "big") >> (len(used) * 8 - length), length)

    def left_justified(self) -> bytes:
        """Give the bytes that osdp_RAW carries: first bit on top, zeros after the last bit."""
        size = (self.length + 7) // 8
        return (self.value << (size * 8 - self.length)).to_bytes(size, "big")

    def bit(self, at: int) -> int:
        """Give bit `at`, counted from the first one sent, from 0."""
        return self.value >> (self.length - 1 - at) & 1

    def part(self, start: int, length: int) -> int:
        """Give `length` bits from `start` as a number."""
        return self.value >> (self.length - start - length) & ((1 << length) - 1)

    def inverted(self) -> "CardBits":
        """Exchange ones and zeros: what arrives when D0 and D1 are swapped."""
        return CardBits(self.value ^ ((1 << self.length) - 1), self.length)

    def ordered(self, order: ByteOrder) -> "CardBits":
        """Put the bytes in the order of the reader; unchanged where bits are no whole bytes."""
        if order is ByteOrder.AS_READ or self.length % 8:
            return self
        data = self.value.to_bytes(self.length // 8, "big")
        return CardBits(int.from_bytes(data, "little"), self.length)

    @property
    def hex(self) -> str:
        """Give the value as hexadecimal digits, leading zeros kept. Personal: never log it."""
        return f"{self.value:0{(self.length + 3) // 4}x}"

    def __repr__(self) -> str:
        return f"CardBits({self.length} bits)"
