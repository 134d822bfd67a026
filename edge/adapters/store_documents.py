"""The documents in the gate's database: only records that changed are written."""

import sqlite3
from collections.abc import Mapping

from edge.adapters.store_db import Database, checked
from mqtt.contract.documents import Held
from mqtt.contract.topics import DocumentName

__all__ = ["DocumentTable"]

_NOTHING = Held(0, b"", {})


class DocumentTable:
    """Holds what is in the tables, so that a new version is written as a difference."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._held: dict[DocumentName, Held] = {}

    def load(self) -> None:
        """Read everything. Raises StorageError."""
        with checked():
            connection = self._database.connection
            heads = connection.execute("SELECT name, version, digest FROM documents").fetchall()
            self._held = {
                DocumentName(name): Held(version, digest, _records(connection, name))
                for name, version, digest in heads
                if name in DocumentName.__members__.values()
            }

    def all(self) -> Mapping[DocumentName, Held]:
        """Return every document."""
        return dict(self._held)

    def take(self, found: Mapping[DocumentName, Held]) -> None:
        """Use documents that are not in the tables, without writing."""
        self._held = dict(found)

    def save(self, name: DocumentName, held: Held) -> None:
        """Replace one document durably. Raises StorageError."""
        old = self._held.get(name, _NOTHING).records
        gone = [(name.value, key) for key in old if key not in held.records]
        changed = [
            (name.value, key, record)
            for key, record in held.records.items()
            if old.get(key) != record
        ]

        def write(connection: sqlite3.Connection) -> None:
            connection.executemany("DELETE FROM document_records WHERE name=? AND id=?", gone)
            connection.executemany("REPLACE INTO document_records VALUES (?, ?, ?)", changed)
            row = (name.value, held.version, held.digest)
            connection.execute("REPLACE INTO documents VALUES (?, ?, ?)", row)

        self._database.write(write)
        self._held[name] = held


def _records(connection: sqlite3.Connection, name: str) -> dict[str, bytes]:
    rows = connection.execute("SELECT id, record FROM document_records WHERE name=?", (name,))
    return dict(rows.fetchall())
