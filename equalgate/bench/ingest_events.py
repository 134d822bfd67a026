"""Make what many gates send: signed batches with personal parts, as a day at a door gives them."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass

from equalgate.bench.gate_papers import SITE
from equalgate.bench.gate_rig import NOON_MS
from mqtt.contract import audit, codec
from mqtt.contract.envelope import Ed25519Signer
from mqtt.contract.events import (
    LEAF_VERSION,
    AdapterKind,
    BatchHeader,
    Direction,
    EventKind,
    Leaf,
    Method,
    Outcome,
    Personal,
    seal_batch,
)
from mqtt.contract.ids import GateId
from mqtt.contract.reasons import ReasonCode

__all__ = ["Backlog", "gate_names", "make_backlog", "make_signers"]

_EPOCH = 1


@dataclass(frozen=True, slots=True)
class Backlog:
    """The batches of one gate in order; `ends[i]` is the number of events up to batch `i`."""

    gate: GateId
    payloads: tuple[bytes, ...]
    ends: tuple[int, ...]

    @property
    def events(self) -> int:
        """Return how many events there are."""
        return self.ends[-1]


def gate_names(count: int) -> tuple[GateId, ...]:
    """Return the names of `count` gates."""
    return tuple(GateId(f"gate-{number:03}") for number in range(count))


def make_signers(names: tuple[GateId, ...]) -> Mapping[GateId, Ed25519Signer]:
    """Draw a key for each gate."""
    return {name: Ed25519Signer.from_seed(secrets.token_bytes(32)) for name in names}


def make_backlog(gate: GateId, signer: Ed25519Signer, count: int, size: int) -> Backlog:
    """Make `count` events of one gate in batches of `size`."""
    payloads, ends = [], []
    for first in range(0, count, size):
        upto = min(first + size, count)
        payloads.append(_batch(gate, signer, first, upto))
        ends.append(upto)
    return Backlog(gate, tuple(payloads), tuple(ends))


def _batch(gate: GateId, signer: Ed25519Signer, first: int, upto: int) -> bytes:
    made = [_event(gate, seq) for seq in range(first, upto)]
    leaves = tuple(leaf for leaf, _ in made)
    header = BatchHeader(SITE, gate, _EPOCH, first, leaves)
    return seal_batch(header, tuple(part for _, part in made), signer)


def _event(gate: GateId, seq: int) -> tuple[bytes, tuple[bytes, bytes]]:
    """Make one event; every second is the passage that follows its decision."""
    person = Personal(b"h" + (seq % 500).to_bytes(7, "big"), b"c" + (seq % 500).to_bytes(7, "big"))
    part = codec.encode(person)
    salt = secrets.token_bytes(audit.SALT_BYTES)
    is_passage = seq % 2 == 1
    leaf = Leaf(
        version=LEAF_VERSION,
        site=SITE,
        gate=gate,
        epoch=_EPOCH,
        seq=seq,
        kind=EventKind.PASSAGE if is_passage else EventKind.DECISION,
        access_point=f"{gate}-in",
        method=Method.FOB,
        outcome=Outcome.ENTERED if is_passage else Outcome.GRANTED,
        reason=ReasonCode.GRANTED,
        at_s=NOON_MS // 1000 + seq,
        boot_mono_ms=1_000 * seq,
        clock_level=0,
        policy_version=1,
        intent_to_unlock_ms=40,
        direction=Direction.IN,
        adapter_kind=AdapterKind.SIMULATED,
        cause_seq=seq - 1 if is_passage else -1,
        commitment=audit.commitment(salt, part),
    )
    return codec.encode(leaf), (salt, part)
