import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from edge.workers.face.keys import FileCabinet, MemoryCabinet
from edge.workers.face.references import ReferenceStore, StoreError
from edge.workers.face.references_files import write_whole
from edge.workers.face.references_forms import FormError, read_ring, read_sealed
from tests.support.face_people import cohort

MODEL, OTHER_MODEL = "a" * 64, "b" * 64
OUTSIDE = b'{"v":1,"key":1,"people":{"ANN":["../x.1.ref","00"]}}'
ODD_RINGS = [b"[]", b"{", b'{"v":2,"key":1,"people":{}}', b"\xff", b"[" * 9999]
ANN, BEN, EVE = "ANN", "BEN", "EVE"
FACES = dict(zip((ANN, BEN, EVE), cohort(3, seed=1), strict=True))


def opened(folder: Path) -> ReferenceStore:
    store = ReferenceStore(folder / "store", FileCabinet(folder / "store" / "keys"))
    store.open()
    return store


def filled(folder: Path) -> ReferenceStore:
    store = opened(folder)
    for person, face in FACES.items():
        store.put(person, MODEL, face)
    return store


def refusal(store: ReferenceStore, person: str, model: str = MODEL) -> str:
    with pytest.raises(StoreError) as caught:
        store.unseal(person, model)
    return caught.value.code


def files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def test_what_is_put_is_there_again_after_a_restart(tmp_path: Path) -> None:
    filled(tmp_path)
    store = opened(tmp_path)
    assert (store.fault, store.people) == ("", (ANN, BEN, EVE))
    for person, face in FACES.items():
        np.testing.assert_array_equal(store.unseal(person, MODEL), face)
        assert store.model_of(person) == MODEL


def test_J09_references_of_another_model_are_refused_and_not_compared(tmp_path: Path) -> None:
    store = filled(tmp_path)
    assert refusal(store, ANN, OTHER_MODEL) == "other_model"
    # Enrolling anew replaces them.
    store.put(ANN, OTHER_MODEL, FACES[BEN])
    assert refusal(store, ANN, MODEL) == "other_model"
    np.testing.assert_array_equal(store.unseal(ANN, OTHER_MODEL), FACES[BEN])


def test_nothing_is_stored_in_the_clear_and_nobody_else_may_read_it(tmp_path: Path) -> None:
    filled(tmp_path)
    for path in files(tmp_path):
        assert path.stat().st_mode & 0o077 == 0, path
        content = path.read_bytes()
        for face in FACES.values():
            assert face[0, :8].tobytes() not in content
    assert (tmp_path / "store").stat().st_mode & 0o077 == 0


def test_each_person_has_a_key_of_their_own_and_no_record_stands_for_another(
    tmp_path: Path,
) -> None:
    filled(tmp_path)
    folder = tmp_path / "store"
    ann, ben = next(folder.glob("ANN.*.ref")), next(folder.glob("BEN.*.ref"))
    content = ann.read_bytes()
    # Ben's records under Ann's name, Ann's records in another order, one bit changed.
    ann.write_bytes(ben.read_bytes().replace(b"|BEN|", b"|ANN|"))
    assert refusal(opened(tmp_path), ANN) == "damaged"
    head, _, body = content.partition(b"\n")
    size = len(body) // 3
    ann.write_bytes(head + b"\n" + body[size : 2 * size] + body[:size] + body[2 * size :])
    assert refusal(opened(tmp_path), ANN) == "damaged"
    ann.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    assert refusal(opened(tmp_path), ANN) == "damaged"
    ann.write_bytes(content)
    np.testing.assert_array_equal(opened(tmp_path).unseal(ANN, MODEL), FACES[ANN])
    ann.write_bytes(content.replace(MODEL.encode(), OTHER_MODEL.encode()))
    assert refusal(opened(tmp_path), ANN, OTHER_MODEL) == "damaged"
    np.testing.assert_array_equal(opened(tmp_path).unseal(BEN, MODEL), FACES[BEN])


@pytest.mark.parametrize("content", [b"", b"nonsense", b"EGREF1|EVE|x|1|1\n"])
def test_a_damaged_file_costs_its_own_person_only(tmp_path: Path, content: bytes) -> None:
    filled(tmp_path)
    next((tmp_path / "store").glob("EVE.*.ref")).write_bytes(content)
    store = opened(tmp_path)
    assert store.fault == ""
    assert refusal(store, EVE) == "damaged"
    assert EVE in store.people
    assert store.erase(EVE).references == 0
    assert opened(tmp_path).people == (ANN, BEN)


@pytest.mark.parametrize(
    ("name", "change", "fault"),
    [
        ("keyring.json", b"{}", "keyring_damaged"),
        (
            "keyring.json",
            b'{"v":1,"key":1,"people":{"ANN":["../x.1.ref","00"]}}',
            "keyring_damaged",
        ),
        ("keyring.json", None, "keyring_missing"),
        ("keys/*.key", None, "key_missing"),
        ("keys/*.key", b"short", "key_damaged"),
    ],
)
def test_a_damaged_store_opens_nothing_and_can_still_erase(
    tmp_path: Path, name: str, change: bytes | None, fault: str
) -> None:
    filled(tmp_path)
    path = next((tmp_path / "store").glob(name))
    if change is None:
        path.unlink()
    else:
        path.write_bytes(change)
    store = opened(tmp_path)
    assert store.fault == fault
    assert refusal(store, ANN) == fault
    with pytest.raises(StoreError):
        store.put(ANN, MODEL, FACES[ANN])
    erased = store.erase(ANN)
    assert (erased.references, len(erased.commitments)) == (3, 3)
    assert not list((tmp_path / "store").glob("ANN.*"))
    # Erasing everybody begins anew.
    assert {one.person for one in store.erase_all()} == {BEN, EVE}
    assert store.fault == ""
    store.put(ANN, MODEL, FACES[ANN])
    np.testing.assert_array_equal(opened(tmp_path).unseal(ANN, MODEL), FACES[ANN])


def test_a_key_that_others_may_read_is_refused(tmp_path: Path) -> None:
    filled(tmp_path)
    next((tmp_path / "store" / "keys").glob("*.key")).chmod(0o640)
    assert opened(tmp_path).fault == "key_exposed"


def test_a_key_of_another_gate_opens_nothing(tmp_path: Path) -> None:
    filled(tmp_path)
    path = next((tmp_path / "store" / "keys").glob("*.key"))
    path.write_bytes(bytes(32))
    assert refusal(opened(tmp_path), ANN) == "damaged"


def test_a_write_that_was_cut_short_changes_nothing_and_is_cleared_away(tmp_path: Path) -> None:
    store = filled(tmp_path)
    folder = tmp_path / "store"
    kept = (folder / "keyring.json").read_bytes()
    store.put(ANN, MODEL, FACES[BEN])
    # As if the power had failed before the keyring named the new file.
    stray = next(folder.glob("ANN.*.ref")).read_bytes()
    shutil.rmtree(folder)
    store = filled(tmp_path)
    write_whole(folder / "ANN.999.ref", stray)
    (folder / "keyring.json.part").write_bytes(kept[:10])
    again = opened(tmp_path)
    np.testing.assert_array_equal(again.unseal(ANN, MODEL), FACES[ANN])
    assert not (folder / "ANN.999.ref").exists()
    assert not (folder / "keyring.json.part").exists()


def test_commitments_name_the_sealed_records(tmp_path: Path) -> None:
    store = opened(tmp_path)
    first = store.put(ANN, MODEL, FACES[ANN])
    second = store.put(ANN, MODEL, FACES[ANN])
    assert len(set(first + second)) == 6
    assert store.erase(ANN).commitments == second


def test_a_link_in_place_of_a_file_is_not_followed(tmp_path: Path) -> None:
    store = filled(tmp_path)
    victim = tmp_path / "victim"
    victim.write_bytes(b"keep me")
    path = next((tmp_path / "store").glob("ANN.*.ref"))
    path.unlink()
    path.symlink_to(victim)
    with pytest.raises(OSError, match=os.strerror(40)):
        store.erase(ANN)
    assert victim.read_bytes() == b"keep me"


def test_the_repr_of_a_cabinet_shows_nothing(tmp_path: Path) -> None:
    assert str(tmp_path) not in repr(FileCabinet(tmp_path))
    cabinet = MemoryCabinet()
    cabinet.create(1)
    assert cabinet.read(1).hex() not in repr(cabinet)


@pytest.mark.parametrize(
    "content", [b"[]", b"{", b'{"v":2,"key":1,"people":{}}', b"\xff", b"[" * 9999]
)
def test_an_odd_keyring_is_refused(content: bytes) -> None:
    with pytest.raises(FormError):
        read_ring(content)


def test_a_file_of_references_has_exactly_the_length_that_it_states() -> None:
    head = f"EGREF1|ANN|{MODEL}|4|2\n".encode()
    record = bytes(16 + 28)
    assert len(read_sealed(head + 2 * record).records) == 2
    for body in (record, 3 * record, 2 * record + b"x"):
        with pytest.raises(FormError):
            read_sealed(head + body)
