"""Keep the compiled documents of each gate: versions, records, and what each version changed.

A version is taken only when content changed, is higher than any that the gate ever reported, and
never goes back. From the list of changes a delta can be made from any kept version; without it the
answer is a full copy.
"""

from dataclasses import dataclass

from sqlalchemy import delete, func, insert, select

from controller.domain.moment import Moment
from controller.services.compiling import Records
from controller.services.logbook.control import append
from controller.storage.models import DocumentChangeRow, DocumentRecordRow, DocumentRow
from controller.storage.unit_of_work import UnitOfWork
from mqtt.contract.control_log import ControlKind
from mqtt.contract.documents import chunks_of, digest_of
from mqtt.contract.topics import DocumentName

__all__ = [
    "KEPT_CHANGES",
    "Current",
    "Digests",
    "chunks_from",
    "current",
    "raise_floor",
    "records_of",
    "store",
]

_LOGGED = frozenset({DocumentName.CONFIG, DocumentName.POLICY, DocumentName.KEYS})
KEPT_CHANGES = 200
"""How many versions back a delta can start."""


@dataclass(frozen=True, slots=True)
class Current:
    """A document as a gate should hold it."""

    gate: str
    name: DocumentName
    version: int
    digest: bytes
    records: int
    issued_at_ms: int
    published_version: int

    @property
    def is_published(self) -> bool:
        """Tell whether the broker has taken this version."""
        return self.published_version >= self.version


class Digests:
    """Compute each distinct set of records once: gates of one compound often hold the same."""

    def __init__(self) -> None:
        self._known: list[tuple[Records, bytes]] = []

    def of(self, records: Records) -> bytes:
        """Return the digest over all records."""
        for known, digest in self._known:
            if known == records:
                return digest
        digest = digest_of(records)
        self._known.append((records, digest))
        return digest


def store(
    uow: UnitOfWork,
    gate: str,
    name: DocumentName,
    records: Records,
    *,
    moment: Moment,
    digests: Digests,
) -> Records:
    """Keep the records as a new version if they differ; return those that are new or other."""
    row = _row(uow, gate, name)
    held = records_of(uow, gate, name)
    changed = {key for key in held.keys() | records.keys() if held.get(key) != records.get(key)}
    if row.version > row.version_floor and not changed:
        return {}
    row.version = max(row.version, row.version_floor) + 1
    row.digest, row.records = digests.of(records), len(records)
    row.issued_at_ms = moment.utc_ms
    _write(uow, gate, name, {key: records.get(key) for key in changed})
    change = DocumentChangeRow(
        gate=gate,
        name=name.value,
        version=row.version,
        digest=row.digest,
        changed=tuple(sorted(changed)),
    )
    uow.session.add(change)
    uow.session.flush()
    _note_in_log(uow, row, moment)
    _forget_old_changes(uow, gate, name)
    return {key: records[key] for key in changed & records.keys()}


def _note_in_log(uow: UnitOfWork, row: DocumentRow, moment: Moment) -> None:
    """Bind what says where and when anything opens; lists of people change by the hour."""
    if DocumentName(row.name) not in _LOGGED:
        return
    append(
        uow,
        moment,
        ControlKind.DOCUMENT,
        gate=row.gate,
        name=row.name,
        version=row.version,
        digest=row.digest,
    )


def current(uow: UnitOfWork, gate: str) -> tuple[Current, ...]:
    """Return every document of a gate that has a version, in order of name."""
    found = select(DocumentRow).where(DocumentRow.gate == gate, DocumentRow.version > 0)
    return tuple(_as_current(row) for row in uow.session.scalars(found.order_by(DocumentRow.name)))


def chunks_from(
    uow: UnitOfWork, document: Current, have_version: int, have_digest: bytes
) -> list[bytes]:
    """Return the chunks that lead from what a gate has to `document`: a delta, else a full copy.

    A delta is made only from a version that we issued with exactly this digest.
    """
    records = records_of(uow, document.gate, document.name)
    since = _changes_since(uow, document, have_version, have_digest)
    if since is None:
        return chunks_of(document.name, document.version, 0, records, ())
    puts = {key: records[key] for key in since if key in records}
    gone = [key for key in since if key not in records]
    return chunks_of(document.name, document.version, have_version, puts, gone)


def raise_floor(
    uow: UnitOfWork, gate: str, name: DocumentName, version: int, digest: bytes
) -> bool:
    """Note that a gate holds this version; return whether we must issue a higher one.

    After a restore the gate may hold a version that this database never issued: the next one is
    then above it, so that no gate ever has to go back.
    """
    row = _row(uow, gate, name)
    ours = version < row.version or (version == row.version and digest == row.digest)
    if ours or version <= row.version_floor:
        return False
    row.version_floor = version
    uow.session.flush()
    return True


def _row(uow: UnitOfWork, gate: str, name: DocumentName) -> DocumentRow:
    row = uow.session.get(DocumentRow, (gate, name.value), with_for_update=True)
    if row is None:
        row = DocumentRow(
            gate=gate,
            name=name.value,
            version=0,
            digest=b"",
            records=0,
            issued_at_ms=0,
            version_floor=0,
            published_version=0,
        )
        uow.session.add(row)
        uow.session.flush()
    return row


def records_of(uow: UnitOfWork, gate: str, name: DocumentName) -> Records:
    """Return every record of a document, by its id."""
    found = select(DocumentRecordRow.record, DocumentRecordRow.body).where(
        DocumentRecordRow.gate == gate, DocumentRecordRow.name == name.value
    )
    return {row.record: row.body for row in uow.session.execute(found)}


def _write(
    uow: UnitOfWork, gate: str, name: DocumentName, changes: dict[str, bytes | None]
) -> None:
    keys = sorted(changes)
    for start in range(0, len(keys), 500):
        part = keys[start : start + 500]
        uow.session.execute(
            delete(DocumentRecordRow).where(
                DocumentRecordRow.gate == gate,
                DocumentRecordRow.name == name.value,
                DocumentRecordRow.record.in_(part),
            )
        )
    rows = [
        {"gate": gate, "name": name.value, "record": key, "body": body}
        for key, body in changes.items()
        if body is not None
    ]
    if rows:
        uow.session.execute(insert(DocumentRecordRow), rows)


def _changes_since(
    uow: UnitOfWork, document: Current, have_version: int, have_digest: bytes
) -> set[str] | None:
    base = uow.find(DocumentChangeRow, (document.gate, document.name.value, have_version))
    if base is None or base.digest != have_digest or have_version > document.version:
        return None
    found = select(DocumentChangeRow.changed).where(
        DocumentChangeRow.gate == document.gate,
        DocumentChangeRow.name == document.name.value,
        DocumentChangeRow.version > have_version,
    )
    return {key for changed in uow.session.scalars(found) for key in changed}


def _forget_old_changes(uow: UnitOfWork, gate: str, name: DocumentName) -> None:
    of_document = (DocumentChangeRow.gate == gate, DocumentChangeRow.name == name.value)
    kept = (
        select(DocumentChangeRow.version)
        .where(*of_document)
        .order_by(DocumentChangeRow.version.desc())
        .limit(KEPT_CHANGES)
        .subquery()
    )
    oldest = uow.session.scalar(select(func.min(kept.c.version)))
    uow.session.execute(
        delete(DocumentChangeRow).where(*of_document, DocumentChangeRow.version < oldest)
    )


def _as_current(row: DocumentRow) -> Current:
    return Current(
        row.gate,
        DocumentName(row.name),
        row.version,
        row.digest,
        row.records,
        row.issued_at_ms,
        row.published_version,
    )
