"""Sign printed passes: from a credential's row to the text of its QR code."""

from dataclasses import dataclass

from controller.domain.credentials import Carrier
from controller.domain.moment import Moment
from controller.domain.refusal import Refusal
from controller.services.keys import signer_for
from controller.services.register import revoke
from controller.services.site import Site, new_pseudonym
from controller.storage.models import CredentialRow
from controller.storage.unit_of_work import UnitOfWork
from mqtt.contract.entry_pass import ANY_GATE, EntryPass, PassKind, gate_tag, issue, site_tag
from mqtt.contract.reasons import ReasonCode
from mqtt.contract.records import KeyScope

__all__ = ["IssuedPass", "check_works", "end_former_pass", "issue_new", "sign_pass"]

_KINDS = {
    Carrier.PAPER: (PassKind.PAPER, KeyScope.PAPER_PASS),
    Carrier.SLIP: (PassKind.SLIP, KeyScope.SLIP_PASS),
    Carrier.VISITOR: (PassKind.VISITOR, KeyScope.VISITOR_PASS),
}


@dataclass(frozen=True, slots=True)
class IssuedPass:
    """A new pass: its credential, the text for the QR code, and its last instant in UTC ms."""

    credential: bytes
    text: str
    valid_until_ms: int

    def __repr__(self) -> str:
        return "IssuedPass(…)"


def check_works(row: CredentialRow, moment: Moment) -> None:
    """Raise RefusedError(`revoked`, `expired`) for a credential that no longer works."""
    if row.ended_at_ms is not None:
        raise Refusal(ReasonCode.REVOKED, "PA-03").as_error()
    if row.valid_until_ms <= moment.utc_ms:
        raise Refusal(ReasonCode.EXPIRED, "PA-03").as_error()


def end_former_pass(uow: UnitOfWork, row: CredentialRow, moment: Moment) -> None:
    """End the paper before the current one, if there is any."""
    if row.former_pass_id is None:
        return
    if row.former_until_ms > moment.utc_ms:
        revoke(uow, row.former_pass_id, row.former_until_ms, moment)
    row.former_pass_id, row.former_until_ms = None, 0


def issue_new(
    uow: UnitOfWork,
    site: Site,
    row: CredentialRow,
    moment: Moment,
    first_ms: int | None = None,
) -> IssuedPass:
    """Give a credential a new pass, good from `first_ms` or from its own start, and sign it."""
    row.pass_id = new_pseudonym()
    row.pass_from_ms = row.valid_from_ms if first_ms is None else first_ms
    uow.session.flush()
    return IssuedPass(row.id, sign_pass(uow, site, row, moment), row.valid_until_ms)


def sign_pass(uow: UnitOfWork, site: Site, row: CredentialRow, moment: Moment) -> str:
    """Return the text of a credential's current pass.

    Raises RefusedError(`conflict`) for a credential that carries no printed pass.
    """
    carrier = Carrier(row.carrier)
    if carrier not in _KINDS or row.pass_id is None:
        raise Refusal(ReasonCode.CONFLICT, "PA-03", detail="carries no printed pass").as_error()
    kind, scope = _KINDS[carrier]
    home = gate_tag(site.name, row.home_gate) if row.home_gate else ANY_GATE
    pass_ = EntryPass(
        kind,
        site_tag(site.name),
        row.pass_id,
        row.id,
        row.pass_from_ms // 1000,
        row.valid_until_ms // 1000,
        row.uses,
        row.hours_from_first_use,
        home,
    )
    return issue(pass_, signer_for(uow, site, scope, moment))
