"""Read and write the tables of ingest inside one transaction: ledgers, hashes, presence, alarms."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from typing import Any

from sqlalchemy import (
    Connection,
    Executable,
    RowMapping,
    Select,
    Table,
    bindparam,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from controller.ingest.intake import GateKey, Trouble
from controller.ingest.ledger import Ledger
from controller.storage.models import (
    AlarmRow,
    DocumentChangeRow,
    EventRow,
    GateEpochRow,
    GatePresenceRow,
    GateRow,
)
from mqtt.contract.audit import Frontier
from mqtt.contract.reasons import ReasonCode

__all__ = ["PAGE", "Books", "read_keys", "upsert"]

PAGE = 2_048
"""How many hashes beyond a hole are read at once."""

_IN_LIMIT = 500


def read_keys(connection: Connection) -> dict[str, GateKey]:
    """Return the key of every registered gate."""
    found = select(GateRow.name, GateRow.public_key, GateRow.revoked_at_ms)
    return {
        name: GateKey(public_key, revoked_at_ms is not None)
        for name, public_key, revoked_at_ms in connection.execute(found)
    }


def upsert(
    connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]], keys: tuple[str, ...]
) -> None:
    """Insert rows, or change every given column of those that exist."""
    if not rows:
        return
    statement = _upsert(connection.dialect.name, table, tuple(rows[0]), keys)
    connection.execute(statement, list(rows))


@cache
def _upsert(
    dialect: str, table: Table, names: tuple[str, ...], keys: tuple[str, ...]
) -> Executable:
    # Two classes of two dialects with one shape; their common base lacks `on_conflict`.
    insert = sqlite.insert if dialect == "sqlite" else postgresql.insert
    statement = insert(table)
    excluded = {name: statement.excluded[name] for name in names if name not in keys}
    return statement.on_conflict_do_update(index_elements=list(keys), set_=excluded)


@cache
def _ledgers_of_gates() -> Select[*tuple[Any, ...]]:
    columns = (
        GateEpochRow.gate,
        GateEpochRow.epoch,
        GateEpochRow.size,
        GateEpochRow.frontier,
        GateEpochRow.stored,
        GateEpochRow.first_received_at_ms,
    )
    return select(*columns).where(GateEpochRow.gate.in_(bindparam("gates", expanding=True)))


class Books:
    """What one transaction of ingest reads and writes; takes the open connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def lock(self, gates: Iterable[str]) -> None:
        """Keep other ingest processes from these gates until the end of the transaction.

        SQLite has one writer anyhow. FOR NO KEY UPDATE lets pages refer to the gates meanwhile.
        """
        if self._connection.dialect.name == "sqlite":
            return
        self._connection.execute(
            select(GateRow.name)
            .where(GateRow.name.in_(sorted(set(gates))))
            .order_by(GateRow.name)
            .with_for_update(key_share=True)
        ).all()

    def ledgers(
        self, wanted: Iterable[tuple[str, int]], now_ms: int
    ) -> dict[tuple[str, int], Ledger]:
        """Return the ledger of each (gate, epoch), an empty one where there is none yet."""
        keys = set(wanted)
        found: dict[tuple[str, int], Ledger] = {}
        for row in self._of_gates({gate for gate, _ in keys}):
            if (row.gate, row.epoch) in keys:
                frontier = Frontier.load(row.size, row.frontier)
                found[row.gate, row.epoch] = Ledger(
                    row.gate, row.epoch, frontier, row.stored, row.first_received_at_ms
                )
        for gate, epoch in keys - found.keys():
            found[gate, epoch] = Ledger(gate, epoch, first_received_at_ms=now_ms, is_new=True)
        return found

    def _of_gates(self, gates: set[str]) -> list[Any]:
        rows: list[Any] = []
        names = sorted(gates)
        for start in range(0, len(names), _IN_LIMIT):
            part = names[start : start + _IN_LIMIT]
            rows += self._connection.execute(_ledgers_of_gates(), {"gates": part})
        return rows

    def save_ledgers(self, ledgers: Iterable[Ledger], now_ms: int) -> None:
        """Store sizes, roots and frontiers."""
        rows = [
            {
                "gate": ledger.gate,
                "epoch": ledger.epoch,
                "size": ledger.size,
                "root": ledger.frontier.root(),
                "frontier": ledger.frontier.dump(),
                "stored": ledger.stored,
                "acked": ledger.size,
                "acked_root": ledger.frontier.root(),
                "first_received_at_ms": ledger.first_received_at_ms,
                "last_received_at_ms": now_ms,
            }
            for ledger in ledgers
        ]
        upsert(self._connection, _table(GateEpochRow), rows, ("gate", "epoch"))

    def has_older_epoch(self, gate: str, epoch: int) -> bool:
        """Tell whether another life of this gate's log is known."""
        found = select(GateEpochRow.epoch).where(
            GateEpochRow.gate == gate, GateEpochRow.epoch != epoch
        )
        return self._connection.execute(found.limit(1)).first() is not None

    def hashes(self, gate: str, epoch: int, first_seq: int, count: int) -> dict[int, bytes]:
        """Return the hashes held of `count` numbers from `first_seq`."""
        found = self._hashes(gate, epoch, first_seq).where(EventRow.seq < first_seq + count)
        return {seq: hashed for seq, hashed in self._connection.execute(found)}  # noqa: C416

    def beyond(self, gate: str, epoch: int) -> Callable[[int], Mapping[int, bytes]]:
        """Return a reader of the hashes from a number on, one page at a time."""

        def page(first_seq: int) -> Mapping[int, bytes]:
            found = self._hashes(gate, epoch, first_seq).order_by(EventRow.seq).limit(PAGE)
            return {seq: hashed for seq, hashed in self._connection.execute(found)}  # noqa: C416

        return page

    @staticmethod
    def _hashes(gate: str, epoch: int, first_seq: int) -> Select[int, bytes]:
        return select(EventRow.seq, EventRow.leaf_hash).where(
            EventRow.gate == gate, EventRow.epoch == epoch, EventRow.seq >= first_seq
        )

    def presence(self, gate: str) -> RowMapping | None:
        """Return the columns of what a gate last said, or None."""
        table = _table(GatePresenceRow)
        found = self._connection.execute(select(table).where(table.c.gate == gate)).mappings()
        return found.first()

    def heard(self, gates: Iterable[str]) -> set[str]:
        """Return those of `gates` of which a birth is stored, in one question."""
        names = sorted(set(gates))
        found: set[str] = set()
        for start in range(0, len(names), _IN_LIMIT):
            part = names[start : start + _IN_LIMIT]
            query = select(GatePresenceRow.gate).where(GatePresenceRow.gate.in_(part))
            found.update(self._connection.execute(query).scalars())
        return found

    def save_presence(self, values: Mapping[str, Any]) -> None:
        """Store what a gate said; columns that are not given keep their values."""
        upsert(self._connection, _table(GatePresenceRow), [values], ("gate",))

    def change_presence(self, gate: str, values: Mapping[str, Any]) -> None:
        """Change some columns of what is stored of a gate; a gate never heard stays unknown."""
        table = _table(GatePresenceRow)
        self._connection.execute(update(table).where(table.c.gate == gate).values(**values))

    def document_digest(self, gate: str, name: str, version: int) -> bytes | None:
        """Return the digest that we issued for this version, or None."""
        found = select(DocumentChangeRow.digest).where(
            DocumentChangeRow.gate == gate,
            DocumentChangeRow.name == name,
            DocumentChangeRow.version == version,
        )
        return self._connection.execute(found).scalar()

    def raise_alarms(self, troubles: Iterable[Trouble], now_ms: int) -> int:
        """Store alarms; one that is open already for the same thing is not repeated."""
        fresh: dict[tuple[str, ReasonCode, int | None, int | None], Trouble] = {}
        for trouble in troubles:
            key = (trouble.gate, trouble.reason, trouble.epoch, trouble.seq)
            if key not in fresh and not self._is_open(trouble):
                fresh[key] = trouble
        rows = [
            {
                "at_ms": now_ms,
                "gate": trouble.gate,
                "reason": trouble.reason.value,
                "detail": trouble.detail,
                "epoch": trouble.epoch,
                "seq": trouble.seq,
                "clear_reason": "",
            }
            for trouble in fresh.values()
        ]
        if rows:
            self._connection.execute(_table(AlarmRow).insert(), rows)
        return len(rows)

    def _is_open(self, trouble: Trouble) -> bool:
        table = _table(AlarmRow)
        found = select(table.c.id).where(
            table.c.cleared_at_ms.is_(None),
            table.c.gate == trouble.gate,
            table.c.reason == trouble.reason.value,
            table.c.epoch.is_(None) if trouble.epoch is None else table.c.epoch == trouble.epoch,
            table.c.seq.is_(None) if trouble.seq is None else table.c.seq == trouble.seq,
        )
        return self._connection.execute(found.limit(1)).first() is not None

    def holes(self) -> list[tuple[str, int, int]]:
        """Return (gate, epoch, first missing number) of every log that is held with a hole."""
        found = select(GateEpochRow.gate, GateEpochRow.epoch, GateEpochRow.size).where(
            GateEpochRow.stored > GateEpochRow.size
        )
        return [(gate, epoch, size) for gate, epoch, size in self._connection.execute(found)]


def _table(row: type[Any]) -> Table:
    table: Table = row.__table__
    return table
