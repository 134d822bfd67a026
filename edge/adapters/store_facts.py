"""What both stores do alike around a commit: facts, the time floor, the record of an erasure."""

import sqlite3
from collections.abc import Mapping, Sequence

from edge.adapters.store_db import Database, checked
from edge.domain.effects import MemoryKind, Record, Remember
from edge.domain.model import ClockTrust, Moment
from mqtt.contract.events import AdapterKind, EventKind, Outcome, Personal
from mqtt.contract.reasons import ReasonCode

__all__ = ["SWEEP_EVERY", "erasure_record", "floor_after", "load_facts", "remember"]

SWEEP_EVERY = 1024
"""Commits between two sweeps of facts whose time is over, so that memory stays bounded."""


def load_facts(database: Database) -> Mapping[tuple[str, bytes], bytes]:
    """Return every fact. Raises StorageError."""
    with checked():
        rows = database.connection.execute("SELECT kind, key, value FROM memory")
        return {(kind, key): value for kind, key, value in rows}


def erasure_record(first_seq: int, upto: int) -> Record:
    """Return the record that tells which personal parts were erased."""
    return Record(
        kind=EventKind.ERASURE,
        outcome=Outcome.OBSERVED,
        reason=ReasonCode.RETENTION,
        adapter_kind=AdapterKind.REAL,
        personal=Personal(note=f"first={first_seq} upto={upto}"),
    )


def floor_after(floor_ms: int, at: Moment) -> int:
    """Return the new time floor; a clock of unknown trust does not move it."""
    return floor_ms if at.trust is ClockTrust.UNKNOWN else max(floor_ms, at.utc_ms)


def remember(connection: sqlite3.Connection, facts: Sequence[Remember], sweep_ms: int) -> None:
    """Write facts inside the caller's transaction; those due before `sweep_ms` (0: none) go."""
    for fact in facts:
        key = (MemoryKind(fact.kind).value, fact.key)
        if fact.value is None:
            connection.execute("DELETE FROM memory WHERE kind=? AND key=?", key)
        else:
            row = (*key, fact.value, fact.until_ms)
            connection.execute("REPLACE INTO memory VALUES (?, ?, ?, ?)", row)
    if sweep_ms:
        connection.execute("DELETE FROM memory WHERE until_ms>0 AND until_ms<?", (sweep_ms,))
