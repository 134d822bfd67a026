"""The gate's one database on SQLite: log, outbox, facts and documents.

What holds (DESIGN §7, protocol notes §1.5 and §7.1, cases 1 to 11):
1. a commit is on the disk when it returns, or nothing of it is;
2. one process owns the file, through one connection;
3. the log is the outbox: an event has one row, and a cursor tells what the controller has;
4. a lost, damaged or set-back file begins a new epoch, so that no number is given twice;
5. a full disk gives back its ballast once; after that, and for every other failure, StorageError
   leaves and nothing is half done.
"""

import secrets
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from edge.adapters.store_db import Database, checked
from edge.adapters.store_documents import DocumentTable
from edge.adapters.store_facts import SWEEP_EVERY, erasure_record, floor_after, load_facts, remember
from edge.adapters.store_files import Ballast, OwnerLock
from edge.adapters.store_leaf import LeafBuilder, SaltSource, unfinished_decisions
from edge.adapters.store_log import LogTable, grown, insert_events
from edge.adapters.store_opening import Opened, Opener, OpenerFiles
from edge.adapters.store_schema import event_key
from edge.adapters.store_snapshot import SnapshotFolder
from edge.domain.event_log import LogHead
from edge.domain.model import Moment
from edge.domain.ports import Boot, Commit, Committed, StoredEvent
from mqtt.contract.audit import SALT_BYTES, Frontier
from mqtt.contract.documents import Held
from mqtt.contract.envelope import Signer
from mqtt.contract.errors import StorageError
from mqtt.contract.reasons import ReasonCode
from mqtt.contract.topics import DocumentName

__all__ = ["STORE_CRASH_POINTS", "SqliteStore"]

STORE_CRASH_POINTS = (
    "before_commit",
    "after_commit",
    "before_boot",
    "after_boot",
    "after_quarantine",
    "after_salvage",
    "before_save_document",
    "after_save_document",
    "after_snapshot",
    "after_erasure",
)
"""Every durability boundary of the store, by the name that is given to `crash_point`."""

_BALLAST_BYTES = 4 * 1024 * 1024
_WHOLE_CHECK_BYTES = 32 * 1024 * 1024
_UNFINISHED_WINDOW = 256


def _no_crash(_: str) -> None:
    return None


def _fresh_salt() -> bytes:
    return secrets.token_bytes(SALT_BYTES)


class SqliteStore:
    """An `EventLog` in the file `path`; what belongs to it lies beside it under the same name.

    `signer` signs the second copies of the documents; without one none are kept. `first_epoch` is
    what a replaced unit is given, so that it does not repeat its predecessor's numbers.
    `crash_point` is called at every boundary of durability.
    """

    def __init__(
        self,
        path: Path,
        site: str,
        gate: str,
        *,
        signer: Signer | None = None,
        first_epoch: int = 1,
        crash_point: Callable[[str], None] = _no_crash,
        salt_source: SaltSource = _fresh_salt,
        ballast_bytes: int = _BALLAST_BYTES,
        whole_check_bytes: int = _WHOLE_CHECK_BYTES,
    ) -> None:
        files = OpenerFiles(path)
        self._lock = OwnerLock(files.lock)
        self._ballast = Ballast(files.ballast, ballast_bytes)
        self._database = Database(path, self._ballast)
        self._log = LogTable(self._database)
        self._documents = DocumentTable(self._database)
        self._snapshots = SnapshotFolder(files.snapshots, site, gate, signer) if signer else None
        self._builder = LeafBuilder(site, gate, salt_source)
        self._crash_point = crash_point
        self._opener = Opener(
            files,
            (site, gate),
            self._database,
            self._log,
            crash_point=crash_point,
            first_epoch=first_epoch,
            whole_check_bytes=whole_check_bytes,
        )
        self._opened = Opened(epoch=0, boot_counter=0, acked=0, floor_ms=0)
        self._frontier = Frontier()
        self._commits = 0

    def open(self) -> Boot:
        """See `Store.open`. Where the file cannot be opened, `documents` still gives the copies.

        Raises StorageError: `database_locked`, `version_unsupported`, `does_not_fit`,
        `database_unavailable`, `disk_full`.
        """
        try:
            self._lock.acquire()
            self._opened, self._frontier = self._opener.open()
            self._load_documents()
            memory = load_facts(self._database)
            unfinished = self._unfinished()
        except StorageError:
            self._database.close()
            self._lock.release()
            self._documents.take(self._snapshots.load() if self._snapshots else {})
            raise
        self._ballast.lay()
        now = self._opened
        return Boot(
            epoch=now.epoch,
            boot_counter=now.boot_counter,
            size=self._frontier.size,
            acked=now.acked,
            floor_ms=now.floor_ms,
            quarantined=now.quarantined,
            memory=memory,
            unfinished=unfinished,
        )

    def commit(self, work: Commit) -> Committed:
        """See `Store.commit`."""
        committed = self._append(work, lambda _: None)
        self._commits += 1
        if self._commits % SWEEP_EVERY == 0:
            self._ballast.lay()
        return committed

    def _append(self, work: Commit, also: Callable[[sqlite3.Connection], None]) -> Committed:
        epoch, first_seq = self._opened.epoch, self._frontier.size
        built = self._builder.build(work, epoch, first_seq)
        after, edges = grown(self._frontier, epoch, (event.leaf for event, _ in built))
        floor_ms = floor_after(self._opened.floor_ms, work.at)
        head = (after.size, after.dump(), self._opened.acked, floor_ms, epoch)
        sweep_ms = floor_ms if self._commits % SWEEP_EVERY == 0 else 0

        def write(connection: sqlite3.Connection) -> None:
            insert_events(connection, epoch, built)
            if edges:
                connection.executemany("INSERT INTO frontiers VALUES (?, ?)", edges)
            connection.execute(
                "UPDATE epochs SET size=?, peaks=?, acked=?, floor_ms=? WHERE epoch=?", head
            )
            remember(connection, work.memory, sweep_ms)
            self._opener.count_boot(connection)
            if built:
                self._opener.explain(connection)
            also(connection)

        self._crash_point("before_commit")
        self._database.write(write)
        self._crash_point("after_commit")
        self._frontier = after
        self._opened.floor_ms = floor_ms
        self._opener.boot_counted()
        if built:
            self._opener.explained()
        return Committed(epoch, first_seq, len(built))

    def read(self, first_seq: int, limit: int) -> Sequence[StoredEvent]:
        """See `Store.read`."""
        return self.read_epoch(self._opened.epoch, first_seq, limit)

    def read_epoch(self, epoch: int, first_seq: int, limit: int) -> Sequence[StoredEvent]:
        """See `EventLog.read_epoch`."""
        return self._log.read(epoch, first_seq, limit)

    def root_at(self, size: int) -> bytes:
        """See `Store.root_at`. Raises StorageError(`not_found`) beyond the log's end."""
        return self.root_of(self._opened.epoch, size)

    def root_of(self, epoch: int, size: int) -> bytes:
        """See `EventLog.root_of`."""
        if epoch != self._opened.epoch:
            try:
                return self._log.frontier_at(epoch, size).root()
            except StorageError as error:
                if error.code is ReasonCode.DATABASE_CORRUPT:
                    return b""
                raise
        if not 0 <= size <= self._frontier.size:
            raise StorageError(ReasonCode.NOT_FOUND, "beyond the end of the log")
        return self._log.frontier_at(epoch, size).root()

    def heads(self) -> Sequence[LogHead]:
        """See `EventLog.heads`."""
        now = self._opened
        current = LogHead(now.epoch, self._frontier.size, now.acked, self._frontier.root())
        return [*self._log.earlier_heads(now.epoch), current]

    def mark_acked(self, upto: int) -> None:
        """See `Store.mark_acked`. Written with the next commit: a lost mark only sends again."""
        self._opened.acked = min(max(self._opened.acked, upto), self._frontier.size)

    def mark_epoch_acked(self, epoch: int, upto: int) -> None:
        """See `EventLog.mark_epoch_acked`."""
        if epoch == self._opened.epoch:
            self.mark_acked(upto)
            return

        def write(connection: sqlite3.Connection) -> None:
            query = "UPDATE epochs SET acked=min(max(acked, ?), size) WHERE epoch=?"
            connection.execute(query, (upto, epoch))

        self._database.write(write)

    def begin_epoch(self, at_least: int) -> int:
        """See `EventLog.begin_epoch`."""
        self._flush()
        epoch = max(self._opened.epoch + 1, at_least)
        self._opener.begin_epoch(epoch, self._opened)
        self._opened.epoch, self._opened.acked = epoch, 0
        self._frontier = Frontier()
        return epoch

    def erase_personal(
        self, first_seq: int, upto: int, at: Moment, policy_version: int
    ) -> Committed:
        """See `EventLog.erase_personal`."""
        epoch = self._opened.epoch
        bounds = (event_key(epoch, first_seq), event_key(epoch, min(upto, self._frontier.size)))
        work = Commit(at, policy_version, (erasure_record(first_seq, upto),))

        def erase(connection: sqlite3.Connection) -> None:
            query = (
                "UPDATE events SET salt=NULL, personal=NULL WHERE key>=? AND key<? AND NOT lasting"
            )
            connection.execute(query, bounds)

        committed = self._append(work, erase)
        self._database.forget_erased()
        self._crash_point("after_erasure")
        return committed

    def documents(self) -> Mapping[DocumentName, Held]:
        """See `Store.documents`."""
        return self._documents.all()

    def save_document(self, name: DocumentName, held: Held) -> None:
        """See `Store.save_document`."""
        self._crash_point("before_save_document")
        self._documents.save(name, held)
        self._crash_point("after_save_document")
        if self._snapshots is not None:
            with checked():
                self._snapshots.save(name, held)
            self._crash_point("after_snapshot")

    def close(self) -> None:
        """See `Store.close`."""
        if self._database.is_open:
            try:
                self._flush()
                self._opener.write_mark(self._opened, self._frontier.size, clean=True)
            finally:
                self._database.close()
                self._lock.release()

    def _flush(self) -> None:
        row = (self._opened.acked, self._opened.floor_ms, self._opened.epoch)
        query = "UPDATE epochs SET acked=?, floor_ms=? WHERE epoch=?"

        def write(connection: sqlite3.Connection) -> None:
            connection.execute(query, row)
            self._opener.count_boot(connection)

        self._database.write(write)

    def _load_documents(self) -> None:
        self._documents.load()
        held = self._documents.all()
        if self._snapshots is None or not (self._opened.quarantined or not held):
            return
        for name, copy in self._snapshots.load().items():
            if name not in held:
                self._documents.save(name, copy)

    def _unfinished(self) -> Sequence[int]:
        first_seq = max(0, self._frontier.size - _UNFINISHED_WINDOW)
        events = self.read(first_seq, _UNFINISHED_WINDOW)
        return unfinished_decisions([event.leaf for event in events])
