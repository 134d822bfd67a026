"""Show one named person's movements, after a reason, a ticket and a second person (DM-09).

Person or method, never both: what is shown of a person says when, where and whether, and not how.
It is open for a day to the two who decided, every look is on record, and it reaches back no further
than the 30 days for which it is known whose passage one was.
"""

from dataclasses import dataclass

from sqlalchemy import select

from controller.domain.managing.second_person import may_approve
from controller.domain.moment import DAY_MS, Moment
from controller.domain.refusal import Refusal
from controller.domain.roles import Act, Actor
from controller.services.acts import need_act, need_reason, record_act
from controller.services.records import KEPT_MS
from controller.storage.models import (
    AccessPointRow,
    EventRow,
    HolderRow,
    MovementRequestRow,
    PassageRow,
)
from controller.storage.unit_of_work import UnitOfWork
from mqtt.contract.reasons import ReasonCode

__all__ = ["Movement", "MovementDraft", "approve", "ask", "look", "requests"]

_OPEN_MS = DAY_MS
_MOST = 500


@dataclass(frozen=True, slots=True)
class MovementDraft:
    """Whose movements, in which time, why, and under which ticket (police letter, complaint)."""

    holder: bytes
    ticket: str
    reason: str
    from_ms: int
    to_ms: int


@dataclass(frozen=True, slots=True)
class Movement:
    """When, where, in which direction and with what outcome; never how."""

    at_ms: int
    place: str
    direction: str
    outcome: str
    is_simulated: bool


def ask(uow: UnitOfWork, actor: Actor, draft: MovementDraft, moment: Moment) -> int:
    """Ask for somebody's movements.

    Raises RefusedError: `role_not_allowed`, `reason_required`, `not_found`, `config_invalid` for a
    time that is none or longer ago than 30 days.
    """
    need_act(actor, Act.SEE_MOVEMENTS)
    need_reason(draft.reason)
    need_reason(draft.ticket)
    uow.need(HolderRow, draft.holder)
    if not moment.utc_ms - KEPT_MS <= draft.from_ms < draft.to_ms:
        raise Refusal(ReasonCode.CONFIG_INVALID, "DM-09", detail="30 d").as_error()
    row = MovementRequestRow(
        holder_id=draft.holder,
        ticket=draft.ticket.strip(),
        reason=draft.reason.strip(),
        from_ms=draft.from_ms,
        to_ms=min(draft.to_ms, moment.utc_ms),
        asked_by=actor.id,
        asked_at_ms=moment.utc_ms,
    )
    uow.session.add(row)
    uow.session.flush()
    _note(uow, actor, row, "asked", moment)
    return row.id


def approve(uow: UnitOfWork, actor: Actor, request: int, moment: Moment) -> None:
    """Approve as the second person; it is open for a day from now.

    Raises RefusedError: `role_not_allowed`, `second_person_missing`, `expired`, `not_found`.
    """
    need_act(actor, Act.SEE_MOVEMENTS)
    row = uow.need(MovementRequestRow, request)
    if row.approved_at_ms is not None:
        raise Refusal(ReasonCode.EXPIRED, "DM-09", detail="request").as_error()
    if not may_approve(row.asked_by, actor.id):
        raise Refusal(ReasonCode.SECOND_PERSON_MISSING, "DM-09").as_error()
    row.approved_by, row.approved_at_ms = actor.id, moment.utc_ms
    row.open_until_ms = moment.utc_ms + _OPEN_MS
    _note(uow, actor, row, "approved", moment)


def look(uow: UnitOfWork, actor: Actor, request: int, moment: Moment) -> tuple[Movement, ...]:
    """Return the movements, newest first, and put the look on record; the caller commits.

    Raises RefusedError: `second_person_missing` before it is approved, `expired` a day after,
    `not_allowed` for anybody but the two who decided.
    """
    need_act(actor, Act.SEE_MOVEMENTS)
    row = uow.need(MovementRequestRow, request)
    if row.open_until_ms is None:
        raise Refusal(ReasonCode.SECOND_PERSON_MISSING, "DM-09").as_error()
    if row.open_until_ms <= moment.utc_ms:
        raise Refusal(ReasonCode.EXPIRED, "DM-09", detail="request").as_error()
    if actor.id not in {row.asked_by, row.approved_by}:
        raise Refusal(ReasonCode.NOT_ALLOWED, "DM-09").as_error()
    _note(uow, actor, row, "looked", moment)
    points = {one.name: one.title for one in uow.session.scalars(select(AccessPointRow))}
    found = (
        select(EventRow)
        .join(PassageRow, PassageRow.event_id == EventRow.id)
        .where(PassageRow.holder_id == row.holder_id)
        .where(EventRow.at_s >= row.from_ms // 1000, EventRow.at_s <= row.to_ms // 1000)
        .order_by(EventRow.at_s.desc(), EventRow.id.desc())
        .limit(_MOST)
    )
    return tuple(
        Movement(
            event.at_s * 1000,
            points.get(event.access_point, event.access_point),
            event.direction,
            event.outcome,
            event.adapter_kind != "real",
        )
        for event in uow.session.scalars(found)
    )


def requests(uow: UnitOfWork, limit: int = 50) -> tuple[MovementRequestRow, ...]:
    """Return the requests, newest first."""
    found = select(MovementRequestRow).order_by(MovementRequestRow.id.desc()).limit(limit)
    return tuple(uow.session.scalars(found))


def _note(
    uow: UnitOfWork, actor: Actor, row: MovementRequestRow, what: str, moment: Moment
) -> None:
    reason = f"{what} {row.id}: {row.ticket}: {row.reason}"
    record_act(uow, moment, actor, Act.SEE_MOVEMENTS, row.holder_id, reason=reason)
    uow.session.flush()
