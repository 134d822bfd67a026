import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future

import pytest

from edge.adapters.memory_store import CountedSalts, MemoryDisk, MemoryStore
from edge.domain.effects import MemoryKind, Record, Remember
from edge.domain.model import Moment
from edge.domain.ports import Boot, Commit, Committed
from edge.gate import committer as module
from edge.gate.committer import Committer
from edge.gate.gap import FACTS_LIMIT, Gap
from mqtt.contract import codec
from mqtt.contract.errors import StorageError
from mqtt.contract.events import AdapterKind, EventKind, Leaf, Outcome, Personal
from mqtt.contract.reasons import ReasonCode

SOON_S = 5.0


def work(number: int = 0, *facts: Remember) -> Commit:
    record = Record(EventKind.DECISION, Outcome.GRANTED, ReasonCode.GRANTED, AdapterKind.SIMULATED)
    return Commit(Moment(number, 1_795_000_000_000 + number), 1, (record,), facts)


@pytest.fixture
def disk() -> MemoryDisk:
    return MemoryDisk()


@pytest.fixture
def boots() -> list[Boot]:
    return []


@pytest.fixture
def writer(disk: MemoryDisk, boots: list[Boot]) -> Iterator[Committer]:
    store = MemoryStore(disk, "lake-garden", "gate-north", salt_source=CountedSalts(1))
    made = Committer(store, AdapterKind.SIMULATED, reopened=boots.append, first_pause_s=0.01)
    made.start()
    yield made
    disk.faults.stall = disk.faults.refusal = None
    made.stop()


def stored(disk: MemoryDisk, epoch: int = 1) -> list[tuple[EventKind, int]]:
    found = [codec.decode(event.leaf, Leaf) for event in disk.epochs[epoch].events]
    return [(leaf.kind, leaf.boot_mono_ms) for leaf in found]


def note_of(disk: MemoryDisk, seq: int, epoch: int = 1) -> str:
    personal = disk.epochs[epoch].events[seq].personal
    assert personal is not None
    return codec.decode(personal[1], Personal).note


def wait_until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + SOON_S
    while not true():
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.002)


def reason_of(future: "Future[Committed]") -> ReasonCode:
    error = future.exception(SOON_S)
    assert isinstance(error, StorageError)
    return error.code


def test_commits_are_written_in_order(writer: Committer, disk: MemoryDisk) -> None:
    futures = [writer.submit(work(number)) for number in range(200)]
    assert [future.result(SOON_S).first_seq for future in futures] == list(range(200))
    assert [mono_ms for _, mono_ms in stored(disk)] == list(range(200))


def test_a_stalled_disk_holds_up_nobody_and_the_commit_is_durable_later(
    writer: Committer, disk: MemoryDisk
) -> None:
    disk.faults.stall = lambda: time.sleep(0.5)
    began = time.monotonic()
    future = writer.submit(work())
    assert time.monotonic() - began < 0.05
    assert not future.done()
    assert future.result(SOON_S) == Committed(1, 0, 1)
    assert len(stored(disk)) == 1


def test_commits_overtake_other_work(writer: Committer, disk: MemoryDisk) -> None:
    order: list[str] = []
    disk.faults.stall = lambda: time.sleep(0.02)
    writer.submit(work())
    jobs = [writer.ask(lambda _: order.append("job")) for _ in range(3)]
    commit = writer.submit(work())
    commit.add_done_callback(lambda _: order.append("commit"))
    for job in jobs:
        job.result(SOON_S)
    assert order == ["commit", "job", "job", "job"]


def test_what_a_job_returns_or_raises_comes_back(writer: Committer) -> None:
    assert writer.ask(lambda log: log.heads()[0].epoch).result(SOON_S) == 1
    refused = writer.ask(lambda log: log.root_at(99))
    assert isinstance(refused.exception(SOON_S), StorageError)
    crashed = writer.ask(lambda _: 1 // 0)
    assert isinstance(crashed.exception(SOON_S), ZeroDivisionError)
    assert writer.submit(work()).result(SOON_S).first_seq == 0


def test_F09_what_a_full_disk_refused_is_counted_and_told_when_it_answers(
    writer: Committer, disk: MemoryDisk
) -> None:
    writer.submit(work(1)).result(SOON_S)
    disk.faults.refusal = ReasonCode.DISK_FULL
    fact = Remember(MemoryKind.BURNT, b"id", b"1")
    lost = [writer.submit(work(number, fact)) for number in (2, 3, 4)]
    assert [reason_of(future) for future in lost] == [ReasonCode.DISK_FULL] * 3
    assert writer.failure is ReasonCode.DISK_FULL
    disk.faults.refusal = None
    assert writer.submit(work(5)).result(SOON_S).first_seq == 2
    kinds = [kind for kind, _ in stored(disk)]
    assert kinds == [EventKind.DECISION, EventKind.GAP, EventKind.DECISION]
    start = 1_795_000_000_000
    assert note_of(disk, 1) == f"count=3 first_ms={start + 2} last_ms={start + 4}"
    assert disk.memory["burnt", b"id"] == (b"1", 0)
    assert writer.failure is None


def test_the_gap_is_told_without_a_further_event(writer: Committer, disk: MemoryDisk) -> None:
    disk.faults.refusal = ReasonCode.DISK_FULL
    assert reason_of(writer.submit(work(1))) is ReasonCode.DISK_FULL
    time.sleep(0.05)
    assert stored(disk) == []
    disk.faults.refusal = None
    wait_until(lambda: bool(disk.epochs[1].events))
    assert stored(disk) == [(EventKind.GAP, 1)]
    wait_until(lambda: writer.failure is None)


def test_a_database_damaged_while_it_runs_is_opened_again(
    writer: Committer, disk: MemoryDisk, boots: list[Boot]
) -> None:
    writer.submit(work(1)).result(SOON_S)
    disk.faults.refusal, disk.faults.damaged = ReasonCode.DATABASE_CORRUPT, True
    assert reason_of(writer.submit(work(2))) is ReasonCode.DATABASE_CORRUPT
    disk.faults.refusal = None
    wait_until(lambda: len(disk.epochs) == 2 and bool(disk.epochs[2].events))
    assert stored(disk, 2) == [(EventKind.GAP, 2)]
    assert [(boot.epoch, boot.quarantined) for boot in boots] == [(2, True)]
    assert writer.submit(work(3)).result(SOON_S).epoch == 2


def test_a_store_that_cannot_be_opened_is_opened_later(disk: MemoryDisk, boots: list[Boot]) -> None:
    class Absent(MemoryStore):
        tries = 0

        def open(self) -> Boot:
            self.tries += 1
            if self.tries < 3:
                raise StorageError(ReasonCode.DATABASE_UNAVAILABLE)
            return super().open()

    store = Absent(disk, "lake-garden", "gate-north", salt_source=CountedSalts(1))
    writer = Committer(store, AdapterKind.SIMULATED, reopened=boots.append, first_pause_s=0.01)
    assert writer.start() is None
    assert reason_of(writer.submit(work(1))) is ReasonCode.DATABASE_UNAVAILABLE
    wait_until(lambda: bool(boots))
    assert writer.submit(work(2)).result(SOON_S).first_seq == 1
    assert [kind for kind, _ in stored(disk)] == [EventKind.GAP, EventKind.DECISION]
    writer.stop()


def test_what_only_a_person_can_cure_is_raised_at_start(disk: MemoryDisk) -> None:
    owner = MemoryStore(disk, "lake-garden", "gate-north", salt_source=CountedSalts(1))
    owner.open()
    second = MemoryStore(disk, "lake-garden", "gate-north", salt_source=CountedSalts(2))
    with pytest.raises(StorageError) as caught:
        Committer(second, AdapterKind.SIMULATED).start()
    assert caught.value.code is ReasonCode.DATABASE_LOCKED


def test_the_queue_before_a_stalled_disk_is_bounded(
    writer: Committer, disk: MemoryDisk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "QUEUE_LIMIT", 5)
    disk.faults.stall = lambda: time.sleep(0.1)
    futures = [writer.submit(work(number)) for number in range(9)]
    disk.faults.stall = None
    refused = sum(future.exception(SOON_S) is not None for future in futures)
    assert refused in {3, 4}
    gaps = [seq for seq, (kind, _) in enumerate(stored(disk)) if kind is EventKind.GAP]
    assert sum(int(note_of(disk, seq).split()[0][6:]) for seq in gaps) == refused


def test_a_waiter_that_gave_up_does_not_end_the_writer(writer: Committer, disk: MemoryDisk) -> None:
    disk.faults.stall = lambda: time.sleep(0.05)
    writer.submit(work(1))
    writer.submit(work(2)).cancel()
    assert writer.submit(work(3)).result(SOON_S).first_seq == 2


def test_stopping_writes_what_is_queued_and_closes(disk: MemoryDisk) -> None:
    store = MemoryStore(disk, "lake-garden", "gate-north", salt_source=CountedSalts(1))
    writer = Committer(store, AdapterKind.SIMULATED)
    writer.start()
    disk.faults.stall = lambda: time.sleep(0.005)
    futures = [writer.submit(work(number)) for number in range(10)]
    job = writer.ask(lambda log: log.heads()[-1].size)
    writer.stop()
    assert all(future.done() for future in futures)
    assert job.result(0) == 10
    assert not disk.is_owned


def test_facts_that_wait_are_bounded() -> None:
    gap = Gap()
    for number in range(FACTS_LIMIT + 5):
        gap.lose(work(number, Remember(MemoryKind.BURNT, number.to_bytes(4, "big"), b"")))
    due = gap.due(AdapterKind.REAL)
    assert due is not None
    assert len(due.memory) == FACTS_LIMIT
    assert due.memory[-1].key == (FACTS_LIMIT + 4).to_bytes(4, "big")


def test_no_gap_no_record() -> None:
    assert Gap().due(AdapterKind.REAL) is None
