"""Lay out the two kinds of file of the sealed store: one person's references, and the keyring.

References: a line of text ``EGREF1|person|model|length|count``, then ``count`` sealed records. The
line is authenticated with each record and its place (the AAD: person, model, version), so that no
record can stand for another person, model or place. Keyring: JSON with the number of the wrapping
key and, by person, the file of the references and their wrapped key.
"""

import hashlib
import json
import re
from dataclasses import dataclass

from edge.workers.face.seal import OVERHEAD_BYTES

__all__ = [
    "MAX_LENGTH", "MAX_REFERENCES", "FormError", "Keyring", "RingEntry", "SealedReferences",
    "read_ring", "read_sealed", "wrap_context", "write_ring", "write_sealed",
]  # fmt: skip

VERSION = "EGREF1"
MAX_LENGTH = 4096
MAX_REFERENCES = 16
_HEAD = re.compile(
    rb"EGREF1\|([A-Za-z0-9_-]{1,40})\|([0-9a-f]{64})\|([1-9][0-9]{0,3})\|([1-9][0-9]?)\n"
)
_FILE = re.compile(r"[A-Za-z0-9_-]{1,40}\.[0-9]{1,12}\.ref")
_PERSON = re.compile(r"[A-Za-z0-9_-]{1,40}")


class FormError(Exception):
    """Report a file of the store that is not what it should be."""


@dataclass(frozen=True, slots=True)
class SealedReferences:
    """Hold one person's references as they are stored; ``length`` is that of an embedding."""

    person: str
    model: str
    length: int
    records: tuple[bytes, ...]

    def context(self, place: int) -> bytes:
        """Return what the record at ``place`` is bound to."""
        return b"%s#%d" % (self.head, place)

    @property
    def head(self) -> bytes:
        """Return the first line, without its end; raises ``FormError`` for odd values."""
        head = f"{VERSION}|{self.person}|{self.model}|{self.length}|{len(self.records)}".encode()
        if not _HEAD.fullmatch(head + b"\n"):
            raise FormError
        return head

    @property
    def commitments(self) -> tuple[str, ...]:
        """Return the SHA-256 of each sealed record: names it and tells nothing of the face."""
        return tuple(hashlib.sha256(record).hexdigest() for record in self.records)


@dataclass(frozen=True, slots=True)
class RingEntry:
    """Name the file of a person's references and hold their wrapped key."""

    file: str
    wrapped: bytes


@dataclass(frozen=True, slots=True)
class Keyring:
    """Hold everybody's wrapped keys, all under the wrapping key ``number``."""

    number: int
    entries: dict[str, RingEntry]


def write_sealed(sealed: SealedReferences) -> bytes:
    """Return the content of the file of ``sealed``."""
    return sealed.head + b"\n" + b"".join(sealed.records)


def read_sealed(content: bytes) -> SealedReferences:
    """Return what a file of references holds; raises ``FormError``. Nothing is opened."""
    found = _HEAD.match(content)
    if found is None:
        raise FormError
    person, model = found[1].decode(), found[2].decode()
    length, count = int(found[3]), int(found[4])
    size = 4 * length + OVERHEAD_BYTES
    body = content[found.end() :]
    if length > MAX_LENGTH or count > MAX_REFERENCES or len(body) != count * size:
        raise FormError
    records = tuple(body[at : at + size] for at in range(0, len(body), size))
    return SealedReferences(person, model, length, records)


def write_ring(ring: Keyring) -> bytes:
    """Return the content of the keyring's file."""
    people = {key: [entry.file, entry.wrapped.hex()] for key, entry in ring.entries.items()}
    return json.dumps({"v": 1, "key": ring.number, "people": people}).encode()


def read_ring(content: bytes) -> Keyring:
    """Return what the keyring's file holds; raises ``FormError``."""
    try:
        body = json.loads(content)
        version, number, people = body["v"], body["key"], body["people"]
        entries = {
            person: RingEntry(file, bytes.fromhex(wrapped))
            for person, (file, wrapped) in people.items()
            if _PERSON.fullmatch(person) and _FILE.fullmatch(file)
        }
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise FormError from None
    if version != 1 or type(number) is not int or number < 1 or len(entries) != len(people):
        raise FormError
    return Keyring(number, entries)


def wrap_context(number: int, person: str, file: str) -> bytes:
    """Return what a wrapped key is bound to: its wrapping key, its person and their file."""
    return f"EGWRAP1|{number}|{person}|{file}".encode()
