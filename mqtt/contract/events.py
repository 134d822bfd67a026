"""Describe what happened at a gate: leaves, their personal parts, batches and acknowledgements.

An event's identity is (gate, epoch, seq). `seq` starts at 0 in each epoch and has no holes, so it
is also the leaf's index in the epoch's tree. Leaf bytes are stored and hashed as received. One
signature covers the leaves of a batch; the personal parts lie beside it, bound by the commitments
in the leaves.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated

import msgspec

from mqtt.contract import audit, codec, envelope, fields
from mqtt.contract.errors import ContractError
from mqtt.contract.reasons import ReasonCode

__all__ = [
    "ACK_TYPE",
    "BATCH_LIMIT",
    "EVENTS_TYPE",
    "LEAF_VERSION",
    "NOTE_CHARACTERS",
    "Ack",
    "AdapterKind",
    "Batch",
    "BatchHeader",
    "BatchMessage",
    "Direction",
    "EventKind",
    "Leaf",
    "Method",
    "Outcome",
    "Personal",
    "open_ack",
    "open_batch",
    "seal_ack",
    "seal_batch",
]

EVENTS_TYPE = "events"
ACK_TYPE = "ack"
WIRE_VERSION = 1
LEAF_VERSION = 1
NOTE_CHARACTERS = 64
"""Longest note; nothing on the wire has room for a biometric reference (rule ST-02)."""
BATCH_LIMIT = 32
"""Most events in one batch (measured: 32 a message is about 20 times one a message)."""


class Method(StrEnum):
    """The ways in, which are peers, and `none` for events that no way in caused."""

    QR = "qr"
    FOB = "fob"
    PIN = "pin"
    GUARD = "guard"
    FACE = "face"
    REMOTE = "remote"
    NONE = "none"


class Outcome(StrEnum):
    """How an attempt or action ended."""

    GRANTED = "granted"
    DENIED = "denied"
    OBSERVED = "observed"
    ENTERED = "entered"
    NOT_ENTERED = "not_entered"
    UNKNOWN = "unknown"


class Direction(StrEnum):
    """Which way an access point leads."""

    IN = "in"
    OUT = "out"
    NONE = "none"


class AdapterKind(StrEnum):
    """`real` only if every adapter involved is real (promise 11)."""

    REAL = "real"
    SIMULATED = "simulated"


class EventKind(StrEnum):
    """What kind of record a leaf is."""

    DECISION = "decision"
    PASSAGE = "passage"
    DOOR = "door"
    COMMAND = "command"
    GUARD = "guard"
    READER = "reader"
    DOCUMENT = "document"
    HEALTH = "health"
    BOOT = "boot"
    GAP = "gap"
    ERASURE = "erasure"
    HEARTBEAT = "heartbeat"
    CONSENT = "consent"
    FACE = "face"
    SHADOW = "shadow"
    """What a gate beside an old controller would have decided; it moved nothing, so it is no
    decision, and nothing that counts decisions counts it."""


class Leaf(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """The public part of one event; nothing in it tells who it was.

    `at_s` is UTC in seconds, `boot_mono_ms` the gate's monotonic clock, `intent_to_unlock_ms` is -1
    where nothing was unlocked, `cause_seq` points to the event that caused this one or is -1,
    `commitment` is empty where there is no personal part.
    """

    version: fields.Count
    site: fields.Name
    gate: fields.Name
    epoch: fields.Count
    seq: fields.Count
    kind: EventKind
    access_point: fields.Name
    method: Method
    outcome: Outcome
    reason: ReasonCode
    at_s: fields.Count
    boot_mono_ms: fields.Count
    clock_level: fields.Level
    policy_version: fields.Count
    intent_to_unlock_ms: fields.CountOrNone
    direction: Direction
    adapter_kind: AdapterKind
    cause_seq: fields.CountOrNone
    commitment: fields.Hash


class Personal(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """The erasable part: pseudonyms of holder, credential and acting staff member, or empty.

    `note` is a detail such as an unknown card's bits, for the manager only, at most
    `NOTE_CHARACTERS` long.
    """

    holder: fields.Id = b""
    credential: fields.Id = b""
    actor: fields.Id = b""
    note: Annotated[str, msgspec.Meta(max_length=NOTE_CHARACTERS)] = ""


class BatchHeader(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The signed body of a batch: consecutive leaves of one epoch, from `first_seq`."""

    site: fields.Name
    gate: fields.Name
    epoch: fields.Count
    first_seq: fields.Count
    leaves: tuple[bytes, ...]


class BatchMessage(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """What travels on `up/ev`: the signed header; (salt, personal part) or null for each leaf."""

    signed: bytes
    personal: tuple[tuple[bytes, bytes] | None, ...]


class Batch(msgspec.Struct, frozen=True):
    """A verified batch.

    `leaves[i]` is decoded from `header.leaves[i]`, `hashes[i]` is its leaf hash; `personal[i]` is
    (salt, personal bytes) and `persons[i]` the decoded part, or None where erased or absent; `kid`
    is the gate's key.
    """

    header: BatchHeader
    leaves: tuple[Leaf, ...]
    hashes: tuple[bytes, ...]
    personal: tuple[tuple[bytes, bytes] | None, ...]
    persons: tuple[Personal | None, ...]
    kid: bytes


class Ack(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The controller's word that everything of `epoch` below `upto` is committed.

    `root` is the tree's root at that size, which the gate compares with its own; `reads` announces
    the versions of each type that the controller reads. `announce` asks for the birth once more,
    because the controller was not there when it was said.
    """

    site: fields.Name
    gate: fields.Name
    epoch: fields.Count
    upto: fields.Count
    root: fields.Hash
    reads: dict[fields.Name, fields.Count]
    announce: bool = False


def seal_batch(
    header: BatchHeader, personal: tuple[tuple[bytes, bytes] | None, ...], signer: envelope.Signer
) -> bytes:
    """Return the message for one batch. Raises ContractError(`too_large`)."""
    signed = envelope.seal(EVENTS_TYPE, WIRE_VERSION, codec.encode(header), signer)
    return codec.encode(BatchMessage(signed, personal))


def open_batch(data: bytes, public_key: bytes) -> Batch:
    """Verify a batch completely: signature, leaf forms, numbering and every commitment.

    Raises ContractError; nothing of a batch with one bad leaf is taken.
    """
    message = codec.decode(data, BatchMessage)
    keys = {envelope.key_id(public_key): public_key}
    opened = envelope.open_envelope(message.signed, EVENTS_TYPE, keys)
    if opened.version != WIRE_VERSION:
        raise ContractError(ReasonCode.VERSION_UNSUPPORTED)
    header = codec.decode(opened.body, BatchHeader)
    if not 0 < len(header.leaves) <= BATCH_LIMIT or len(message.personal) != len(header.leaves):
        raise ContractError(ReasonCode.WRONG_SHAPE, "batch length")
    leaves = tuple(codec.decode(raw, Leaf) for raw in header.leaves)
    for offset, leaf in enumerate(leaves):
        _check_leaf(header, leaf, offset)
    persons = tuple(map(_open_personal, leaves, message.personal))
    hashes = tuple(audit.leaf_hash(raw) for raw in header.leaves)
    return Batch(header, leaves, hashes, message.personal, persons, opened.kid)


def _check_leaf(header: BatchHeader, leaf: Leaf, offset: int) -> None:
    where = (leaf.site, leaf.gate, leaf.epoch, leaf.seq)
    if where != (header.site, header.gate, header.epoch, header.first_seq + offset):
        raise ContractError(ReasonCode.WRONG_SHAPE, "leaf identity")
    if leaf.version != LEAF_VERSION:
        raise ContractError(ReasonCode.VERSION_UNSUPPORTED)


def _open_personal(leaf: Leaf, personal: tuple[bytes, bytes] | None) -> Personal | None:
    if personal is None:
        return None
    salt, part = personal
    if len(salt) != audit.SALT_BYTES or audit.commitment(salt, part) != leaf.commitment:
        raise ContractError(ReasonCode.COMMITMENT_MISMATCH)
    return codec.decode(part, Personal)


def seal_ack(ack: Ack, signer: envelope.Signer) -> bytes:
    """Return the signed acknowledgement."""
    return envelope.seal(ACK_TYPE, WIRE_VERSION, codec.encode(ack), signer)


def open_ack(data: bytes, site: str, gate: str, keys: Mapping[bytes, bytes]) -> Ack:
    """Verify an acknowledgement for this gate; `keys` are those of scope `ack` (kid -> public key).

    The caller compares epoch and root with its own log before it lets anything go. Raises
    ContractError: `wrong_audience`, `version_unsupported`, or what the envelope raises.
    """
    opened = envelope.open_envelope(data, ACK_TYPE, keys)
    if opened.version != WIRE_VERSION:
        raise ContractError(ReasonCode.VERSION_UNSUPPORTED)
    ack = codec.decode(opened.body, Ack)
    if (ack.site, ack.gate) != (site, gate):
        raise ContractError(ReasonCode.WRONG_AUDIENCE)
    return ack
