"""The small files beside the gate's database: owner's lock, mark and ballast.

The mark remembers, outside the database, which epoch was the newest and how often the gate
booted. A database that knows less was lost or set back, and a new epoch begins (protocol notes
§7.1, cases 8 and 9).
"""

import fcntl
import os
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import IO

import msgspec

from mqtt.contract.errors import StorageError
from mqtt.contract.reasons import ReasonCode

__all__ = [
    "Ballast",
    "Mark",
    "OwnerLock",
    "read_mark",
    "replace_file",
    "write_mark",
]

_PRIVATE = 0o600


class Mark(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the mark remembers. `clean` is True between an orderly end and the next start."""

    epoch: int
    boot_counter: int
    size: int
    floor_ms: int
    clean: bool


def replace_file(path: Path, content: bytes, mode: int = _PRIVATE) -> None:
    """Write a file durably; a power cut leaves the old or the new one, never half of it.

    Raises OSError.
    """
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            os.fchmod(file.fileno(), mode)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except OSError:
        with suppress(OSError):
            Path(temporary).unlink()
        raise
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def read_mark(path: Path) -> Mark | None:
    """Return the mark, or None where there is none that can be read."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Mark, strict=True)
    except (OSError, msgspec.DecodeError):
        return None


def write_mark(path: Path, mark: Mark) -> bool:
    """Write the mark; False where the disk refused it, which costs nothing but the mark's news."""
    try:
        replace_file(path, msgspec.json.encode(mark))
    except OSError:
        return False
    return True


class OwnerLock:
    """Lets one process own the database; a second one is refused (protocol notes §7.1, case 10)."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: IO[bytes] | None = None

    def acquire(self) -> None:
        """Take the lock. Raises StorageError(`database_locked`, `database_unavailable`)."""
        if self._file is not None:
            return
        try:
            file = os.fdopen(os.open(self._path, os.O_RDWR | os.O_CREAT, _PRIVATE), "r+b")
        except OSError as error:
            raise StorageError(ReasonCode.DATABASE_UNAVAILABLE, self._path.name) from error
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            file.close()
            raise StorageError(ReasonCode.DATABASE_LOCKED, self._path.name) from error
        self._file = file

    def release(self) -> None:
        """Let go."""
        if self._file is not None:
            self._file.close()
            self._file = None


class Ballast:
    """Some megabytes in reserve: on a full disk even a DELETE fails until room is given back."""

    def __init__(self, path: Path, size_bytes: int) -> None:
        self._path = path
        self._size_bytes = size_bytes

    def lay(self) -> None:
        """Reserve the room if that is due and the disk has at least eight times as much left."""
        if self._size_bytes == 0 or self._path.exists():
            return
        with suppress(OSError):
            room = os.statvfs(self._path.parent)
            if room.f_bavail * room.f_frsize < 8 * self._size_bytes:
                return
            descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT, _PRIVATE)
            try:
                os.posix_fallocate(descriptor, 0, self._size_bytes)
            finally:
                os.close(descriptor)

    def release(self) -> bool:
        """Give the room back; False if there was none."""
        try:
            self._path.unlink()
        except OSError:
            return False
        return True
