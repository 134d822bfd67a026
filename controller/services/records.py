"""Keep residents' own records: which passage was whose, for 30 days (PIPL Art. 19, 45).

Events are indexed by person as they arrive. After 30 days the index and the personal part of the
event go; what was witnessed stays as it is. A disputed record is held until it is answered and 60
days more, and so are the records of somebody who complained, or whom an order names.
"""

import logging
from dataclasses import dataclass

from sqlalchemy import delete, select, update

from controller.domain.moment import DAY_MS, Moment
from controller.storage.models import (
    AccessPointRow,
    ComplaintRow,
    DisputeRow,
    EventRow,
    GateRow,
    LegalHoldRow,
    PassageRow,
    SiteValueRow,
)
from controller.storage.unit_of_work import UnitOfWork
from mqtt.contract import codec
from mqtt.contract.events import EventKind, Personal

__all__ = [
    "KEPT_MS",
    "Record",
    "forget_old",
    "has_unindexed",
    "index_passages",
    "own_records",
]

KEPT_MS = 30 * DAY_MS
HELD_MORE_MS = 60 * DAY_MS
_CURSOR = "records_cursor"
_MOST = 5_000
_FORGET_AT_ONCE = 2_000
_KINDS = (EventKind.DECISION.value, EventKind.PASSAGE.value)
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Record:
    """One own passage; `days_left` until it is erased, None while it is held for a dispute."""

    event: int
    at_ms: int
    gate: str
    place: str
    method: str
    outcome: str
    reason: str
    is_simulated: bool
    days_left: int | None
    is_disputed: bool
    answer: str


def has_unindexed(uow: UnitOfWork) -> bool:
    """Tell whether there are events that `index_passages` has not seen; only reads."""
    newest = select(EventRow.id).where(EventRow.id > _cursor(uow)).limit(1)
    return uow.session.scalar(newest) is not None


def index_passages(uow: UnitOfWork) -> int:
    """Index the next events by person; return how many were somebody's. The caller commits."""
    after = _cursor(uow)
    rows = uow.session.execute(
        select(EventRow.id, EventRow.at_s, EventRow.kind, EventRow.personal)
        .where(EventRow.id > after)
        .order_by(EventRow.id)
        .limit(_MOST)
    ).all()
    if not rows:
        return 0
    found = []
    for id_, at_s, kind, personal in rows:
        if kind not in _KINDS or personal is None:
            continue
        holder = codec.decode(personal, Personal).holder
        if holder:
            found.append(PassageRow(event_id=id_, holder_id=holder, at_s=at_s))
    uow.session.add_all(found)
    cursor = uow.find(SiteValueRow, _CURSOR)
    if cursor is None:
        cursor = SiteValueRow(name=_CURSOR, value=b"0")
        uow.session.add(cursor)
    cursor.value = str(rows[-1].id).encode()
    uow.session.flush()
    return len(found)


def own_records(
    uow: UnitOfWork, holder: bytes, moment: Moment, limit: int = 100
) -> tuple[Record, ...]:
    """Return a person's own passages of the last 30 days and the disputed ones, newest first."""
    gates = _titles(uow, GateRow)
    places = _titles(uow, AccessPointRow)
    is_kept = holder in _holders_kept(uow, moment)
    own = select(DisputeRow).where(DisputeRow.holder_id == holder)
    disputes = {row.event_id: row for row in uow.session.scalars(own)}
    newest = (
        select(PassageRow.event_id)
        .where(PassageRow.holder_id == holder)
        .order_by(PassageRow.at_s.desc(), PassageRow.event_id.desc())
        .limit(limit)
        .subquery()
    )
    rows = uow.session.scalars(
        select(EventRow)
        .join(newest, newest.c.event_id == EventRow.id)
        .order_by(EventRow.at_s.desc(), EventRow.id.desc())
    )
    return tuple(
        Record(
            event.id,
            event.at_s * 1000,
            gates.get(event.gate, event.gate),
            places.get(event.access_point, event.access_point),
            event.method,
            event.outcome,
            event.reason,
            is_simulated=event.adapter_kind != "real",
            days_left=None
            if is_kept or event.id in disputes
            else _days_left(event.at_s * 1000, moment),
            is_disputed=event.id in disputes,
            answer=disputes[event.id].answer if event.id in disputes else "",
        )
        for event in rows
    )


def forget_old(uow: UnitOfWork, moment: Moment) -> int:
    """Erase who it was from records older than 30 days; return how many. May run twice.

    Only passages are meant: consents and their ends have their own terms.
    """
    before_s = (moment.utc_ms - KEPT_MS) // 1000
    held = select(DisputeRow.event_id).where(
        (DisputeRow.answered_at_ms.is_(None))
        | (DisputeRow.answered_at_ms > moment.utc_ms - HELD_MORE_MS)
    )
    due = uow.session.scalars(
        select(PassageRow.event_id)
        .where(
            PassageRow.at_s < before_s,
            PassageRow.event_id.not_in(held),
            PassageRow.holder_id.not_in(_holders_kept(uow, moment)),
        )
        .limit(_FORGET_AT_ONCE)
    ).all()
    if not due:
        return 0
    uow.session.execute(
        update(EventRow).where(EventRow.id.in_(due)).values(salt=None, personal=None)
    )
    uow.session.execute(delete(PassageRow).where(PassageRow.event_id.in_(due)))
    uow.session.flush()
    _log.info("passages_forgotten", extra={"count": len(due)})
    return len(due)


def _holders_kept(uow: UnitOfWork, moment: Moment) -> frozenset[bytes]:
    """Whose records a complaint or an order holds now (rules RT-01, RT-02)."""
    complained = select(ComplaintRow.holder_id).where(
        (ComplaintRow.answered_at_ms.is_(None))
        | (ComplaintRow.answered_at_ms > moment.utc_ms - HELD_MORE_MS)
    )
    ordered = select(LegalHoldRow.holder_id).where(
        LegalHoldRow.ended_at_ms.is_(None), LegalHoldRow.until_ms > moment.utc_ms
    )
    found = (*uow.session.scalars(complained), *uow.session.scalars(ordered))
    return frozenset(holder for holder in found if holder is not None)


def _cursor(uow: UnitOfWork) -> int:
    row = uow.find(SiteValueRow, _CURSOR)
    return int(row.value) if row is not None else 0


def _days_left(at_ms: int, moment: Moment) -> int:
    """Return the whole days that are left, today included."""
    return max(0, -(-(at_ms + KEPT_MS - moment.utc_ms) // DAY_MS))


def _titles(uow: UnitOfWork, kind: type[GateRow] | type[AccessPointRow]) -> dict[str, str]:
    return {name: title for name, title in uow.session.execute(select(kind.name, kind.title))}  # noqa: C416
