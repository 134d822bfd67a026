"""One suite for both stores: what SQLite does, the one in memory does too."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.adapters.store_facts import SWEEP_EVERY
from edge.domain.effects import PREVIOUS_RECORD, MemoryKind, Remember
from edge.domain.event_log import EventLog
from mqtt.contract import audit, codec
from mqtt.contract.errors import StorageError
from mqtt.contract.events import EventKind, Leaf, Personal
from mqtt.contract.reasons import ReasonCode
from tests.support.store_places import (
    GATE,
    NOON_MS,
    SITE,
    Place,
    commit,
    decision,
    facts_of,
    leaves,
    moment,
    place_named,
)


@pytest.fixture(params=["sqlite", "memory"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    return place_named(request.param, tmp_path)


@pytest.fixture
def store(place: Place) -> Iterator[EventLog]:
    opened = place.store()
    opened.open()
    yield opened
    opened.close()


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


def test_G05_facts_of_a_million_ids_are_swept_when_they_expire(store: EventLog) -> None:
    old = [Remember(MemoryKind.BURNT, bytes([i % 256, i // 256]), b"", 5) for i in range(3_000)]
    commit(store, memory=old)
    for _ in range(SWEEP_EVERY):
        commit(store, memory=(Remember(MemoryKind.BURNT, b"now", b"", NOON_MS * 2),))
    assert facts_of(store) == 1


def test_an_ack_is_never_lowered_and_never_beyond_the_log(store: EventLog) -> None:
    commit(store, *[decision() for _ in range(4)])
    acked = []
    for upto in (2, 1, 99):
        store.mark_acked(upto)
        acked.append(store.heads()[-1].acked)
    assert acked == [2, 2, 4]


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


def test_a_long_note_is_cut_so_that_a_batch_always_fits(store: EventLog) -> None:
    commit(store, decision(personal=Personal(note="x" * 100_000)))
    personal = store.read(0, 1)[0].personal
    assert personal is not None
    assert len(personal[1]) < 1_024


def test_reading_starts_where_it_is_told(store: EventLog) -> None:
    commit(store, *[decision() for _ in range(10)])
    assert [event.seq for event in store.read(4, 3)] == [4, 5, 6]
    assert store.read(10, 3) == []
