"""Serve a resident's first page: the four ways in as equal tiles, and everything else below."""

from collections import Counter

from fastapi import APIRouter, Request
from starlette.responses import Response

from controller.domain.credentials import Carrier
from controller.domain.moment import DAY_MS, Moment
from controller.services.consent import open_wish, standing_consents
from controller.services.face_ways import face_points
from controller.services.managing.endings import notices_for
from controller.storage.unit_of_work import UnitOfWork
from controller.web.identity import Resident
from controller.web.page import TheDesk, page
from controller.web.resident.own import carried, children_of, household_passes

__all__ = ["face_state", "router"]

_SHOWN_MS = 30 * DAY_MS
"""How long an ending by staff stays on the first page after it took effect."""

router = APIRouter(include_in_schema=False)


@router.get("/me")
def home(request: Request, desk: TheDesk, resident: Resident) -> Response:
    """Show the four ways and what else there is."""
    moment = desk.clock()
    with desk.reading() as uow:
        kinds = Counter(row.carrier for row in carried(uow, resident.id, moment, *Carrier))
        guests = household_passes(uow, desk, resident, moment)
        face = face_state(uow, resident.id, moment)
        children = children_of(uow, desk, resident.id, moment)
        since_ms = moment.utc_ms - _SHOWN_MS
        ended = [row for row in notices_for(uow, resident.id) if row.ends_at_ms > since_ms]
    return page(
        request,
        "resident/home.html",
        has_phone=bool(kinds[Carrier.PHONE]),
        has_paper=bool(kinds[Carrier.PAPER] + kinds[Carrier.SLIP]),
        fobs=kinds[Carrier.FOB],
        guests=len(guests),
        face=face,
        has_children=bool(children),
        ended=ended,
    )


def face_state(uow: UnitOfWork, holder: bytes, moment: Moment) -> str:
    """Return where somebody stands with face: `none` here, `off`, `waits` for the gate or `on`."""
    if standing_consents(uow, holder):
        return "on"
    if open_wish(uow, holder, moment) is not None:
        return "waits"
    return "off" if face_points(uow) else "none"
