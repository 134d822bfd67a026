"""Show what is now: calls, what is owed, doors, the last entries; it renews itself."""

from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Request
from sqlalchemy import select
from starlette.responses import Response, StreamingResponse

from controller.domain.moment import Moment
from controller.domain.roles import Actor
from controller.services.calls import owed_reasons, waiting_calls
from controller.services.holders import residences_of
from controller.services.lodge.holds import owing
from controller.services.lodge.ringing import Ring, rings_of_call
from controller.storage.models import AccessPointRow, CallRow, DwellingRow, PortalRow
from controller.storage.unit_of_work import UnitOfWork
from controller.web import lookup
from controller.web.desk import Desk
from controller.web.guard.look import draw, guard_page
from controller.web.guard.words import REASONS
from controller.web.identity import Staff, actor_of
from controller.web.page import TheDesk
from controller.web.part_stream import stream_part
from mqtt.contract.ids import id_to_text

__all__ = ["Call", "point_titles", "router"]

_SHOWN = 20

router = APIRouter(prefix="/guard", include_in_schema=False)


@dataclass(frozen=True, slots=True)
class Call:
    """A call that waits; `flat` is set where a resident called from a page."""

    id: int
    point: str
    title: str
    flat: str
    at_ms: int
    rings: tuple[Ring, ...]


@router.get("")
def now(request: Request, desk: TheDesk, staff: Staff) -> Response:
    """Show the console."""
    return guard_page(request, "now.html", **_view(desk, staff))


@router.get("/stream")
def follow(request: Request, desk: TheDesk, staff: Staff) -> StreamingResponse:
    """Send the console again whenever something changed, until the session ends."""

    def drawn() -> str | None:
        if actor_of(request) is None:
            return None
        return draw(request, "now_part.html", **_view(desk, staff))

    return stream_part(request, drawn)


@router.get("/more")
def more(request: Request, desk: TheDesk) -> Response:
    """Name everything else: cards, codes to carry, the live page."""
    with desk.reading() as uow:
        gates = lookup.gates(uow, desk.site.zone, desk.clock())
    return guard_page(request, "more.html", gates=gates)


def point_titles(uow: UnitOfWork) -> dict[str, str]:
    """Return the title of every access point."""
    rows = uow.session.execute(select(AccessPointRow.name, AccessPointRow.title))
    return {name: title or name for name, title in rows}


def _view(desk: Desk, staff: Actor) -> dict[str, Any]:
    moment = desk.clock()
    with desk.reading() as uow:
        titles = point_titles(uow)
        calls = [_call(uow, row, titles, moment) for row in waiting_calls(uow, moment)]
        owed = [(id_to_text(each.command), each) for each in owed_reasons(uow, moment)]
        holds = [(id_to_text(each.command), each) for each in owing(uow, staff)]
        return {
            "calls": calls,
            "owed": owed,
            "holds": holds,
            "gates": lookup.gates(uow, desk.site.zone, moment),
            "points": _points(uow),
            "titles": titles,
            "events": lookup.events_before(uow, desk.site.zone, limit=_SHOWN),
            "alarms": len(lookup.alarms(uow, desk.site.zone, limit=100)),
            "reasons": REASONS,
        }


def _call(uow: UnitOfWork, row: CallRow, titles: dict[str, str], moment: Moment) -> Call:
    flat = "" if row.holder_id is None else _flat(uow, row.holder_id, moment)
    title = titles.get(row.access_point, "")
    return Call(
        row.id, row.access_point, title, flat, row.at_ms, rings_of_call(uow, row.id, moment)
    )


def _flat(uow: UnitOfWork, holder: bytes, moment: Moment) -> str:
    current = [each for each in residences_of(uow, holder) if each.is_current(moment.utc_ms)]
    return uow.need(DwellingRow, current[-1].dwelling).label if current else ""


def _points(uow: UnitOfWork) -> dict[str, str]:
    """Return for every portal the access point by which a guard opens it: the way in."""
    rows = uow.session.execute(
        select(PortalRow.name, AccessPointRow.name, AccessPointRow.direction)
        .join(AccessPointRow, AccessPointRow.portal == PortalRow.name)
        .order_by(AccessPointRow.name)
    )
    found: dict[str, str] = {}
    for portal, point, direction in rows:
        if portal not in found or direction == "in":
            found[portal] = point
    return found
