"""What is erased cannot be opened again: not from the folder, and not from an older copy of it."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from edge.workers.face.keys import FileCabinet
from edge.workers.face.references import ReferenceStore, StoreError
from tests.support.face_people import cohort

MODEL = "a" * 64
FACES = dict(zip(("ANN", "BEN", "EVE"), cohort(3, seed=2), strict=True))


def opened(folder: Path) -> ReferenceStore:
    store = ReferenceStore(folder, FileCabinet(folder / "keys"))
    store.open()
    return store


def filled(folder: Path) -> ReferenceStore:
    store = opened(folder)
    for person, face in FACES.items():
        store.put(person, MODEL, face)
    return store


def bytes_in(folder: Path) -> bytes:
    return b"\n".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


def test_nothing_of_a_person_is_left_on_the_disk(tmp_path: Path) -> None:
    store = filled(tmp_path)
    path = next(tmp_path.glob("ANN.*.ref"))
    sealed = path.read_bytes()
    ring = (tmp_path / "keyring.json").read_bytes()
    wrapped = store._ring.entries["ANN"].wrapped.hex().encode()
    key = next((tmp_path / "keys").glob("*.key")).read_bytes()
    # The search finds what it looks for while it is there.
    markers = (sealed[-40:], sealed[200:240], wrapped[:40], b"ANN", key)
    assert all(marker in bytes_in(tmp_path) for marker in markers)
    assert wrapped in ring
    receipt = store.erase("ANN")
    assert (receipt.person, receipt.references, len(receipt.commitments)) == ("ANN", 3, 3)
    left = bytes_in(tmp_path)
    assert not [marker for marker in markers if marker in left]
    assert not [path for path in tmp_path.rglob("*") if "ANN" in path.name]
    for person in ("BEN", "EVE"):
        np.testing.assert_array_equal(opened(tmp_path).unseal(person, MODEL), FACES[person])


def test_what_was_overwritten_is_gone_from_the_file_itself(tmp_path: Path) -> None:
    store = filled(tmp_path)
    path = next(tmp_path.glob("ANN.*.ref"))
    sealed, ring = path.read_bytes(), tmp_path / "keyring.json"
    held, held_ring = tmp_path / "held", tmp_path / "held_ring"
    held.hardlink_to(path)
    held_ring.hardlink_to(ring)
    store.erase("ANN")
    assert held.read_bytes() == bytes(len(sealed))
    assert not any(held_ring.read_bytes())


def test_an_older_copy_of_the_files_opens_nobody(tmp_path: Path) -> None:
    store_folder, backup = tmp_path / "store", tmp_path / "backup"
    store = filled(store_folder)
    shutil.copytree(store_folder, backup)
    np.testing.assert_array_equal(opened(backup).unseal("ANN", MODEL), FACES["ANN"])
    store.erase("ANN")
    # A backup holds the sealed files without the keys, which stay in the gate.
    shutil.rmtree(backup / "keys")
    shutil.copytree(store_folder / "keys", backup / "keys")
    again = opened(backup)
    assert again.fault == "key_missing"
    with pytest.raises(StoreError):
        again.unseal("ANN", MODEL)


def test_replacing_references_destroys_the_earlier_ones(tmp_path: Path) -> None:
    store = filled(tmp_path)
    sealed = next(tmp_path.glob("ANN.*.ref")).read_bytes()
    store.put("ANN", MODEL, FACES["BEN"])
    assert sealed[-40:] not in bytes_in(tmp_path)
    assert len(list(tmp_path.glob("ANN.*.ref"))) == 1
    np.testing.assert_array_equal(opened(tmp_path).unseal("ANN", MODEL), FACES["BEN"])


def test_erasing_twice_and_erasing_a_stranger_leave_a_receipt_of_nothing(tmp_path: Path) -> None:
    store = filled(tmp_path)
    assert store.erase("ANN").references == 3
    for person in ("ANN", "NOBODY"):
        receipt = store.erase(person)
        assert (receipt.references, receipt.commitments) == (0, ())


def test_erasing_everybody_leaves_one_new_key_and_an_empty_ring(tmp_path: Path) -> None:
    store = filled(tmp_path)
    before = {path.read_bytes() for path in (tmp_path / "keys").iterdir()}
    receipts = store.erase_all()
    assert [(one.person, one.references) for one in receipts] == [
        ("ANN", 3),
        ("BEN", 3),
        ("EVE", 3),
    ]
    assert store.people == ()
    assert not list(tmp_path.glob("*.ref"))
    assert not before & {path.read_bytes() for path in (tmp_path / "keys").iterdir()}


class CutShort(Exception):  # noqa: N818 - stands for a power cut
    pass


class FailingCabinet(FileCabinet):
    """Fail at one call, as a power cut would."""

    fails_at = ""

    def create(self, number: int) -> None:
        if self.fails_at == "create":
            raise CutShort
        super().create(number)
        if self.fails_at == "created":
            raise CutShort

    def destroy(self, number: int) -> None:
        if self.fails_at == "destroy":
            raise CutShort
        super().destroy(number)


@pytest.mark.parametrize("fails_at", ["create", "created", "destroy"])
def test_an_erasure_that_was_cut_short_is_finished_at_the_next_start(
    tmp_path: Path, fails_at: str
) -> None:
    filled(tmp_path)
    cabinet = FailingCabinet(tmp_path / "keys")
    store = ReferenceStore(tmp_path, cabinet)
    store.open()
    wrapped = store._ring.entries["ANN"].wrapped.hex().encode()
    cabinet.fails_at = fails_at
    with pytest.raises(CutShort):
        store.erase("ANN")
    again = opened(tmp_path)
    assert again.people == ("BEN", "EVE")
    assert wrapped not in bytes_in(tmp_path)
    assert len(list((tmp_path / "keys").iterdir())) == 1
    for person in ("BEN", "EVE"):
        np.testing.assert_array_equal(again.unseal(person, MODEL), FACES[person])
