"""Find damage at start, set the damaged file aside and carry over what is still pending in it.

Order at start (protocol notes §7.1, cases 4 and 7 to 9):
1. the small tables are checked completely, the events too unless the file is large;
2. the stored edge of the tree must follow from the last stored events;
3. a damaged file is renamed, never repaired in place; its unacknowledged events are taken over as
   far as they verify.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from edge.adapters.store_db import Database, checked
from edge.adapters.store_log import FRONTIER_SPACING, LogTable, grown, load_frontier
from edge.adapters.store_schema import EPOCH_SHIFT, event_key
from mqtt.contract import audit, codec
from mqtt.contract.audit import Frontier
from mqtt.contract.errors import ContractError, StorageError
from mqtt.contract.events import Leaf
from mqtt.contract.reasons import ReasonCode

__all__ = [
    "check_file",
    "check_tail",
    "newest_epoch",
    "newest_quarantined",
    "quarantine",
    "salvage",
]

_SMALL = ("gate", "epochs", "frontiers", "memory", "documents", "document_records")
_SLICE = 4096

_Row = tuple[int, bytes, bytes | None, bytes | None, int]


def check_file(database: Database, path: Path, whole_below_bytes: int) -> None:
    """Check the tables, the large one only in files smaller than `whole_below_bytes`.

    Raises StorageError(`database_corrupt`).
    """
    with checked():
        whole = path.stat().st_size < whole_below_bytes
        targets = [""] if whole else [f"({name})" for name in _SMALL]
        for target in targets:
            answer = database.connection.execute(f"PRAGMA quick_check{target}").fetchone()
            if answer != ("ok",):
                raise StorageError(ReasonCode.DATABASE_CORRUPT, path.name)


def check_tail(log: LogTable, epoch: int, size: int, peaks: bytes | None) -> Frontier:
    """Return the current tree if its stored edge follows from the last events.

    Raises StorageError(`database_corrupt`).
    """
    stored = load_frontier(size, peaks or b"")
    if size and log.frontier_at(epoch, size).dump() != stored.dump():
        raise StorageError(ReasonCode.DATABASE_CORRUPT, "tree")
    if log.read(epoch, size, 1):
        raise StorageError(ReasonCode.DATABASE_CORRUPT, "events beyond the tree")
    return stored


def quarantine(path: Path) -> Path:
    """Rename a damaged database with its WAL and return the new path; an older one goes.

    One is kept, because it may hold personal data whose time to be erased comes. Raises
    StorageError.
    """
    aside = _aside(path)
    is_new = not aside.exists()
    with checked():
        for suffix in ("-wal", "-shm", "-journal", ""):
            part = _with_suffix(path, suffix)
            if part.exists():
                part.replace(_with_suffix(aside, suffix))
            elif not is_new:
                _with_suffix(aside, suffix).unlink(missing_ok=True)
    return aside


def newest_quarantined(path: Path) -> Path | None:
    """Return the damaged file that was set aside, if there is one."""
    aside = _aside(path)
    return aside if aside.exists() else None


def _aside(path: Path) -> Path:
    return path.with_name(f"{path.name}.damaged")


def _with_suffix(path: Path, suffix: str) -> Path:
    return path.with_name(path.name + suffix)


@dataclass(frozen=True, slots=True)
class _Left:
    """What a damaged file tells of one epoch; `start` is None where the tree before is lost."""

    epoch: int
    acked: int
    floor_ms: int
    first_seq: int
    start: Frontier | None


def newest_epoch(damaged: Path) -> int:
    """Return the newest epoch that a damaged file tells of, 0 for none."""
    with _source(damaged) as source:
        return max((left.epoch for left in _what_is_left(source)), default=0)


def salvage(database: Database, damaged: Path, site: str, gate: str) -> None:
    """Copy every pending event that verifies; may be repeated after a crash.

    Raises StorageError only for the new database; whatever the damaged one answers ends the copy
    there.
    """
    with _source(damaged) as source:
        for left in _what_is_left(source):
            _copy(database, source, left, (site, gate))


@contextmanager
def _source(damaged: Path) -> Iterator[sqlite3.Connection]:
    with checked():
        source = sqlite3.connect(damaged, isolation_level=None)
    with closing(source):
        yield source


def _what_is_left(source: sqlite3.Connection) -> list[_Left]:
    with suppress(sqlite3.Error):
        rows = source.execute("SELECT epoch, acked, floor_ms FROM epochs ORDER BY epoch").fetchall()
        return [_left(source, *row) for row in rows]
    with suppress(sqlite3.Error):
        keys = source.execute("SELECT min(key), max(key) FROM events").fetchone()
        if keys[0] is not None:
            epochs = range(keys[0] >> EPOCH_SHIFT, (keys[1] >> EPOCH_SHIFT) + 1)
            return [_left(source, epoch, 0, 0) for epoch in epochs]
    return []


def _left(source: sqlite3.Connection, epoch: int, acked: int, floor_ms: int) -> _Left:
    base = acked - acked % FRONTIER_SPACING
    if base == 0:
        return _Left(epoch, acked, floor_ms, 0, Frontier())
    with suppress(sqlite3.Error, ValueError):
        query = "SELECT peaks FROM frontiers WHERE key=?"
        row = source.execute(query, (event_key(epoch, base),)).fetchone()
        if row is not None:
            return _Left(epoch, acked, floor_ms, base, Frontier.load(base, row[0]))
    return _Left(epoch, acked, floor_ms, acked, None)


def _copy(
    database: Database, source: sqlite3.Connection, left: _Left, owner: tuple[str, str]
) -> None:
    rows = _verified(source, left, owner)
    tree, size = left.start, left.first_seq
    while part := list(islice(rows, _SLICE)):
        edges: list[tuple[int, bytes]] = []
        if tree is not None:
            tree, edges = grown(tree, left.epoch, (row[1] for row in part))
        if tree is not None and size == left.first_seq and size:
            assert left.start is not None
            edges.insert(0, (event_key(left.epoch, size), left.start.dump()))
        size += len(part)
        peaks = None if tree is None else tree.dump()
        head = (left.epoch, size, peaks, min(left.acked, size), left.floor_ms)
        database.write(lambda c, p=part, e=edges, h=head: _store(c, p, e, h))  # type: ignore[misc]  # early binding


def _store(
    connection: sqlite3.Connection,
    part: list[_Row],
    edges: list[tuple[int, bytes]],
    head: tuple[int, int, bytes | None, int, int],
) -> None:
    connection.executemany("REPLACE INTO events VALUES (?, ?, ?, ?, ?)", part)
    connection.executemany("REPLACE INTO frontiers VALUES (?, ?)", edges)
    connection.execute("REPLACE INTO epochs VALUES (?, ?, ?, ?, ?)", head)


def _verified(source: sqlite3.Connection, left: _Left, owner: tuple[str, str]) -> Iterator[_Row]:
    """Yield consecutive rows until one is missing, unreadable or not what its leaf says."""
    start, end = event_key(left.epoch, left.first_seq), event_key(left.epoch + 1, 0)
    query = (
        "SELECT key, leaf, salt, personal, lasting FROM events WHERE key>=? AND key<? ORDER BY key"
    )
    with suppress(sqlite3.Error, ContractError, TypeError):
        for expected, row in enumerate(source.execute(query, (start, end)), start=start):
            if row[0] != expected or not _fits(row, left.epoch, owner):
                return
            yield row


def _fits(row: _Row, epoch: int, owner: tuple[str, str]) -> bool:
    key, raw, salt, personal, _ = row
    leaf = codec.decode(raw, Leaf)
    if (leaf.site, leaf.gate, event_key(leaf.epoch, leaf.seq)) != (*owner, key):
        return False
    if leaf.epoch != epoch:
        return False
    if personal is None:
        return True
    return salt is not None and audit.commitment(salt, personal) == leaf.commitment
