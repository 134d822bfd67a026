"""Translate what keypads send into keys: OSDP bytes, Wiegand bursts of 4, 8 or 26 bits."""

from enum import Enum

from edge.domain.card_bits import CardBits
from edge.domain.card_formats import W26, CardRead, decode

__all__ = ["KeypadMode", "keys_from_osdp", "keys_from_wiegand"]

_STAR = 10
_HASH = 11
# SIA OSDP 2.2, reply 0x53: DELETE stands for `*`, RETURN for `#`. Some readers send the signs.
_OSDP_KEYS = {0x7F: "*", 0x0D: "#", 0x2A: "*", 0x23: "#"} | {0x30 + n: str(n) for n in range(10)}


class KeypadMode(Enum):
    """Say how a Wiegand reader sends its keys; a setting of the reader.

    A 26-bit frame of a buffered keypad looks like a card of facility 0, so a reader in that mode
    must not be used with such cards.
    """

    NONE = "none"
    BITS_4 = "bits_4"
    BITS_8 = "bits_8"
    BUFFERED_26 = "buffered_26"


def keys_from_osdp(data: bytes) -> str:
    """Give the keys of an osdp_KEYPAD reply; bytes that are no key are left out."""
    return "".join(_OSDP_KEYS.get(byte, "") for byte in data)


def _key_of(code: int) -> str | None:
    if code < _STAR:
        return str(code)
    return {_STAR: "*", _HASH: "#"}.get(code)


def keys_from_wiegand(bits: CardBits, mode: KeypadMode, pin_digits: int = 4) -> str | None:
    """Give the keys of a Wiegand burst, or None if it is no key (then it may be a card).

    An 8-bit burst is the key and its complement, and is refused if they disagree. A 26-bit burst is
    a whole PIN as a number; it lost its leading zeros, so it is filled up to `pin_digits`, and it
    ends itself (`#` is added).
    """
    match mode:
        case KeypadMode.BITS_4 if bits.length == 4:
            return _key_of(bits.value)
        case KeypadMode.BITS_8 if bits.length == 8:
            high, low = bits.value >> 4, bits.value & 0xF
            return _key_of(low) if high == low ^ 0xF else None
        case KeypadMode.BUFFERED_26 if bits.length == 26:
            read = decode(bits, (W26,))
            if isinstance(read, CardRead) and read.field("facility") == 0:
                return f"{read.identity.value:0{pin_digits}d}#"
            return None
        case _:
            return None
