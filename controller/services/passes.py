"""Issue entry passes: standing paper, slip, visitor, and the windows of a resident's phone page.

A pass text is a secret of its bearer: it is returned once and never stored. It can be printed
again from the credential, whose pass id stays the same, so that a second print is no second use.
"""

import secrets
from dataclasses import dataclass

from controller.domain.credentials import Carrier
from controller.domain.moment import Moment
from controller.domain.passes import (
    PAPER_S,
    VisitorTerms,
    check_slip,
    check_visitor,
    phone_windows,
)
from controller.domain.refusal import Refusal, raise_if
from controller.domain.roles import Act, Actor
from controller.services.acts import record_act
from controller.services.keys import signer_for
from controller.services.register import Draft, begin, lasts_until, revoke
from controller.services.site import Site, new_pseudonym
from controller.storage.models import CredentialRow, GateRow
from controller.storage.unit_of_work import UnitOfWork
from mqtt.contract.entry_pass import ANY_GATE, EntryPass, PassKind, gate_tag, issue, site_tag
from mqtt.contract.ids import PSEUDONYM_BYTES
from mqtt.contract.reasons import ReasonCode
from mqtt.contract.records import KeyScope

__all__ = [
    "IssuedPass",
    "PhonePage",
    "VisitorDraft",
    "issue_paper",
    "issue_slip",
    "issue_successor",
    "issue_visitor",
    "mark_use",
    "open_phone",
    "pass_text",
    "phone_page",
]

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


@dataclass(frozen=True, slots=True)
class PhonePage:
    """What a resident's page holds for 24 h: (first second of the window, pass text)."""

    credential: bytes
    windows: tuple[tuple[int, str], ...]

    def __repr__(self) -> str:
        return f"PhonePage({len(self.windows)} windows)"


@dataclass(frozen=True, slots=True)
class VisitorDraft:
    """A visitor, courier or carer pass: who carries it, who owns it, where and when it works.

    `dwelling` owns it and ends it; `host` is set for a resident's own guest and stays None for a
    pass of the whole household. `label` is shown beside its use, such as the courier's company.
    """

    holder: bytes
    levels: tuple[str, ...]
    terms: VisitorTerms
    dwelling: int | None = None
    host: bytes | None = None
    label: str = ""


def issue_paper(
    uow: UnitOfWork,
    site: Site,
    actor: Actor,
    holder: bytes,
    *,
    levels: tuple[str, ...],
    moment: Moment,
) -> IssuedPass:
    """Issue a resident's standing pass, for two years or as long as the right to live here."""
    until_ms = lasts_until(uow, holder, moment, PAPER_S * 1000)
    row = begin(uow, Draft(holder, Carrier.PAPER, levels, moment.utc_ms, until_ms), moment)
    record_act(uow, moment, actor, Act.ISSUE_CREDENTIAL, row.id)
    return _issued(uow, site, row, moment)


def issue_successor(
    uow: UnitOfWork, site: Site, actor: Actor, credential: bytes, moment: Moment
) -> IssuedPass:
    """Print the successor of a standing pass, 30 days ahead or earlier.

    The credential lives on with a new pass; the old paper works until the new one is first used.
    Raises RefusedError(`revoked`, `expired`, `not_found`, `conflict`).
    """
    row = uow.need(CredentialRow, credential)
    _check_works(row, moment)
    if row.carrier != Carrier.PAPER:
        raise Refusal(ReasonCode.CONFLICT, "PA-03", detail="not a standing pass").as_error()
    _end_former_pass(uow, row, moment)
    row.former_pass_id, row.former_until_ms = row.pass_id, row.valid_until_ms
    row.valid_until_ms = lasts_until(uow, row.holder_id, moment, PAPER_S * 1000)
    first_s = max(moment.utc_s, row.pass_from_ms // 1000 + 1)
    record_act(uow, moment, actor, Act.ISSUE_CREDENTIAL, row.id)
    return _issued(uow, site, row, moment, first_s * 1000)


def issue_slip(
    uow: UnitOfWork,
    site: Site,
    actor: Actor,
    holder: bytes,
    *,
    levels: tuple[str, ...],
    until_ms: int,
    moment: Moment,
) -> IssuedPass:
    """Issue a paper pass for hours or days, 31 at most. Raises RefusedError(`config_invalid`)."""
    raise_if(check_slip(moment.utc_s, until_ms // 1000))
    row = begin(uow, Draft(holder, Carrier.SLIP, levels, moment.utc_ms, until_ms), moment)
    record_act(uow, moment, actor, Act.ISSUE_SLIP, row.id)
    return _issued(uow, site, row, moment)


def issue_visitor(
    uow: UnitOfWork, site: Site, actor: Actor, draft: VisitorDraft, moment: Moment
) -> IssuedPass:
    """Issue a visitor pass. Raises RefusedError(`config_invalid`, `not_found`)."""
    terms = draft.terms
    raise_if(check_visitor(terms))
    if terms.home_gate:
        uow.need(GateRow, terms.home_gate)
    base = Draft(
        draft.holder,
        Carrier.VISITOR,
        draft.levels,
        terms.not_before_s * 1000,
        terms.not_after_s * 1000,
        draft.dwelling,
        draft.host,
        draft.label,
    )
    row = begin(uow, base, moment)
    row.uses, row.home_gate = terms.uses, terms.home_gate
    row.hours_from_first_use = terms.hours_from_first_use
    record_act(uow, moment, actor, Act.ISSUE_VISITOR, row.id)
    return _issued(uow, site, row, moment)


def open_phone(uow: UnitOfWork, holder: bytes, levels: tuple[str, ...], moment: Moment) -> bytes:
    """Begin a resident's phone credential; return its id. The page gets windows for it."""
    until_ms = lasts_until(uow, holder, moment)
    row = begin(uow, Draft(holder, Carrier.PHONE, levels, moment.utc_ms, until_ms), moment)
    uow.session.flush()
    return row.id


def phone_page(uow: UnitOfWork, site: Site, credential: bytes, moment: Moment) -> PhonePage:
    """Sign the windows of the next 24 h for one page; about 0.2 s.

    Raises RefusedError(`revoked`, `expired`, `not_found`) for a credential that does not work.
    """
    row = uow.need(CredentialRow, credential)
    _check_works(row, moment)
    if row.carrier != Carrier.PHONE:
        raise Refusal(ReasonCode.CONFLICT, "PA-03", detail="not a phone credential").as_error()
    signer = signer_for(uow, site, KeyScope.RESIDENT_PASS, moment)
    tag = site_tag(site.name)
    last_s = row.valid_until_ms // 1000
    windows = []
    for start_s, end_s in phone_windows(moment.utc_s):
        if end_s > last_s:
            break
        pass_id = secrets.token_bytes(PSEUDONYM_BYTES)
        window = EntryPass(PassKind.RESIDENT_WINDOW, tag, pass_id, row.id, start_s, end_s)
        windows.append((start_s, issue(window, signer)))
    return PhonePage(row.id, tuple(windows))


def pass_text(uow: UnitOfWork, site: Site, credential: bytes, moment: Moment) -> str:
    """Return the text of a paper, slip or visitor pass again, for another print."""
    row = uow.need(CredentialRow, credential)
    _check_works(row, moment)
    return _signed(uow, site, row, moment)


def mark_use(uow: UnitOfWork, credential: bytes, pass_id: bytes, moment: Moment) -> None:
    """Note that a pass was used, as a gate's event tells; old paper ends with the new one's use.

    An unknown credential is no error: the event may be older than a restored backup.
    """
    row = uow.find(CredentialRow, credential)
    if row is None:
        return
    if row.first_used_at_ms is None:
        row.first_used_at_ms = moment.utc_ms
    if pass_id == row.pass_id:
        _end_former_pass(uow, row, moment)
    uow.session.flush()


def _end_former_pass(uow: UnitOfWork, row: CredentialRow, moment: Moment) -> None:
    if row.former_pass_id is None:
        return
    if row.former_until_ms > moment.utc_ms:
        revoke(uow, row.former_pass_id, row.former_until_ms, moment)
    row.former_pass_id, row.former_until_ms = None, 0


def _issued(
    uow: UnitOfWork,
    site: Site,
    row: CredentialRow,
    moment: Moment,
    first_ms: int | None = None,
) -> IssuedPass:
    row.pass_id = new_pseudonym()
    row.pass_from_ms = row.valid_from_ms if first_ms is None else first_ms
    uow.session.flush()
    return IssuedPass(row.id, _signed(uow, site, row, moment), row.valid_until_ms)


def _signed(uow: UnitOfWork, site: Site, row: CredentialRow, moment: Moment) -> str:
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


def _check_works(row: CredentialRow, moment: Moment) -> None:
    if row.ended_at_ms is not None:
        raise Refusal(ReasonCode.REVOKED, "PA-03").as_error()
    if row.valid_until_ms <= moment.utc_ms:
        raise Refusal(ReasonCode.EXPIRED, "PA-03").as_error()
