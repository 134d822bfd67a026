"""Keep a second, signed copy of each document for the day when the database is damaged.

The gate signs with its own key that it held this version with this digest; the digest covers
every record. A file that does not hold to both is left aside (protocol notes §7.1, case 7).
"""

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import msgspec

from edge.adapters.store_files import replace_file
from mqtt.contract import codec, envelope
from mqtt.contract.documents import Held, digest_of
from mqtt.contract.envelope import Signer
from mqtt.contract.errors import ContractError
from mqtt.contract.topics import DocumentName

__all__ = ["SnapshotFolder"]

_TYPE = "snapshot"
_VERSION = 1
_LENGTH_BYTES = 4


class _Head(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    site: str
    gate: str
    name: DocumentName
    version: int
    digest: bytes


class SnapshotFolder:
    """The copies of one gate's documents, one file each, in `folder`."""

    def __init__(self, folder: Path, site: str, gate: str, signer: Signer) -> None:
        self._folder = folder
        self._site = site
        self._gate = gate
        self._signer = signer

    def save(self, name: DocumentName, held: Held) -> None:
        """Replace the copy of one document. Raises OSError."""
        head = _Head(self._site, self._gate, name, held.version, held.digest)
        parts = [envelope.seal(_TYPE, _VERSION, codec.encode(head), self._signer)]
        for key in sorted(held.records):
            parts.extend((key.encode(), held.records[key]))
        framed = b"".join(len(part).to_bytes(_LENGTH_BYTES, "big") + part for part in parts)
        self._folder.mkdir(mode=0o700, exist_ok=True)
        replace_file(self._path(name), framed)

    def load(self) -> Mapping[DocumentName, Held]:
        """Return every copy that is whole and signed by this gate."""
        found = {}
        for name in DocumentName:
            with suppress(OSError, ContractError, UnicodeDecodeError):
                held = self._read(name, self._path(name).read_bytes())
                if held is not None:
                    found[name] = held
        return found

    def _path(self, name: DocumentName) -> Path:
        return self._folder / f"{name.value}.snapshot"

    def _read(self, name: DocumentName, framed: bytes) -> Held | None:
        parts = _unframed(framed)
        if len(parts) % 2 == 0:
            return None
        keys = {envelope.key_id(self._signer.public_key): self._signer.public_key}
        head = codec.decode(envelope.open_envelope(parts[0], _TYPE, keys).body, _Head)
        if (head.site, head.gate, head.name) != (self._site, self._gate, name):
            return None
        ids = [part.decode() for part in parts[1::2]]
        records = dict(zip(ids, parts[2::2], strict=True))
        if digest_of(records) != head.digest:
            return None
        return Held(head.version, head.digest, records)


def _unframed(data: bytes) -> list[bytes]:
    """Return the parts, or none where a length does not fit."""
    parts, at = [], 0
    while at < len(data):
        start = at + _LENGTH_BYTES
        at = start + int.from_bytes(data[at:start], "big")
        if at > len(data):
            return []
        parts.append(data[start:at])
    return parts
