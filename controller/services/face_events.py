"""Learn from gates' signed events about face: a yes, a no, references taken and erased.

This is the only place where a consent comes into being. Events are learned in the order of each
gate's log and only below its first hole, so that a late yes cannot outlive the erasure after it.
It runs beside ingest; how far it came is in the database, and everything may be done twice.
"""

from dataclasses import dataclass

from sqlalchemy import Select, and_, func, select

from controller.domain.consent import ConsentEnd
from controller.domain.moment import Moment
from controller.domain.roles import Actor
from controller.services.consent import end_wish
from controller.services.erasure import Receipt, end_consents, note_receipt, open_request
from controller.services.face_yes import Yes, take_yes, wish_is_done
from controller.services.site import Site
from controller.storage.models import (
    ErasureRow,
    EventRow,
    FaceConsentRow,
    FaceCursorRow,
    FaceEnrolmentRow,
    FaceRefusalRow,
    GateEpochRow,
    HolderRow,
)
from controller.storage.unit_of_work import UnitOfWork
from mqtt.contract import codec
from mqtt.contract.events import EventKind, Personal
from mqtt.contract.reasons import ReasonCode
from mqtt.contract.records_face import ERASURE_ID_BYTES

__all__ = ["AT_GATE", "has_face_news", "learn_face"]

AT_GATE = "at_gate"
"""The note of a receipt for what a person erased at the gate: own fob or pass, then the button."""

_MOST = 50_000
_UNTRUSTED_CLOCK = 2
_KINDS = (EventKind.CONSENT.value, EventKind.FACE.value, EventKind.ERASURE.value)
_LEARNED = tuple(
    reason.value
    for reason in (
        ReasonCode.CONSENT_GIVEN,
        ReasonCode.CONSENT_DECLINED,
        ReasonCode.CONSENT_WITHDRAWN,
        ReasonCode.ENROLLED,
        ReasonCode.FACE_ERASED,
    )
)


@dataclass(frozen=True, slots=True)
class _Span:
    """Events of one log that have not been learned: `upto` <= seq < `size`."""

    gate: str
    epoch: int
    upto: int
    size: int


def has_face_news(uow: UnitOfWork) -> bool:
    """Tell whether `learn_face` has something to do; only reads."""
    return any(
        span.size - span.upto >= _MOST or uow.session.scalar(_events(span).limit(1)) is not None
        for span in _spans(uow)
    )


def learn_face(uow: UnitOfWork, site: Site, moment: Moment) -> int:
    """Learn the next events; return how many told something about face. The caller commits."""
    learned = 0
    for span in _spans(uow):
        for event in uow.session.scalars(_events(span)).all():
            learned += _learn(uow, site, event, moment)
        cursor = uow.find(FaceCursorRow, (span.gate, span.epoch))
        if cursor is None:
            cursor = FaceCursorRow(gate=span.gate, epoch=span.epoch, upto=0)
            uow.session.add(cursor)
        cursor.upto = min(span.size, span.upto + _MOST)
    uow.session.flush()
    return learned


def _spans(uow: UnitOfWork) -> list[_Span]:
    upto = func.coalesce(FaceCursorRow.upto, 0)
    found = (
        select(GateEpochRow.gate, GateEpochRow.epoch, upto, GateEpochRow.size)
        .outerjoin(
            FaceCursorRow,
            and_(
                FaceCursorRow.gate == GateEpochRow.gate, FaceCursorRow.epoch == GateEpochRow.epoch
            ),
        )
        .where(GateEpochRow.size > upto)
        .order_by(GateEpochRow.gate, GateEpochRow.epoch)
    )
    return [_Span(*row) for row in uow.session.execute(found)]


def _events(span: _Span) -> Select[EventRow]:
    return (
        select(EventRow)
        .where(
            EventRow.gate == span.gate,
            EventRow.epoch == span.epoch,
            EventRow.seq >= span.upto,
            EventRow.seq < min(span.size, span.upto + _MOST),
            EventRow.kind.in_(_KINDS),
            EventRow.reason.in_(_LEARNED),
            EventRow.personal.is_not(None),
        )
        .order_by(EventRow.seq)
    )


def _learn(uow: UnitOfWork, site: Site, event: EventRow, moment: Moment) -> int:
    person = codec.decode(event.personal or b"", Personal)
    if uow.find(HolderRow, person.holder) is None:
        return 0
    match event.reason:
        case ReasonCode.CONSENT_GIVEN:
            take_yes(uow, site, _yes_of(event, person), moment)
        case ReasonCode.CONSENT_DECLINED:
            _decline(uow, person.holder, event, moment)
        case ReasonCode.CONSENT_WITHDRAWN:
            _withdraw(uow, person.holder, event, moment)
        case ReasonCode.ENROLLED:
            _enrolled(uow, person.holder, event, moment)
        case _:
            _erased(uow, person, event, moment)
    return 1


def _yes_of(event: EventRow, person: Personal) -> Yes:
    return Yes(
        holder=person.holder,
        credential=person.credential,
        gate=event.gate,
        epoch=event.epoch,
        seq=event.seq,
        at_ms=event.at_s * 1000,
    )


def _at_ms(event: EventRow) -> int:
    """Return the end of the second that the gate told: an end must not seem earlier than it was."""
    return event.at_s * 1000 + 999


def _decline(uow: UnitOfWork, holder: bytes, event: EventRow, moment: Moment) -> None:
    """Keep the date of a no, and nothing else of it (rule CO-07)."""
    row = uow.find(FaceRefusalRow, holder)
    if row is None:
        row = FaceRefusalRow(holder_id=holder, declined_at_ms=0)
        uow.session.add(row)
    row.declined_at_ms = max(row.declined_at_ms, _at_ms(event))
    end_wish(uow, holder, ConsentEnd.DECLINED, moment)


def _withdraw(uow: UnitOfWork, holder: bytes, event: EventRow, moment: Moment) -> None:
    """End what stood when the person withdrew at a gate; a later yes elsewhere stays."""
    found = select(FaceConsentRow).where(
        FaceConsentRow.holder_id == holder, FaceConsentRow.ended_at_ms.is_(None)
    )
    standing = uow.session.scalars(found).all()
    before = [row for row in standing if _is_before(row, event)]
    if len(before) == len(standing):
        gates = end_consents(uow, Actor(holder), holder, ConsentEnd.WITHDRAWN, moment=moment)
    else:
        only = frozenset(row.id for row in before)
        gates = end_consents(
            uow, Actor(holder), holder, ConsentEnd.WITHDRAWN, moment=moment, only=only
        )
    if gates:
        open_request(uow, Actor(holder), holder, ConsentEnd.WITHDRAWN, gates, moment=moment)


def _is_before(consent: FaceConsentRow, event: EventRow) -> bool:
    if (consent.gate, consent.epoch) == (event.gate, event.epoch):
        return consent.seq < event.seq
    return event.clock_level >= _UNTRUSTED_CLOCK or consent.given_at_ms <= _at_ms(event)


def _enrolled(uow: UnitOfWork, holder: bytes, event: EventRow, moment: Moment) -> None:
    row = uow.find(FaceEnrolmentRow, (holder, event.gate))
    if row is None:
        row = FaceEnrolmentRow(holder_id=holder, gate=event.gate)
        uow.session.add(row)
    row.enrolled_at_ms, row.erased_at_ms = _at_ms(event), None
    row.epoch, row.seq = event.epoch, event.seq
    uow.session.flush()
    if wish_is_done(uow, holder, moment):
        end_wish(uow, holder, ConsentEnd.TAKEN, moment)


def _erased(uow: UnitOfWork, person: Personal, event: EventRow, moment: Moment) -> None:
    """Take a receipt; what a person erased at the gate is also a withdrawal everywhere (WD-01).

    So is one for a request that a restored database has lost.
    """
    if person.note == AT_GATE or _is_lost_request(uow, person.note):
        _withdraw(uow, person.holder, event, moment)
    receipt = Receipt(person.holder, event.gate, event.epoch, event.seq, _at_ms(event), person.note)
    note_receipt(uow, receipt, moment)


def _is_lost_request(uow: UnitOfWork, note: str) -> bool:
    try:
        id_ = bytes.fromhex(note)
    except ValueError:
        return False
    return len(id_) == ERASURE_ID_BYTES and uow.find(ErasureRow, id_) is None
