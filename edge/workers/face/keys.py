"""Keep the worker's own wrapping keys: in files, in a TPM behind the same port, or in memory.

Keys have rising numbers, because erasing a person makes a new one and destroys the one before: a
copy of the sealed files from before then opens nothing. What is "destroyed" in a file is
overwritten and removed, which flash memory may survive; a TPM does better, and the worker states
which kind it has.
"""

import os
import secrets
import stat
from pathlib import Path
from typing import Literal, Protocol

from edge.workers.face.references_files import destroy_file, write_whole
from edge.workers.face.seal import KEY_BYTES, wipe_key

__all__ = ["FileCabinet", "KeyCabinet", "KeyStoreError", "MemoryCabinet"]

KeyKind = Literal["file", "tpm2", "memory"]


class KeyStoreError(Exception):
    """Report a key that cannot be had: ``key_missing``, ``key_exposed`` or ``key_damaged``."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class KeyCabinet(Protocol):
    """Hold wrapping keys of 32 bytes by number. Errors of the disk stay ``OSError``."""

    @property
    def kind(self) -> KeyKind:
        """Say where the keys are."""

    def numbers(self) -> tuple[int, ...]:
        """Return the numbers of all keys, rising."""

    def create(self, number: int) -> None:
        """Make a random key; it is durable on return. Replaces one of the same number."""

    def read(self, number: int) -> bytearray:
        """Return a key, which the caller wipes; raises ``KeyStoreError``."""

    def destroy(self, number: int) -> None:
        """Destroy a key; harmless when there is none."""


class FileCabinet:
    """Keep each key in a file of its own, readable by the worker's user alone."""

    def __init__(self, folder: Path) -> None:
        self.kind: KeyKind = "file"
        self._folder = folder

    def __repr__(self) -> str:
        """Name no path."""
        return "FileCabinet()"

    def numbers(self) -> tuple[int, ...]:
        """Return the numbers of all key files."""
        if not self._folder.is_dir():
            return ()
        return tuple(sorted(int(path.stem) for path in self._folder.glob("[0-9]*.key")))

    def create(self, number: int) -> None:
        """Write a new key file with mode 0600."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        key = bytearray(secrets.token_bytes(KEY_BYTES))
        write_whole(self._path(number), key)
        wipe_key(key)

    def read(self, number: int) -> bytearray:
        """Read a key file; one that others may read or write is refused."""
        key = bytearray(KEY_BYTES + 1)
        try:
            with self._path(number).open("rb", buffering=0) as file:
                mode = os.fstat(file.fileno())
                if stat.S_IMODE(mode.st_mode) & 0o077 or mode.st_uid != os.geteuid():
                    raise KeyStoreError("key_exposed")
                length = file.readinto(key) or 0
        except FileNotFoundError:
            raise KeyStoreError("key_missing") from None
        if length != KEY_BYTES:
            wipe_key(key)
            raise KeyStoreError("key_damaged")
        del key[KEY_BYTES:]
        return key

    def destroy(self, number: int) -> None:
        """Overwrite and remove a key file."""
        destroy_file(self._path(number))

    def _path(self, number: int) -> Path:
        return self._folder / f"{number:010d}.key"


class MemoryCabinet:
    """Keep keys in this process only: for tests and for a simulated gate, which forgets faces."""

    def __init__(self) -> None:
        self.kind: KeyKind = "memory"
        self._keys: dict[int, bytearray] = {}

    def __repr__(self) -> str:
        """Show no key."""
        return f"MemoryCabinet({len(self._keys)})"

    def numbers(self) -> tuple[int, ...]:
        """Return the numbers of all keys."""
        return tuple(sorted(self._keys))

    def create(self, number: int) -> None:
        """Make a random key."""
        self.destroy(number)
        self._keys[number] = bytearray(secrets.token_bytes(KEY_BYTES))

    def read(self, number: int) -> bytearray:
        """Return a copy of a key."""
        if number not in self._keys:
            raise KeyStoreError("key_missing")
        return bytearray(self._keys[number])

    def destroy(self, number: int) -> None:
        """Overwrite and drop a key."""
        wipe_key(self._keys.pop(number, bytearray()))
