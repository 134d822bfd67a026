"""Where the two stores live, and what tests of them write."""

import sqlite3
from pathlib import Path
from typing import Protocol

from edge.adapters.memory_store import CountedSalts, MemoryDisk, MemoryStore
from edge.adapters.store import SqliteStore
from edge.domain.effects import Record
from edge.domain.event_log import EventLog
from edge.domain.model import ClockTrust, Moment
from edge.domain.ports import Commit
from mqtt.contract import codec
from mqtt.contract.documents import Held, digest_of
from mqtt.contract.events import AdapterKind, EventKind, Leaf, Outcome, Personal
from mqtt.contract.reasons import ReasonCode

__all__ = [
    "GATE",
    "NOON_MS",
    "SITE",
    "MemoryPlace",
    "Place",
    "SqlitePlace",
    "commit",
    "decision",
    "document",
    "facts_of",
    "leaves",
    "moment",
    "outcome_of",
    "place_named",
    "spoil",
]

SITE, GATE = "lake-garden", "gate-north"
NOON_MS = 1_795_000_000_000


class Place(Protocol):
    """Where a store lives; each call of `store()` is a new run of the process on the same disk."""

    def store(self) -> EventLog: ...


class SqlitePlace:
    def __init__(self, folder: Path) -> None:
        self._path = folder / "gate.db"

    def store(self) -> EventLog:
        return SqliteStore(self._path, SITE, GATE, ballast_bytes=0)


class MemoryPlace:
    def __init__(self) -> None:
        self._disk = MemoryDisk()

    def store(self) -> EventLog:
        return MemoryStore(self._disk, SITE, GATE, salt_source=CountedSalts(1))


def moment(mono_ms: int = 1_000, trust: ClockTrust = ClockTrust.SYNCED) -> Moment:
    return Moment(mono_ms, NOON_MS + mono_ms, trust)


def decision(**changes: object) -> Record:
    fields: dict[str, object] = {
        "kind": EventKind.DECISION,
        "outcome": Outcome.GRANTED,
        "reason": ReasonCode.GRANTED,
        "adapter_kind": AdapterKind.SIMULATED,
        "access_point": "north-in",
        "personal": Personal(b"holder-1", b"credent1"),
    }
    return Record(**(fields | changes))  # type: ignore[arg-type]  # the overrides are checked by use


def outcome_of(cause_seq: int) -> Record:
    return decision(kind=EventKind.PASSAGE, outcome=Outcome.ENTERED, cause_seq=cause_seq)


def commit(store: EventLog, *records: Record, **changes: object) -> int:
    work = Commit(moment(), 7, records, **changes)  # type: ignore[arg-type]  # see above
    return store.commit(work).first_seq


def leaves(store: EventLog) -> list[Leaf]:
    return [codec.decode(event.leaf, Leaf) for event in store.read(0, 1000)]


def facts_of(store: EventLog) -> int:
    store.close()
    return len(store.open().memory)


def document(version: int, count: int) -> Held:
    records = {f"credentials/{number}": bytes([number % 256]) * 40 for number in range(count)}
    return Held(version, digest_of(records), records)


def place_named(name: str, folder: Path) -> Place:
    return SqlitePlace(folder) if name == "sqlite" else MemoryPlace()


def spoil(path: Path, table: str) -> None:
    """Overwrite the root page of a table."""
    with sqlite3.connect(path) as connection:
        page = connection.execute("SELECT rootpage FROM sqlite_master WHERE name=?", (table,))
        number = page.fetchone()[0]
        size = connection.execute("PRAGMA page_size").fetchone()[0]
    connection.close()
    with path.open("r+b") as file:
        file.seek((number - 1) * size)
        file.write(b"\xff" * size)
