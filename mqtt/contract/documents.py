"""Move versioned documents to a gate: signed header, plain chunks, one digest over all records.

Rules (`apply` keeps them all, or changes nothing):
1. the header is signed by a key of scope `document`, for this site and gate; its version is higher
   than the held one;
2. a delta starts exactly at the held version and digest; anything else asks for a full copy;
3. after puts and deletions the digest over all records equals the header's; else the held document
   stays.
"""

from collections.abc import Iterable, Mapping
from enum import StrEnum

import msgspec

from mqtt.contract import audit, codec, envelope, fields
from mqtt.contract.errors import ContractError
from mqtt.contract.reasons import ReasonCode
from mqtt.contract.topics import DocumentName

__all__ = [
    "CHUNK_BYTES",
    "HEADER_TYPE",
    "Chunk",
    "DocumentHeader",
    "Get",
    "Held",
    "Wanted",
    "apply",
    "check_digest",
    "chunks_of",
    "digest_of",
    "open_header",
    "seal_header",
]

HEADER_TYPE = "doc"
WIRE_VERSION = 1
CHUNK_BYTES = 48 * 1024
"""Target size of a chunk in bytes, below the 64 KiB limit with room for its frame."""


class DocumentHeader(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the gate should hold; retained on `dn/want/<name>`.

    `records` is their number, `issued_at_ms` UTC, `reads` announces the controller's versions.
    """

    site: fields.Name
    gate: fields.Name
    name: DocumentName
    version: fields.Count
    digest: fields.Hash
    records: fields.Count
    issued_at_ms: fields.Count
    reads: dict[fields.Name, fields.Count]


class Chunk(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Part `index` of `total` of a delta from `base_version`, or of a full copy (0).

    Unsigned: the digest in the header decides.
    """

    name: DocumentName
    version: fields.Count
    base_version: fields.Count
    index: fields.Count
    total: fields.Count
    puts: tuple[tuple[fields.RecordId, bytes], ...]
    deletions: tuple[fields.RecordId, ...]


class Wanted(StrEnum):
    """What a gate asks for."""

    DELTA = "delta"
    FULL = "full"


class Get(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The gate's request on `up/get/<name>`."""

    have_version: fields.Count
    have_digest: fields.Hash
    want: Wanted


class Held(msgspec.Struct, frozen=True):
    """A document as held: record id to canonical CBOR of the record."""

    version: int
    digest: bytes
    records: Mapping[str, bytes]


def digest_of(records: Mapping[str, bytes]) -> bytes:
    """Return the root over all records in the order of their ids."""
    return audit.root_of(
        audit.leaf_hash(codec.encode_plain([key, records[key]])) for key in sorted(records)
    )


def check_digest(held: Held) -> None:
    """Raise ContractError(`digest_mismatch`) unless the records have the digest they came with."""
    if digest_of(held.records) != held.digest:
        raise ContractError(ReasonCode.DIGEST_MISMATCH)


def seal_header(header: DocumentHeader, signer: envelope.Signer) -> bytes:
    """Return the signed header."""
    return envelope.seal(HEADER_TYPE, WIRE_VERSION, codec.encode(header), signer)


def open_header(
    data: bytes, site: str, gate: str, name: DocumentName, keys: Mapping[bytes, bytes]
) -> DocumentHeader:
    """Verify a header for this gate and document. Raises ContractError."""
    opened = envelope.open_envelope(data, HEADER_TYPE, keys)
    if opened.version != WIRE_VERSION:
        raise ContractError(ReasonCode.VERSION_UNSUPPORTED)
    header = codec.decode(opened.body, DocumentHeader)
    if (header.site, header.gate, header.name) != (site, gate, name):
        raise ContractError(ReasonCode.WRONG_AUDIENCE)
    return header


def chunks_of(
    name: DocumentName,
    version: int,
    base_version: int,
    puts: Mapping[str, bytes],
    deletions: Iterable[str],
) -> list[bytes]:
    """Cut puts and deletions into encoded chunks below the size limit, at least one."""
    parts: list[tuple[list[tuple[str, bytes]], list[str]]] = [([], [])]
    size = 0
    for key, value, gone in [
        *((key, puts[key], False) for key in sorted(puts)),
        *((key, b"", True) for key in sorted(deletions)),
    ]:
        size += len(key) + len(value) + 16
        if size > CHUNK_BYTES and any(parts[-1]):
            parts.append(([], []))
            size = len(key) + len(value) + 16
        if gone:
            parts[-1][1].append(key)
        else:
            parts[-1][0].append((key, value))
    return [
        codec.encode(Chunk(name, version, base_version, index, len(parts), tuple(put), tuple(gone)))
        for index, (put, gone) in enumerate(parts)
    ]


def apply(held: Held, header: DocumentHeader, chunks: Iterable[Chunk]) -> Held:
    """Return the new document, or raise ContractError and leave `held` as it is.

    Codes: `rollback`, `base_mismatch` (ask for a full copy), `incomplete`, `digest_mismatch`.
    """
    if header.version <= held.version:
        raise ContractError(ReasonCode.ROLLBACK)
    ordered = sorted(chunks, key=lambda chunk: chunk.index)
    if [chunk.index for chunk in ordered] != list(range(len(ordered))) or not ordered:
        raise ContractError(ReasonCode.INCOMPLETE)
    base_version = ordered[0].base_version
    for chunk in ordered:
        named = (chunk.name, chunk.version, chunk.base_version, chunk.total)
        if named != (header.name, header.version, base_version, len(ordered)):
            raise ContractError(ReasonCode.INCOMPLETE)
    if base_version not in {0, held.version}:
        raise ContractError(ReasonCode.BASE_MISMATCH)
    records = dict(held.records) if base_version else {}
    for chunk in ordered:
        for key in chunk.deletions:
            records.pop(key, None)
        records.update(chunk.puts)
    if len(records) != header.records or digest_of(records) != header.digest:
        raise ContractError(ReasonCode.DIGEST_MISMATCH)
    return Held(header.version, header.digest, records)
