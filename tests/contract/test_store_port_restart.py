"""What a store still knows after a restart, for both stores."""

from collections.abc import Callable
from pathlib import Path

import pytest

from edge.domain.effects import MemoryKind, Remember
from edge.domain.model import ClockTrust, Moment
from edge.domain.ports import Commit
from mqtt.contract import audit
from mqtt.contract.documents import Held, digest_of
from mqtt.contract.errors import StorageError
from mqtt.contract.events import EventKind, Outcome
from mqtt.contract.reasons import ReasonCode
from mqtt.contract.topics import DocumentName
from tests.support.store_places import (
    NOON_MS,
    Place,
    commit,
    decision,
    document,
    leaves,
    outcome_of,
    place_named,
)


@pytest.fixture(params=["sqlite", "memory"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    return place_named(request.param, tmp_path)


def test_first_open_begins_epoch_1(place: Place) -> None:
    store = place.store()
    boot = store.open()
    assert (boot.epoch, boot.boot_counter, boot.size, boot.acked) == (1, 1, 0, 0)
    assert (boot.quarantined, dict(boot.memory), tuple(boot.unfinished)) == (False, {}, ())
    assert store.root_at(0) == audit.EMPTY_ROOT
    store.close()


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
