"""Files of the certificate authority: written whole or not at all, readable by their owner only."""

import fcntl
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from mqtt.contract.errors import ConfigError, StorageError
from mqtt.contract.reasons import ReasonCode

__all__ = ["make_folder", "only_one_writer", "read_file", "write_file"]

_FOLDER_MODE = 0o700
_FILE_MODE = 0o600


def make_folder(folder: Path) -> None:
    """Make a folder that only its owner can open, parents if missing. Raises StorageError."""
    try:
        folder.mkdir(mode=_FOLDER_MODE, parents=True, exist_ok=True)
        folder.chmod(_FOLDER_MODE)
    except OSError as error:
        raise StorageError(ReasonCode.STORAGE_UNAVAILABLE, folder.name) from error


def write_file(path: Path, content: bytes) -> None:
    """Write a file with mode 0600 through a temporary name, so that no reader sees half of it.

    Raises StorageError; the old file then stays as it was.
    """
    temporary = ""
    try:
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).chmod(_FILE_MODE)
        Path(temporary).replace(path)
        _sync_folder(path.parent)
    except OSError as error:
        with suppress(OSError):
            Path(temporary).unlink(missing_ok=True)
        raise StorageError(ReasonCode.STORAGE_UNAVAILABLE, path.name) from error


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def read_file(path: Path) -> bytes:
    """Read a file. Raises ConfigError(`file_unreadable`) naming only the file."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise ConfigError(ReasonCode.FILE_UNREADABLE, path.name) from error


@contextmanager
def only_one_writer(folder: Path) -> Iterator[None]:
    """Hold the authority's lock, so that two processes cannot number revocation lists alike."""
    try:
        handle = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT, _FILE_MODE)
    except OSError as error:
        raise StorageError(ReasonCode.STORAGE_UNAVAILABLE, folder.name) from error
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
