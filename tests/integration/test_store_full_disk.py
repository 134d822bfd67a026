"""Full, read-only and failing disks: the gate goes on, counts, and recovers (F09, §7.1 5-6)."""

import os
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from edge.adapters.store import SqliteStore
from edge.domain.effects import Record
from edge.domain.ports import Commit
from edge.gate.committer import Committer
from mqtt.contract import audit, codec
from mqtt.contract.envelope import Ed25519Signer
from mqtt.contract.errors import StorageError
from mqtt.contract.events import AdapterKind, EventKind, Personal
from mqtt.contract.reasons import ReasonCode
from mqtt.contract.topics import DocumentName
from tests.support.store_places import GATE, SITE, commit, decision, document, leaves, moment

SIGNER = Ed25519Signer.from_seed(b"g" * 32)
SOON_S = 10.0


def mounted(*arguments: str) -> bool:
    return subprocess.run(["mount", *arguments], capture_output=True, check=False).returncode == 0


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "disk"
    folder.mkdir()
    if not mounted("-t", "tmpfs", "-o", "size=2m", "tmpfs", str(folder)):
        pytest.skip("mounting a small disk needs root")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def store_on(folder: Path, ballast_bytes: int = 128 * 1024) -> SqliteStore:
    path = folder / "gate.db"
    return SqliteStore(path, SITE, GATE, signer=SIGNER, ballast_bytes=ballast_bytes)


def fill_up(folder: Path) -> Path:
    filler = folder / "somebody-elses-log"
    descriptor = os.open(filler, os.O_WRONLY | os.O_CREAT)
    for size in (65_536, 4_096, 512, 1):
        with suppress(OSError):
            while True:
                os.write(descriptor, b"x" * size)
    os.close(descriptor)
    return filler


def commit_until_refused(store: SqliteStore, limit: int = 20_000) -> StorageError:
    for _ in range(limit):
        try:
            commit(store, *[decision() for _ in range(20)])
        except StorageError as error:
            return error
    raise AssertionError("the disk never became full")


def wait_until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + SOON_S
    while not true():
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.01)


def work() -> Commit:
    return Commit(moment(), 1, (decision(),))


def test_F09_a_full_disk_refuses_cleanly_and_recovers_by_itself(small_disk: Path) -> None:
    store = store_on(small_disk)
    store.open()
    assert (small_disk / "gate.db.ballast").exists()
    error = commit_until_refused(store)
    assert error.code is ReasonCode.DISK_FULL
    assert not (small_disk / "gate.db.ballast").exists(), "the ballast was given back first"
    size = store.heads()[-1].size
    for _ in range(3):
        with pytest.raises(StorageError):
            commit(store, *[decision() for _ in range(20)])
    assert store.heads()[-1].size == size
    assert store.root_at(size) == store.heads()[-1].root
    store.close()


def test_a_disk_that_somebody_else_filled_is_used_again_when_there_is_room(
    small_disk: Path,
) -> None:
    store = store_on(small_disk, ballast_bytes=0)
    store.open()
    commit(store, decision())
    filler = fill_up(small_disk)
    assert commit_until_refused(store).code is ReasonCode.DISK_FULL
    size = store.heads()[-1].size
    filler.unlink()
    assert commit(store, decision()) == size
    found = [audit.leaf_hash(event.leaf) for event in store.read(0, 10_000)]
    assert store.heads()[-1].root == audit.root_of(found)
    store.close()


def test_F08_what_a_full_disk_lost_is_one_counted_record(small_disk: Path) -> None:
    store = store_on(small_disk, ballast_bytes=0)
    writer = Committer(store, AdapterKind.SIMULATED, first_pause_s=0.02)
    writer.start()
    filler = fill_up(small_disk)
    refused = 0
    while refused < 25:
        refused += writer.submit(work()).exception(SOON_S) is not None
    filler.unlink()
    wait_until(lambda: writer.failure is None)
    writer.submit(work()).result(SOON_S)
    found = writer.ask(lambda log: [*log.read(0, 20_000)]).result(SOON_S)
    gaps = [event for event, leaf in zip(found, leaves(store), strict=False) if is_gap(leaf.kind)]
    assert len(gaps) == 1
    assert gaps[0].personal is not None
    assert codec.decode(gaps[0].personal[1], Personal).note.startswith("count=25 ")
    writer.stop()


def is_gap(kind: EventKind) -> bool:
    return kind is EventKind.GAP


def test_a_boot_on_a_full_disk_knows_everything_and_counts_the_boot_later(
    small_disk: Path,
) -> None:
    store = store_on(small_disk, ballast_bytes=0)
    store.open()
    store.save_document(DocumentName.ROSTER, document(3, 5))
    commit(store, decision())
    store.close()
    filler = fill_up(small_disk)
    store = store_on(small_disk, ballast_bytes=0)
    boot = store.open()
    assert (boot.epoch, boot.size, boot.quarantined) == (1, 1, False)
    assert store.documents() == {DocumentName.ROSTER: document(3, 5)}
    with pytest.raises(StorageError):
        commit_all(store)
    filler.unlink()
    commit(store, decision())
    store.close()
    store = store_on(small_disk, ballast_bytes=0)
    assert store.open().boot_counter == boot.boot_counter + 1
    store.close()


def commit_all(store: SqliteStore) -> None:
    raise commit_until_refused(store)


def test_a_read_only_disk_is_no_crash_and_ends_without_help(small_disk: Path) -> None:
    store = store_on(small_disk, ballast_bytes=0)
    store.open()
    store.save_document(DocumentName.ROSTER, document(3, 5))
    commit(store, decision())
    store.close()
    if not mounted("-o", "remount,ro", str(small_disk)):
        pytest.skip("this kernel does not remount")
    boots: list[int] = []
    store = store_on(small_disk, ballast_bytes=0)
    writer = Committer(
        store,
        AdapterKind.SIMULATED,
        reopened=lambda boot: boots.append(boot.size),
        first_pause_s=0.02,
    )
    assert writer.start() is None
    held = writer.ask(lambda log: log.documents()).result(SOON_S)
    assert held == {DocumentName.ROSTER: document(3, 5)}, "residents' credentials still open"
    error = writer.submit(work()).exception(SOON_S)
    assert isinstance(error, StorageError)
    assert error.code is ReasonCode.DATABASE_UNAVAILABLE
    assert mounted("-o", "remount,rw", str(small_disk))
    wait_until(lambda: bool(boots))
    assert writer.submit(work()).result(SOON_S).first_seq == 2
    assert boots == [1]
    writer.stop()


def test_a_file_limit_in_pages_is_a_full_disk_too(tmp_path: Path) -> None:
    store = store_on(tmp_path, ballast_bytes=0)
    store.open()
    connection = store._database.connection
    connection.execute("PRAGMA max_page_count=40")
    assert commit_until_refused(store).code is ReasonCode.DISK_FULL
    connection.execute("PRAGMA max_page_count=100000")
    record: Record = decision()
    assert commit(store, record) == store.heads()[-1].size - 1
    store.close()


def test_durability_is_set_and_asserted(tmp_path: Path) -> None:
    store = store_on(tmp_path, ballast_bytes=0)
    store.open()
    connection = store._database.connection
    asked = ("synchronous", "journal_mode", "secure_delete", "locking_mode")
    answers = [connection.execute(f"PRAGMA {name}").fetchone()[0] for name in asked]
    assert answers == [2, "wal", 1, "exclusive"]
    store.close()


def test_files_are_private(tmp_path: Path) -> None:
    store = store_on(tmp_path)
    store.open()
    commit(store, decision())
    store.save_document(DocumentName.ROSTER, document(3, 5))
    modes = {part.name: part.stat().st_mode & 0o077 for part in tmp_path.rglob("*")}
    store.close()
    assert set(modes.values()) == {0}, modes
