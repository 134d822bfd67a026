"""One SQLite connection with the settings that durability rests on, and its errors in our words.

WAL with `synchronous=FULL`: a commit is on the disk when it returns (sqlite.org/wal.html).
`secure_delete` overwrites what is erased. The locking mode is exclusive, so that no second
connection exists, in or out of this process; SQLite 3.7.0 to 3.51.2 can damage a WAL that two
connections reset.
"""

import errno
import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from edge.adapters.store_files import Ballast
from mqtt.contract.errors import StorageError
from mqtt.contract.reasons import ReasonCode

__all__ = ["Database", "checked", "translated"]

_FULL = 2
_BUSY_MS = 0
_PRIVATE = 0o600

_CODES: dict[int, ReasonCode] = {
    sqlite3.SQLITE_FULL: ReasonCode.DISK_FULL,
    sqlite3.SQLITE_BUSY: ReasonCode.DATABASE_LOCKED,
    sqlite3.SQLITE_LOCKED: ReasonCode.DATABASE_LOCKED,
    sqlite3.SQLITE_CORRUPT: ReasonCode.DATABASE_CORRUPT,
    sqlite3.SQLITE_NOTADB: ReasonCode.DATABASE_CORRUPT,
}


def translated(error: sqlite3.Error | OSError) -> StorageError:
    """Return our error for one of SQLite or of the system; the text of neither can hold a value."""
    if isinstance(error, OSError):
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        code = ReasonCode.DISK_FULL if full else ReasonCode.DATABASE_UNAVAILABLE
        return StorageError(code, errno.errorcode.get(error.errno or 0, ""))
    number = getattr(error, "sqlite_errorcode", None)
    if number is None:
        return StorageError(ReasonCode.DATABASE_UNAVAILABLE, type(error).__name__)
    code = _CODES.get(number & 0xFF, ReasonCode.DATABASE_UNAVAILABLE)
    return StorageError(code, getattr(error, "sqlite_errorname", ""))


@contextmanager
def checked() -> Iterator[None]:
    """Let only StorageError out."""
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        raise translated(error) from error


class Database:
    """The one connection; a full disk gets the ballast back once, and the work is tried again."""

    def __init__(self, path: Path, ballast: Ballast) -> None:
        self._path = path
        self._ballast = ballast
        self._connection: sqlite3.Connection | None = None

    @property
    def connection(self) -> sqlite3.Connection:
        """Return the connection. Raises StorageError while there is none."""
        if self._connection is None:
            raise StorageError(ReasonCode.DATABASE_UNAVAILABLE, "not open")
        return self._connection

    @property
    def is_open(self) -> bool:
        """Tell whether there is a connection."""
        return self._connection is not None

    def open(self) -> None:
        """Connect and set what durability needs. Raises StorageError."""
        with checked():
            os.close(os.open(self._path, os.O_RDWR | os.O_CREAT, _PRIVATE))
            connection = sqlite3.connect(
                self._path, isolation_level=None, check_same_thread=False, timeout=_BUSY_MS
            )
            try:
                self._settle(connection)
            except BaseException:
                connection.close()
                raise
        self._connection = connection

    @staticmethod
    def _settle(connection: sqlite3.Connection) -> None:
        connection.execute("PRAGMA locking_mode=EXCLUSIVE")
        connection.execute("PRAGMA secure_delete=ON")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA temp_store=MEMORY")
        connection.execute("PRAGMA trusted_schema=OFF")
        connection.execute("PRAGMA cell_size_check=ON")
        journal = connection.execute("PRAGMA journal_mode=WAL").fetchone()[0]
        level = connection.execute("PRAGMA synchronous").fetchone()[0]
        if (journal, level) != ("wal", _FULL):
            raise StorageError(ReasonCode.DATABASE_UNAVAILABLE, "durability is not available")

    def close(self) -> None:
        """Disconnect; nothing is raised, because nothing was pending."""
        if self._connection is not None:
            with suppress(sqlite3.Error):
                self._connection.close()
            self._connection = None

    def write(self, work: Callable[[sqlite3.Connection], None]) -> None:
        """Run `work` in one durable transaction, or change nothing and raise StorageError.

        On a full disk the ballast is given back and the work runs once more.
        """
        try:
            self._write_once(work)
        except StorageError as error:
            if error.code is not ReasonCode.DISK_FULL or not self._ballast.release():
                raise
            self._write_once(work)

    def _write_once(self, work: Callable[[sqlite3.Connection], None]) -> None:
        connection = self.connection
        try:
            connection.execute("BEGIN IMMEDIATE")
            try:
                work(connection)
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    with suppress(sqlite3.Error):
                        connection.execute("ROLLBACK")
                raise
        except (sqlite3.Error, OSError) as error:
            raise translated(error) from error

    def forget_erased(self) -> None:
        """Empty the WAL, so that what was erased is in no file any more. Raises StorageError."""
        with checked():
            self.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
