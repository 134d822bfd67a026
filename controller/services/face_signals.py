"""Mark what an inspector should look at when people opt in; every number here is ours.

More than two persons from one device or address, bursts at one gate, and a yes within 24 h of a
lost or refused fob can be signs that somebody did not choose freely. They stop nothing.
"""

from enum import StrEnum

from sqlalchemy import func, select
from sqlalchemy.orm import InstrumentedAttribute

from controller.domain.credentials import EndReason
from controller.domain.moment import DAY_MS, HOUR_MS, Moment
from controller.storage.models import (
    CredentialRow,
    EventRow,
    FaceConsentRow,
    FaceReservationRow,
)
from controller.storage.unit_of_work import UnitOfWork
from mqtt.contract import codec
from mqtt.contract.events import EventKind, Method, Outcome, Personal

__all__ = ["BURST", "BURST_MS", "MANY_MS", "MANY_PEOPLE", "Signal", "signals_of"]

MANY_PEOPLE = 2
"""More people than this from one device or address are a signal."""
MANY_MS = 90 * DAY_MS
BURST = 5
BURST_MS = HOUR_MS
_AFTER_LOSS_MS = 24 * HOUR_MS


class Signal(StrEnum):
    """What was noticed about a consent when it was given."""

    MANY_ON_DEVICE = "many_on_device"
    MANY_AT_ADDRESS = "many_at_address"
    BURST = "burst"
    AFTER_LOST = "after_lost"
    AFTER_REFUSED = "after_refused"


def signals_of(
    uow: UnitOfWork, wish: FaceReservationRow, gate: str, given_at_ms: int, moment: Moment
) -> tuple[str, ...]:
    """Return the signals of a consent that is about to be stored."""
    found = []
    if _people_with(uow, FaceReservationRow.device_tag, wish.device_tag, moment) > MANY_PEOPLE:
        found.append(Signal.MANY_ON_DEVICE)
    if _people_with(uow, FaceReservationRow.address_tag, wish.address_tag, moment) > MANY_PEOPLE:
        found.append(Signal.MANY_AT_ADDRESS)
    if _given_lately(uow, gate, given_at_ms) + 1 >= BURST:
        found.append(Signal.BURST)
    if _lost_lately(uow, wish.holder_id, given_at_ms):
        found.append(Signal.AFTER_LOST)
    if _refused_lately(uow, wish.holder_id, given_at_ms):
        found.append(Signal.AFTER_REFUSED)
    return tuple(each.value for each in found)


def _people_with(
    uow: UnitOfWork, column: InstrumentedAttribute[bytes], tag: bytes, moment: Moment
) -> int:
    """Count who wished from this device or address, the present person among them."""
    if not tag:
        return 0
    found = select(func.count(FaceReservationRow.holder_id.distinct())).where(
        column == tag, FaceReservationRow.made_at_ms > moment.utc_ms - MANY_MS
    )
    return uow.session.scalar(found) or 0


def _given_lately(uow: UnitOfWork, gate: str, given_at_ms: int) -> int:
    found = select(func.count(FaceConsentRow.holder_id.distinct())).where(
        FaceConsentRow.gate == gate,
        FaceConsentRow.given_at_ms > given_at_ms - BURST_MS,
        FaceConsentRow.given_at_ms <= given_at_ms,
    )
    return uow.session.scalar(found) or 0


def _lost_lately(uow: UnitOfWork, holder: bytes, given_at_ms: int) -> bool:
    found = select(CredentialRow.id).where(
        CredentialRow.holder_id == holder,
        CredentialRow.end_reason == EndReason.LOST.value,
        CredentialRow.ended_at_ms > given_at_ms - _AFTER_LOSS_MS,
        CredentialRow.ended_at_ms <= given_at_ms,
    )
    return uow.session.scalar(found.limit(1)) is not None


def _refused_lately(uow: UnitOfWork, holder: bytes, given_at_ms: int) -> bool:
    parts = uow.session.scalars(
        select(EventRow.personal).where(
            EventRow.at_s > (given_at_ms - _AFTER_LOSS_MS) // 1000,
            EventRow.at_s <= given_at_ms // 1000,
            EventRow.kind == EventKind.DECISION.value,
            EventRow.method == Method.FOB.value,
            EventRow.outcome == Outcome.DENIED.value,
            EventRow.personal.is_not(None),
        )
    )
    return any(codec.decode(part, Personal).holder == holder for part in parts if part)
