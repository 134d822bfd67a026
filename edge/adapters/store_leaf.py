"""Turn the records of one commit into leaves of the gate's log; both stores use this one.

The personal part lies beside the leaf with a random salt; the leaf holds only the commitment to
it (DESIGN §6, PIPL Art. 47).
"""

from collections.abc import Callable
from dataclasses import dataclass

import msgspec

from edge.domain.effects import PREVIOUS_RECORD, Record
from edge.domain.ports import Commit, StoredEvent
from mqtt.contract import audit, codec
from mqtt.contract.events import (
    LEAF_VERSION,
    NOTE_CHARACTERS,
    EventKind,
    Leaf,
    Outcome,
    Personal,
)

__all__ = [
    "LeafBuilder",
    "SaltSource",
    "is_lasting",
    "unfinished_decisions",
]

SaltSource = Callable[[], bytes]
"""Gives 16 fresh random bytes a call."""

_LASTING = frozenset({EventKind.GAP, EventKind.BOOT, EventKind.ERASURE})
_OUTCOMES = frozenset({Outcome.ENTERED, Outcome.NOT_ENTERED, Outcome.UNKNOWN})


def is_lasting(kind: EventKind) -> bool:
    """Tell whether this kind's personal part tells a count and no person; retention keeps it."""
    return kind in _LASTING


@dataclass(frozen=True, slots=True)
class LeafBuilder:
    """Builds the events of one site and gate.

    Whatever a clock or a caller says, the leaf keeps the bounds of the wire: one leaf that no
    controller accepts would hold up every event behind it.
    """

    site: str
    gate: str
    salt_source: SaltSource

    def build(self, work: Commit, epoch: int, first_seq: int) -> list[tuple[StoredEvent, bool]]:
        """Return the events with their numbers, each with whether its personal part is lasting."""
        built = []
        for seq, record in enumerate(work.records, start=first_seq):
            cause_seq = record.cause_seq
            if cause_seq == PREVIOUS_RECORD:
                cause_seq = seq - 1 if seq > first_seq else -1
            event = self._event(work, record, epoch, seq, cause_seq)
            built.append((event, is_lasting(record.kind)))
        return built

    def _event(
        self, work: Commit, record: Record, epoch: int, seq: int, cause_seq: int
    ) -> StoredEvent:
        personal = self._personal(record.personal)
        leaf = Leaf(
            version=LEAF_VERSION,
            site=self.site,
            gate=self.gate,
            epoch=epoch,
            seq=seq,
            kind=record.kind,
            access_point=record.access_point,
            method=record.method,
            outcome=record.outcome,
            reason=record.reason,
            at_s=max(0, work.at.utc_ms // 1000),
            boot_mono_ms=max(0, work.at.mono_ms),
            clock_level=int(work.at.trust),
            policy_version=work.policy_version,
            intent_to_unlock_ms=max(-1, record.intent_to_unlock_ms),
            direction=record.direction,
            adapter_kind=record.adapter_kind,
            cause_seq=cause_seq,
            commitment=audit.commitment(*personal) if personal else b"",
        )
        return StoredEvent(seq, codec.encode(leaf), personal)

    def _personal(self, personal: Personal | None) -> tuple[bytes, bytes] | None:
        if personal is None:
            return None
        kept = msgspec.structs.replace(personal, note=personal.note[:NOTE_CHARACTERS])
        return self.salt_source(), codec.encode(kept)


def unfinished_decisions(leaves: list[bytes]) -> tuple[int, ...]:
    """Return the numbers of granted decisions that no later leaf gives an outcome, in order.

    A gate that was killed between the relay and the outcome finds them here and records the
    outcome as unknown.
    """
    open_decisions: dict[int, None] = {}
    for raw in leaves:
        leaf = codec.decode(raw, Leaf)
        if leaf.kind is EventKind.DECISION and leaf.outcome is Outcome.GRANTED:
            open_decisions[leaf.seq] = None
        elif leaf.kind is EventKind.PASSAGE or leaf.outcome in _OUTCOMES:
            open_decisions.pop(leaf.cause_seq, None)
    return tuple(open_decisions)
