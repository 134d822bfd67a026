"""Sign a body for one purpose and open it again (Ed25519, RFC 8032).

The signature covers a domain string with the type and version, so that bytes signed as one kind of
message can never be read as another kind, whatever topic a hostile broker delivers them on. The
body travels as a byte string: what is verified is exactly what was received.
"""

import hashlib
from collections.abc import Mapping
from typing import Protocol

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from mqtt.contract import codec
from mqtt.contract.errors import ContractError
from mqtt.contract.reasons import ReasonCode

__all__ = [
    "KID_BYTES",
    "Ed25519Signer",
    "Envelope",
    "Signer",
    "key_id",
    "open_envelope",
    "peek",
    "seal",
    "verify",
]

KID_BYTES = 8
_PUBLIC_KEY_BYTES = 32
_SIGNATURE_BYTES = 64


class Envelope(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """A signed body: `[type, version, kid, body, signature]`."""

    type: str
    version: int
    kid: bytes
    body: bytes
    signature: bytes


class Signer(Protocol):
    """Whatever can sign: a key file, a TPM, a test key."""

    @property
    def public_key(self) -> bytes:
        """Return the raw Ed25519 public key, 32 bytes."""

    def sign(self, message: bytes) -> bytes:
        """Return the 64-byte signature over `message`."""


class Ed25519Signer:
    """Sign with a private key held in memory."""

    def __init__(self, private_key: Ed25519PrivateKey) -> None:
        self._private_key = private_key
        self._public_key = private_key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)

    @classmethod
    def from_seed(cls, seed: bytes) -> "Ed25519Signer":
        """Build from a 32-byte seed."""
        return cls(Ed25519PrivateKey.from_private_bytes(seed))

    @property
    def public_key(self) -> bytes:
        """Return the raw public key, 32 bytes."""
        return self._public_key

    def sign(self, message: bytes) -> bytes:
        """Return the 64-byte signature over `message`."""
        return self._private_key.sign(message)

    def __repr__(self) -> str:
        return f"Ed25519Signer(kid={key_id(self._public_key).hex()})"


def key_id(public_key: bytes) -> bytes:
    """Return the first 8 bytes of SHA-256 over the raw public key."""
    return hashlib.sha256(public_key).digest()[:KID_BYTES]


def _signed_bytes(type_: str, version: int, kid: bytes, body: bytes) -> bytes:
    return b"ac1/%s/%d\x00" % (type_.encode("ascii"), version) + kid + body


def seal(type_: str, version: int, body: bytes, signer: Signer) -> bytes:
    """Return the envelope bytes for `body`. Raises ContractError(`too_large`)."""
    kid = key_id(signer.public_key)
    signature = signer.sign(_signed_bytes(type_, version, kid, body))
    return codec.encode(Envelope(type_, version, kid, body, signature))


def peek(data: bytes) -> Envelope:
    """Return the envelope unverified, to learn which key it names. Raises ContractError."""
    return codec.decode(data, Envelope)


def open_envelope(data: bytes, type_: str, keys: Mapping[bytes, bytes]) -> Envelope:
    """Return the envelope if it is of `type_` and signed by one of `keys` (kid -> raw public key).

    Raises ContractError: `wrong_type`, `unknown_key`, `bad_signature`, or what the codec raises.
    """
    envelope = peek(data)
    if envelope.type != type_:
        raise ContractError(ReasonCode.WRONG_TYPE)
    public_key = keys.get(envelope.kid)
    if public_key is None:
        raise ContractError(ReasonCode.UNKNOWN_KEY)
    message = _signed_bytes(envelope.type, envelope.version, envelope.kid, envelope.body)
    verify(public_key, envelope.signature, message)
    return envelope


def verify(public_key: bytes, signature: bytes, message: bytes) -> None:
    """Check an Ed25519 signature. Raises ContractError(`bad_signature`)."""
    if len(public_key) != _PUBLIC_KEY_BYTES or len(signature) != _SIGNATURE_BYTES:
        raise ContractError(ReasonCode.BAD_SIGNATURE)
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, message)
    except (InvalidSignature, ValueError) as error:
        raise ContractError(ReasonCode.BAD_SIGNATURE) from error
