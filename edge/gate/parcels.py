"""Read and seal batches, hold an acknowledgement against the log; runs where the store lives."""

import hmac
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from enum import StrEnum

from edge.domain.event_log import EventLog, LogHead
from edge.domain.ports import StoredEvent
from mqtt.contract import events
from mqtt.contract.envelope import Signer
from mqtt.contract.events import BATCH_LIMIT, Ack, BatchHeader

__all__ = [
    "BATCH_BYTES",
    "Collected",
    "Parcel",
    "Plan",
    "Sealer",
    "Settled",
    "Verdict",
    "collect",
    "settle",
]

BATCH_BYTES = 60 * 1024
"""Most bytes of leaves and personal parts in a batch, below the 64 KiB limit of a message."""
_FRAME_BYTES = 16


@dataclass(frozen=True, slots=True)
class Parcel:
    """One sealed batch: events of `epoch` with `first_seq` <= seq < `upto`."""

    epoch: int
    first_seq: int
    upto: int
    payload: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Sealer:
    """Seals batches for one gate."""

    site: str
    gate: str
    signer: Signer

    def seal(self, epoch: int, found: Sequence[StoredEvent]) -> Parcel:
        """Seal as many of the events as fit one message, at least one."""
        taken, size = 0, 0
        for event in found[:BATCH_LIMIT]:
            salt, personal = event.personal or (b"", b"")
            size += len(event.leaf) + len(salt) + len(personal) + _FRAME_BYTES
            if taken and size > BATCH_BYTES:
                break
            taken += 1
        batch, first_seq = found[:taken], found[0].seq
        leaves = tuple(event.leaf for event in batch)
        header = BatchHeader(self.site, self.gate, epoch, first_seq, leaves)
        personal_parts = tuple(event.personal for event in batch)
        payload = events.seal_batch(header, personal_parts, self.signer)
        return Parcel(epoch, first_seq, first_seq + taken, payload)


@dataclass(frozen=True, slots=True)
class Plan:
    """What to read: from which number in which epoch, and how many batches."""

    cursors: Mapping[int, int]
    resting: AbstractSet[int]
    room: int


@dataclass(frozen=True, slots=True)
class Collected:
    """What was read: how the log stands, and sealed batches in order."""

    heads: Sequence[LogHead]
    parcels: Sequence[Parcel]


def collect(log: EventLog, plan: Plan, sealer: Sealer) -> Collected:
    """Read and seal the next batches. Raises StorageError, ContractError."""
    heads = log.heads()
    parcels: list[Parcel] = []
    for head in heads:
        seq = plan.cursors.get(head.epoch, head.acked)
        while seq < head.size and len(parcels) < plan.room and head.epoch not in plan.resting:
            found = log.read_epoch(head.epoch, seq, BATCH_LIMIT)
            if not found or found[0].seq != seq:
                break
            parcels.append(sealer.seal(head.epoch, found))
            seq = parcels[-1].upto
    return Collected(heads, parcels)


class Verdict(StrEnum):
    """What an acknowledgement was worth."""

    TAKEN = "taken"
    FORK = "fork"
    SET_BACK = "set_back"
    IGNORED = "ignored"


@dataclass(frozen=True, slots=True)
class Settled:
    """An acknowledgement after it was held against the log.

    `is_news` tells that it covers more than any before it, so that nobody replayed it.
    """

    verdict: Verdict
    epoch: int
    upto: int
    is_news: bool = False


def settle(log: EventLog, ack: Ack) -> Settled:
    """Hold a verified acknowledgement against the log, mark what it covers. Raises StorageError."""
    heads = {head.epoch: head for head in log.heads()}
    current = max(heads)
    if ack.epoch > current or (ack.epoch == current and ack.upto > heads[current].size):
        log.begin_epoch(ack.epoch + 1)
        return Settled(Verdict.SET_BACK, ack.epoch, ack.upto)
    head = heads.get(ack.epoch)
    if head is None:
        return Settled(Verdict.IGNORED, ack.epoch, ack.upto)
    upto = min(ack.upto, head.size)
    root = log.root_of(ack.epoch, upto) if upto == ack.upto else b""
    if root and not hmac.compare_digest(root, ack.root):
        return Settled(Verdict.FORK, ack.epoch, ack.upto)
    log.mark_epoch_acked(ack.epoch, upto)
    return Settled(Verdict.TAKEN, ack.epoch, upto, is_news=upto > head.acked)
