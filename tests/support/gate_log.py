"""Build logs, acknowledgements and a controller's memory for tests of the gate's uplink."""

from dataclasses import dataclass, field

from edge.adapters.memory_store import CountedSalts, MemoryDisk, MemoryStore
from edge.domain.effects import Record
from edge.domain.event_log import EventLog
from edge.domain.model import Moment
from edge.domain.ports import Commit
from mqtt.contract import events
from mqtt.contract.audit import Frontier, leaf_hash
from mqtt.contract.envelope import Ed25519Signer, key_id
from mqtt.contract.events import Ack, AdapterKind, EventKind, Outcome, Personal
from mqtt.contract.reasons import ReasonCode
from mqtt.contract.versions import READS

__all__ = [
    "ACK_KEYS",
    "ACK_SIGNER",
    "GATE",
    "GATE_SIGNER",
    "NOON_MS",
    "SITE",
    "FakeController",
    "decision",
    "fill",
    "memory_store",
    "moment",
]

SITE, GATE = "lake-garden", "gate-north"
NOON_MS = 1_795_000_000_000
GATE_SIGNER = Ed25519Signer.from_seed(b"g" * 32)
ACK_SIGNER = Ed25519Signer.from_seed(b"a" * 32)
ACK_KEYS = {key_id(ACK_SIGNER.public_key): ACK_SIGNER.public_key}


def moment(mono_ms: int = 1_000) -> Moment:
    return Moment(mono_ms, NOON_MS + mono_ms)


def decision() -> Record:
    return Record(
        EventKind.DECISION,
        Outcome.DENIED,
        ReasonCode.UNKNOWN_CREDENTIAL,
        AdapterKind.SIMULATED,
        personal=Personal(b"holder-1", b"credent1"),
    )


def fill(log: EventLog, count: int) -> None:
    while count > 0:
        part = min(count, 1000)
        log.commit(Commit(moment(), 1, tuple(decision() for _ in range(part))))
        count -= part


def memory_store(disk: MemoryDisk | None = None) -> MemoryStore:
    store = MemoryStore(disk or MemoryDisk(), SITE, GATE, salt_source=CountedSalts(1))
    store.open()
    return store


@dataclass(slots=True)
class _Held:
    leaves: list[bytes] = field(default_factory=list)
    tree: Frontier = field(default_factory=Frontier)


class FakeController:
    """Keeps leaves by (epoch, seq) as an ingest would: once and in order."""

    def __init__(self) -> None:
        self.held: dict[int, _Held] = {}
        self.doubles = 0
        self.gaps = 0
        self.order: list[tuple[int, int]] = []

    def take(self, payload: bytes) -> bytes:
        """Commit a batch and return the signed acknowledgement."""
        batch = events.open_batch(payload, GATE_SIGNER.public_key)
        held = self.held.setdefault(batch.header.epoch, _Held())
        for seq, raw in enumerate(batch.header.leaves, start=batch.header.first_seq):
            if seq < len(held.leaves):
                assert held.leaves[seq] == raw, "another leaf for one number"
                self.doubles += 1
            elif seq == len(held.leaves):
                held.leaves.append(raw)
                held.tree.append(batch.hashes[seq - batch.header.first_seq])
                self.order.append((batch.header.epoch, seq))
            else:
                self.gaps += 1
        return self.ack(batch.header.epoch)

    def ack(self, epoch: int) -> bytes:
        held = self.held.get(epoch, _Held())
        return self.sealed(epoch, len(held.leaves), held.tree.root())

    @staticmethod
    def sealed(epoch: int, upto: int, root: bytes, signer: Ed25519Signer = ACK_SIGNER) -> bytes:
        return events.seal_ack(Ack(SITE, GATE, epoch, upto, root, dict(READS)), signer)

    def forget(self, epoch: int, upto: int) -> None:
        """Go back to a backup."""
        held = _Held()
        leaves = self.held[epoch].leaves[:upto]
        for raw in leaves:
            held.leaves.append(raw)
            held.tree.append(leaf_hash(raw))
        self.held[epoch] = held
