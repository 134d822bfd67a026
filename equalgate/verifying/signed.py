"""Check signatures: our envelopes, and checkpoints in the public C2SP formats.

Written from the formats (see `mqtt.contract.envelope` and `mqtt.contract.checkpoint`), not by
calling them: a second implementation finds what the first one takes for granted, and this one
needs no more than Python and `cryptography`.
"""

import base64
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from equalgate.verifying.base import BrokenError
from equalgate.verifying.cbor import CborValue, read_cbor

__all__ = ["SignedHead", "check_signature", "kid_of", "open_signed", "read_checkpoint", "read_note"]

_NOTE = re.compile(
    r"(?P<body>(?P<origin>[a-z0-9-]{4,40}/[a-z0-9-]{4,40}/(?:0|[1-9][0-9]{0,18}))\n"
    r"(?P<size>0|[1-9][0-9]{0,18})\n(?P<root>[A-Za-z0-9+/]{43}=)\n)\n"
    r"— (?P<name>[!-*,-~]{1,128}) (?P<line>[A-Za-z0-9+/]+={0,2})\n"
)


@dataclass(frozen=True, slots=True)
class SignedHead:
    """A checkpoint that a witness countersigned at `at_s` (POSIX seconds by its clock)."""

    origin: str
    size: int
    root: bytes
    at_s: int


def kid_of(public_key: bytes) -> bytes:
    """Return the first 8 bytes of SHA-256 over a raw public key."""
    return hashlib.sha256(public_key).digest()[:8]


def check_signature(public_key: bytes, signature: bytes, message: bytes) -> None:
    """Raise BrokenError unless the Ed25519 signature holds."""
    if len(public_key) != 32 or len(signature) != 64:
        raise BrokenError("a key or signature has the wrong length")
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, message)
    except (InvalidSignature, ValueError) as error:
        raise BrokenError("a signature does not hold") from error


def open_signed(
    data: bytes, types: Mapping[str, range], keys: Mapping[bytes, bytes]
) -> tuple[str, bytes, dict[str, CborValue]]:
    """Return type, key id and body of an envelope; `types` maps type to the versions allowed."""
    parts = read_cbor(data)
    if not isinstance(parts, list) or len(parts) != 5:
        raise BrokenError("not a signed envelope")
    type_, version, kid, body, signature = parts
    if not (isinstance(type_, str) and type(version) is int and version in types.get(type_, ())):
        raise BrokenError("a signed envelope of another type or version")
    if not all(isinstance(part, bytes) for part in (kid, body, signature)) or kid not in keys:
        raise BrokenError("a signed envelope by an unknown key")
    message = b"ac1/%s/%d\x00" % (type_.encode(), version) + kid + body
    check_signature(keys[kid], signature, message)
    inner = read_cbor(body)
    if not isinstance(inner, dict):
        raise BrokenError("a signed body of the wrong shape")
    return type_, kid, inner


def read_note(text: str, witness: str, keys: Mapping[bytes, bytes]) -> SignedHead:
    """Return the checkpoint of a note with exactly one line, the cosignature of `witness`."""
    found = _NOTE.fullmatch(text)
    if found is None or found["name"] != witness:
        raise BrokenError("a checkpoint of the wrong form")
    payload = _unbase64(found["line"])
    for public_key in keys.values():
        named = hashlib.sha256(witness.encode() + b"\n\x04" + public_key).digest()[:4]
        if named == payload[:4] and len(payload) == 76:
            at_s = int.from_bytes(payload[4:12], "big")
            said = f"cosignature/v1\ntime {at_s}\n{found['body']}"
            check_signature(public_key, payload[12:], said.encode())
            return SignedHead(found["origin"], int(found["size"]), _unbase64(found["root"]), at_s)
    raise BrokenError("a checkpoint by an unknown witness")


def read_checkpoint(text: str, keys: Mapping[bytes, bytes]) -> tuple[str, int, bytes]:
    """Return origin, size and root of a note that the log's own keeper signed under its origin."""
    found = _NOTE.fullmatch(text)
    if found is None or found["name"] != found["origin"]:
        raise BrokenError("a checkpoint of the wrong form")
    payload = _unbase64(found["line"])
    for public_key in keys.values():
        named = hashlib.sha256(found["origin"].encode() + b"\n\x01" + public_key).digest()[:4]
        if named == payload[:4] and len(payload) == 68:
            check_signature(public_key, payload[4:], found["body"].encode())
            return found["origin"], int(found["size"]), _unbase64(found["root"])
    raise BrokenError("a checkpoint by an unknown key")


def _unbase64(text: str) -> bytes:
    try:
        raw = base64.b64decode(text, validate=True)
    except ValueError as error:
        raise BrokenError("bad base64") from error
    if base64.b64encode(raw).decode("ascii") != text:
        raise BrokenError("bad base64")
    return raw
