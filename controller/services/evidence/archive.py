"""Write the one ZIP form of a bundle, one member after the other, without holding any in memory."""

import hashlib
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import BinaryIO

from mqtt.contract.bundle import (
    MAX_BUNDLE_BYTES,
    MAX_MEMBERS,
    MEMBER_NAME,
    Member,
    central_header,
    end_record,
    local_header,
    rank,
)
from mqtt.contract.errors import StorageError
from mqtt.contract.reasons import ReasonCode

__all__ = ["Archive", "Written"]


@dataclass(frozen=True, slots=True)
class Written:
    """A member as the manifest names it."""

    name: str
    size: int
    sha256: bytes


class Archive:
    """A bundle that grows in `file`, which must be seekable and empty; members come in their order.

    Raises StorageError(`bundle_too_large`) for more than a bundle can hold.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._members: list[Member] = []
        self._at = 0
        self.written: list[Written] = []

    def add(self, name: str, parts: Iterable[bytes]) -> Written:
        """Write one member and return it."""
        self._check_name(name)
        start, size, crc, digest = self._at, 0, 0, hashlib.sha256()
        content_at = start + len(local_header(name, 0, 0))
        self._file.seek(content_at)
        for part in parts:
            self._file.write(part)
            size += len(part)
            crc = zlib.crc32(part, crc)
            digest.update(part)
        self._at = content_at + size
        if self._at > MAX_BUNDLE_BYTES or len(self._members) >= MAX_MEMBERS:
            raise StorageError(ReasonCode.BUNDLE_TOO_LARGE)
        self._file.seek(start)
        self._file.write(local_header(name, crc, size))
        self._members.append(Member(name, crc, size, start))
        self.written.append(Written(name, size, digest.digest()))
        return self.written[-1]

    def close(self) -> int:
        """Write the directory; return the length of the file in bytes."""
        self._file.seek(self._at)
        directory = b"".join(central_header(member) for member in self._members)
        end = end_record(len(self._members), len(directory), self._at)
        self._file.write(directory + end)
        self._file.truncate()
        return self._at + len(directory) + len(end)

    def _check_name(self, name: str) -> None:
        if not MEMBER_NAME.fullmatch(name):
            raise ValueError(f"no member of a bundle: {name}")
        if self._members and rank(name) <= rank(self._members[-1].name):
            raise ValueError(f"{name} comes too late")
