"""Show people what is held about them, and inspectors what tells nobody: counts and signals.

A person's copy (PIPL Art. 45) names every wish, consent, gate and request with its receipts, and
says what is held only at a gate and can be shown to nobody. Counts below ten people are not given.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import date

from sqlalchemy import func, select

from controller.domain.consent import ConsentEnd, ask_again_from_ms
from controller.domain.local_time import local_date
from controller.domain.moment import Moment
from controller.services.erasure import RequestView, request_views
from controller.services.site import Site
from controller.storage.models import (
    FaceConsentRow,
    FaceEnrolmentRow,
    FaceRefusalRow,
    FaceReservationRow,
)
from controller.storage.unit_of_work import UnitOfWork

__all__ = [
    "LEAST_SHOWN",
    "Counts",
    "GateHolding",
    "Own",
    "SignalView",
    "counts",
    "may_be_asked",
    "own_view",
    "signal_views",
]

LEAST_SHOWN = 10
"""Fewest people in a number that is shown (DESIGN §9)."""


@dataclass(frozen=True, slots=True)
class GateHolding:
    """Which gate holds references of the person, or erased them, in UTC ms."""

    gate: str
    enrolled_at_ms: int
    erased_at_ms: int | None


@dataclass(frozen=True, slots=True)
class Own:
    """Everything that the compound holds about one person and face."""

    wishes: tuple[FaceReservationRow, ...]
    consents: tuple[FaceConsentRow, ...]
    holdings: tuple[GateHolding, ...]
    requests: tuple[RequestView, ...]
    declined_at_ms: int | None


@dataclass(frozen=True, slots=True)
class Counts:
    """People by gate, or None for fewer than ten; requests are counted exactly: they are duties."""

    standing: dict[str, int | None]
    enrolled: dict[str, int | None]
    ended: dict[str, int | None]
    declined: int | None
    requests_open: int
    requests_late: int
    requests_in_breach: int


@dataclass(frozen=True, slots=True)
class SignalView:
    """How many consents at a gate on a day had a signal; who they were is not told."""

    signal: str
    gate: str
    day: date
    count: int


def own_view(uow: UnitOfWork, holder: bytes, moment: Moment) -> Own:
    """Return what is held about a person."""
    wishes = select(FaceReservationRow).where(FaceReservationRow.holder_id == holder)
    consents = select(FaceConsentRow).where(FaceConsentRow.holder_id == holder)
    held = select(FaceEnrolmentRow).where(FaceEnrolmentRow.holder_id == holder)
    no = uow.find(FaceRefusalRow, holder)
    return Own(
        tuple(uow.session.scalars(wishes.order_by(FaceReservationRow.made_at_ms))),
        tuple(uow.session.scalars(consents.order_by(FaceConsentRow.given_at_ms))),
        tuple(
            GateHolding(row.gate, row.enrolled_at_ms, row.erased_at_ms)
            for row in uow.session.scalars(held.order_by(FaceEnrolmentRow.gate))
        ),
        request_views(uow, moment, holder),
        None if no is None else no.declined_at_ms,
    )


def may_be_asked(uow: UnitOfWork, holder: bytes, moment: Moment) -> bool:
    """Tell whether a page or a person may offer face to somebody: not for 180 days after a no."""
    no = uow.find(FaceRefusalRow, holder)
    return moment.utc_ms >= ask_again_from_ms(None if no is None else no.declined_at_ms)


def counts(uow: UnitOfWork, moment: Moment) -> Counts:
    """Return the inspector's numbers."""
    consents = uow.session.execute(
        select(FaceConsentRow.gate, FaceConsentRow.holder_id, FaceConsentRow.end_reason)
    ).all()
    standing = {(gate, holder) for gate, holder, end in consents if not end}
    ended = {
        (gate, holder)
        for gate, holder, end in consents
        if end and end != ConsentEnd.REPLACED and (gate, holder) not in standing
    }
    enrolled = uow.session.execute(
        select(FaceEnrolmentRow.gate, FaceEnrolmentRow.holder_id).where(
            FaceEnrolmentRow.erased_at_ms.is_(None)
        )
    ).all()
    declined = uow.session.scalar(select(func.count()).select_from(FaceRefusalRow)) or 0
    requests = [view.progress for view in request_views(uow, moment, only_open=True)]
    return Counts(
        _shown(Counter(gate for gate, _ in standing)),
        _shown(Counter(gate for gate, _ in enrolled)),
        _shown(Counter(gate for gate, _ in ended)),
        declined if declined >= LEAST_SHOWN else None,
        len(requests),
        sum(progress.is_late for progress in requests),
        sum(progress.is_breach for progress in requests),
    )


def signal_views(uow: UnitOfWork, site: Site) -> tuple[SignalView, ...]:
    """Return the signals of all consents by the compound's days, newest first."""
    rows = uow.session.execute(
        select(FaceConsentRow.gate, FaceConsentRow.given_at_ms, FaceConsentRow.signals)
    )
    found = Counter(
        (local_date(given_at_ms, site.zone), gate, signal)
        for gate, given_at_ms, signals in rows
        for signal in signals
    )
    return tuple(
        SignalView(signal, gate, day, count)
        for (day, gate, signal), count in sorted(found.items(), reverse=True)
    )


def _shown(counted: Counter[str]) -> dict[str, int | None]:
    return {
        gate: number if number >= LEAST_SHOWN else None for gate, number in sorted(counted.items())
    }
