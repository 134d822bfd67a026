"""Measure what this disk asks for one durable commit: the baseline of the gate's own."""

import sqlite3
from pathlib import Path
from time import perf_counter

__all__ = ["CommitFloor"]

_ROW_BYTES = 200


class CommitFloor:
    """A database with one table; each `commit` stores one event-sized row (WAL, FULL)."""

    def __init__(self, path: Path) -> None:
        self._connection = sqlite3.connect(path, isolation_level=None)
        self._row = bytes(range(_ROW_BYTES))

    def open(self) -> None:
        """Set what durability needs, as the gate's store does."""
        for setting in ("locking_mode=EXCLUSIVE", "journal_mode=WAL", "synchronous=FULL"):
            self._connection.execute(f"PRAGMA {setting}")
        self._connection.execute("CREATE TABLE events (key INTEGER PRIMARY KEY, leaf BLOB)")

    def commit(self) -> float:
        """Commit one row; return the seconds it took."""
        began_s = perf_counter()
        self._connection.execute("BEGIN IMMEDIATE")
        self._connection.execute("INSERT INTO events (leaf) VALUES (?)", (self._row,))
        self._connection.execute("COMMIT")
        return perf_counter() - began_s

    def close(self) -> None:
        """Release the file."""
        self._connection.close()
