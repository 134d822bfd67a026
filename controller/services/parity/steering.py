"""Notice signs that people are steered to face (rule EQ-15); they stop and prove nothing."""

from collections import defaultdict
from dataclasses import dataclass

from sqlalchemy import func, select

from controller.domain.credentials import Carrier
from controller.domain.moment import DAY_MS, Moment
from controller.services.face_signals import Signal
from controller.services.face_ways import face_points
from controller.services.parity.months import cells, month_of
from controller.storage.models import CredentialRow, FaceConsentRow
from controller.storage.unit_of_work import UnitOfWork

__all__ = ["FACE_SHARE", "NO_FOBS_MS", "Steering", "steering"]

FACE_SHARE = 0.90
"""A larger share of face among openings at a point asks for an explanation. Our number."""
NO_FOBS_MS = 60 * DAY_MS
LEAST_OPENINGS = 30
_AFTER_TROUBLE = frozenset({Signal.AFTER_LOST.value, Signal.AFTER_REFUSED.value})


@dataclass(frozen=True, slots=True)
class Steering:
    """What was noticed this month: points by their share of face, fobs, consents after trouble.

    `days_without_fobs` is None while fobs are issued; a share is of openings, 0 to 1.
    """

    shares: dict[str, float]
    days_without_fobs: int | None
    after_trouble: int

    @property
    def is_noticed(self) -> bool:
        """Tell whether there is anything to explain."""
        above = any(share > FACE_SHARE for share in self.shares.values())
        return above or self.days_without_fobs is not None or self.after_trouble > 0


def steering(uow: UnitOfWork, moment: Moment) -> Steering:
    """Return the signs of this month; empty where face is nowhere fitted."""
    if not face_points(uow):
        return Steering({}, None, 0)
    opened: dict[str, dict[str, int]] = defaultdict(dict)
    for cell in cells(uow, (month_of(moment.utc_ms),)):
        opened[cell.row.access_point][cell.row.method] = cell.row.granted
    shares = {
        place: ways.get("face", 0) / sum(ways.values())
        for place, ways in sorted(opened.items())
        if sum(ways.values()) >= LEAST_OPENINGS
    }
    return Steering(shares, _without_fobs(uow, moment), _after_trouble(uow, moment))


def _without_fobs(uow: UnitOfWork, moment: Moment) -> int | None:
    """Return for how many days no fob was issued, if that is too long."""
    newest = select(func.max(CredentialRow.created_at_ms)).where(
        CredentialRow.carrier == Carrier.FOB.value
    )
    issued_ms = uow.session.scalar(newest) or 0
    waited_ms = moment.utc_ms - issued_ms
    return waited_ms // DAY_MS if waited_ms > NO_FOBS_MS else None


def _after_trouble(uow: UnitOfWork, moment: Moment) -> int:
    since_ms = moment.utc_ms - 31 * DAY_MS
    found = select(FaceConsentRow.signals).where(FaceConsentRow.given_at_ms > since_ms)
    return sum(not _AFTER_TROUBLE.isdisjoint(signals) for signals in uow.session.scalars(found))
