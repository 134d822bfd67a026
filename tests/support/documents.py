"""Publish documents to a gate as a controller would, in memory."""

from collections.abc import Mapping

from equalgate import contract_samples as sample
from mqtt.contract import codec, documents
from mqtt.contract.documents import DocumentHeader, Held, Wanted
from mqtt.contract.envelope import Ed25519Signer, key_id
from mqtt.contract.ids import id_to_text
from mqtt.contract.records import KeyRecord, KeyScope, RevocationRecord
from mqtt.contract.topics import DocumentName
from mqtt.contract.trusted import Ask, Progress, TrustedDocuments

__all__ = ["ROOT", "Publisher", "deliver", "gate_with", "key_document", "revocations"]

ROOT = sample.signer("document")


def revocations(*numbers: int) -> dict[str, bytes]:
    """Return the records of a revocations document with these ids."""
    record = codec.encode(RevocationRecord(2 * sample.NOW_MS))
    return {id_to_text(number.to_bytes(8, "big")): record for number in numbers}


def key_document(*signers: Ed25519Signer, until_ms: int = 2 * sample.NOW_MS) -> dict[str, bytes]:
    """Return the records of a keys document whose document keys these are."""
    return {
        key_id(signer.public_key).hex(): codec.encode(
            KeyRecord(signer.public_key, (KeyScope.DOCUMENT,), 0, until_ms)
        )
        for signer in signers
    }


def gate_with(**options: object) -> TrustedDocuments:
    """Return the empty documents of the sample gate, with ROOT as its root."""
    roots = {key_id(ROOT.public_key): ROOT.public_key}
    return TrustedDocuments(sample.SITE, sample.GATE, roots, **options)  # type: ignore[arg-type]  # tests pass any check


class Publisher:
    """Keeps every version of one document and answers what a gate asks."""

    def __init__(self, name: DocumentName, signer: Ed25519Signer = ROOT) -> None:
        self.name = name
        self.signer = signer
        self.versions: dict[int, Held] = {0: Held(0, b"", {})}

    @property
    def newest(self) -> int:
        """Return the newest version."""
        return max(self.versions)

    def publish(self, records: Mapping[str, bytes], **changes: object) -> bytes:
        """Add a version and return its signed header."""
        version = self.newest + 1
        self.versions[version] = Held(version, documents.digest_of(records), dict(records))
        return self.header(version, **changes)

    def header(self, version: int, **changes: object) -> bytes:
        """Return the signed header of a version, with fields changed."""
        held = self.versions[version]
        fields: dict[str, object] = {
            "site": sample.SITE,
            "gate": sample.GATE,
            "name": self.name,
            "version": version,
            "digest": held.digest,
            "records": len(held.records),
            "issued_at_ms": sample.NOW_MS + version,
            "reads": {},
        }
        header = DocumentHeader(**{**fields, **changes})  # type: ignore[arg-type]  # any field
        return documents.seal_header(header, self.signer)

    def chunks(self, version: int, base: int = 0) -> list[bytes]:
        """Return the chunks from `base` (0 = a full copy) to `version`."""
        new, old = self.versions[version].records, self.versions[base].records
        puts = {key: raw for key, raw in new.items() if old.get(key) != raw}
        return documents.chunks_of(self.name, version, base, puts, set(old) - set(new))

    def answer(self, ask: Ask) -> list[bytes]:
        """Return the chunks that a controller sends for a request."""
        known = self.versions.get(ask.have_version)
        same = known is not None and known.digest == ask.have_digest
        base = ask.have_version if ask.wanted is Wanted.DELTA and same else 0
        return self.chunks(self.newest, base)


def deliver(gate: TrustedDocuments, publisher: Publisher, header: bytes) -> Progress:
    """Let the gate hear a header and everything it asks for, until it asks no more."""
    progress = gate.hear_header(publisher.name, header, sample.NOW_MS)
    for _ in range(5):
        asked = [ask for ask in progress.asks if ask.name is publisher.name]
        if not asked:
            break
        for chunk in publisher.answer(asked[0]):
            progress = gate.hear_chunk(publisher.name, chunk, sample.NOW_MS)
    return progress
