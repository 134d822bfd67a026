"""Assign fobs and PINs, and end credentials under the rules of `controller.domain.ending`."""

from dataclasses import dataclass

from sqlalchemy import select

from controller.domain.cards import Card, card_for
from controller.domain.credentials import Carrier, EndReason
from controller.domain.ending import EndFacts, EndRequest, plan_end
from controller.domain.moment import Moment
from controller.domain.people import mask_dwelling
from controller.domain.refusal import Refusal
from controller.domain.roles import Act, Actor, may_see
from controller.services import pins
from controller.services.access import level_access_points
from controller.services.acts import need_act, need_reason, record_act
from controller.services.gates import card_formats_at
from controller.services.holders import dwelling_adults, guardians_of, lives_here, right_of
from controller.services.passes import IssuedPass, paper_after_loss
from controller.services.register import Draft, active_rows, as_credential, begin, end_row
from controller.services.register import lasts_until as _lasts_until
from controller.services.site import Site
from controller.storage.models import CredentialRow, DwellingRow, ResidenceRow, StaffRow
from controller.storage.unit_of_work import UnitOfWork
from mqtt.contract.pin_hash import hash_pin
from mqtt.contract.reasons import ReasonCode

__all__ = [
    "Ended",
    "FobDraft",
    "credentials_of",
    "end_credential",
    "end_facts",
    "enrol_fob",
    "issue_pin",
    "move_fob",
    "report_lost",
]


@dataclass(frozen=True, slots=True)
class FobDraft:
    """A fob for a holder. `length` is the data bits if it was read at a reader, else None."""

    holder: bytes
    number: int
    levels: tuple[str, ...]
    length: int | None = None
    needs_pin: bool = False

    def __repr__(self) -> str:
        return "FobDraft(…)"


@dataclass(frozen=True, slots=True)
class Ended:
    """A credential has ended; `paper` is the standing pass issued in the same act, if any."""

    credential: bytes
    paper: IssuedPass | None = None


def enrol_fob(uow: UnitOfWork, actor: Actor, draft: FobDraft, moment: Moment) -> bytes:
    """Assign a fob; return its credential id.

    Raises RefusedError: `does_not_fit` (A09), `already_assigned` with the other dwelling masked
    (B02), `role_not_allowed`, `capacity`.
    """
    need_act(actor, Act.ISSUE_CREDENTIAL)
    card = _card(uow, draft)
    taken = _active_fob(uow, card)
    if taken is not None:
        detail = _masked_dwelling(uow, taken.holder_id, moment)
        raise Refusal(ReasonCode.ALREADY_ASSIGNED, "CR-04", detail=detail).as_error()
    return _begin_fob(uow, actor, draft, card, moment)


def move_fob(
    uow: UnitOfWork, site: Site, actor: Actor, draft: FobDraft, *, reason: str, moment: Moment
) -> bytes:
    """Take a fob from its present holder and assign it anew; the reason is recorded.

    Raises RefusedError: `reason_required`, `last_credential` where the present holder would be left
    without a lasting one, `not_found` where nobody has the fob.
    """
    need_act(actor, Act.ISSUE_CREDENTIAL)
    need_reason(reason)
    card = _card(uow, draft)
    taken = _active_fob(uow, card)
    if taken is None:
        raise Refusal(ReasonCode.NOT_FOUND, "CR-04").as_error()
    end_credential(uow, site, actor, taken.id, EndReason.MOVED, moment=moment, note=reason)
    return _begin_fob(uow, actor, draft, card, moment)


def end_credential(
    uow: UnitOfWork,
    site: Site,
    actor: Actor,
    credential: bytes,
    reason: EndReason,
    *,
    moment: Moment,
    with_replacement: bool = False,
    order_reference: str = "",
    note: str = "",
) -> Ended:
    """End a credential if the rules allow it; a loss of the last one issues a paper pass here.

    `with_replacement` issues a standing pass in the same act whatever the reason. Raises
    RefusedError: `last_credential`, `arrears`, `not_allowed`, `reason_required`, `not_found`.
    """
    row = uow.need(CredentialRow, credential)
    request = EndRequest(
        as_credential(row), actor, reason, with_replacement, order_reference.strip()
    )
    plan = plan_end(request, end_facts(uow, site, row, moment))
    if isinstance(plan, Refusal):
        raise plan.as_error()
    end_row(uow, row, reason, actor, moment)
    record_act(
        uow,
        moment,
        actor,
        Act.END_CREDENTIAL,
        row.id,
        reason=note or reason.value,
        order_reference=order_reference.strip(),
    )
    paper = None
    if plan.issues_paper or with_replacement:
        paper = paper_after_loss(uow, site, actor, row.holder_id, levels=row.levels, moment=moment)
    return Ended(row.id, paper)


def report_lost(
    uow: UnitOfWork, site: Site, actor: Actor, credential: bytes, moment: Moment
) -> Ended:
    """End a lost credential, by its holder, a guardian, the desk or the guard."""
    return end_credential(uow, site, actor, credential, EndReason.LOST, moment=moment)


def issue_pin(
    uow: UnitOfWork, actor: Actor, holder: bytes, levels: tuple[str, ...], moment: Moment
) -> tuple[bytes, pins.NewPin]:
    """Draw a PIN for a holder; return the credential id and the digits, which are told once."""
    need_act(actor, Act.ISSUE_CREDENTIAL)
    salt = pins.site_salt(uow)
    hashes = uow.session.execute(select(CredentialRow.pin_hash, CredentialRow.duress_hash))
    new = pins.draw_pin(frozenset(each for pair in hashes for each in pair), salt)
    until_ms = _lasts_until(uow, holder, moment)
    row = begin(uow, Draft(holder, Carrier.PIN, levels, moment.utc_ms, until_ms), moment)
    row.pin_salt = salt
    row.pin_hash = hash_pin(new.digits, salt)
    row.duress_hash = hash_pin(new.duress_digits, salt)
    record_act(uow, moment, actor, Act.ISSUE_CREDENTIAL, row.id)
    uow.session.flush()
    return row.id, new


def credentials_of(
    uow: UnitOfWork, site: Site, actor: Actor, holder: bytes, moment: Moment
) -> tuple[CredentialRow, ...]:
    """Return a holder's working credentials. Raises RefusedError(`not_allowed`)."""
    if not may_see(actor, holder, guardians_of(uow, site, holder, moment)):
        raise Refusal(ReasonCode.NOT_ALLOWED, "CR-03", "PIPL Art. 44").as_error()
    return active_rows(uow, holder, moment)


def _card(uow: UnitOfWork, draft: FobDraft) -> Card:
    points = frozenset(level_access_points(uow, draft.levels))
    card = card_for(draft.number, draft.length, card_formats_at(uow, points))
    if isinstance(card, Refusal):
        raise card.as_error()
    staff = select(StaffRow.id).where(
        StaffRow.card_value == card.stored,
        StaffRow.card_length == card.length,
        StaffRow.ended_at_ms.is_(None),
    )
    if uow.session.scalar(staff) is not None:
        raise Refusal(ReasonCode.ALREADY_ASSIGNED, "CR-04", detail="staff").as_error()
    return card


def _active_fob(uow: UnitOfWork, card: Card) -> CredentialRow | None:
    found = select(CredentialRow).where(
        CredentialRow.card_value == card.stored,
        CredentialRow.card_length == card.length,
        CredentialRow.carrier == Carrier.FOB.value,
        CredentialRow.ended_at_ms.is_(None),
    )
    return uow.session.scalar(found)


def _begin_fob(uow: UnitOfWork, actor: Actor, draft: FobDraft, card: Card, moment: Moment) -> bytes:
    until_ms = _lasts_until(uow, draft.holder, moment)
    base = Draft(draft.holder, Carrier.FOB, draft.levels, moment.utc_ms, until_ms)
    row = begin(uow, base, moment)
    row.card_value, row.card_length = card.stored, card.length
    row.fob_needs_pin = draft.needs_pin
    record_act(uow, moment, actor, Act.ISSUE_CREDENTIAL, row.id)
    uow.session.flush()
    return row.id


def _masked_dwelling(uow: UnitOfWork, holder: bytes, moment: Moment) -> str:
    found = (
        select(DwellingRow.label)
        .join(ResidenceRow, ResidenceRow.dwelling_id == DwellingRow.id)
        .where(ResidenceRow.holder_id == holder, ResidenceRow.from_ms <= moment.utc_ms)
        .order_by(ResidenceRow.from_ms.desc())
    )
    label = uow.session.scalars(found).first()
    return mask_dwelling(label) if label else "*"


def end_facts(uow: UnitOfWork, site: Site, row: CredentialRow, moment: Moment) -> EndFacts:
    """Return what the rules on ending need to know about a credential's holder."""
    adults: frozenset[bytes] = frozenset()
    if row.dwelling_id is not None:
        adults = dwelling_adults(uow, site, row.dwelling_id, moment)
    return EndFacts(
        moment.utc_ms,
        lives_here(uow, row.holder_id, moment),
        right_of(uow, row.holder_id, moment),
        tuple(as_credential(each) for each in active_rows(uow, row.holder_id, moment)),
        guardians_of(uow, site, row.holder_id, moment),
        adults,
    )
