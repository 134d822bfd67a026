"""Let a resident call the guard, and show whether the call was taken."""

from typing import Annotated

from fastapi import APIRouter, Form, Request
from starlette.responses import Response, StreamingResponse

from controller.services.access import level_access_points
from controller.services.calls import call_guard, own_call
from controller.storage.models import AccessPointRow
from controller.web.desk import Desk
from controller.web.identity import Resident
from controller.web.page import TheDesk, go, page, render
from controller.web.part_stream import stream_part
from controller.web.resident.own import levels_of

__all__ = ["router"]

router = APIRouter(prefix="/me/call", include_in_schema=False)


@router.get("")
def show_call(request: Request, desk: TheDesk, resident: Resident) -> Response:
    """Offer to call, or show how the call of the last ten minutes stands."""
    moment = desk.clock()
    with desk.reading() as uow:
        points = level_access_points(uow, levels_of(uow, resident.id, moment))
        places = [
            (point, uow.need(AccessPointRow, point).title or point) for point in sorted(points)
        ]
    return page(request, "resident/call.html", where=places, **_call(desk, resident.id))


@router.post("")
def call(
    desk: TheDesk, resident: Resident, place: Annotated[str, Form(max_length=40)] = ""
) -> Response:
    """Ring at the guard's console; a call that still rings is not doubled."""
    with desk.writing() as uow:
        call_guard(uow, resident, place, desk.clock())
        uow.commit()
    return go("/me/call")


@router.get("/stream")
def follow_call(request: Request, desk: TheDesk, resident: Resident) -> StreamingResponse:
    """Send the call's state again when the guard has taken it."""

    def draw() -> str | None:
        return render(request, "resident/call_part.html", **_call(desk, resident.id))

    return stream_part(request, draw)


def _call(desk: Desk, holder: bytes) -> dict[str, object]:
    with desk.reading() as uow:
        row = own_call(uow, holder, desk.clock())
        return {
            "called_at_ms": 0 if row is None else row.at_ms,
            "answered_at_ms": 0 if row is None else row.answered_at_ms or 0,
        }
