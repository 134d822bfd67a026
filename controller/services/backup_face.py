"""Keep what ended about face when a backup is restored: a withdrawal stays a withdrawal.

Leases are held back besides, until the gates' own logs have been read back (`face_hold`).
"""

import sqlite3
from contextlib import closing
from pathlib import Path

from controller.services.face_hold import HOLD_KEY

__all__ = ["carry_face_endings", "hold_face_in"]

_TABLE = "face_consents"
_ENDED = """
UPDATE main.{table} SET ended_at_ms = newer.ended_at_ms, end_reason = newer.end_reason
FROM replaced.{table} AS newer
WHERE newer.id = main.{table}.id AND newer.ended_at_ms IS NOT NULL
AND main.{table}.ended_at_ms IS NULL
"""
_OF_KNOWN_PEOPLE = """
INSERT OR REPLACE INTO main.{table} SELECT newer.* FROM replaced.{table} AS newer
JOIN main.holders ON main.holders.id = newer.holder_id
"""
_STATEMENTS = (
    "INSERT OR IGNORE INTO main.face_notices SELECT * FROM replaced.face_notices",
    _ENDED.format(table="face_consents"),
    _ENDED.format(table="face_reservations"),
    """
    INSERT OR REPLACE INTO main.face_switches
    SELECT * FROM replaced.face_switches WHERE is_on = 0
    """,
    _OF_KNOWN_PEOPLE.format(table="face_refusals"),
    _OF_KNOWN_PEOPLE.format(table="erasures"),
    """
    INSERT OR REPLACE INTO main.erasure_gates
    SELECT newer.* FROM replaced.erasure_gates AS newer
    JOIN main.erasures ON main.erasures.id = newer.erasure_id
    JOIN main.gates ON main.gates.name = newer.gate
    """,
)


def carry_face_endings(replaced: Path, restored: Path) -> None:
    """Bring ends, refusals and requests that are newer than the backup into the restored file."""
    with closing(sqlite3.connect(restored)) as write:
        write.execute("ATTACH ? AS replaced", (str(replaced),)).close()
        if _TABLE not in _tables(write, "main") or not _are_alike(write):
            return
        for statement in _STATEMENTS:
            write.execute(statement).close()
        write.commit()


def hold_face_in(restored: Path) -> None:
    """Hold leases back in the restored file; the first minute's work notes since when."""
    with closing(sqlite3.connect(restored)) as write:
        if "site_values" not in _tables(write, "main"):
            return
        write.execute(
            "INSERT OR REPLACE INTO site_values (name, value) VALUES (?, ?)", (HOLD_KEY, b"0")
        ).close()
        write.commit()


def _are_alike(connection: sqlite3.Connection) -> bool:
    """Tell whether both files have the same schema; else the hold alone has to do."""
    found = connection.execute(
        "SELECT old.version_num = new.version_num FROM main.alembic_version AS old "
        "JOIN replaced.alembic_version AS new"
    ).fetchone()
    return bool(found and found[0])


def _tables(connection: sqlite3.Connection, schema: str) -> frozenset[str]:
    # The two schema names are constants of this module.
    rows = connection.execute(f"SELECT name FROM {schema}.sqlite_master WHERE type = 'table'")  # noqa: S608
    return frozenset(name for (name,) in rows)
