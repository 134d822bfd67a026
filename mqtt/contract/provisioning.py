"""Bring a new unit into the compound: one-time token, the manager's approval, a signed answer.

    unit        -> controller   ask: gate, its public key, certificate request; MAC by the token
    manager                     compares the fingerprint on the unit's screen, approves
    controller  -> unit         answer: site, anchor, broker, certificate; signed by the site

Neither end trusts the network between them. The token holds a secret for the MAC, so nobody can
change the ask, and the hash of the site's document key, so nobody can forge the answer. The secret
itself is never sent. The first valid ask uses the token up; only the same ask may be repeated.
"""

import base64
import binascii
import hashlib
import hmac
import re
from dataclasses import dataclass, field
from typing import Annotated

import msgspec

from mqtt.contract import codec, envelope, fields
from mqtt.contract.envelope import key_id
from mqtt.contract.errors import ContractError
from mqtt.contract.reasons import ReasonCode

__all__ = [
    "ANSWER_TYPE",
    "DRAWN_BYTES",
    "TOKEN_LIFE_MS",
    "Answer",
    "Ask",
    "AskMessage",
    "Token",
    "ask_message",
    "fingerprint",
    "mac_key",
    "new_token",
    "open_answer",
    "open_ask",
    "read_token",
    "seal_answer",
]

ANSWER_TYPE = "provision"
WIRE_VERSION = 1
TOKEN_LIFE_MS = 24 * 3_600_000
_ID_BYTES = 5
_SECRET_BYTES = 10
_ANCHOR_BYTES = 10
DRAWN_BYTES = _ID_BYTES + _SECRET_BYTES
_DOMAIN = b"ac1/provision\x00"
_PEM = Annotated[bytes, msgspec.Meta(max_length=4096)]


@dataclass(frozen=True, slots=True)
class Token:
    """What a manager hands to the installer, for one unit, once."""

    id: bytes
    secret: bytes = field(repr=False)
    anchor_hash: bytes = b""

    def text(self) -> str:
        """Return it as eight groups of five letters and digits."""
        raw = base64.b32encode(self.id + self.secret + self.anchor_hash).decode()
        return "-".join(raw[at : at + 5] for at in range(0, len(raw), 5))


class Ask(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a unit asks: `public_key` will sign its events, `request` is PKCS #10 for the broker."""

    gate: fields.Name
    public_key: fields.Key
    request: _PEM
    software: fields.Shown


class AskMessage(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """What travels: the token's id, the encoded ask, and its HMAC-SHA256."""

    token: fields.Id
    body: bytes
    mac: fields.Hash


class Answer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What makes a unit part of the compound; `anchor` is the site's document key."""

    site: fields.Name
    gate: fields.Name
    public_key: fields.Key
    anchor: fields.Key
    broker_host: fields.Shown
    broker_port: fields.Count
    broker_root: _PEM
    certificate: _PEM


def new_token(drawn: bytes, anchor: bytes) -> Token:
    """Make a token of `DRAWN_BYTES` random bytes for a unit that shall trust `anchor`."""
    return Token(drawn[:_ID_BYTES], drawn[_ID_BYTES:DRAWN_BYTES], _hash_of(anchor))


def read_token(text: str) -> Token:
    """Read what somebody typed; case, spaces and dashes do not matter.

    Raises ContractError(`malformed`).
    """
    try:
        raw = base64.b32decode(re.sub(r"[\s-]", "", text).upper())
    except (binascii.Error, ValueError) as error:
        raise ContractError(ReasonCode.MALFORMED, "token") from error
    if len(raw) != _ID_BYTES + _SECRET_BYTES + _ANCHOR_BYTES:
        raise ContractError(ReasonCode.MALFORMED, "token")
    return Token(raw[:_ID_BYTES], raw[_ID_BYTES:-_ANCHOR_BYTES], raw[-_ANCHOR_BYTES:])


def mac_key(secret: bytes) -> bytes:
    """Return the key of the MAC, which is all that the controller keeps of a token."""
    return hashlib.sha256(_DOMAIN + secret).digest()


def ask_message(ask: Ask, token: Token) -> bytes:
    """Return the message that asks."""
    body = codec.encode(ask)
    mac = hmac.new(mac_key(token.secret), _DOMAIN + body, "sha256").digest()
    return codec.encode(AskMessage(token.id, body, mac))


def open_ask(message: AskMessage, key: bytes) -> Ask:
    """Verify an ask by the token's key. Raises ContractError(`bad_signature`)."""
    mac = hmac.new(key, _DOMAIN + message.body, "sha256").digest()
    if not key or not hmac.compare_digest(mac, message.mac):
        raise ContractError(ReasonCode.BAD_SIGNATURE)
    return codec.decode(message.body, Ask)


def seal_answer(answer: Answer, signer: envelope.Signer) -> bytes:
    """Return the answer, signed by the site's document key."""
    return envelope.seal(ANSWER_TYPE, WIRE_VERSION, codec.encode(answer), signer)


def open_answer(data: bytes, ask: Ask, token: Token) -> Answer:
    """Believe an answer only if the key that the token pins has signed it, for this very ask.

    Raises ContractError: `unknown_key`, `wrong_audience`, or what the envelope raises.
    """
    claimed = codec.decode(envelope.peek(data).body, Answer)
    if not hmac.compare_digest(_hash_of(claimed.anchor), token.anchor_hash):
        raise ContractError(ReasonCode.UNKNOWN_KEY, "anchor")
    opened = envelope.open_envelope(data, ANSWER_TYPE, {key_id(claimed.anchor): claimed.anchor})
    if opened.version != WIRE_VERSION:
        raise ContractError(ReasonCode.VERSION_UNSUPPORTED)
    answer = codec.decode(opened.body, Answer)
    if (answer.gate, answer.public_key) != (ask.gate, ask.public_key):
        raise ContractError(ReasonCode.WRONG_AUDIENCE)
    return answer


def fingerprint(public_key: bytes) -> str:
    """Return what people compare and the plate shows: 8 groups of 4 hex digits of the SHA-256."""
    digits = hashlib.sha256(public_key).hexdigest()[:32]
    return " ".join(digits[at : at + 4] for at in range(0, len(digits), 4))


def _hash_of(anchor: bytes) -> bytes:
    return hashlib.sha256(anchor).digest()[:_ANCHOR_BYTES]
