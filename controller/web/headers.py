"""Put every document's signed header back on the broker, which may have lost what it retained.

The broker is a wire and no store: after a crash its retained messages can be gone. A gate that
lacks the version in a header asks for it. After a restore a gate gets none before it has told what
it knows to have ended; in a hand-over each gate gets them by a key that it believes.
"""

from sqlalchemy import Engine

from controller.domain.moment import Moment
from controller.services.document_store import Current, current
from controller.services.gates import gate_names
from controller.services.handover.bridging import document_signers
from controller.services.ports import Publisher
from controller.services.read_back import waits_for
from controller.services.site import Site
from controller.storage.unit_of_work import UnitOfWork
from mqtt.contract.delivery import DELIVERY
from mqtt.contract.documents import DocumentHeader, seal_header
from mqtt.contract.ids import GateId
from mqtt.contract.topics import TopicKind, build
from mqtt.contract.versions import READS

__all__ = ["publish_headers"]


def publish_headers(engine: Engine, site: Site, publisher: Publisher, moment: Moment) -> int:
    """Publish the header of every document of every gate; return how many.

    Raises UnavailableError while the broker is away.
    """
    how = DELIVERY[TopicKind.WANT]
    with UnitOfWork(engine, writes=False) as uow:
        waits = waits_for(uow)
        gates = [gate for gate in gate_names(uow) if gate not in waits]
        found = [document for gate in gates for document in current(uow, gate)]
        signers = document_signers(uow, site, found, moment)
    for document, signer in zip(found, signers, strict=True):
        topic = build(site.name, GateId(document.gate), TopicKind.WANT, document.name)
        payload = seal_header(_header(site, document), signer)
        publisher.publish(topic, payload, how.qos, how.retain, how.expiry_s)
    return len(found)


def _header(site: Site, document: Current) -> DocumentHeader:
    return DocumentHeader(
        site=site.name,
        gate=document.gate,
        name=document.name,
        version=document.version,
        digest=document.digest,
        records=document.records,
        issued_at_ms=document.issued_at_ms,
        reads=dict(READS),
    )
