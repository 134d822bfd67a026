"""Split the recovery key between two parties, of whom neither alone learns anything.

One share is random, the other is the key XOR the random one (a one-time pad, so two of two and no
less). Each is a line of text with the key's id and a checksum, for paper and a QR code:
`EGR1-A-<id>-<groups of base32>-<checksum>`.
"""

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass

from controller.domain.refusal import Refusal
from mqtt.contract.reasons import ReasonCode

__all__ = ["SECRET_BYTES", "Shares", "join", "split"]

SECRET_BYTES = 32
_KID_BYTES = 8
_SUM_BYTES = 5
_SHARE = re.compile(r"EGR1([AB])([A-Z2-7]{72})")
_GROUP = 6


@dataclass(frozen=True, slots=True)
class Shares:
    """The two lines: for the owners' committee and for the street office."""

    committee: str
    street_office: str

    def __repr__(self) -> str:
        return "Shares(…)"


def split(secret: bytes, pad: bytes, kid: bytes) -> Shares:
    """Return the shares of a 32-byte secret; `pad` are 32 random bytes, used once.

    Wrong lengths are a programming error.
    """
    if (len(secret), len(pad), len(kid)) != (SECRET_BYTES, SECRET_BYTES, _KID_BYTES):
        raise RuntimeError("secret and pad have 32 bytes, a key id 8")
    other = bytes(left ^ right for left, right in zip(secret, pad, strict=True))
    return Shares(_line("A", kid, pad), _line("B", kid, other))


def join(first: str, second: str) -> tuple[bytes, bytes] | Refusal:
    """Return (key id, secret) of two lines in any order, or why they do not fit together."""
    read = [_read(first), _read(second)]
    left, right = read
    if left is None or right is None:
        return Refusal(ReasonCode.CONFIG_INVALID, "RK-01", detail="share: mistyped")
    if left[0] == right[0] or left[1] != right[1]:
        return Refusal(ReasonCode.CONFIG_INVALID, "RK-01", detail="shares: not a pair")
    return left[1], bytes(a ^ b for a, b in zip(left[2], right[2], strict=True))


def _line(letter: str, kid: bytes, share: bytes) -> str:
    body = kid + share
    text = base64.b32encode(body + _checksum(letter, body)).decode()
    groups = [text[at : at + _GROUP] for at in range(0, len(text), _GROUP)]
    return "-".join(("EGR1", letter, *groups))


def _read(line: str) -> tuple[str, bytes, bytes] | None:
    found = _SHARE.fullmatch(re.sub(r"[\s-]", "", line.upper()))
    if found is None:
        return None
    try:
        raw = base64.b32decode(found[2])
    except binascii.Error:
        return None
    body, check = raw[:-_SUM_BYTES], raw[-_SUM_BYTES:]
    if check != _checksum(found[1], body):
        return None
    return found[1], body[:_KID_BYTES], body[_KID_BYTES:]


def _checksum(letter: str, body: bytes) -> bytes:
    return hashlib.sha256(b"equalgate recovery share " + letter.encode() + body).digest()[
        :_SUM_BYTES
    ]
