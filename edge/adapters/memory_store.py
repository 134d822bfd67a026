"""The gate's store in memory, deterministic, for the simulator and for tests.

What a real disk would keep lies in a `MemoryDisk`; a `MemoryStore` is one run of the process on
it. A simulated crash drops the store and calls `reopen()`: what was committed is there, nothing
else is.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from edge.adapters.store_facts import SWEEP_EVERY, erasure_record, floor_after
from edge.adapters.store_leaf import LeafBuilder, SaltSource, is_lasting, unfinished_decisions
from edge.domain.effects import Remember
from edge.domain.event_log import LogHead
from edge.domain.model import Moment
from edge.domain.ports import Boot, Commit, Committed, StoredEvent
from mqtt.contract import codec
from mqtt.contract.audit import SALT_BYTES, Frontier, leaf_hash
from mqtt.contract.documents import Held
from mqtt.contract.errors import StorageError
from mqtt.contract.events import Leaf
from mqtt.contract.reasons import ReasonCode
from mqtt.contract.topics import DocumentName

__all__ = ["CountedSalts", "DiskFaults", "MemoryDisk", "MemoryStore"]

_UNFINISHED_WINDOW = 256


@dataclass(slots=True)
class DiskFaults:
    """What goes wrong from now on; a simulation sets the fields.

    `refusal` makes every write fail with this code; `stall` runs before each write and may wait;
    `damaged` and `set_back` are found by the next `open`, which begins a new epoch.
    """

    refusal: ReasonCode | None = None
    stall: Callable[[], None] | None = None
    damaged: bool = False
    set_back: bool = False


@dataclass(slots=True)
class _Epoch:
    events: list[StoredEvent] = field(default_factory=list)
    acked: int = 0
    tree: Frontier = field(default_factory=Frontier)
    asked: Frontier = field(default_factory=Frontier)

    def root_at(self, size: int) -> bytes:
        """Return the root; sizes that rise cost only the new leaves."""
        if size < self.asked.size:
            self.asked = Frontier()
        for event in self.events[self.asked.size : size]:
            self.asked.append(leaf_hash(event.leaf))
        return self.asked.root()


@dataclass(slots=True)
class MemoryDisk:
    """What survives: the epochs, facts, documents, the boot counter and the time floor."""

    epochs: dict[int, _Epoch] = field(default_factory=dict)
    memory: dict[tuple[str, bytes], tuple[bytes, int]] = field(default_factory=dict)
    documents: dict[DocumentName, Held] = field(default_factory=dict)
    boot_counter: int = 0
    floor_ms: int = 0
    is_owned: bool = False
    faults: DiskFaults = field(default_factory=DiskFaults)


class CountedSalts:
    """Salts that differ and repeat from run to run; for simulations only."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._count = 0

    def __call__(self) -> bytes:
        """Return the next salt."""
        self._count += 1
        text = f"simulated salt {self._seed} {self._count}".encode()
        return hashlib.sha256(text).digest()[:SALT_BYTES]


def _no_crash(_: str) -> None:
    return None


class MemoryStore:
    """An `EventLog` over a `MemoryDisk`; takes the same crash points as the real one."""

    def __init__(
        self,
        disk: MemoryDisk,
        site: str,
        gate: str,
        *,
        salt_source: SaltSource,
        crash_point: Callable[[str], None] = _no_crash,
    ) -> None:
        self._disk = disk
        self._site = site
        self._gate = gate
        self._salt_source = salt_source
        self._crash_point = crash_point
        self._builder = LeafBuilder(site, gate, salt_source)
        self._epoch = 0
        self._is_open = False
        self._commits = 0

    @property
    def disk(self) -> MemoryDisk:
        """Return what survives this store."""
        return self._disk

    def reopen(self) -> "MemoryStore":
        """Return the store of the next run of the process; this one is of no use any more."""
        self._is_open = False
        self._disk.is_owned = False
        return MemoryStore(
            self._disk,
            self._site,
            self._gate,
            salt_source=self._salt_source,
            crash_point=self._crash_point,
        )

    def open(self) -> Boot:
        """See `Store.open`."""
        disk = self._disk
        if disk.is_owned and not self._is_open:
            raise StorageError(ReasonCode.DATABASE_LOCKED)
        began = not disk.epochs or disk.faults.damaged or disk.faults.set_back
        quarantined = began and bool(disk.epochs)
        if disk.faults.damaged:
            disk.memory.clear()
        disk.faults.damaged = disk.faults.set_back = False
        if began:
            disk.epochs[max(disk.epochs, default=0) + 1] = _Epoch()
        disk.is_owned = self._is_open = True
        self._epoch = max(disk.epochs)
        self._crash_point("before_boot")
        disk.boot_counter += 1
        self._crash_point("after_boot")
        current = disk.epochs[self._epoch]
        last = [event.leaf for event in current.events[-_UNFINISHED_WINDOW:]]
        return Boot(
            epoch=self._epoch,
            boot_counter=disk.boot_counter,
            size=len(current.events),
            acked=current.acked,
            floor_ms=disk.floor_ms,
            quarantined=quarantined,
            memory={key: value for key, (value, _) in disk.memory.items()},
            unfinished=unfinished_decisions(last),
        )

    def commit(self, work: Commit) -> Committed:
        """See `Store.commit`."""
        current = self._current()
        first_seq = len(current.events)
        built = self._builder.build(work, self._epoch, first_seq)
        self._crash_point("before_commit")
        self._write()
        for event, _ in built:
            current.events.append(event)
            current.tree.append(leaf_hash(event.leaf))
        self._disk.floor_ms = floor_after(self._disk.floor_ms, work.at)
        self._remember(work.memory)
        self._crash_point("after_commit")
        return Committed(self._epoch, first_seq, len(built))

    def _remember(self, facts: Sequence[Remember]) -> None:
        for fact in facts:
            key = (fact.kind.value, fact.key)
            if fact.value is None:
                self._disk.memory.pop(key, None)
            else:
                self._disk.memory[key] = (fact.value, fact.until_ms)
        if self._commits % SWEEP_EVERY == 0:
            kept = self._disk.memory.items()
            floor_ms = self._disk.floor_ms
            self._disk.memory = {
                key: (value, until_ms)
                for key, (value, until_ms) in kept
                if until_ms == 0 or until_ms >= floor_ms
            }
        self._commits += 1

    def read(self, first_seq: int, limit: int) -> Sequence[StoredEvent]:
        """See `Store.read`."""
        return self.read_epoch(self._epoch, first_seq, limit)

    def read_epoch(self, epoch: int, first_seq: int, limit: int) -> Sequence[StoredEvent]:
        """See `EventLog.read_epoch`."""
        self._current()
        found = self._disk.epochs.get(epoch, _Epoch())
        return found.events[first_seq : first_seq + limit]

    def root_at(self, size: int) -> bytes:
        """See `Store.root_at`. Raises StorageError(`not_found`) beyond the log's end."""
        return self.root_of(self._epoch, size)

    def root_of(self, epoch: int, size: int) -> bytes:
        """See `EventLog.root_of`."""
        self._current()
        found = self._disk.epochs.get(epoch, _Epoch())
        if not 0 <= size <= len(found.events):
            raise StorageError(ReasonCode.NOT_FOUND, "beyond the end of the log")
        return found.root_at(size)

    def heads(self) -> Sequence[LogHead]:
        """See `EventLog.heads`."""
        self._current()
        return [
            LogHead(number, len(epoch.events), epoch.acked, epoch.tree.root())
            for number, epoch in sorted(self._disk.epochs.items())
            if number == self._epoch or epoch.acked < len(epoch.events)
        ]

    def mark_acked(self, upto: int) -> None:
        """See `Store.mark_acked`."""
        self.mark_epoch_acked(self._epoch, upto)

    def mark_epoch_acked(self, epoch: int, upto: int) -> None:
        """See `EventLog.mark_epoch_acked`."""
        self._current()
        found = self._disk.epochs[epoch]
        found.acked = min(max(found.acked, upto), len(found.events))

    def begin_epoch(self, at_least: int) -> int:
        """See `EventLog.begin_epoch`."""
        self._current()
        self._write()
        self._epoch = max(self._epoch + 1, at_least)
        self._disk.epochs[self._epoch] = _Epoch()
        return self._epoch

    def erase_personal(
        self, first_seq: int, upto: int, at: Moment, policy_version: int
    ) -> Committed:
        """See `EventLog.erase_personal`."""
        current = self._current()
        committed = self.commit(Commit(at, policy_version, (erasure_record(first_seq, upto),)))
        for at_seq in range(first_seq, min(upto, committed.first_seq)):
            event = current.events[at_seq]
            if not is_lasting(codec.decode(event.leaf, Leaf).kind):
                current.events[at_seq] = StoredEvent(event.seq, event.leaf, None)
        self._crash_point("after_erasure")
        return committed

    def documents(self) -> Mapping[DocumentName, Held]:
        """See `Store.documents`."""
        return dict(self._disk.documents)

    def save_document(self, name: DocumentName, held: Held) -> None:
        """See `Store.save_document`."""
        self._current()
        self._crash_point("before_save_document")
        self._write()
        self._disk.documents[name] = held
        self._crash_point("after_save_document")

    def close(self) -> None:
        """See `Store.close`."""
        if self._is_open:
            self._is_open = self._disk.is_owned = False

    def _current(self) -> _Epoch:
        if not self._is_open:
            raise StorageError(ReasonCode.DATABASE_UNAVAILABLE, "not open")
        return self._disk.epochs[self._epoch]

    def _write(self) -> None:
        faults = self._disk.faults
        if faults.stall is not None:
            faults.stall()
        if faults.refusal is not None:
            raise StorageError(faults.refusal)
