"""Open a bundle and compare every byte that is not contents with what the layout demands."""

import zlib
from collections.abc import Iterator
from typing import BinaryIO

from equalgate.verifying.base import BrokenError
from mqtt.contract.bundle import (
    HEAD_BYTES,
    MAX_BUNDLE_BYTES,
    MAX_MEMBERS,
    MEMBER_NAME,
    Member,
    central_header,
    end_record,
    local_header,
    rank,
)

__all__ = ["BundleFile"]

_BLOCK = 1 << 20
_CENTRAL_BYTES = 46
_END_BYTES = 22
_MOST_NAME = 120


class BundleFile:
    """A bundle whose frame is canonical; contents are read one member at a time."""

    def __init__(self, file: BinaryIO, members: dict[str, Member]) -> None:
        self._file = file
        self._members = members

    @classmethod
    def open(cls, file: BinaryIO) -> "BundleFile":
        """Check the whole frame. Raises BrokenError for any byte that is not as it must be."""
        size = file.seek(0, 2)
        if not _END_BYTES <= size <= MAX_BUNDLE_BYTES:
            raise BrokenError("the file is too short or too long to be a bundle")
        members, directory_at = _directory(file, size)
        at = 0
        for member in members:
            header = local_header(member.name, member.crc, member.size)
            file.seek(at)
            if member.offset != at or file.read(len(header)) != header:
                raise BrokenError(f"the frame of {member.name} is changed")
            at += len(header) + member.size
        if at != directory_at:
            raise BrokenError("there are bytes between the members")
        return cls(file, {member.name: member for member in members})

    @property
    def names(self) -> tuple[str, ...]:
        """Return the names of all members in their order."""
        return tuple(self._members)

    def size(self, name: str) -> int:
        """Return a member's length in bytes. Raises BrokenError if there is none."""
        if name not in self._members:
            raise BrokenError(f"{name} is missing")
        return self._members[name].size

    def blocks(self, name: str) -> Iterator[bytes]:
        """Yield a member's contents. Raises BrokenError at the end if the CRC differs."""
        left = self.size(name)
        member = self._members[name]
        self._file.seek(member.offset + HEAD_BYTES + len(name))
        crc = 0
        while left:
            block = self._file.read(min(_BLOCK, left))
            if not block:
                raise BrokenError(f"{name} is cut")
            crc = zlib.crc32(block, crc)
            left -= len(block)
            yield block
        if crc != member.crc:
            raise BrokenError(f"{name} does not have its check sum")

    def read(self, name: str, most_bytes: int) -> bytes:
        """Return the contents of a small member. Raises BrokenError if it is longer than that."""
        if self.size(name) > most_bytes:
            raise BrokenError(f"{name} is too long")
        return b"".join(self.blocks(name))


def _directory(file: BinaryIO, size: int) -> tuple[list[Member], int]:
    file.seek(size - _END_BYTES)
    end = file.read(_END_BYTES)
    count = int.from_bytes(end[10:12], "little")
    length = int.from_bytes(end[12:16], "little")
    at = int.from_bytes(end[16:20], "little")
    most = MAX_MEMBERS * (_CENTRAL_BYTES + _MOST_NAME)
    if end != end_record(count, length, at) or at + length != size - _END_BYTES or length > most:
        raise BrokenError("the end of the file is cut or changed")
    file.seek(at)
    raw = file.read(length)
    members: list[Member] = []
    start = 0
    while start < len(raw):
        member = _entry(raw, start)
        header = central_header(member)
        if raw[start : start + len(header)] != header:
            raise BrokenError("the directory is changed")
        members.append(member)
        start += len(header)
    names = [member.name for member in members]
    if len(members) != count or len(set(names)) != count or names != sorted(names, key=rank):
        raise BrokenError("members are doubled, missing or out of order")
    return members, at


def _entry(raw: bytes, start: int) -> Member:
    length = int.from_bytes(raw[start + 28 : start + 30], "little")
    try:
        name = raw[start + _CENTRAL_BYTES : start + _CENTRAL_BYTES + length].decode("ascii")
    except UnicodeDecodeError as error:
        raise BrokenError("a name is not plain text") from error
    if not MEMBER_NAME.fullmatch(name):
        raise BrokenError("a name is not one of a bundle")
    numbers = [int.from_bytes(raw[start + at : start + at + 4], "little") for at in (16, 24, 42)]
    return Member(name, numbers[0], numbers[1], numbers[2])
