"""Publish to each gate what it should hold: a signed retained header, and what it asks for then.

How a controller process drives it, each call in a unit of work of its own:

    sync(engine, site, publisher, moment)                 after every change, and every minute
    answer_get(engine, site, publisher, gate, name, get)  for each message on up/get/<name>
    heard_birth(engine, site, publisher, birth, moment)   for each believed birth

Nothing is published before its commit. What the broker did not take is published by the next call.
"""

from collections.abc import Iterable

from sqlalchemy import Engine

from controller.domain.moment import Moment
from controller.services.compiling import Compiled, compile_gates
from controller.services.document_store import (
    Current,
    Digests,
    chunks_from,
    current,
    raise_floor,
    store,
)
from controller.services.face_hold import hold_face
from controller.services.gates import gate_names
from controller.services.handover.bridging import document_signers
from controller.services.ports import Publication, Publisher
from controller.services.read_back import wait_for, waits_for
from controller.services.site import Site
from controller.storage.models import AlarmRow, DocumentRow
from controller.storage.unit_of_work import UnitOfWork
from mqtt.contract.documents import DocumentHeader, Get, Held, Wanted, seal_header
from mqtt.contract.envelope import Signer
from mqtt.contract.findings import PolicyError
from mqtt.contract.ids import GateId
from mqtt.contract.policy import CompiledPolicy, check_document
from mqtt.contract.presence import Birth
from mqtt.contract.reasons import ReasonCode
from mqtt.contract.topics import DocumentName, TopicKind, build
from mqtt.contract.versions import READS

__all__ = [
    "DOCUMENT_EXPIRY_S",
    "PolicyError",
    "answer_get",
    "check_rules",
    "compile_all",
    "heard_birth",
    "sealed_header",
    "sync",
]

DOCUMENT_EXPIRY_S = 300

_CHECKED_WHOLE = (DocumentName.CONFIG, DocumentName.POLICY, DocumentName.KEYS)
"""Their records refer to each other; those of the other documents stand alone."""


def sync(engine: Engine, site: Site, publisher: Publisher, moment: Moment) -> tuple[Current, ...]:
    """Compile every gate, commit, and publish what is new; return what was published.

    Raises PolicyError where a compiled document breaks a rule (then nothing of it is committed) and
    UnavailableError while the broker is away (then the next call publishes).
    """
    with UnitOfWork(engine) as uow:
        waits = waits_for(uow)
        waiting = tuple(each for each in compile_all(uow, site, moment) if each.gate not in waits)
        uow.commit()
    return _publish(engine, site, publisher, waiting, moment=moment)


def compile_all(uow: UnitOfWork, site: Site, moment: Moment) -> tuple[Current, ...]:
    """Compile every gate and return the documents that wait to be published."""
    gates, digests = gate_names(uow), Digests()
    for gate, compiled in compile_gates(uow, site, gates, moment).items():
        check_rules(compiled)
        for name, records in compiled.items():
            fresh = store(uow, gate, name, records, moment=moment, digests=digests)
            if name not in _CHECKED_WHOLE:
                check_document(name, Held(1, b"", fresh))
    return tuple(
        document for gate in gates for document in current(uow, gate) if not document.is_published
    )


def check_rules(compiled: Compiled) -> None:
    """Refuse what a gate would refuse, before it is saved.

    Raises PolicyError with every finding.
    """
    held = {name: Held(1, b"", compiled[name]) for name in _CHECKED_WHOLE}
    for name, document in held.items():
        check_document(name, document)
    CompiledPolicy.from_records(held[DocumentName.CONFIG], held[DocumentName.POLICY])


def answer_get(
    engine: Engine,
    site: Site,
    publisher: Publisher,
    gate: GateId,
    name: DocumentName,
    *,
    get: Get,
    moment: Moment,
) -> bool:
    """Send a gate the header and the chunks that it asks for; False if it lacks nothing.

    A gate that wants a delta from a version that we never issued with that digest gets a full copy.
    """
    with UnitOfWork(engine, writes=False) as uow:
        if gate in waits_for(uow):
            return False
        found = [document for document in current(uow, gate) if document.name is name]
        if not found or found[0].version < get.have_version:
            return False
        have = (get.have_version, get.have_digest)
        if get.want is Wanted.FULL:
            have = (0, b"")
        elif have == (found[0].version, found[0].digest):
            return False
        chunks = chunks_from(uow, found[0], *have)
        header = _header(site, found[0], document_signers(uow, site, found, moment)[0])
    topic = build(site.name, gate, TopicKind.DOCUMENT, name)
    _send(publisher, header)
    for chunk in chunks:
        _send(publisher, Publication(topic, chunk, expiry_s=DOCUMENT_EXPIRY_S))
    return True


def heard_birth(
    engine: Engine, site: Site, publisher: Publisher, birth: Birth, moment: Moment
) -> tuple[Current, ...]:
    """Learn which versions a gate holds, and publish everything that it lacks.

    A version or digest that we never issued raises our floor first: that is how a controller after
    a restore finds out what its gates already have (DESIGN §9). Such a gate tells what it knows to
    have ended before anything is published to it (`read_back`).
    """
    gate = GateId(birth.gate)
    with UnitOfWork(engine) as uow:
        for name in DocumentName:
            version, digest = birth.documents.get(name.value, (0, b""))
            if raise_floor(uow, gate, name, version, digest):
                _alarm(uow, gate, name, moment)
                hold_face(uow, moment)
                if name is DocumentName.REVOCATIONS:
                    wait_for(uow, gate)
        compile_all(uow, site, moment)
        held = dict(birth.documents)
        lacking = tuple(
            document
            for document in current(uow, gate)
            if held.get(document.name.value) != (document.version, document.digest)
        )
        lacking = () if gate in waits_for(uow) else lacking
        uow.commit()
    return _publish(engine, site, publisher, lacking, moment=moment)


def _alarm(uow: UnitOfWork, gate: str, name: DocumentName, moment: Moment) -> None:
    """Tell people that a gate holds what this database never issued: look at endings since then."""
    reason = ReasonCode.ROLLBACK.value
    row = AlarmRow(at_ms=moment.utc_ms, gate=gate, reason=reason, detail=f"document {name.value}")
    uow.session.add(row)


def _publish(
    engine: Engine,
    site: Site,
    publisher: Publisher,
    documents: Iterable[Current],
    *,
    moment: Moment,
) -> tuple[Current, ...]:
    waiting, published = _keys_first(documents), list[Current]()
    if not waiting:
        return ()
    with UnitOfWork(engine, writes=False) as uow:
        signers = document_signers(uow, site, waiting, moment)
    try:
        for document, signer in zip(waiting, signers, strict=True):
            _send(publisher, _header(site, document, signer))
            published.append(document)
    finally:
        _mark_published(engine, published)
    return tuple(published)


def _mark_published(engine: Engine, documents: list[Current]) -> None:
    if not documents:
        return
    with UnitOfWork(engine) as uow:
        for document in documents:
            row = uow.need(DocumentRow, (document.gate, document.name.value))
            row.published_version = max(row.published_version, document.version)
        uow.commit()


def _keys_first(documents: Iterable[Current]) -> list[Current]:
    """Put `keys` before what is signed with them, and endings before what begins."""
    order = {DocumentName.KEYS: 0, DocumentName.REVOCATIONS: 1}
    return sorted(documents, key=lambda each: (order.get(each.name, 2), each.gate, each.name))


def sealed_header(site: Site, document: Current, signer: Signer) -> bytes:
    """Return the signed header of a document as it stands."""
    header = DocumentHeader(
        site=site.name,
        gate=document.gate,
        name=document.name,
        version=document.version,
        digest=document.digest,
        records=document.records,
        issued_at_ms=document.issued_at_ms,
        reads=dict(READS),
    )
    return seal_header(header, signer)


def _header(site: Site, document: Current, signer: Signer) -> Publication:
    want = build(site.name, GateId(document.gate), TopicKind.WANT, document.name)
    return Publication(want, sealed_header(site, document, signer), retain=True)


def _send(publisher: Publisher, each: Publication) -> None:
    publisher.publish(each.topic, each.payload, each.qos, each.retain, each.expiry_s)
