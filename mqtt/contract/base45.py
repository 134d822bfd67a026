"""Write bytes in the alphabet of a QR code's alphanumeric mode (RFC 9285).

Three characters carry two bytes, so a code is as small as one with raw bytes, and every reader
returns plain ASCII. Raw bytes in a QR code come back altered from some readers.
"""

from mqtt.contract.errors import ContractError
from mqtt.contract.reasons import ReasonCode

__all__ = ["decode", "encode"]

_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"
_VALUES = {character: value for value, character in enumerate(_ALPHABET)}


def encode(data: bytes) -> str:
    """Return `data` as base45 text."""
    out = []
    for start in range(0, len(data) - 1, 2):
        high, low = divmod(data[start] << 8 | data[start + 1], 45)
        out.append(_ALPHABET[low] + _ALPHABET[high % 45] + _ALPHABET[high // 45])
    if len(data) % 2:
        high, low = divmod(data[-1], 45)
        out.append(_ALPHABET[low] + _ALPHABET[high])
    return "".join(out)


def decode(text: str) -> bytes:
    """Return the bytes of `text`; each byte string has exactly one text.

    Raises ContractError(`malformed`) for other characters, lengths or values out of range.
    """
    try:
        values = [_VALUES[character] for character in text]
    except KeyError:
        raise ContractError(ReasonCode.MALFORMED, "base45") from None
    if len(values) % 3 == 1:
        raise ContractError(ReasonCode.MALFORMED, "base45")
    out = bytearray()
    for start in range(0, len(values), 3):
        group = values[start : start + 3]
        number = sum(value * 45**power for power, value in enumerate(group))
        width = len(group) - 1
        if number >> 8 * width:
            raise ContractError(ReasonCode.MALFORMED, "base45")
        out += number.to_bytes(width, "big")
    return bytes(out)
