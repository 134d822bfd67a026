"""Damaged, lost, set-back, foreign and newer files; protocol notes §7.1, cases 7 to 10."""

import shutil
import sqlite3
from pathlib import Path

import pytest

from edge.adapters.store import SqliteStore
from edge.adapters.store_files import read_mark
from edge.adapters.store_schema import SCHEMA_VERSION
from edge.domain.effects import MemoryKind, Remember
from edge.domain.ports import Boot
from mqtt.contract import audit
from mqtt.contract.envelope import Ed25519Signer
from mqtt.contract.errors import StorageError
from mqtt.contract.reasons import ReasonCode
from mqtt.contract.topics import DocumentName
from tests.support.store_places import (
    GATE,
    NOON_MS,
    SITE,
    commit,
    decision,
    document,
    leaves,
    moment,
    spoil,
)

SIGNER = Ed25519Signer.from_seed(b"g" * 32)
CREDENTIALS = document(5, 300)


def store_at(path: Path, **settings: object) -> SqliteStore:
    return SqliteStore(path, SITE, GATE, signer=SIGNER, ballast_bytes=0, **settings)  # type: ignore[arg-type]  # settings of the caller


def filled(path: Path, count: int = 40, acked: int = 10) -> None:
    store = store_at(path)
    store.open()
    store.save_document(DocumentName.CREDENTIALS, CREDENTIALS)
    for _ in range(count):
        commit(store, decision(), memory=(Remember(MemoryKind.USES, b"pass", b"1"),))
    store.mark_acked(acked)
    store.close()


def reopened(path: Path, **settings: object) -> tuple[SqliteStore, Boot]:
    store = store_at(path, **settings)
    return store, store.open()


def epoch_of(path: Path, **settings: object) -> int:
    store, boot = reopened(path, **settings)
    store.close()
    return boot.epoch


@pytest.mark.parametrize("table", ["memory", "documents", "gate", "frontiers", "document_records"])
def test_a_damaged_page_sets_the_file_aside_and_pending_events_are_delivered(
    table: str, tmp_path: Path
) -> None:
    path = tmp_path / "gate.db"
    filled(path)
    spoil(path, table)
    store, boot = reopened(path)
    assert (boot.epoch, boot.size, boot.quarantined) == (2, 0, True)
    assert boot.floor_ms == NOON_MS + 1_000
    assert boot.boot_counter >= 2
    assert store.documents() == {DocumentName.CREDENTIALS: CREDENTIALS}
    old, current = store.heads()
    assert (old.epoch, old.size, old.acked, current.epoch) == (1, 40, 10, 2)
    hashes = [audit.leaf_hash(event.leaf) for event in store.read_epoch(1, 0, 100)]
    assert store.root_of(1, 40) == old.root == audit.root_of(hashes)
    assert path.with_name("gate.db.damaged").exists()
    assert commit(store, decision()) == 0
    store.close()
    assert epoch_of(path) == 2


def test_a_damaged_events_page_gives_a_new_epoch_and_keeps_the_documents(tmp_path: Path) -> None:
    path = tmp_path / "gate.db"
    filled(path, count=3_000)
    spoil(path, "events")
    store, boot = reopened(path)
    assert (boot.epoch, boot.quarantined) == (2, True)
    assert store.documents() == {DocumentName.CREDENTIALS: CREDENTIALS}
    store.close()


def test_an_event_that_was_changed_is_found_by_the_tree(tmp_path: Path) -> None:
    path = tmp_path / "gate.db"
    filled(path)
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE events SET leaf = zeroblob(100) WHERE key & 0xffff = 30")
    connection.close()
    store, boot = reopened(path)
    assert (boot.epoch, boot.quarantined) == (2, True)
    pending = store.heads()[0]
    assert (pending.epoch, pending.size) == (1, 30)
    store.close()


def test_garbage_in_place_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "gate.db"
    filled(path)
    path.write_bytes(b"this is no database" * 1_000)
    store, boot = reopened(path)
    assert (boot.epoch, boot.quarantined, boot.floor_ms) == (2, True, NOON_MS + 1_000)
    assert store.documents() == {DocumentName.CREDENTIALS: CREDENTIALS}
    store.close()


def test_salvage_starts_in_the_middle_of_a_long_log(tmp_path: Path) -> None:
    path = tmp_path / "gate.db"
    store = store_at(path)
    store.open()
    for _ in range(13):
        commit(store, *[decision() for _ in range(200)])
    store.mark_acked(2_100)
    root = store.root_at(2_600)
    store.close()
    spoil(path, "memory")
    store, boot = reopened(path)
    assert boot.epoch == 2
    old = store.heads()[0]
    assert (old.epoch, old.size, old.acked) == (1, 2_600, 2_100)
    assert store.root_of(1, 2_600) == root
    assert store.read_epoch(1, 2_100, 5)[0].seq == 2_100
    assert store.read_epoch(1, 0, 1)[0].seq == 2_048
    assert store.root_of(1, 10) == b""
    store.close()


def test_a_lost_file_begins_a_new_epoch_and_keeps_the_time_floor(tmp_path: Path) -> None:
    path = tmp_path / "gate.db"
    filled(path)
    path.unlink()
    store, boot = reopened(path)
    assert (boot.epoch, boot.quarantined, boot.boot_counter) == (2, True, 2)
    assert boot.floor_ms == NOON_MS + 1_000
    assert store.documents() == {DocumentName.CREDENTIALS: CREDENTIALS}
    store.close()


def test_a_lost_wal_begins_a_new_epoch(tmp_path: Path) -> None:
    path = tmp_path / "gate.db"
    filled(path)
    store, _ = reopened(path)
    commit(store, decision())
    killed = tmp_path / "killed"
    killed.mkdir()
    for part in tmp_path.glob("gate.db*"):
        if part.is_file() and not part.name.endswith("-wal"):
            shutil.copy(part, killed)
    store.close()
    other, boot = reopened(killed / "gate.db")
    assert (boot.epoch, boot.quarantined) == (2, True)
    assert other.heads()[0].epoch == 1
    other.close()


def test_an_old_copy_put_back_begins_a_new_epoch(tmp_path: Path) -> None:
    path = tmp_path / "gate.db"
    filled(path)
    copy = path.read_bytes()
    store, _ = reopened(path)
    commit(store, decision())
    store.close()
    path.write_bytes(copy)
    store, boot = reopened(path)
    assert (boot.epoch, boot.quarantined) == (2, True)
    assert boot.boot_counter > 2
    store.close()


def test_epochs_never_repeat(tmp_path: Path) -> None:
    path = tmp_path / "gate.db"
    filled(path)
    epochs = []
    for _ in range(4):
        path.write_bytes(b"spoiled" * 999)
        store, boot = reopened(path)
        commit(store, decision())
        epochs.append(boot.epoch)
        store.close()
    assert epochs == [2, 3, 4, 5]


def test_F15_new_hardware_starts_where_it_is_told(tmp_path: Path) -> None:
    store, boot = reopened(tmp_path / "gate.db", first_epoch=9)
    assert (boot.epoch, boot.quarantined) == (9, False)
    store.close()
    assert epoch_of(tmp_path / "gate.db", first_epoch=9) == 9


def test_a_file_of_newer_software_is_refused_untouched(tmp_path: Path) -> None:
    path = tmp_path / "gate.db"
    filled(path)
    with sqlite3.connect(path) as connection:
        connection.execute(f"PRAGMA user_version={SCHEMA_VERSION + 1}")
    connection.close()
    with pytest.raises(StorageError) as caught:
        store_at(path).open()
    assert caught.value.code is ReasonCode.VERSION_UNSUPPORTED
    assert not path.with_name("gate.db.damaged").exists()


def test_a_file_of_another_gate_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "gate.db"
    filled(path)
    with pytest.raises(StorageError) as caught:
        SqliteStore(path, SITE, "gate-south", ballast_bytes=0).open()
    assert caught.value.code is ReasonCode.DOES_NOT_FIT


def test_a_copy_of_a_document_that_was_changed_is_not_used(tmp_path: Path) -> None:
    path = tmp_path / "gate.db"
    filled(path)
    copy = tmp_path / "gate.db.documents" / "credentials.snapshot"
    copy.write_bytes(copy.read_bytes()[:-1] + b"\x00")
    path.unlink()
    store, _ = reopened(path)
    assert store.documents() == {}
    store.close()


def test_a_spoiled_mark_is_no_reason_to_stop(tmp_path: Path) -> None:
    path = tmp_path / "gate.db"
    filled(path)
    path.with_name("gate.db.mark").write_text("{nonsense")
    store, boot = reopened(path)
    assert (boot.epoch, boot.size, boot.quarantined) == (1, 40, False)
    store.close()
    mark = read_mark(path.with_name("gate.db.mark"))
    assert mark is not None
    assert (mark.epoch, mark.size, mark.clean) == (1, 40, True)


def test_what_is_erased_is_in_no_file(tmp_path: Path) -> None:
    path = tmp_path / "gate.db"
    store, _ = reopened(path)
    for _ in range(30):
        commit(store, decision())
    marked = [
        b"holder-1",
        b"credent1",
        *[event.personal[0] for event in store.read(0, 9) if event.personal],
    ]
    assert all(anywhere(tmp_path, mark) for mark in marked), "the search must find it first"
    store.erase_personal(0, 30, moment(), 1)
    assert not any(anywhere(tmp_path, mark) for mark in marked)
    assert len(leaves(store)) == 31
    store.close()
    assert not any(anywhere(tmp_path, mark) for mark in marked)


def anywhere(folder: Path, mark: bytes) -> bool:
    return any(mark in part.read_bytes() for part in folder.rglob("*") if part.is_file())
