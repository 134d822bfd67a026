"""Verify what arrives before anything is stored: topic, retention, key, signature, every leaf.

Pure: no database, no clock. What cannot be believed becomes a `Trouble`, is told as an alarm and
acknowledged to the broker, so that poison never blocks a queue.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

from mqtt.client.port import Message
from mqtt.contract.errors import ContractError
from mqtt.contract.events import Batch, open_batch
from mqtt.contract.ids import SiteId, id_from_text
from mqtt.contract.presence import GateState
from mqtt.contract.reasons import ReasonCode
from mqtt.contract.topics import TopicKind, parse

__all__ = [
    "Arrival",
    "BatchArrival",
    "GateKey",
    "PresenceArrival",
    "StateArrival",
    "Trouble",
    "read",
]

_SIGNED_PRESENCE = frozenset({TopicKind.BIRTH, TopicKind.HEARTBEAT})


@dataclass(frozen=True, slots=True)
class GateKey:
    """The key that signs a gate's messages (32 bytes), or empty before it is enrolled."""

    public_key: bytes
    is_revoked: bool = False


@dataclass(frozen=True, slots=True)
class BatchArrival:
    """A batch of which every leaf, commitment and the signature hold."""

    gate: str
    batch: Batch


@dataclass(frozen=True, slots=True)
class PresenceArrival:
    """A birth or heartbeat as received; whether it is believed depends on what was heard before."""

    gate: str
    is_birth: bool
    payload: bytes
    public_key: bytes


@dataclass(frozen=True, slots=True)
class StateArrival:
    """The unsigned retained state, for display only."""

    gate: str
    online: bool
    boot_id: bytes


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something that a person must look at; `detail` names fields and numbers only."""

    gate: str
    reason: ReasonCode
    detail: str = ""
    epoch: int | None = None
    seq: int | None = None


Arrival = BatchArrival | PresenceArrival | StateArrival | Trouble


def read(message: Message, site: SiteId, keys: Mapping[str, GateKey]) -> Arrival | None:
    """Return what a message is; None for kinds that ingest does not store."""
    try:
        topic = parse(message.topic)
    except ContractError as error:
        return Trouble("", error.code, "topic")
    if topic.site != site:
        return Trouble("", ReasonCode.WRONG_AUDIENCE, "site")
    gate = str(topic.gate)
    if topic.kind is TopicKind.STATE:
        return _state(gate, message.payload)
    if topic.kind is not TopicKind.EVENTS and topic.kind not in _SIGNED_PRESENCE:
        return None
    if message.retain:
        return Trouble(gate, ReasonCode.RETAINED, topic.kind.value)
    key = keys.get(gate)
    if key is None or not key.public_key:
        return Trouble(gate, ReasonCode.UNKNOWN_KEY, topic.kind.value)
    if key.is_revoked:
        return Trouble(gate, ReasonCode.REVOKED, topic.kind.value)
    if topic.kind is TopicKind.EVENTS:
        return _batch(gate, site, message.payload, key.public_key)
    is_birth = topic.kind is TopicKind.BIRTH
    return PresenceArrival(gate, is_birth, message.payload, key.public_key)


def _batch(gate: str, site: SiteId, payload: bytes, public_key: bytes) -> BatchArrival | Trouble:
    try:
        batch = open_batch(payload, public_key)
    except ContractError as error:
        return Trouble(gate, error.code, TopicKind.EVENTS.value)
    if (batch.header.site, batch.header.gate) != (site, gate):
        return Trouble(gate, ReasonCode.WRONG_AUDIENCE, TopicKind.EVENTS.value)
    return BatchArrival(gate, batch)


def _state(gate: str, payload: bytes) -> StateArrival | Trouble | None:
    if not payload:
        return None
    try:
        state = msgspec.json.decode(payload, type=GateState)
        return StateArrival(gate, state.online, id_from_text(state.boot))
    except (msgspec.DecodeError, msgspec.ValidationError, ContractError):
        return Trouble(gate, ReasonCode.WRONG_SHAPE, TopicKind.STATE.value)
