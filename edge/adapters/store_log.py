"""The events of the gate's database and the trees over them.

The current tree's right edge is stored with every commit; besides, the edge is kept at each
1,024th leaf, so that the root at any size is at most 1,023 hashes away (RFC 9162 §2.1).
"""

import sqlite3
from collections.abc import Iterable, Sequence

from edge.adapters.store_db import Database, checked
from edge.adapters.store_schema import event_key
from edge.domain.event_log import LogHead
from edge.domain.ports import StoredEvent
from mqtt.contract.audit import Frontier, leaf_hash
from mqtt.contract.errors import StorageError
from mqtt.contract.reasons import ReasonCode

__all__ = ["FRONTIER_SPACING", "LogTable", "grown", "insert_events", "load_frontier"]

FRONTIER_SPACING = 1024
"""Leaves between two stored edges of a tree."""

_READ = "SELECT key, leaf, salt, personal FROM events WHERE key>=? AND key<? ORDER BY key LIMIT ?"


def grown(
    frontier: Frontier, epoch: int, leaves: Iterable[bytes]
) -> tuple[Frontier, list[tuple[int, bytes]]]:
    """Return the tree after `leaves` and the edges to be stored; `frontier` stays as it is."""
    after, edges = frontier.copy(), []
    for leaf in leaves:
        after.append(leaf_hash(leaf))
        if after.size % FRONTIER_SPACING == 0:
            edges.append((event_key(epoch, after.size), after.dump()))
    return after, edges


class LogTable:
    """Reads events and roots of every epoch."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._asked: dict[int, Frontier] = {}

    def read(self, epoch: int, first_seq: int, limit: int) -> Sequence[StoredEvent]:
        """Return up to `limit` events from `first_seq` on. Raises StorageError."""
        start, end = event_key(epoch, first_seq), event_key(epoch + 1, 0)
        base = event_key(epoch, 0)
        with checked():
            rows = self._database.connection.execute(_READ, (start, end, limit)).fetchall()
        return [
            StoredEvent(key - base, leaf, None if personal is None else (salt, personal))
            for key, leaf, salt, personal in rows
        ]

    def forget(self) -> None:
        """Drop what is remembered between calls; the database was replaced."""
        self._asked = {}

    def epochs(self) -> list[tuple[int, int, bytes | None, int, int]]:
        """Return (epoch, size, peaks, acked, floor_ms) of every epoch, oldest first."""
        with checked():
            query = "SELECT epoch, size, peaks, acked, floor_ms FROM epochs ORDER BY epoch"
            return self._database.connection.execute(query).fetchall()

    def earlier_heads(self, current: int) -> list[LogHead]:
        """Return the earlier epochs that have something pending. Raises StorageError."""
        return [
            LogHead(epoch, size, acked, _root(size, peaks))
            for epoch, size, peaks, acked, _ in self.epochs()
            if epoch < current and acked < size
        ]

    def frontier_at(self, epoch: int, size: int) -> Frontier:
        """Return the tree at `size`. Raises StorageError(`database_corrupt`) without the leaves."""
        base = self._nearest(epoch, size)
        known = self._asked.get(epoch)
        if known is not None and base.size <= known.size <= size:
            base = known.copy()
        query = "SELECT leaf FROM events WHERE key>=? AND key<? ORDER BY key"
        bounds = (event_key(epoch, base.size), event_key(epoch, size))
        with checked():
            for (leaf,) in self._database.connection.execute(query, bounds):
                base.append(leaf_hash(leaf))
        if base.size != size:
            raise StorageError(ReasonCode.DATABASE_CORRUPT, "leaves are missing")
        self._asked[epoch] = base.copy()
        return base

    def _nearest(self, epoch: int, size: int) -> Frontier:
        query = "SELECT key, peaks FROM frontiers WHERE key>? AND key<=? ORDER BY key DESC LIMIT 1"
        start = event_key(epoch, 0)
        with checked():
            connection = self._database.connection
            row = connection.execute(query, (start, event_key(epoch, size))).fetchone()
        return Frontier() if row is None else load_frontier(row[0] - start, row[1])


def load_frontier(size: int, peaks: bytes) -> Frontier:
    """Rebuild a stored edge. Raises StorageError(`database_corrupt`)."""
    try:
        return Frontier.load(size, peaks)
    except ValueError as error:
        raise StorageError(ReasonCode.DATABASE_CORRUPT, "frontier") from error


def _root(size: int, peaks: bytes | None) -> bytes:
    return b"" if peaks is None else load_frontier(size, peaks).root()


def insert_events(
    connection: sqlite3.Connection, epoch: int, rows: Iterable[tuple[StoredEvent, bool]]
) -> None:
    """Append events inside the caller's transaction."""
    connection.executemany(
        "INSERT INTO events VALUES (?, ?, ?, ?, ?)",
        [
            (event_key(epoch, event.seq), event.leaf, *(event.personal or (None, None)), lasting)
            for event, lasting in rows
        ],
    )
