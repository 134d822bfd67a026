"""Carry out orders of courts and authorities: preserve, disclose, delete, end access.

An order names authority, document number, person and end; two people approve it, then it is done
once. Deletion takes the path of every erasure and is done only with every gate's receipt (WD-03).
"""

import hashlib
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import select

from controller.domain.consent import ConsentEnd
from controller.domain.credentials import EndReason
from controller.domain.moment import DAY_MS, Moment
from controller.domain.refusal import Refusal
from controller.domain.roles import Act, Actor
from controller.services.acts import need_act, record_act
from controller.services.credentials import end_credential
from controller.services.erasure import RequestView, request_views, stop_face
from controller.services.register import active_rows
from controller.services.site import Site
from controller.storage.models import (
    EventRow,
    HolderRow,
    LegalHoldRow,
    LegalOrderRow,
    PassageRow,
)
from controller.storage.unit_of_work import UnitOfWork
from mqtt.contract.reasons import ReasonCode

__all__ = [
    "DELETE_WITHIN_MS",
    "OrderDraft",
    "OrderKind",
    "approve_order",
    "carry_out",
    "held_people",
    "order_requests",
    "orders",
    "record_order",
]

DELETE_WITHIN_MS = 5 * DAY_MS
"""By when a deletion is due unless the order says otherwise (a court gave five days)."""
_RULE = "LD-01"


class OrderKind(StrEnum):
    """What an order asks for."""

    PRESERVE = "preserve"
    DISCLOSE = "disclose"
    DELETE = "delete"
    END_ACCESS = "end_access"


@dataclass(frozen=True, slots=True)
class OrderDraft:
    """An order as it lies on the desk; instants in UTC ms.

    `from_ms` and `to_ms` bound what is disclosed; `due_ms` None takes five days for a deletion and
    one day for everything else.
    """

    kind: OrderKind
    authority: str
    document_number: str
    holder: bytes
    ends_at_ms: int
    from_ms: int | None = None
    to_ms: int | None = None
    due_ms: int | None = None

    def __repr__(self) -> str:
        return f"OrderDraft({self.kind.value})"


def record_order(uow: UnitOfWork, actor: Actor, draft: OrderDraft, moment: Moment) -> LegalOrderRow:
    """Enter an order; nothing happens yet.

    Raises RefusedError: `role_not_allowed`, `config_invalid` for a missing name, number, end or
    period, `not_found`.
    """
    need_act(actor, Act.HANDLE_ORDER)
    uow.need(HolderRow, draft.holder)
    period = (draft.from_ms or 0, draft.to_ms or 0)
    for field, is_good in (
        ("authority", bool(draft.authority.strip())),
        ("document_number", bool(draft.document_number.strip())),
        ("ends_at", draft.ends_at_ms > moment.utc_ms),
        ("period", draft.kind is not OrderKind.DISCLOSE or 0 < period[0] < period[1]),
    ):
        if not is_good:
            raise Refusal(ReasonCode.CONFIG_INVALID, _RULE, detail=field).as_error()
    within_ms = DELETE_WITHIN_MS if draft.kind is OrderKind.DELETE else DAY_MS
    row = LegalOrderRow(
        kind=draft.kind.value,
        authority=draft.authority.strip(),
        document_number=draft.document_number.strip(),
        holder_id=draft.holder,
        from_ms=draft.from_ms,
        to_ms=draft.to_ms,
        due_at_ms=draft.due_ms or moment.utc_ms + within_ms,
        ends_at_ms=draft.ends_at_ms,
        made_at_ms=moment.utc_ms,
        made_by=actor.id,
        result_hash=b"",
        result="",
    )
    uow.session.add(row)
    uow.session.flush()
    _record(uow, actor, row, "entered", moment)
    return row


def approve_order(uow: UnitOfWork, actor: Actor, order: int, moment: Moment) -> LegalOrderRow:
    """Approve an order that somebody else entered. Raises RefusedError: `second_person_missing`."""
    need_act(actor, Act.HANDLE_ORDER)
    row = uow.need(LegalOrderRow, order)
    if row.approved_at_ms is not None:
        raise Refusal(ReasonCode.CONFLICT, _RULE, detail="approved").as_error()
    if row.made_by == actor.id:
        raise Refusal(ReasonCode.SECOND_PERSON_MISSING, _RULE).as_error()
    row.approved_at_ms, row.approved_by = moment.utc_ms, actor.id
    uow.session.flush()
    _record(uow, actor, row, "approved", moment)
    return row


def carry_out(uow: UnitOfWork, site: Site, actor: Actor, order: int, moment: Moment) -> str:
    """Do what an approved order asks for, once; return what is handed out (CSV), empty for none.

    The caller commits and publishes. Raises RefusedError: `second_person_missing` while it is not
    approved, `conflict` when it is done, `expired` after its end.
    """
    need_act(actor, Act.HANDLE_ORDER)
    row = uow.need(LegalOrderRow, order)
    if row.approved_at_ms is None:
        raise Refusal(ReasonCode.SECOND_PERSON_MISSING, _RULE).as_error()
    if row.done_at_ms is not None:
        raise Refusal(ReasonCode.CONFLICT, _RULE, detail="done").as_error()
    if row.ends_at_ms <= moment.utc_ms:
        raise Refusal(ReasonCode.EXPIRED, _RULE).as_error()
    handed_out = _do(uow, site, actor, row, moment)
    row.done_at_ms = moment.utc_ms
    row.result_hash = hashlib.sha256(handed_out.encode()).digest() if handed_out else b""
    uow.session.flush()
    _record(uow, actor, row, "carried out", moment)
    return handed_out


def orders(uow: UnitOfWork) -> tuple[LegalOrderRow, ...]:
    """Return all orders: those that wait first, by the day on which they are due."""
    found = select(LegalOrderRow).order_by(
        LegalOrderRow.done_at_ms.is_not(None), LegalOrderRow.due_at_ms, LegalOrderRow.id
    )
    return tuple(uow.session.scalars(found))


def order_requests(uow: UnitOfWork, row: LegalOrderRow, moment: Moment) -> tuple[RequestView, ...]:
    """Return the erasures that a deletion began, with each gate's receipt: the certificate."""
    views = request_views(uow, moment, row.holder_id)
    began_ms = row.done_at_ms if row.done_at_ms is not None else moment.utc_ms
    wanted = ConsentEnd.ORDER
    return tuple(view for view in views if view.reason is wanted and view.opened_at_ms >= began_ms)


def held_people(uow: UnitOfWork, moment: Moment) -> frozenset[bytes]:
    """Return whose records retention leaves alone now (rule RT-02)."""
    found = select(LegalHoldRow.holder_id).where(
        LegalHoldRow.until_ms > moment.utc_ms, LegalHoldRow.ended_at_ms.is_(None)
    )
    return frozenset(uow.session.scalars(found))


def _do(uow: UnitOfWork, site: Site, actor: Actor, row: LegalOrderRow, moment: Moment) -> str:
    number = row.document_number
    match OrderKind(row.kind):
        case OrderKind.PRESERVE:
            uow.session.add(
                LegalHoldRow(order_id=row.id, holder_id=row.holder_id, until_ms=row.ends_at_ms)
            )
        case OrderKind.DISCLOSE:
            return _disclosed(uow, row)
        case OrderKind.DELETE:
            stop_face(
                uow,
                site,
                actor,
                row.holder_id,
                moment=moment,
                end=ConsentEnd.ORDER,
                order_reference=number,
            )
        case OrderKind.END_ACCESS:
            for credential in active_rows(uow, row.holder_id, moment):
                end_credential(
                    uow,
                    site,
                    actor,
                    credential.id,
                    EndReason.ORDER,
                    moment=moment,
                    order_reference=number,
                )
    return ""


def _disclosed(uow: UnitOfWork, row: LegalOrderRow) -> str:
    """Return the person's passages of the period: when, where, outcome; never which way in."""
    rows = uow.session.execute(
        select(EventRow.at_s, EventRow.gate, EventRow.access_point, EventRow.outcome)
        .join(PassageRow, PassageRow.event_id == EventRow.id)
        .where(
            PassageRow.holder_id == row.holder_id,
            EventRow.at_s >= (row.from_ms or 0) // 1000,
            EventRow.at_s < (row.to_ms or 0) // 1000,
        )
        .order_by(EventRow.at_s, EventRow.id)
    )
    lines = [f"{at_s},{gate},{point},{outcome}" for at_s, gate, point, outcome in rows]
    return "\n".join(("at_utc_s,gate,access_point,outcome", *lines, ""))


def _record(uow: UnitOfWork, actor: Actor, row: LegalOrderRow, what: str, moment: Moment) -> None:
    record_act(
        uow,
        moment,
        actor,
        Act.HANDLE_ORDER,
        row.holder_id,
        reason=f"order {row.kind} {what}",
        order_reference=row.document_number,
    )
