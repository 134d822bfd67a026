"""One suite for both stores: what SQLite does, the one in memory does too."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol

import pytest

from edge.adapters.memory_store import CountedSalts, MemoryDisk, MemoryStore
from edge.adapters.store import SqliteStore
from edge.adapters.store_facts import SWEEP_EVERY
from edge.domain.effects import PREVIOUS_RECORD, MemoryKind, Record, Remember
from edge.domain.event_log import EventLog
from edge.domain.model import ClockTrust, Moment
from edge.domain.ports import Commit
from mqtt.contract import audit, codec
from mqtt.contract.documents import Held, digest_of
from mqtt.contract.errors import StorageError
from mqtt.contract.events import AdapterKind, EventKind, Leaf, Outcome, Personal
from mqtt.contract.reasons import ReasonCode
from mqtt.contract.topics import DocumentName

SITE, GATE = "lake-garden", "gate-north"
NOON_MS = 1_795_000_000_000


class Place(Protocol):
    """Where a store lives; each call of `store()` is a new run of the process on the same disk."""

    def store(self) -> EventLog: ...


class SqlitePlace:
    def __init__(self, folder: Path) -> None:
        self._path = folder / "gate.db"

    def store(self) -> EventLog:
        return SqliteStore(self._path, SITE, GATE, ballast_bytes=0)


class MemoryPlace:
    def __init__(self) -> None:
        self._disk = MemoryDisk()

    def store(self) -> EventLog:
        return MemoryStore(self._disk, SITE, GATE, salt_source=CountedSalts(1))


@pytest.fixture(params=["sqlite", "memory"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    return SqlitePlace(tmp_path) if request.param == "sqlite" else MemoryPlace()


@pytest.fixture
def store(place: Place) -> Iterator[EventLog]:
    opened = place.store()
    opened.open()
    yield opened
    opened.close()


def moment(mono_ms: int = 1_000, trust: ClockTrust = ClockTrust.SYNCED) -> Moment:
    return Moment(mono_ms, NOON_MS + mono_ms, trust)


def decision(**changes: object) -> Record:
    fields: dict[str, object] = {
        "kind": EventKind.DECISION,
        "outcome": Outcome.GRANTED,
        "reason": ReasonCode.GRANTED,
        "adapter_kind": AdapterKind.SIMULATED,
        "access_point": "north-in",
        "personal": Personal(b"holder-1", b"credent1"),
    }
    return Record(**(fields | changes))  # type: ignore[arg-type]  # the overrides are checked by use


def outcome_of(cause_seq: int) -> Record:
    return decision(kind=EventKind.PASSAGE, outcome=Outcome.ENTERED, cause_seq=cause_seq)


def commit(store: EventLog, *records: Record, **changes: object) -> int:
    work = Commit(moment(), 7, records, **changes)  # type: ignore[arg-type]  # see above
    return store.commit(work).first_seq


def leaves(store: EventLog) -> list[Leaf]:
    return [codec.decode(event.leaf, Leaf) for event in store.read(0, 1000)]


def facts_of(store: EventLog) -> int:
    store.close()
    return len(store.open().memory)


def document(version: int, count: int) -> Held:
    records = {f"credentials/{number}": bytes([number % 256]) * 40 for number in range(count)}
    return Held(version, digest_of(records), records)


def test_first_open_begins_epoch_1(place: Place) -> None:
    store = place.store()
    boot = store.open()
    assert (boot.epoch, boot.boot_counter, boot.size, boot.acked) == (1, 1, 0, 0)
    assert (boot.quarantined, dict(boot.memory), tuple(boot.unfinished)) == (False, {}, ())
    assert store.root_at(0) == audit.EMPTY_ROOT
    store.close()


def test_every_field_reaches_the_leaf(store: EventLog) -> None:
    commit(store, decision(intent_to_unlock_ms=212, cause_seq=5))
    leaf = leaves(store)[0]
    assert (leaf.site, leaf.gate, leaf.epoch, leaf.seq) == (SITE, GATE, 1, 0)
    assert (leaf.at_s, leaf.boot_mono_ms, leaf.clock_level) == (NOON_MS // 1000 + 1, 1_000, 0)
    assert (leaf.policy_version, leaf.intent_to_unlock_ms, leaf.cause_seq) == (7, 212, 5)
    assert (leaf.kind, leaf.outcome, leaf.reason) == ("decision", "granted", "granted")


def test_the_personal_part_lies_beside_the_leaf_and_is_bound(store: EventLog) -> None:
    commit(store, decision(), decision(personal=None))
    with_person, without = store.read(0, 2)
    assert with_person.personal is not None
    salt, personal = with_person.personal
    assert b"holder-1" not in with_person.leaf
    assert len(salt) == audit.SALT_BYTES
    leaf = codec.decode(with_person.leaf, Leaf)
    assert leaf.commitment == audit.commitment(salt, personal)
    assert codec.decode(personal, Personal).holder == b"holder-1"
    assert without.personal is None
    assert codec.decode(without.leaf, Leaf).commitment == b""


def test_salts_differ(store: EventLog) -> None:
    commit(store, *[decision() for _ in range(20)])
    salts = {event.personal[0] for event in store.read(0, 20) if event.personal}
    assert len(salts) == 20


def test_F05_fifty_events_of_the_same_millisecond_are_fifty(store: EventLog) -> None:
    for _ in range(50):
        commit(store, decision())
    assert [leaf.seq for leaf in leaves(store)] == list(range(50))


def test_a_record_can_name_the_one_before_it_as_its_cause(store: EventLog) -> None:
    commit(store, decision())
    caused = decision(cause_seq=PREVIOUS_RECORD)
    commit(store, decision(), caused, caused, decision(cause_seq=0))
    assert [leaf.cause_seq for leaf in leaves(store)] == [-1, -1, 1, 2, 0]


def test_a_first_record_has_no_record_before_it(store: EventLog) -> None:
    commit(store, decision())
    commit(store, decision(cause_seq=PREVIOUS_RECORD))
    assert leaves(store)[1].cause_seq == -1


def test_roots_are_those_of_the_tree_at_every_size(store: EventLog) -> None:
    for _ in range(21):
        commit(store, decision(), decision())
    hashes = [audit.leaf_hash(event.leaf) for event in store.read(0, 100)]
    for size in (42, 0, 1, 2, 3, 17, 16, 41, 42):
        assert store.root_at(size) == audit.root_of(hashes[:size])
    assert store.heads()[-1].root == audit.root_of(hashes)


def test_a_root_beyond_the_end_is_refused(store: EventLog) -> None:
    commit(store, decision())
    with pytest.raises(StorageError) as caught:
        store.root_at(2)
    assert caught.value.code is ReasonCode.NOT_FOUND


def test_what_was_committed_is_there_after_a_restart(place: Place) -> None:
    store = place.store()
    store.open()
    commit(store, *[decision() for _ in range(5)])
    store.mark_acked(3)
    before, root = store.read(0, 10), store.root_at(5)
    store.close()
    again = place.store()
    boot = again.open()
    assert (boot.epoch, boot.boot_counter, boot.size, boot.acked) == (1, 2, 5, 3)
    assert again.read(0, 10) == before
    assert again.root_at(5) == root
    assert commit(again, decision()) == 5
    again.close()


def test_facts_survive_are_replaced_and_forgotten(place: Place) -> None:
    store = place.store()
    store.open()
    burnt, hold = MemoryKind.BURNT, MemoryKind.HOLD
    commit(store, memory=(Remember(burnt, b"a", b"1"), Remember(hold, b"a", b"2", NOON_MS * 2)))
    commit(store, memory=(Remember(burnt, b"b", b"3"), Remember(burnt, b"a", b"4")))
    commit(store, memory=(Remember(burnt, b"b", None), Remember(burnt, b"never", None)))
    store.close()
    again = place.store()
    memory = dict(again.open().memory)
    assert memory == {("burnt", b"a"): b"4", ("hold", b"a"): b"2"}
    again.close()


def test_G05_facts_of_a_million_ids_are_swept_when_they_expire(store: EventLog) -> None:
    old = [Remember(MemoryKind.BURNT, bytes([i % 256, i // 256]), b"", 5) for i in range(3_000)]
    commit(store, memory=old)
    for _ in range(SWEEP_EVERY):
        commit(store, memory=(Remember(MemoryKind.BURNT, b"now", b"", NOON_MS * 2),))
    assert facts_of(store) == 1


def test_a_granted_decision_without_outcome_is_unfinished(place: Place) -> None:
    store = place.store()
    store.open()
    commit(store, decision(), decision(), decision(outcome=Outcome.DENIED))
    commit(store, outcome_of(0))
    store.close()
    again = place.store()
    assert tuple(again.open().unfinished) == (1,)
    commit(again, decision(outcome=Outcome.UNKNOWN, kind=EventKind.PASSAGE, cause_seq=1))
    again.close()
    last = place.store()
    assert tuple(last.open().unfinished) == ()
    last.close()


def test_E05_the_time_floor_never_goes_back_and_an_unknown_clock_does_not_move_it(
    place: Place,
) -> None:
    store = place.store()
    store.open()
    commit(store, decision())
    far = Moment(2_000, NOON_MS + 10**9, ClockTrust.UNKNOWN)
    store.commit(Commit(far, 7, (decision(),)))
    early = Moment(3_000, NOON_MS - 10**9, ClockTrust.HOLDOVER)
    assert store.commit(Commit(early, 7, (decision(),))).first_seq == 2
    store.close()
    again = place.store()
    assert again.open().floor_ms == NOON_MS + 1_000
    assert [leaf.clock_level for leaf in leaves(again)] == [0, 2, 1]
    again.close()


def test_documents_are_replaced_whole(place: Place) -> None:
    store = place.store()
    store.open()
    name = DocumentName.CREDENTIALS
    store.save_document(name, document(1, 50))
    store.save_document(name, document(2, 20))
    changed = dict(document(2, 20).records) | {"credentials/3": b"new"}
    third = Held(3, digest_of(changed), changed)
    store.save_document(name, third)
    store.save_document(DocumentName.ROSTER, document(1, 2))
    store.close()
    again = place.store()
    again.open()
    assert again.documents() == {name: third, DocumentName.ROSTER: document(1, 2)}
    again.close()


def test_an_ack_is_never_lowered_and_never_beyond_the_log(store: EventLog) -> None:
    commit(store, *[decision() for _ in range(4)])
    acked = []
    for upto in (2, 1, 99):
        store.mark_acked(upto)
        acked.append(store.heads()[-1].acked)
    assert acked == [2, 2, 4]


def test_a_new_epoch_starts_at_0_and_the_old_one_is_still_pending(place: Place) -> None:
    store = place.store()
    store.open()
    commit(store, *[decision() for _ in range(5)])
    store.mark_acked(2)
    old_root = store.root_at(5)
    assert store.begin_epoch(at_least=9) == 9
    assert commit(store, decision()) == 0
    store.close()
    again = place.store()
    boot = again.open()
    assert (boot.epoch, boot.size, boot.acked, boot.quarantined) == (9, 1, 0, False)
    old, current = again.heads()
    assert (old.epoch, old.size, old.acked, old.root) == (1, 5, 2, old_root)
    assert (current.epoch, current.size) == (9, 1)
    assert [event.seq for event in again.read_epoch(1, 2, 10)] == [2, 3, 4]
    assert again.root_of(1, 3) == audit.root_of(
        audit.leaf_hash(event.leaf) for event in again.read_epoch(1, 0, 3)
    )
    again.mark_epoch_acked(1, 5)
    assert [head.epoch for head in again.heads()] == [9]
    again.close()


def test_erasing_personal_parts_keeps_every_root_and_is_recorded(store: EventLog) -> None:
    gap = decision(kind=EventKind.GAP, personal=Personal(note="count=3"))
    commit(store, decision(), decision(), gap, decision(), decision())
    before = store.root_at(5)
    committed = store.erase_personal(1, 4, moment(), 7)
    assert store.root_at(5) == before
    kept = [event.personal is not None for event in store.read(0, 5)]
    assert kept == [True, False, True, False, True]
    record = leaves(store)[committed.first_seq]
    assert (record.kind, record.reason) == (EventKind.ERASURE, ReasonCode.RETENTION)
    told = store.read(committed.first_seq, 1)[0].personal
    assert told is not None
    assert codec.decode(told[1], Personal).note == "first=1 upto=4"


def test_nothing_works_before_open_or_after_close(place: Place) -> None:
    store = place.store()
    calls: list[Callable[[], object]] = [
        lambda: commit(store, decision()),
        lambda: store.read(0, 1),
        store.heads,
    ]
    for call in calls:
        with pytest.raises(StorageError):
            call()
    store.open()
    commit(store, decision())
    store.close()
    for call in calls:
        with pytest.raises(StorageError):
            call()


def test_a_second_owner_is_refused(place: Place) -> None:
    first, second = place.store(), place.store()
    first.open()
    with pytest.raises(StorageError) as caught:
        second.open()
    assert caught.value.code is ReasonCode.DATABASE_LOCKED
    commit(first, decision())
    first.close()
    assert second.open().size == 1
    second.close()


def test_a_long_note_is_cut_so_that_a_batch_always_fits(store: EventLog) -> None:
    commit(store, decision(personal=Personal(note="x" * 100_000)))
    personal = store.read(0, 1)[0].personal
    assert personal is not None
    assert len(personal[1]) < 1_024


def test_reading_starts_where_it_is_told(store: EventLog) -> None:
    commit(store, *[decision() for _ in range(10)])
    assert [event.seq for event in store.read(4, 3)] == [4, 5, 6]
    assert store.read(10, 3) == []
