"""Print the newest revocations as a QR code that a guard carries to a gate without its link."""

from sqlalchemy import select

from controller.domain.moment import Moment
from controller.domain.refusal import Refusal
from controller.domain.roles import Act, Actor
from controller.services.acts import need_act
from controller.services.keys import signer_for
from controller.services.site import Site
from controller.storage.models import DocumentRow, GateRow, RevocationRow
from controller.storage.unit_of_work import UnitOfWork
from mqtt.contract.entry_pass import gate_tag, site_tag
from mqtt.contract.reasons import ReasonCode
from mqtt.contract.records import KeyScope
from mqtt.contract.revocation import MAX_CARRIED, CarriedRevocation, issue_carried
from mqtt.contract.topics import DocumentName

__all__ = ["carried_for"]


def carried_for(uow: UnitOfWork, site: Site, actor: Actor, gate: str, moment: Moment) -> str:
    """Return the text of the code for one gate: its six newest endings.

    The code counts until the gate holds the version of its `revocations` document that contains
    them. Raises RefusedError: `role_not_allowed`, `not_found` (gate, or nothing has ended).
    """
    need_act(actor, Act.REPORT_LOST)
    uow.need(GateRow, gate)
    newest = uow.session.scalars(
        select(RevocationRow)
        .where(RevocationRow.until_ms > moment.utc_ms)
        .order_by(RevocationRow.at_ms.desc(), RevocationRow.id)
        .limit(MAX_CARRIED)
    ).all()
    if not newest:
        raise Refusal(ReasonCode.NOT_FOUND, "RE-01", detail="revocations").as_error()
    document = uow.find(DocumentRow, (gate, DocumentName.REVOCATIONS.value))
    carried = CarriedRevocation(
        site_tag(site.name),
        moment.utc_s,
        tuple(sorted((row.id, -(-row.until_ms // 1000)) for row in newest)),
        gate_tag(site.name, gate),
        _floor(document, max(row.at_ms for row in newest)),
    )
    return issue_carried(carried, signer_for(uow, site, KeyScope.REVOCATION, moment))


def _floor(document: DocumentRow | None, newest_ms: int) -> int:
    """Return the first version that surely contains them: the current one, or the next."""
    if document is None:
        return 1
    is_in_it = document.issued_at_ms >= newest_ms
    return document.version if is_in_it else max(document.version, document.version_floor) + 1
