"""Write small files whole and destroy them for good, as far as a file system lets one."""

import contextlib
import os
from pathlib import Path

__all__ = ["TEMPORARY", "destroy_file", "sync_folder", "write_whole"]

TEMPORARY = ".part"


def write_whole(path: Path, content: bytes | bytearray) -> None:
    """Put ``content`` in place of what ``path`` holds: all of it or nothing, durable on return.

    The file is readable by its owner alone. Bytes that it replaces are overwritten.
    """
    part = path.with_name(path.name + TEMPORARY)
    with contextlib.suppress(FileNotFoundError):
        part.unlink()
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    _write(descriptor, content)
    before = _open_or_none(path)
    part.replace(path)
    sync_folder(path.parent)
    if before is not None:
        _overwrite(before)


def destroy_file(path: Path) -> None:
    """Overwrite a file, then remove it, durably; harmless when there is none."""
    descriptor = _open_or_none(path)
    if descriptor is None:
        return
    _overwrite(descriptor)
    path.unlink()
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make names in ``folder`` durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _open_or_none(path: Path) -> int | None:
    try:
        # A link in the store's place would lead the overwriting elsewhere.
        return os.open(path, os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        return None


def _overwrite(descriptor: int) -> None:
    _write(descriptor, bytes(os.fstat(descriptor).st_size))


def _write(descriptor: int, content: bytes | bytearray) -> None:
    """Write all of ``content``, make it durable, and close."""
    try:
        view = memoryview(content)
        while view:
            view = view[os.write(descriptor, view) :]
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
