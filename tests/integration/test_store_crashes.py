"""Kill the process at every durability boundary, cut the power, and look what is left."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from edge.adapters.store import STORE_CRASH_POINTS, SqliteStore
from edge.domain.ports import Boot
from edge.gate.crash_points import CRASH_AT, crash_point_from
from mqtt.contract import audit
from mqtt.contract.envelope import Ed25519Signer
from mqtt.contract.errors import ConfigError
from tests.support.repository import ROOT
from tests.support.store_places import GATE, SITE, commit, decision, leaves, spoil

SIGNER = Ed25519Signer.from_seed(b"g" * 32)
KILLED = -9


def run_child(path: Path, crash_at: str, count: int = 12) -> tuple[int, list[list[str]]]:
    environment = {**os.environ, CRASH_AT: crash_at, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-m", "tests.support.store_child", str(path), str(count)],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode in (0, KILLED), done.stderr
    return done.returncode, [line.split() for line in done.stdout.splitlines()]


def reopened(path: Path) -> tuple[SqliteStore, Boot]:
    store = SqliteStore(path, SITE, GATE, signer=SIGNER, ballast_bytes=0)
    return store, store.open()


def check_log(store: SqliteStore, boot: Boot) -> None:
    found = leaves(store)
    assert [leaf.seq for leaf in found] == list(range(boot.size))
    hashes = [audit.leaf_hash(event.leaf) for event in store.read(0, 1000)]
    assert store.root_at(boot.size) == audit.root_of(hashes)


REACHED = [name for name in STORE_CRASH_POINTS if name not in {"after_quarantine", "after_salvage"}]


@pytest.mark.parametrize("name", REACHED)
def test_killed_at_every_boundary_nothing_durable_is_lost(name: str, tmp_path: Path) -> None:
    path = tmp_path / "gate.db"
    code, said = run_child(path, f"{name}:1")
    assert code == KILLED
    durable = [int(seq) for word, seq in (line for line in said if line[0] == "durable")]
    store, boot = reopened(path)
    assert boot.epoch == 1
    assert not boot.quarantined
    assert boot.size >= (durable[-1] + 2 if durable else 0)
    assert boot.size % 2 == 0 or name == "after_erasure"
    check_log(store, boot)
    store.close()


@pytest.mark.parametrize("count", [1, 4, 9])
def test_a_kill_right_after_a_commit_leaves_exactly_that_commit(count: int, tmp_path: Path) -> None:
    path = tmp_path / "gate.db"
    run_child(path, f"after_commit:{count}")
    store, boot = reopened(path)
    assert boot.size == 2 * count
    store.close()
    run_child(path, f"before_commit:{count}")
    store, boot = reopened(path)
    assert boot.size == 2 * count + 2 * (count - 1)
    assert boot.boot_counter == 4
    check_log(store, boot)
    store.close()


@pytest.mark.parametrize("name", ["after_quarantine", "after_salvage"])
def test_killed_in_the_middle_of_the_cure_nothing_pending_is_lost(
    name: str, tmp_path: Path
) -> None:
    path = tmp_path / "gate.db"
    run_child(path, "never:1")
    spoil(path, "memory")
    assert run_child(path, f"{name}:1")[0] == KILLED
    for _ in range(2):
        store, boot = reopened(path)
        assert (boot.epoch, boot.size) == (2, 0)
        assert boot.quarantined, "nobody has recorded yet that the epoch changed"
        assert (store.heads()[0].epoch, store.heads()[0].size) == (1, 25)
        assert len(store.documents()) == 1
        store.close()
    store, _ = reopened(path)
    commit(store, decision())
    store.close()
    store, boot = reopened(path)
    assert (boot.epoch, boot.size, boot.quarantined) == (2, 1, False)
    store.close()


def test_a_power_cut_at_any_byte_of_the_wal_leaves_whole_commits(tmp_path: Path) -> None:
    path = tmp_path / "gate.db"
    run_child(path, "after_commit:12")
    wal = path.with_name("gate.db-wal")
    whole = wal.read_bytes()
    sizes = []
    for step, cut in enumerate(range(0, len(whole), 3_001)):
        folder = tmp_path / f"cut-{step}"
        folder.mkdir()
        for part in tmp_path.glob("gate.db*"):
            if part.is_file():
                shutil.copy(part, folder)
        (folder / "gate.db.mark").unlink()
        (folder / "gate.db-wal").write_bytes(whole[:cut])
        store, boot = reopened(folder / "gate.db")
        assert boot.size % 2 == 0
        check_log(store, boot)
        assert commit(store, decision()) == boot.size
        sizes.append(boot.size)
        store.close()
    assert sizes == sorted(sizes)
    assert sizes[0] == 0
    assert sizes[-1] >= 20


def test_a_crash_point_is_named_and_counted() -> None:
    assert crash_point_from({})("after_commit") is None
    for wrong in ("after_commit", ":3", "after_commit:0", "after_commit:x", "after_commit:-1"):
        with pytest.raises(ConfigError):
            crash_point_from({CRASH_AT: wrong})
