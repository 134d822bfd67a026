"""Any order of enrolling, erasing, restarting and crashing leaves exactly what should be there."""

import shutil
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.workers.face.keys import FileCabinet
from edge.workers.face.references import ReferenceStore, StoreError
from edge.workers.face.references_forms import FormError, read_ring, read_sealed
from edge.workers.face.references_live import Instant, LiveReferences
from edge.workers.face.seal import SealError, seal, unseal
from tests.support.face_people import cohort

MODELS = ("a" * 64, "b" * 64)
PEOPLE = ("ANN", "BEN", "EVE")
FACES = cohort(6, seed=5, references=2)


class PowerCut(Exception):  # noqa: N818 - stands for a power cut
    pass


class CutCabinet(FileCabinet):
    """Cut the power at the n-th change of a key."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.left = -1

    def _count(self) -> None:
        self.left -= 1
        if self.left == 0:
            raise PowerCut

    def create(self, number: int) -> None:
        self._count()
        super().create(number)

    def destroy(self, number: int) -> None:
        self._count()
        super().destroy(number)


ACT = st.one_of(
    st.tuples(st.just("put"), st.sampled_from(PEOPLE), st.integers(0, 5), st.sampled_from(MODELS)),
    st.tuples(st.just("erase"), st.sampled_from(PEOPLE), st.integers(-1, 2), st.none()),
    st.tuples(st.just("restart"), st.none(), st.none(), st.none()),
)


@settings(max_examples=25)
@given(st.lists(ACT, max_size=8))
def test_any_order_leaves_what_was_enrolled_last_and_nothing_that_was_erased(
    acts: list[tuple[str, str | None, int | None, str | None]],
) -> None:
    folder = Path(tempfile.mkdtemp(prefix="face-"))
    try:
        wanted: dict[str, tuple[int, str]] = {}
        store, cabinet = _opened(folder)
        for act, person, number, model in acts:
            if act == "put" and person and number is not None and model:
                store.put(person, model, FACES[number])
                wanted[person] = (number, model)
            elif act == "erase" and person:
                cabinet.left = number or -1
                wanted.pop(person, None)
                try:
                    store.erase(person)
                except PowerCut:
                    store, cabinet = _opened(folder)
                cabinet.left = -1
            else:
                store, cabinet = _opened(folder)
        for again in (store, _opened(folder)[0]):
            _check(again, wanted)
        assert len(list(folder.glob("*.ref"))) == len(wanted)
        assert len(list((folder / "keys").iterdir())) == 1
    finally:
        shutil.rmtree(folder)


def _opened(folder: Path) -> tuple[ReferenceStore, CutCabinet]:
    cabinet = CutCabinet(folder / "keys")
    store = ReferenceStore(folder, cabinet)
    store.open()
    return store, cabinet


def _check(store: ReferenceStore, wanted: dict[str, tuple[int, str]]) -> None:
    assert store.fault == ""
    assert store.people == tuple(sorted(wanted))
    for person in PEOPLE:
        for model in MODELS:
            if person in wanted and wanted[person][1] == model:
                face = FACES[wanted[person][0]]
                np.testing.assert_array_equal(store.unseal(person, model), face)
            else:
                with pytest.raises(StoreError):
                    store.unseal(person, model)


LEASE_ACT = st.one_of(
    st.tuples(st.just("allow"), st.sampled_from(PEOPLE), st.integers(-10, 100)),
    st.tuples(st.just("forbid"), st.sampled_from(PEOPLE), st.just(0)),
    st.tuples(st.just("wait"), st.none(), st.integers(0, 60)),
    st.tuples(st.just("set_back"), st.none(), st.integers(0, 60)),
)


@settings(max_examples=25)
@given(st.lists(LEASE_ACT, max_size=12))
def test_whoever_is_found_has_a_lease_that_runs(
    acts: list[tuple[str, str | None, int]],
) -> None:
    with tempfile.TemporaryDirectory(prefix="face-") as name:
        store, _ = _opened(Path(name))
        for number, person in enumerate(PEOPLE):
            store.put(person, MODELS[0], FACES[number])
        live = LiveReferences(store, MODELS[0])
        now = Instant(1_000_000.0, 2_000_000.0)
        ends_mono: dict[str, float] = {}
        for act, subject, value in acts:
            if act == "allow" and subject:
                live.allow(subject, int(now.utc_ms) + value * 1000, now)
                ends_mono[subject] = now.mono_ms + value * 1000
            elif act == "forbid" and subject:
                live.forbid(subject)
                ends_mono.pop(subject, None)
            elif act == "wait":
                now = Instant(now.mono_ms + value * 1000, now.utc_ms + value * 1000)
            else:
                now = Instant(now.mono_ms, now.utc_ms - value * 1000)
            live.refresh(now)
            running = {p for p, end in ends_mono.items() if now.mono_ms < end}
            # Setting the clock back prolongs nothing; each is found again only by a new lease.
            assert set(live.people) <= running
            for number, person in enumerate(PEOPLE):
                found = live.look(FACES[number][0])
                assert found == (person if person in live.people else "/stranger")


@given(st.binary(max_size=400))
def test_no_bytes_break_the_readers_of_the_store(content: bytes) -> None:
    for reader in (read_sealed, read_ring):
        try:
            reader(content)
        except FormError:
            continue


@given(st.binary(max_size=100), st.binary(max_size=40), st.data())
def test_a_changed_byte_does_not_open(content: bytes, context: bytes, data: st.DataObject) -> None:
    key = bytearray(range(32))
    sealed = bytearray(seal(key, content, context))
    assert bytes(unseal(key, bytes(sealed), context)) == content
    index = data.draw(st.integers(0, len(sealed) - 1))
    sealed[index] ^= data.draw(st.integers(1, 255))
    with pytest.raises(SealError):
        unseal(key, bytes(sealed), context)
    with pytest.raises(SealError):
        unseal(key, bytes(sealed[:-1]), context)
