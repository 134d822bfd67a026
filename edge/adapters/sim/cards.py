"""Make the frames that a reader sends: cards with parity, key bursts."""

from collections.abc import Sequence

from edge.domain.card_bits import ByteOrder, CardBits
from edge.domain.card_formats import W26, CardFormat, ParityCheck, encode
from edge.domain.keypad_codes import KeypadMode

__all__ = ["frame_of", "key_bursts"]

_CODES = {"*": 10, "#": 11} | {str(digit): digit for digit in range(10)}


def frame_of(identity: CardBits, formats: Sequence[CardFormat], order: ByteOrder) -> CardBits:
    """Return the frame with which a reader set to `order` reports a card.

    Raises ValueError where no format carries so many bits.
    """
    fitting = [entry for entry in formats if entry.data_length == identity.length]
    if not fitting:
        known = ", ".join(str(size) for size in sorted({entry.data_length for entry in formats}))
        raise ValueError(f"no format here carries {identity.length} bits; these do: {known}")
    chosen, sent, value = fitting[0], identity.ordered(order), 0
    for at, place in enumerate(chosen.data_positions):
        value |= sent.bit(at) << (chosen.length - 1 - place)
    for check in chosen.parities:
        value |= _parity(value, chosen.length, check) << (chosen.length - 1 - check.position)
    return CardBits(value, chosen.length)


def _parity(value: int, length: int, check: ParityCheck) -> int:
    ones = sum(value >> (length - 1 - at) & 1 for at in check.covers)
    return (ones + int(check.odd)) % 2


def key_bursts(keys: str, mode: KeypadMode) -> list[CardBits]:
    """Return the bursts with which a Wiegand keypad sends keys, each one of `0-9`, `*` and `#`.

    Raises ValueError for other keys, and where the keypad cannot send them.
    """
    if not keys or set(keys) - set(_CODES):
        raise ValueError("keys are 0-9, * and #")
    codes = [_CODES[key] for key in keys]
    if mode is KeypadMode.BITS_4:
        return [CardBits(code, 4) for code in codes]
    if mode is KeypadMode.BITS_8:
        return [CardBits((code ^ 0xF) << 4 | code, 8) for code in codes]
    if mode is KeypadMode.BUFFERED_26 and keys.rstrip("#").isdecimal():
        return [encode(W26, number=int(keys.rstrip("#")))]
    raise ValueError("this reader has no such keys")
