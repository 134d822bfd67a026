"""Give a resident a fob by the resident's own tap at a reader."""

from typing import Annotated

from fastapi import APIRouter, Form, Query, Request
from sqlalchemy import select
from starlette.responses import Response, StreamingResponse

from controller.services.counter.stamping import WITHIN_MS, stamp, tapped_at
from controller.services.register import active_rows
from controller.storage.models import AccessPointRow, HolderRow
from controller.web.desk import Desk
from controller.web.identity import Staff
from controller.web.ids import IdText, raw_id
from controller.web.manager.people import residents_levels
from controller.web.page import TheDesk, go, page, render, words_for
from controller.web.part_stream import stream_part
from mqtt.contract.errors import RefusedError

__all__ = ["router"]

router = APIRouter(prefix="/desk/stamp/{resident}", include_in_schema=False)
_Place = Annotated[str, Query(max_length=40)]
_Since = Annotated[int, Query(ge=0)]


@router.get("")
def ask(
    resident: IdText, request: Request, desk: TheDesk, place: _Place = "", since: _Since = 0
) -> Response:
    """Ask at which reader the tap will be, then wait for it."""
    if place and not since:
        return go(f"/desk/stamp/{resident}?place={place}&since={desk.clock().utc_ms}")
    return _show(resident, request, desk, place, since=since)


@router.get("/stream")
def follow(
    resident: IdText, request: Request, desk: TheDesk, place: _Place = "", since: _Since = 0
) -> StreamingResponse:
    """Send the tap when it comes."""

    def draw() -> str | None:
        view = _view(resident, desk, place, since)
        return render(request, "counter/stamp_part.html", **view)

    return stream_part(request, draw)


@router.post("")
def give(
    resident: IdText,
    request: Request,
    desk: TheDesk,
    staff: Staff,
    *,
    place: Annotated[str, Form(max_length=40)] = "",
    since: Annotated[int, Form(ge=0)] = 0,
) -> Response:
    """Enrol the one fob that was tapped."""
    holder, moment, w = raw_id(resident), desk.clock(), words_for(request)
    try:
        with desk.writing() as uow:
            held = active_rows(uow, holder, moment)
            own = sorted({level for row in held if row.dwelling_id is None for level in row.levels})
            levels = tuple(own) or residents_levels(uow)
            stamp(uow, staff, holder, place, since_ms=since, levels=levels, moment=moment)
            uow.commit()
    except RefusedError as error:
        return _show(resident, request, desk, place, since=since, error=w.error(error))
    desk.wire.changed()
    said = w(
        "卡已登记，几秒后可用。请本人再刷一次试试。", "The fob works in seconds; try it again."
    )
    return go(f"/desk/stamp/{resident}", said)


def _view(resident: str, desk: Desk, place: str, since: int) -> dict[str, object]:
    moment = desk.clock()
    with desk.reading() as uow:
        tapped = tapped_at(uow, place, since, moment) if place else None
    return {
        "id": resident,
        "place": place,
        "since": since,
        "last4": () if tapped is None else tapped.last4,
        "is_over": bool(since) and moment.utc_ms - since > WITHIN_MS,
    }


def _show(
    resident: str, request: Request, desk: Desk, place: str, *, since: int, error: str = ""
) -> Response:
    with desk.reading() as uow:
        name = uow.need(HolderRow, raw_id(resident)).name
        rows = uow.session.scalars(select(AccessPointRow).order_by(AccessPointRow.name))
        readers = [(row.name, row.title or row.name) for row in rows if "fob" in row.methods]
    view = _view(resident, desk, place, since)
    status = 422 if error else 200
    return page(
        request, "counter/stamp.html", status, name=name, readers=readers, error=error, **view
    )
