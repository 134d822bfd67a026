"""Tables of the gate's database and the version that names them.

Events are keyed by one integer, `epoch << 40 | seq`: rows are appended in the order of the log,
and the log is the outbox, so no second table can disagree with it.
"""

import sqlite3

from mqtt.contract.errors import StorageError
from mqtt.contract.reasons import ReasonCode

__all__ = ["EPOCH_SHIFT", "SCHEMA_VERSION", "event_key", "migrate"]

SCHEMA_VERSION = 1
EPOCH_SHIFT = 40

_TABLES = """
CREATE TABLE gate (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    site TEXT NOT NULL,
    gate TEXT NOT NULL,
    boot_counter INTEGER NOT NULL,
    salvaging INTEGER NOT NULL,
    unexplained INTEGER NOT NULL
) STRICT;
CREATE TABLE epochs (
    epoch INTEGER PRIMARY KEY,
    size INTEGER NOT NULL,
    peaks BLOB,
    acked INTEGER NOT NULL,
    floor_ms INTEGER NOT NULL
) STRICT;
CREATE TABLE events (
    key INTEGER PRIMARY KEY,
    leaf BLOB NOT NULL,
    salt BLOB,
    personal BLOB,
    lasting INTEGER NOT NULL
) STRICT;
CREATE TABLE frontiers (
    key INTEGER PRIMARY KEY,
    peaks BLOB NOT NULL
) STRICT;
CREATE TABLE memory (
    kind TEXT NOT NULL,
    key BLOB NOT NULL,
    value BLOB NOT NULL,
    until_ms INTEGER NOT NULL,
    PRIMARY KEY (kind, key)
) STRICT, WITHOUT ROWID;
CREATE TABLE documents (
    name TEXT PRIMARY KEY,
    version INTEGER NOT NULL,
    digest BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE document_records (
    name TEXT NOT NULL,
    id TEXT NOT NULL,
    record BLOB NOT NULL,
    PRIMARY KEY (name, id)
) STRICT, WITHOUT ROWID;
"""


def event_key(epoch: int, seq: int) -> int:
    """Return the row number of an event, or of the frontier before it."""
    return epoch << EPOCH_SHIFT | seq


def migrate(connection: sqlite3.Connection, site: str, gate: str) -> None:
    """Create the tables in an empty file, inside the caller's transaction.

    Raises StorageError(`version_unsupported`) for a file of newer software, (`does_not_fit`) for
    another gate's.
    """
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version > SCHEMA_VERSION:
        raise StorageError(ReasonCode.VERSION_UNSUPPORTED, f"{version} > {SCHEMA_VERSION}")
    if version == 0:
        for statement in filter(str.strip, _TABLES.split(";")):
            connection.execute(statement)
        connection.execute("INSERT INTO gate VALUES (1, ?, ?, 0, 0, 0)", (site, gate))
        connection.execute(f"PRAGMA user_version={SCHEMA_VERSION:d}")
    owner = connection.execute("SELECT site, gate FROM gate").fetchone()
    if owner != (site, gate):
        raise StorageError(ReasonCode.DOES_NOT_FIT, "the file belongs to another gate")
