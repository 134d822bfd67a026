"""Take complaints from anybody, and answer them within 10 days (rules CM-01 and CM-02)."""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import select

from controller.domain.complaints import ANSWER_MS, ComplaintTopic, may_read_complaint
from controller.domain.moment import DAY_MS, Moment
from controller.domain.refusal import Refusal
from controller.domain.roles import Act, Actor
from controller.domain.typed import typed_line, typed_text
from controller.services.acts import need_reason, record_act
from controller.storage.models import ComplaintRow
from controller.storage.unit_of_work import UnitOfWork
from mqtt.contract.reasons import ReasonCode

__all__ = [
    "ComplaintFigures",
    "answer_complaint",
    "complain",
    "complaint_figures",
    "complaints_for",
]

_MOST_CHARACTERS = 2_000


@dataclass(frozen=True, slots=True)
class ComplaintFigures:
    """Counts for reports: `late` were or are unanswered for more than 10 days."""

    received: int
    waiting: int
    late: int
    forced: int
    median_days: float | None


def complain(
    uow: UnitOfWork,
    topic: ComplaintTopic,
    text: str,
    moment: Moment,
    *,
    holder: bytes | None = None,
    contact: str = "",
) -> ComplaintRow:
    """Take a complaint, from somebody without an account too.

    Raises RefusedError: `reason_required`, `too_large`.
    """
    said = typed_text(text)
    if not said:
        raise Refusal(ReasonCode.REASON_REQUIRED, "CM-01", detail="text").as_error()
    if len(said) > _MOST_CHARACTERS:
        detail = f"text: at most {_MOST_CHARACTERS} characters"
        raise Refusal(ReasonCode.TOO_LARGE, "CM-01", detail=detail).as_error()
    row = ComplaintRow(
        topic=topic.value,
        holder_id=holder,
        contact=typed_line(contact)[:80],
        text=said,
        opened_at_ms=moment.utc_ms,
        answer_due_ms=moment.utc_ms + ANSWER_MS,
        answer="",
    )
    uow.session.add(row)
    uow.session.flush()
    return row


def complaints_for(uow: UnitOfWork, actor: Actor) -> tuple[ComplaintRow, ...]:
    """Return what somebody may read, what waits longest first, then the answered ones."""
    found = select(ComplaintRow).order_by(
        ComplaintRow.answered_at_ms.is_not(None), ComplaintRow.opened_at_ms, ComplaintRow.id
    )
    if actor.role is None:
        found = found.where(ComplaintRow.holder_id == actor.id)
    return tuple(row for row in uow.session.scalars(found) if _may_read(actor, row))


def answer_complaint(
    uow: UnitOfWork, actor: Actor, complaint: int, answer: str, moment: Moment
) -> None:
    """Answer in words that the sender reads; an answer given is never changed.

    Raises RefusedError: `not_found` for what does not exist and for what the actor may not read,
    `reason_required`, `conflict`.
    """
    row = uow.find(ComplaintRow, complaint)
    if actor.role is None or row is None or not _may_read(actor, row):
        raise Refusal(ReasonCode.NOT_FOUND, "CM-02").as_error()
    need_reason(answer)
    if row.answered_at_ms is not None:
        raise Refusal(ReasonCode.CONFLICT, "CM-01", detail="answered").as_error()
    row.answer, row.answered_at_ms, row.answered_by = answer.strip(), moment.utc_ms, actor.id
    subject = row.holder_id or actor.id
    record_act(uow, moment, actor, Act.EDIT_COMPLIANCE, subject, reason=f"complaint {row.id}")
    uow.session.flush()


def complaint_figures(
    uow: UnitOfWork, moment: Moment, since_ms: int = 0, *, reader: Actor | None = None
) -> ComplaintFigures:
    """Return counts of what came since then, or of what `reader` may read among it.

    For reports the forced ones are counted; to the desk not even their number is told.
    """
    found = select(ComplaintRow).where(ComplaintRow.opened_at_ms >= since_ms)
    rows = tuple(
        row for row in uow.session.scalars(found) if reader is None or _may_read(reader, row)
    )
    took = sorted(
        (row.answered_at_ms - row.opened_at_ms) / DAY_MS
        for row in rows
        if row.answered_at_ms is not None
    )
    return ComplaintFigures(
        received=len(rows),
        waiting=sum(row.answered_at_ms is None for row in rows),
        late=_late(rows, moment),
        forced=sum(row.topic == ComplaintTopic.FORCED for row in rows),
        median_days=took[len(took) // 2] if took else None,
    )


def _late(rows: Iterable[ComplaintRow], moment: Moment) -> int:
    return sum((row.answered_at_ms or moment.utc_ms) > row.answer_due_ms for row in rows)


def _may_read(actor: Actor, row: ComplaintRow) -> bool:
    return may_read_complaint(actor, ComplaintTopic(row.topic), row.holder_id)
