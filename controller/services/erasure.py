"""Stop face for a person and keep the request to erase until every gate has signed its receipt.

Stopping ends wishes and consents at once: the next `documents.sync` takes the leases away and asks
each gate to erase. Nothing else about the person changes. A court's order, a death, a move and a
person's own wish take the same path (rules WD-02 to WD-05).
"""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import select

from controller.domain.consent import ConsentEnd
from controller.domain.erasure import (
    GateErasure,
    How,
    Progress,
    closes_as_lost,
    is_answered_by,
    progress_of,
)
from controller.domain.moment import Moment
from controller.domain.refusal import Refusal
from controller.domain.roles import Act, Actor
from controller.services.acts import need_act, record_act
from controller.services.consent import end_wish, standing_consents
from controller.services.face_ways import face_points
from controller.services.holders import guardians_of
from controller.services.logbook.control import append
from controller.services.site import Site
from controller.storage.models import (
    AlarmRow,
    ErasureGateRow,
    ErasureRow,
    FaceEnrolmentRow,
    GateRow,
    HolderRow,
)
from controller.storage.unit_of_work import UnitOfWork
from mqtt.contract.control_log import ControlKind
from mqtt.contract.reasons import ReasonCode
from mqtt.contract.records_face import ERASURE_ID_BYTES

__all__ = [
    "Receipt",
    "RequestView",
    "end_consents",
    "keep_requests",
    "note_receipt",
    "open_request",
    "request_views",
    "stop_face",
]

_BY_ORDER = frozenset({ConsentEnd.ORDER, ConsentEnd.DEATH})


@dataclass(frozen=True, slots=True)
class Receipt:
    """A gate's signed word that it erased everything of a person, in UTC ms."""

    holder: bytes
    gate: str
    epoch: int
    seq: int
    at_ms: int
    note: str = ""


@dataclass(frozen=True, slots=True)
class RequestView:
    """A request with its gates: (gate, how, done at in UTC ms or None)."""

    id: bytes
    holder: bytes
    reason: ConsentEnd
    opened_at_ms: int
    closed_at_ms: int | None
    gates: tuple[GateErasure, ...]
    progress: Progress


def stop_face(
    uow: UnitOfWork,
    site: Site,
    actor: Actor,
    holder: bytes,
    *,
    moment: Moment,
    end: ConsentEnd = ConsentEnd.WITHDRAWN,
    order_reference: str = "",
) -> ErasureRow | None:
    """End face for a person everywhere; return the request to erase, None if nothing was begun.

    No reason is asked for. The person, either guardian, and the desk or guard on the person's word
    may do it; a court's order and a death are recorded by a manager, the order with its reference.
    Raises RefusedError: `not_allowed`, `role_not_allowed`, `reason_required`, `not_found`.
    """
    uow.need(HolderRow, holder)
    _check_may_stop(uow, site, actor, holder, end, moment=moment)
    if end is ConsentEnd.ORDER and not order_reference.strip():
        raise Refusal(ReasonCode.REASON_REQUIRED, "WD-05", detail="order_reference").as_error()
    gates = end_consents(uow, actor, holder, end, moment=moment)
    if end in _BY_ORDER:
        gates |= {gate for gate, _, _ in face_points(uow).values()}
    act = Act.EDIT_FACE if end in _BY_ORDER else Act.STOP_FACE
    record_act(
        uow, moment, actor, act, holder, reason=end.value, order_reference=order_reference.strip()
    )
    if not gates and end not in _BY_ORDER:
        return None
    return open_request(
        uow, actor, holder, end, gates, moment=moment, order_reference=order_reference.strip()
    )


def end_consents(
    uow: UnitOfWork,
    actor: Actor,
    holder: bytes,
    end: ConsentEnd,
    *,
    moment: Moment,
    only: frozenset[bytes] | None = None,
) -> set[str]:
    """End a person's wish and consents; return every gate that may hold something of the person.

    `only` keeps it to these consents and leaves wish and other gates alone.
    """
    ended = [each for each in standing_consents(uow, holder) if only is None or each.id in only]
    for row in ended:
        row.ended_at_ms, row.end_reason, row.ended_by = moment.utc_ms, end.value, actor.id
        who = [holder, actor.id]
        said = {"gate": row.gate, "end": end.value}
        append(uow, moment, ControlKind.CONSENT_END, personal=who, consent=row.id, **said)
    gates = {row.gate for row in ended}
    if only is None:
        end_wish(uow, holder, end, moment)
        found = select(FaceEnrolmentRow.gate).where(
            FaceEnrolmentRow.holder_id == holder, FaceEnrolmentRow.erased_at_ms.is_(None)
        )
        gates |= set(uow.session.scalars(found))
    uow.session.flush()
    return gates


def open_request(
    uow: UnitOfWork,
    actor: Actor,
    holder: bytes,
    end: ConsentEnd,
    gates: Iterable[str],
    *,
    moment: Moment,
    order_reference: str = "",
) -> ErasureRow:
    """Open a request for these gates; without any it is closed as it is opened."""
    scope = sorted(set(gates))
    row = ErasureRow(
        id=secrets.token_bytes(ERASURE_ID_BYTES),
        holder_id=holder,
        reason=end.value,
        opened_at_ms=moment.utc_ms,
        opened_by=actor.id,
        order_reference=order_reference,
        closed_at_ms=None if scope else moment.utc_ms,
    )
    uow.session.add(row)
    uow.session.flush()
    for gate in scope:
        uow.session.add(ErasureGateRow(erasure_id=row.id, gate=gate, how=How.OUTSTANDING.value))
    uow.session.flush()
    return row


def note_receipt(uow: UnitOfWork, receipt: Receipt, moment: Moment) -> None:
    """Take a gate's receipt: nothing of the person is left there, and what asked for it is told."""
    held = uow.find(FaceEnrolmentRow, (receipt.holder, receipt.gate))
    if held is not None and held.erased_at_ms is None:
        held.erased_at_ms = receipt.at_ms
    for request in _open(uow, receipt.holder):
        gate = uow.find(ErasureGateRow, (request.id, receipt.gate))
        if gate is None or gate.how != How.OUTSTANDING.value:
            continue
        if is_answered_by(request.id, request.opened_at_ms, receipt.note, receipt.at_ms):
            gate.how, gate.done_at_ms = How.RECEIPT.value, receipt.at_ms
            gate.epoch, gate.seq = receipt.epoch, receipt.seq
            _close_if_done(uow, request, moment)
    uow.session.flush()


def keep_requests(uow: UnitOfWork, moment: Moment) -> int:
    """Close what lost gates leave open, and alarm about gates outstanding for 24 h.

    Runs every minute and may run twice; returns the number of new alarms.
    """
    alarms = 0
    for request in _open(uow):
        for gate in _gates(uow, request):
            if gate.how != How.OUTSTANDING.value:
                continue
            revoked_at_ms = uow.need(GateRow, gate.gate).revoked_at_ms
            if closes_as_lost(revoked_at_ms, request.opened_at_ms, moment.utc_ms):
                gate.how, gate.done_at_ms = How.GATE_LOST.value, moment.utc_ms
        _close_if_done(uow, request, moment)
        alarms += _alarm(uow, request, moment)
    uow.session.flush()
    return alarms


def request_views(
    uow: UnitOfWork, moment: Moment, holder: bytes | None = None, *, only_open: bool = False
) -> tuple[RequestView, ...]:
    """Return requests, oldest first, of one person or of all."""
    found = select(ErasureRow).order_by(ErasureRow.opened_at_ms, ErasureRow.id)
    if holder is not None:
        found = found.where(ErasureRow.holder_id == holder)
    if only_open:
        found = found.where(ErasureRow.closed_at_ms.is_(None))
    return tuple(_view(uow, row, moment) for row in uow.session.scalars(found))


def _view(uow: UnitOfWork, row: ErasureRow, moment: Moment) -> RequestView:
    gates = tuple(
        GateErasure(each.gate, How(each.how), each.done_at_ms) for each in _gates(uow, row)
    )
    return RequestView(
        row.id,
        row.holder_id,
        ConsentEnd(row.reason),
        row.opened_at_ms,
        row.closed_at_ms,
        gates,
        progress_of(gates, row.opened_at_ms, moment.utc_ms),
    )


def _check_may_stop(
    uow: UnitOfWork, site: Site, actor: Actor, holder: bytes, end: ConsentEnd, *, moment: Moment
) -> None:
    if actor.role is not None:
        need_act(actor, Act.EDIT_FACE if end in _BY_ORDER else Act.STOP_FACE)
    elif actor.id != holder and actor.id not in guardians_of(uow, site, holder, moment):
        raise Refusal(ReasonCode.NOT_ALLOWED, "WD-01", "PIPL Art. 15, 44").as_error()
    elif end is not ConsentEnd.WITHDRAWN:
        raise Refusal(ReasonCode.NOT_ALLOWED, "WD-05", "PIPL Art. 47").as_error()


def _open(uow: UnitOfWork, holder: bytes | None = None) -> list[ErasureRow]:
    found = select(ErasureRow).where(ErasureRow.closed_at_ms.is_(None))
    if holder is not None:
        found = found.where(ErasureRow.holder_id == holder)
    return list(uow.session.scalars(found.order_by(ErasureRow.opened_at_ms)))


def _gates(uow: UnitOfWork, row: ErasureRow) -> list[ErasureGateRow]:
    found = select(ErasureGateRow).where(ErasureGateRow.erasure_id == row.id)
    return list(uow.session.scalars(found.order_by(ErasureGateRow.gate)))


def _close_if_done(uow: UnitOfWork, row: ErasureRow, moment: Moment) -> None:
    if row.closed_at_ms is None and _view(uow, row, moment).progress.is_closed:
        row.closed_at_ms = moment.utc_ms
        gates = len(_gates(uow, row))
        append(uow, moment, ControlKind.ERASURE, request=row.id, gates=gates, reason=row.reason)


def _alarm(uow: UnitOfWork, row: ErasureRow, moment: Moment) -> int:
    progress = _view(uow, row, moment).progress
    if not progress.is_late or row.alarmed_at_ms is not None:
        return 0
    row.alarmed_at_ms = moment.utc_ms
    for gate in progress.outstanding:
        alarm = AlarmRow(
            at_ms=moment.utc_ms, gate=gate, reason=ReasonCode.ERASURE_OVERDUE.value, detail="24 h"
        )
        uow.session.add(alarm)
    return len(progress.outstanding)
