"""Issue entry passes: standing paper, slip, visitor, and the windows of a resident's phone page.

A pass text is a secret of its bearer: it is returned once and never stored. It can be printed
again from the credential, whose pass id stays the same, so that a second print is no second use.
"""

import secrets
from dataclasses import dataclass

from sqlalchemy import select

from controller.domain.credentials import Carrier
from controller.domain.moment import Moment
from controller.domain.passes import (
    PAGE_S,
    PAPER_S,
    SUCCESSOR_AHEAD_S,
    VisitorTerms,
    check_slip,
    check_visitor,
    phone_windows,
)
from controller.domain.refusal import Refusal, raise_if
from controller.domain.roles import Act, Actor
from controller.services.access import level_access_points
from controller.services.acts import need_act, record_act
from controller.services.holders import dwelling_adults
from controller.services.keys import signer_for
from controller.services.pass_signing import (
    IssuedPass,
    check_works,
    end_former_pass,
    issue_new,
    sign_pass,
)
from controller.services.register import Draft, active_rows, begin, lasts_until
from controller.services.site import Site
from controller.storage.models import CredentialRow, GateRow
from controller.storage.unit_of_work import UnitOfWork
from mqtt.contract.entry_pass import EntryPass, PassKind, issue, site_tag
from mqtt.contract.errors import ContractError
from mqtt.contract.events import Personal
from mqtt.contract.ids import PSEUDONYM_BYTES, id_from_text
from mqtt.contract.reasons import ReasonCode
from mqtt.contract.records import KeyScope

__all__ = [
    "IssuedPass",
    "PhonePage",
    "VisitorDraft",
    "due_successors",
    "issue_paper",
    "issue_slip",
    "issue_successor",
    "issue_visitor",
    "mark_use",
    "note_use",
    "open_phone",
    "paper_after_loss",
    "pass_text",
    "phone_page",
]


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
    """Issue a resident's standing pass, for two years or as long as the right to live here.

    Raises RefusedError: `role_not_allowed`, and what `register.begin` raises.
    """
    need_act(actor, Act.ISSUE_CREDENTIAL)
    return paper_after_loss(uow, site, actor, holder, levels=levels, moment=moment)


def paper_after_loss(
    uow: UnitOfWork,
    site: Site,
    actor: Actor,
    holder: bytes,
    *,
    levels: tuple[str, ...],
    moment: Moment,
) -> IssuedPass:
    """Issue a standing pass as part of another act, which has already been allowed."""
    until_ms = lasts_until(uow, holder, moment, PAPER_S * 1000)
    row = begin(uow, Draft(holder, Carrier.PAPER, levels, moment.utc_ms, until_ms), moment)
    record_act(uow, moment, actor, Act.ISSUE_CREDENTIAL, row.id)
    return issue_new(uow, site, row, moment)


def issue_successor(
    uow: UnitOfWork, site: Site, actor: Actor, credential: bytes, moment: Moment
) -> IssuedPass:
    """Print the successor of a standing pass, 30 days ahead or earlier.

    The credential lives on with a new pass; the old paper works until the new one is first used.
    Raises RefusedError(`revoked`, `expired`, `not_found`, `conflict`).
    """
    row = uow.need(CredentialRow, credential)
    check_works(row, moment)
    if row.carrier != Carrier.PAPER:
        raise Refusal(ReasonCode.CONFLICT, "PA-03", detail="not a standing pass").as_error()
    end_former_pass(uow, row, moment)
    row.former_pass_id, row.former_until_ms = row.pass_id, row.valid_until_ms
    row.valid_until_ms = lasts_until(uow, row.holder_id, moment, PAPER_S * 1000)
    first_s = max(moment.utc_s, row.pass_from_ms // 1000 + 1)
    record_act(uow, moment, actor, Act.ISSUE_CREDENTIAL, row.id)
    return issue_new(uow, site, row, moment, first_s * 1000)


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
    """Issue a paper pass for hours or days, 31 at most.

    Raises RefusedError(`role_not_allowed`, `config_invalid`).
    """
    need_act(actor, Act.ISSUE_SLIP)
    raise_if(check_slip(moment.utc_s, until_ms // 1000))
    row = begin(uow, Draft(holder, Carrier.SLIP, levels, moment.utc_ms, until_ms), moment)
    record_act(uow, moment, actor, Act.ISSUE_SLIP, row.id)
    return issue_new(uow, site, row, moment)


def issue_visitor(
    uow: UnitOfWork, site: Site, actor: Actor, draft: VisitorDraft, moment: Moment
) -> IssuedPass:
    """Issue a visitor pass, by staff or by a resident for the own household.

    A resident gives no more than he has: only where his own credentials lead. Raises RefusedError:
    `role_not_allowed`, `not_allowed`, `config_invalid`, `not_found`.
    """
    if actor.role is None:
        _check_host(uow, site, actor, draft, moment)
    else:
        need_act(actor, Act.ISSUE_VISITOR)
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
    return issue_new(uow, site, row, moment)


def open_phone(uow: UnitOfWork, holder: bytes, levels: tuple[str, ...], moment: Moment) -> bytes:
    """Begin a resident's phone credential; return its id. The page gets windows for it."""
    until_ms = lasts_until(uow, holder, moment)
    row = begin(uow, Draft(holder, Carrier.PHONE, levels, moment.utc_ms, until_ms), moment)
    uow.session.flush()
    return row.id


def phone_page(
    uow: UnitOfWork, site: Site, credential: bytes, moment: Moment, length_s: int = PAGE_S
) -> PhonePage:
    """Sign the windows of the next 24 h for one page, about 0.2 s; with 0 s only the current one.

    Raises RefusedError(`revoked`, `expired`, `not_found`) for a credential that does not work.
    """
    row = uow.need(CredentialRow, credential)
    check_works(row, moment)
    if row.carrier != Carrier.PHONE:
        raise Refusal(ReasonCode.CONFLICT, "PA-03", detail="not a phone credential").as_error()
    signer = signer_for(uow, site, KeyScope.RESIDENT_PASS, moment)
    tag = site_tag(site.name)
    last_s = row.valid_until_ms // 1000
    windows = []
    for start_s, end_s in phone_windows(moment.utc_s, length_s):
        if end_s > last_s:
            break
        pass_id = secrets.token_bytes(PSEUDONYM_BYTES)
        window = EntryPass(PassKind.RESIDENT_WINDOW, tag, pass_id, row.id, start_s, end_s)
        windows.append((start_s, issue(window, signer)))
    return PhonePage(row.id, tuple(windows))


def pass_text(uow: UnitOfWork, site: Site, credential: bytes, moment: Moment) -> str:
    """Return the text of a paper, slip or visitor pass again, for another print."""
    row = uow.need(CredentialRow, credential)
    check_works(row, moment)
    return sign_pass(uow, site, row, moment)


def note_use(uow: UnitOfWork, personal: Personal, moment: Moment) -> None:
    """Learn from the personal part of a granted event which pass was used.

    Gates write `pass=<id>` into the note. Anything else is no pass and no error.
    """
    word, _, text = personal.note.partition("=")
    if word != "pass":
        return
    try:
        pass_id = id_from_text(text)
    except ContractError:
        return
    mark_use(uow, personal.credential, pass_id, moment)


def due_successors(uow: UnitOfWork, moment: Moment) -> tuple[bytes, ...]:
    """Return the standing passes whose successor should be printed now, 30 days ahead."""
    soon_ms = moment.utc_ms + SUCCESSOR_AHEAD_S * 1000
    found = select(CredentialRow.id).where(
        CredentialRow.carrier == Carrier.PAPER.value,
        CredentialRow.ended_at_ms.is_(None),
        CredentialRow.valid_until_ms > moment.utc_ms,
        CredentialRow.valid_until_ms <= soon_ms,
    )
    return tuple(uow.session.scalars(found.order_by(CredentialRow.valid_until_ms)))


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
        end_former_pass(uow, row, moment)
    uow.session.flush()


def _check_host(
    uow: UnitOfWork, site: Site, actor: Actor, draft: VisitorDraft, moment: Moment
) -> None:
    own = {level for row in active_rows(uow, actor.id, moment) for level in row.levels}
    asked = level_access_points(uow, draft.levels).keys()
    if (
        draft.dwelling is None
        or actor.id not in dwelling_adults(uow, site, draft.dwelling, moment)
        or draft.host not in {None, actor.id}
        or not asked <= level_access_points(uow, tuple(sorted(own))).keys()
    ):
        raise Refusal(ReasonCode.NOT_ALLOWED, "PA-04").as_error()
