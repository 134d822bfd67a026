"""Show managers every gate at a glance: each way, lists, clock, battery, door."""

from dataclasses import dataclass

from fastapi import APIRouter, Request
from sqlalchemy import func, select
from starlette.responses import Response

from controller.domain.moment import Moment
from controller.services.login.passkeys import passkeys_of
from controller.services.managing.endings import open_requests
from controller.services.managing.overview import PointHealth, gate_points, list_age_ms
from controller.services.managing.points import count_points
from controller.storage.models import AlarmRow, GateRow, MovementRequestRow, StaffRow
from controller.storage.unit_of_work import UnitOfWork
from controller.web import lookup
from controller.web.identity import Staff
from controller.web.page import TheDesk, page
from controller.web.views import GateView

__all__ = ["Card", "cards_of", "router"]

router = APIRouter(prefix="/manager", include_in_schema=False)


@dataclass(frozen=True, slots=True)
class Card:
    """One gate as the overview shows it. `list_age_ms` None is "never connected"."""

    gate: GateView
    points: tuple[PointHealth, ...]
    list_age_ms: int | None

    @property
    def is_well(self) -> bool:
        """Tell whether nothing at this gate asks for somebody."""
        ways = [way for point in self.points for way in point.ways if way.is_fitted]
        has_fault = any(way.state in {"fault", "suspended"} for way in ways)
        return (
            self.gate.online
            and not has_fault
            and self.gate.clock_level == 0
            and self.gate.power != "battery"
            and not self.gate.open_alarms
        )


@dataclass(frozen=True, slots=True)
class Waiting:
    """What waits for somebody."""

    alarms: int
    endings: int
    movements: int


@router.get("")
def overview(request: Request, desk: TheDesk, staff: Staff) -> Response:
    """Show whether anything is wrong, where, and how many points nobody here checks."""
    moment = desk.clock()
    with desk.reading() as uow:
        cards = cards_of(uow, desk.site.zone, moment)
        account = uow.need(StaffRow, staff.id)
        return page(
            request,
            "manager/overview.html",
            cards=cards,
            covered=count_points(uow),
            waiting=_waiting(uow),
            is_empty=uow.session.scalar(select(GateRow.name).limit(1)) is None,
            lacks_second_step=not account.totp_secret and not _has_passkey(uow, staff.id),
        )


def cards_of(uow: UnitOfWork, zone: str, moment: Moment) -> list[Card]:
    """Return the gates, those with something wrong first."""
    points = gate_points(uow, moment)
    cards = [
        Card(gate, points.get(gate.name, ()), list_age_ms(uow, gate.name, moment))
        for gate in lookup.gates(uow, zone, moment)
    ]
    return sorted(cards, key=lambda card: (card.is_well, card.gate.title))


def _waiting(uow: UnitOfWork) -> Waiting:
    alarms = select(func.count()).select_from(AlarmRow).where(AlarmRow.cleared_at_ms.is_(None))
    movements = (
        select(func.count())
        .select_from(MovementRequestRow)
        .where(MovementRequestRow.approved_at_ms.is_(None))
    )
    return Waiting(
        uow.session.scalar(alarms) or 0,
        len([row for row in open_requests(uow) if row.approved_at_ms is None]),
        uow.session.scalar(movements) or 0,
    )


def _has_passkey(uow: UnitOfWork, staff: bytes) -> bool:
    return bool(passkeys_of(uow, staff))
