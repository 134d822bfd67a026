"""Back up and restore a SQLite database while it is in use. PostgreSQL has its own tools.

A backup is one file of mode 0600 that opens by itself. After a restore nothing goes back: what was
ended since the backup stays ended as far as the replaced database can still be read; every gate is
asked what it knows to have ended before anything is published to it (`read_back`), and its first
birth raises the versions above what it holds (`documents.heard_birth`).
"""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

from sqlalchemy.engine import make_url

from controller.services.backup_face import carry_face_endings, hold_face_in
from controller.services.read_back import HOLD_KEY
from mqtt.contract.errors import ConfigError, StorageError
from mqtt.contract.reasons import ReasonCode

__all__ = ["backup", "restore"]

_STEP_PAGES = 256


def backup(url: str, target: Path) -> None:
    """Write a consistent copy of the database to `target`, which must not exist.

    Raises ConfigError(`not_supported`) for PostgreSQL, (`path_refused`) if the target exists;
    StorageError.
    """
    source = _file_of(url)
    if target.exists():
        raise ConfigError(ReasonCode.PATH_REFUSED, f"{target.name} exists")
    if not source.is_file():
        raise StorageError(ReasonCode.DATABASE_UNAVAILABLE)
    partial = target.with_name(target.name + ".part")
    _copy(source, partial)
    partial.replace(target)


def restore(url: str, source: Path) -> None:
    """Replace the database by a backup; the controller must be stopped.

    The backup is checked and copied first, so that a damaged one changes nothing; the replaced
    database stays beside it as `<name>.before-restore`. Raises ConfigError, StorageError.
    """
    target = _file_of(url)
    if not source.is_file():
        raise ConfigError(ReasonCode.FILE_UNREADABLE, source.name)
    partial = target.with_name(target.name + ".part")
    _copy(source, partial)
    try:
        if target.exists():
            replaced = target.with_name(target.name + ".before-restore")
            _copy(target, replaced)
            _carry_revocations(replaced, partial)
            carry_face_endings(replaced, partial)
        hold_face_in(partial)
        _hold_documents_in(partial)
        for suffix in ("-wal", "-shm"):
            target.with_name(target.name + suffix).unlink(missing_ok=True)
        partial.replace(target)
    except OSError as error:
        raise StorageError(ReasonCode.DISK_FULL) from error
    except sqlite3.Error as error:
        raise StorageError(ReasonCode.DATABASE_CORRUPT) from error


def _carry_revocations(replaced: Path, restored: Path) -> None:
    """Keep revocations that are newer than the backup, so that a lost fob stays lost."""
    with closing(sqlite3.connect(restored)) as write:
        write.execute("ATTACH ? AS replaced", (str(replaced),)).close()
        write.execute(
            "INSERT OR IGNORE INTO main.revocations SELECT * FROM replaced.revocations"
        ).close()
        write.commit()


def _hold_documents_in(restored: Path) -> None:
    """Let every gate tell what has ended before anything is published to it (`read_back`)."""
    with closing(sqlite3.connect(restored)) as write:
        write.execute(
            "INSERT OR REPLACE INTO site_values (name, value) VALUES (?, ?)", (HOLD_KEY, b"*")
        ).close()
        write.commit()


def _file_of(url: str) -> Path:
    parsed = make_url(url)
    if not parsed.drivername.startswith("sqlite") or not parsed.database:
        raise ConfigError(ReasonCode.NOT_SUPPORTED, "backup: use pg_dump")
    return Path(parsed.database)


def _copy(source: Path, target: Path) -> None:
    """Copy page by page through SQLite, then check the copy."""
    try:
        target.unlink(missing_ok=True)
        os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        with (
            closing(sqlite3.connect(f"{source.absolute().as_uri()}?mode=ro", uri=True)) as read,
            closing(sqlite3.connect(target)) as write,
        ):
            read.backup(write, pages=_STEP_PAGES)
            write.execute("PRAGMA journal_mode=DELETE").close()
            found = write.execute("PRAGMA integrity_check").fetchone()
            has_schema = write.execute(
                "SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'"
            ).fetchone()
    except (OSError, sqlite3.Error) as error:
        target.unlink(missing_ok=True)
        raise StorageError(ReasonCode.DATABASE_CORRUPT) from error
    if found != ("ok",) or has_schema is None:
        target.unlink(missing_ok=True)
        raise StorageError(ReasonCode.DATABASE_CORRUPT)
