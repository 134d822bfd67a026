"""Let a person say "this was not me"; the record is held and staff can only answer (case J17)."""

from sqlalchemy import select

from controller.domain.moment import DAY_MS, Moment
from controller.domain.refusal import Refusal
from controller.domain.roles import Act, Actor
from controller.services.acts import need_act, need_reason, record_act
from controller.storage.models import DisputeRow, EventRow, PassageRow
from controller.storage.unit_of_work import UnitOfWork
from mqtt.contract.reasons import ReasonCode

__all__ = ["ANSWER_MS", "answer_dispute", "dispute", "open_disputes"]

ANSWER_MS = 10 * DAY_MS


def dispute(uow: UnitOfWork, actor: Actor, event: int, moment: Moment) -> DisputeRow:
    """Dispute an own record; saying it twice is no error.

    Raises RefusedError(`not_found`) alike for a record that does not exist and for another's.
    """
    passage = uow.find(PassageRow, event)
    if actor.role is not None or passage is None or passage.holder_id != actor.id:
        raise Refusal(ReasonCode.NOT_FOUND, "RE-01", "PIPL Art. 46").as_error()
    known = uow.session.scalar(select(DisputeRow).where(DisputeRow.event_id == event))
    if known is not None:
        return known
    row = DisputeRow(
        holder_id=actor.id,
        event_id=event,
        method=uow.need(EventRow, event).method,
        opened_at_ms=moment.utc_ms,
        answer_due_ms=moment.utc_ms + ANSWER_MS,
    )
    uow.session.add(row)
    uow.session.flush()
    return row


def open_disputes(uow: UnitOfWork) -> tuple[DisputeRow, ...]:
    """Return what waits for an answer, the oldest first."""
    found = select(DisputeRow).where(DisputeRow.answered_at_ms.is_(None))
    return tuple(uow.session.scalars(found.order_by(DisputeRow.opened_at_ms)))


def answer_dispute(
    uow: UnitOfWork, actor: Actor, dispute_id: int, answer: str, moment: Moment
) -> None:
    """Answer a dispute in words that the person reads; an answer given is never changed.

    Raises RefusedError: `role_not_allowed`, `reason_required`, `not_found`, `conflict`.
    """
    need_act(actor, Act.EDIT_HOLDERS)
    need_reason(answer)
    row = uow.need(DisputeRow, dispute_id)
    if row.answered_at_ms is not None:
        raise Refusal(ReasonCode.CONFLICT, "RE-02", detail="answered").as_error()
    row.answer, row.answered_at_ms, row.answered_by = answer.strip(), moment.utc_ms, actor.id
    record_act(uow, moment, actor, Act.EDIT_HOLDERS, row.holder_id, reason="dispute answered")
    uow.session.flush()
