"""Let people claim their old fob by a tap: at the desk or on their own page, within a minute.

Exactly one unclaimed fob must be tapped at the named access point while the claim waits; two are
ambiguous and nobody gets either. The gate may be live or in shadow: it decides the same.
"""

from dataclasses import dataclass

from sqlalchemy import select

from controller.domain.moment import DAY_MS, MINUTE_MS, Moment
from controller.domain.refusal import Refusal
from controller.domain.roles import Act, Actor
from controller.services.acts import need_act, record_act
from controller.services.moving.fob_plan import Origin
from controller.services.register import lasts_until
from controller.services.site import new_pseudonym
from controller.storage.models import (
    AccessPointRow,
    CredentialRow,
    EventRow,
    FobClaimRow,
    FobListCardRow,
    FobListRow,
    HolderRow,
)
from controller.storage.unit_of_work import UnitOfWork
from mqtt.contract import codec
from mqtt.contract.errors import ContractError
from mqtt.contract.events import EventKind, Method, Personal
from mqtt.contract.reasons import ReasonCode

__all__ = ["CLAIM_MS", "ClaimFigures", "claim_figures", "open_claim", "settle_claims"]

CLAIM_MS = MINUTE_MS
_LATE_MS = DAY_MS
"""How long an event may take to arrive from a gate that has lost its link."""


@dataclass(frozen=True, slots=True)
class ClaimFigures:
    """How far claiming has come, over all lists that were not undone."""

    fobs: int
    claimed: int
    unclaimed: int
    open_until_ms: int | None


def open_claim(
    uow: UnitOfWork, actor: Actor, holder: bytes, access_point: str, moment: Moment
) -> FobClaimRow:
    """Say that the next unclaimed fob tapped there is this person's.

    The person does it on their own page, or the desk for them. Raises RefusedError:
    `role_not_allowed`, `not_allowed` for another's account, `not_found`, `conflict` where another
    claim waits at that access point.
    """
    if actor.role is not None:
        need_act(actor, Act.ISSUE_CREDENTIAL)
    elif actor.id != holder:
        raise Refusal(ReasonCode.NOT_ALLOWED, "CR-03", "PIPL Art. 44").as_error()
    uow.need(HolderRow, holder)
    uow.need(AccessPointRow, access_point)
    settle_claims(uow, moment)
    waiting = select(FobClaimRow).where(
        FobClaimRow.access_point == access_point,
        FobClaimRow.closed_at_ms.is_(None),
        FobClaimRow.until_ms > moment.utc_ms,
    )
    found = uow.session.scalar(waiting)
    if found is not None and found.holder_id != holder:
        raise Refusal(ReasonCode.CONFLICT, "IM-05", detail="another claim waits").as_error()
    if found is not None:
        return found
    row = FobClaimRow(
        id=new_pseudonym(),
        holder_id=holder,
        access_point=access_point,
        opened_at_ms=moment.utc_ms,
        until_ms=moment.utc_ms + CLAIM_MS,
        opened_by=actor.id,
        outcome="",
    )
    uow.session.add(row)
    uow.session.flush()
    return row


def settle_claims(uow: UnitOfWork, moment: Moment) -> int:
    """Give claimed fobs to their claimants; return how many. Runs every minute and at each look.

    A claim is settled when its time is over, so that a second tap is still seen; it stays open for
    a day for events that a gate without its link brings later.
    """
    waiting = select(FobClaimRow).where(
        FobClaimRow.closed_at_ms.is_(None), FobClaimRow.until_ms <= moment.utc_ms
    )
    claims = uow.session.scalars(waiting.order_by(FobClaimRow.opened_at_ms)).all()
    return sum(_settle(uow, claim, moment) for claim in claims)


def claim_figures(uow: UnitOfWork) -> ClaimFigures:
    """Return how many listed fobs have found their people."""
    rows = uow.session.execute(
        select(FobListCardRow.origin, FobListCardRow.claimed_at_ms, FobListRow.open_until_ms)
        .join(FobListRow, FobListRow.id == FobListCardRow.list_id)
        .where(FobListRow.undone_at_ms.is_(None))
    ).all()
    open_ = [row for row in rows if row.claimed_at_ms is None and row.origin != Origin.PERSON.value]
    claimed = sum(row.claimed_at_ms is not None for row in rows)
    ends = min((row.open_until_ms for row in open_), default=None)
    return ClaimFigures(len(rows), claimed, len(open_), ends)


def _settle(uow: UnitOfWork, claim: FobClaimRow, moment: Moment) -> bool:
    tapped = _tapped(uow, claim)
    if not tapped and moment.utc_ms < claim.until_ms + _LATE_MS:
        return False
    claim.closed_at_ms = moment.utc_ms
    if len(tapped) != 1:
        claim.outcome = "ambiguous" if tapped else "nothing"
        uow.session.flush()
        return False
    card = tapped[0]
    credential = uow.need(CredentialRow, card.credential_id)
    credential.holder_id = claim.holder_id
    credential.valid_until_ms = lasts_until(uow, claim.holder_id, moment)
    card.claimed_at_ms, card.claimed_by = moment.utc_ms, claim.holder_id
    claim.outcome, claim.credential_id = "claimed", credential.id
    actor = Actor(claim.opened_by)
    record_act(uow, moment, actor, Act.ISSUE_CREDENTIAL, credential.id, reason="fob claimed")
    uow.session.flush()
    return True


def _tapped(uow: UnitOfWork, claim: FobClaimRow) -> list[FobListCardRow]:
    """Return the unclaimed fobs that were tapped there while the claim waited."""
    found = uow.session.scalars(
        select(EventRow.personal).where(
            EventRow.access_point == claim.access_point,
            EventRow.kind.in_((EventKind.DECISION.value, EventKind.SHADOW.value)),
            EventRow.method == Method.FOB.value,
            EventRow.at_s >= claim.opened_at_ms // 1000,
            EventRow.at_s <= claim.until_ms // 1000,
            EventRow.personal.is_not(None),
        )
    )
    credentials = {credential for raw in found if (credential := _credential(raw or b""))}
    cards = (uow.find(FobListCardRow, credential) for credential in sorted(credentials))
    return [card for card in cards if card is not None and _is_open(uow, card)]


def _credential(raw: bytes) -> bytes:
    try:
        return codec.decode(raw, Personal).credential
    except ContractError:
        return b""


def _is_open(uow: UnitOfWork, card: FobListCardRow) -> bool:
    if card.claimed_at_ms is not None or card.origin == Origin.PERSON.value:
        return False
    row = uow.need(CredentialRow, card.credential_id)
    return row.ended_at_ms is None
