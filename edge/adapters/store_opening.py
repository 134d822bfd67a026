"""Open the gate's database: check it, judge whether it is the newest one, count the boot.

A new epoch begins where the file is lost or damaged, knows less than the mark beside it, or has
lost its WAL after a crash. Every other start goes on in the same epoch.
"""

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from edge.adapters.store_db import Database, checked
from edge.adapters.store_files import Mark, read_mark, write_mark
from edge.adapters.store_log import LogTable
from edge.adapters.store_recovery import (
    check_file,
    check_tail,
    newest_epoch,
    newest_quarantined,
    quarantine,
    salvage,
)
from edge.adapters.store_schema import migrate
from mqtt.contract.audit import Frontier
from mqtt.contract.errors import StorageError
from mqtt.contract.reasons import ReasonCode

__all__ = ["Opened", "Opener", "OpenerFiles"]


@dataclass(slots=True)
class Opened:
    """The store's running figures; `acked` and `floor_ms` are written with the next commit."""

    epoch: int
    boot_counter: int
    acked: int
    floor_ms: int
    quarantined: bool = False


@dataclass(frozen=True, slots=True)
class OpenerFiles:
    """Where the database and everything beside it lies."""

    path: Path

    @property
    def lock(self) -> Path:
        """Return the owner's lock file."""
        return self._beside(".lock")

    @property
    def mark(self) -> Path:
        """Return the mark."""
        return self._beside(".mark")

    @property
    def ballast(self) -> Path:
        """Return the reserved room."""
        return self._beside(".ballast")

    @property
    def snapshots(self) -> Path:
        """Return the folder of the documents' second copies."""
        return self._beside(".documents")

    @property
    def wal(self) -> Path:
        """Return SQLite's write-ahead log."""
        return self._beside("-wal")

    def _beside(self, suffix: str) -> Path:
        return self.path.with_name(self.path.name + suffix)


class Opener:
    """Opens the database of `owner`, a site and a gate."""

    def __init__(
        self,
        files: OpenerFiles,
        owner: tuple[str, str],
        database: Database,
        log: LogTable,
        *,
        crash_point: Callable[[str], None],
        first_epoch: int,
        whole_check_bytes: int,
    ) -> None:
        self._files = files
        self._owner = owner
        self._database = database
        self._log = log
        self._crash_point = crash_point
        self._first_epoch = first_epoch
        self._whole_check_bytes = whole_check_bytes
        self._uncounted_boot: int | None = None
        self._unexplained = False

    def open(self) -> tuple[Opened, Frontier]:
        """Return the figures and the current tree. Raises StorageError."""
        mark = read_mark(self._files.mark)
        existed, had_wal = self._files.path.exists(), self._files.wal.exists()
        damaged = None if existed else newest_quarantined(self._files.path)
        try:
            opened, tree = self._read(mark)
        except StorageError as error:
            if error.code is not ReasonCode.DATABASE_CORRUPT:
                raise
            damaged, opened, tree = self._set_aside(), None, Frontier()
        lost_wal = existed and not had_wal and mark is not None and not mark.clean
        if opened is None or lost_wal or _is_set_back(opened, tree, mark):
            opened, tree = self._new_epoch(opened, mark, damaged), Frontier()
        self._salvage()
        self._boot(opened, tree.size, mark)
        return opened, tree

    def _read(self, mark: Mark | None) -> tuple[Opened | None, Frontier]:
        self._database.close()
        self._database.open()
        self._log.forget()
        self._database.write(lambda connection: migrate(connection, *self._owner))
        check_file(self._database, self._files.path, self._whole_check_bytes)
        epochs = self._log.epochs()
        if not epochs:
            return None, Frontier()
        epoch, size, peaks, acked, floor_ms = epochs[-1]
        tree = check_tail(self._log, epoch, size, peaks)
        floor_ms = max(floor_ms, mark.floor_ms if mark else 0)
        boots, unexplained = self._figures("boot_counter"), self._figures("unexplained")
        self._unexplained = bool(unexplained)
        return Opened(epoch, boots, acked, floor_ms, self._unexplained), tree

    def _figures(self, column: str) -> int:
        with checked():
            row = self._database.connection.execute(f"SELECT {column} FROM gate").fetchone()  # noqa: S608  our own word
            return int(row[0])

    def _set_aside(self) -> Path:
        self._database.close()
        damaged = quarantine(self._files.path)
        self._crash_point("after_quarantine")
        self._database.open()
        self._log.forget()
        self._database.write(lambda connection: migrate(connection, *self._owner))
        return damaged

    def _new_epoch(self, old: Opened | None, mark: Mark | None, damaged: Path | None) -> Opened:
        newest = max(old.epoch if old else 0, mark.epoch if mark else 0)
        if damaged is not None:
            newest = max(newest, newest_epoch(damaged))
        epoch = max(newest + 1, self._first_epoch)
        floors = (old.floor_ms if old else 0, mark.floor_ms if mark else 0)
        boots = old.boot_counter if old else 0
        opened = Opened(epoch, boots, 0, max(floors), quarantined=newest > 0)
        self._unexplained = opened.quarantined
        self.begin_epoch(epoch, opened, is_salvaging=damaged is not None)
        return opened

    def begin_epoch(self, epoch: int, opened: Opened, *, is_salvaging: bool = False) -> None:
        """Write the row of a new epoch. Raises StorageError."""
        row = (epoch, opened.floor_ms)

        def write(connection: sqlite3.Connection) -> None:
            connection.execute("INSERT INTO epochs VALUES (?, 0, x'', 0, ?)", row)
            flags = (self._unexplained, is_salvaging)
            connection.execute("UPDATE gate SET unexplained=?, salvaging=salvaging OR ?", flags)

        self._database.write(write)
        now = Opened(epoch, opened.boot_counter, 0, opened.floor_ms)
        self.write_mark(now, 0, clean=False)

    def _salvage(self) -> None:
        """Take over what is pending in a damaged file; a crash in the middle begins again."""
        damaged = newest_quarantined(self._files.path)
        if damaged is None or not self._figures("salvaging"):
            return
        salvage(self._database, damaged, *self._owner)
        self._crash_point("after_salvage")
        self._database.write(_end_salvage)

    def _boot(self, opened: Opened, size: int, mark: Mark | None) -> None:
        """Count the boot durably; on a disk that cannot write, the next commit does it."""
        known = max(opened.boot_counter, mark.boot_counter if mark else 0)
        opened.boot_counter = known + 1
        self._uncounted_boot = opened.boot_counter
        self._crash_point("before_boot")
        try:
            self._database.write(self.count_boot)
        except StorageError as error:
            if error.code is ReasonCode.DATABASE_CORRUPT:
                raise
            return
        self.boot_counted()
        self.write_mark(opened, size, clean=False)
        self._crash_point("after_boot")

    def explain(self, connection: sqlite3.Connection) -> None:
        """Note, inside the caller's transaction, that the log now tells of a new epoch."""
        if self._unexplained:
            connection.execute("UPDATE gate SET unexplained=0")

    def explained(self) -> None:
        """Note that the transaction with `explain` was committed."""
        self._unexplained = False

    def count_boot(self, connection: sqlite3.Connection) -> None:
        """Write the boot counter if that is still due, inside the caller's transaction."""
        if self._uncounted_boot is not None:
            connection.execute("UPDATE gate SET boot_counter=?", (self._uncounted_boot,))

    def boot_counted(self) -> None:
        """Note that the transaction with `count_boot` was committed."""
        self._uncounted_boot = None

    def write_mark(self, opened: Opened, size: int, *, clean: bool) -> None:
        """Write the mark beside the database; a disk that refuses it keeps the older one."""
        mark = Mark(opened.epoch, opened.boot_counter, size, opened.floor_ms, clean)
        write_mark(self._files.mark, mark)


def _is_set_back(opened: Opened, tree: Frontier, mark: Mark | None) -> bool:
    """Tell whether the file knows less than the mark beside it."""
    if mark is None:
        return False
    known = (mark.epoch, mark.size)
    return opened.boot_counter < mark.boot_counter or (opened.epoch, tree.size) < known


def _end_salvage(connection: sqlite3.Connection) -> None:
    connection.execute("UPDATE gate SET salvaging=0")
