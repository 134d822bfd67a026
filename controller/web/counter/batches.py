"""Print for many at once."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from controller.domain.moment import Moment
from controller.domain.roles import Actor
from controller.services.counter.batches import (
    MOST_SHEETS,
    Sheet,
    login_slips_of,
    papers_of,
    successors_due,
)
from controller.services.passes import due_successors
from controller.storage.unit_of_work import UnitOfWork
from controller.web.counter.drawn import draw_sheet, ways_here
from controller.web.desk import Desk
from controller.web.identity import Staff
from controller.web.manager.forms import Fields, TheFields, wrong
from controller.web.page import TheDesk, page, words_for
from mqtt.contract.errors import RefusedError

__all__ = ["router"]

router = APIRouter(prefix="/desk/batches", include_in_schema=False)


@router.get("")
def ask(request: Request, desk: TheDesk) -> Response:
    """Ask what to print, for which building."""
    return _form(request, desk)


@router.post("")
def print_many(request: Request, fields: TheFields, desk: TheDesk, staff: Staff) -> Response:
    """Issue and show all sheets, once."""
    try:
        with desk.writing() as uow:
            sheets = _issue(uow, desk, staff, fields, desk.clock())
            drawn = [draw_sheet(request, uow, sheet) for sheet in sheets]
            ways = ways_here(uow)
            uow.commit()
    except RefusedError as error:
        return _form(request, desk, words_for(request).error(error))
    if drawn:
        desk.wire.changed()
    return page(request, "counter/packet.html", sheets=drawn, people=[], ways=ways)


def _issue(
    uow: UnitOfWork, desk: Desk, staff: Actor, fields: Fields, moment: Moment
) -> tuple[Sheet, ...]:
    building = fields.text("building")
    match fields.text("what"):
        case "papers":
            return papers_of(uow, desk.site, staff, building, moment)
        case "logins":
            return login_slips_of(uow, staff, building, moment)
        case "due":
            return successors_due(uow, desk.site, staff, moment)
        case _:
            raise wrong("what")


def _form(request: Request, desk: Desk, error: str = "") -> Response:
    with desk.reading() as uow:
        due = len(due_successors(uow, desk.clock()))
    status = 422 if error else 200
    return page(request, "counter/batches.html", status, due=due, most=MOST_SHEETS, error=error)
