"""Let a phone witness a gate: a one-time code goes in, a signed code comes back. No account needed.

`ACW1:` and 16 random bytes in base45 is what the inspector shows to the code reader; `ACW2:` and a
signed answer in base45 is what the gate's screen shows then (QR alphanumeric). The answer holds the
gate's public key, so that anybody can check the signature and compare the key's fingerprint with
the installation record; and the state of its log, so that a later log which does not contain it
was rewritten.
"""

import hashlib

import msgspec

from mqtt.contract import base45, codec, envelope, fields
from mqtt.contract.errors import ContractError
from mqtt.contract.events import AdapterKind
from mqtt.contract.reasons import ReasonCode

__all__ = [
    "ANSWER_PREFIX",
    "COUNTERS",
    "NONCE_BYTES",
    "NONCE_PREFIX",
    "WITNESS_TYPE",
    "WitnessAnswer",
    "fingerprint",
    "nonce_text",
    "open_answer",
    "read_nonce",
    "seal_answer",
]

WITNESS_TYPE = "witness"
WIRE_VERSION = 1
NONCE_PREFIX = "ACW1:"
ANSWER_PREFIX = "ACW2:"
NONCE_BYTES = 16
_MOST_CHARACTERS = 2_000

COUNTERS = (
    "presses",
    "entry_armed",
    "entry_frames",
    "entry_embeddings",
    "enrolment_frames",
    "self_test_frames",
)
"""Which face counters of `presence.Heartbeat` an answer holds, in this order."""


class WitnessAnswer(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """What a gate says about itself at one moment; `config` and `policy` are digests in force.

    `counters` follow `COUNTERS`; `software_hash` is SHA-256 over the program's own files.
    """

    nonce: fields.Salt
    site: fields.Name
    gate: fields.Name
    public_key: fields.Key
    epoch: fields.Count
    size: fields.Count
    root: fields.Hash
    at_ms: fields.Count
    clock_level: fields.Level
    config: fields.Hash
    policy: fields.Hash
    software: fields.Shown
    software_hash: fields.Hash
    face_state: fields.Name
    counters: tuple[fields.Count, ...]
    adapter_kind: AdapterKind


def nonce_text(nonce: bytes) -> str:
    """Return the text of a one-time code for 16 random bytes."""
    return NONCE_PREFIX + base45.encode(nonce)


def read_nonce(text: str) -> bytes:
    """Return the 16 bytes. Raises ContractError(`malformed`) for any other text."""
    if not text.startswith(NONCE_PREFIX) or len(text) > len(NONCE_PREFIX) + 2 * NONCE_BYTES:
        raise ContractError(ReasonCode.MALFORMED, "nonce")
    nonce = base45.decode(text[len(NONCE_PREFIX) :])
    if len(nonce) != NONCE_BYTES:
        raise ContractError(ReasonCode.MALFORMED, "nonce")
    return nonce


def seal_answer(answer: WitnessAnswer, signer: envelope.Signer) -> str:
    """Return the text of the code that the screen shows."""
    sealed = envelope.seal(WITNESS_TYPE, WIRE_VERSION, codec.encode(answer), signer)
    return ANSWER_PREFIX + base45.encode(sealed)


def open_answer(text: str, nonce: bytes | None = None) -> WitnessAnswer:
    """Return an answer that the key in it signed, and that answers `nonce` where one is given.

    Whether the key is the gate's is told by its fingerprint. Raises ContractError: `malformed`,
    `bad_signature`, `unknown_key`, `wrong_audience` (another nonce), or what the codec raises.
    """
    if not text.startswith(ANSWER_PREFIX) or len(text) > _MOST_CHARACTERS:
        raise ContractError(ReasonCode.MALFORMED, "answer")
    sealed = base45.decode(text[len(ANSWER_PREFIX) :])
    answer = codec.decode(envelope.peek(sealed).body, WitnessAnswer)
    keys = {envelope.key_id(answer.public_key): answer.public_key}
    opened = envelope.open_envelope(sealed, WITNESS_TYPE, keys)
    if opened.version != WIRE_VERSION or len(answer.counters) != len(COUNTERS):
        raise ContractError(ReasonCode.VERSION_UNSUPPORTED)
    if nonce is not None and nonce != answer.nonce:
        raise ContractError(ReasonCode.WRONG_AUDIENCE, "nonce")
    return answer


def fingerprint(public_key: bytes) -> str:
    """Return what people compare: SHA-256 over the key, the first 16 bytes in groups of four."""
    digest = hashlib.sha256(public_key).hexdigest()[:32]
    return " ".join(digest[at : at + 4] for at in range(0, 32, 4))
