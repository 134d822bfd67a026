"""Show what needs a look, each with what to do, and let a guard acknowledge it with a reason."""

from typing import Annotated

from fastapi import APIRouter, Form, Request
from starlette.responses import Response

from controller.web import lookup
from controller.web.api.events import Clear, clear_alarm
from controller.web.desk import Desk
from controller.web.guard.look import guard_page
from controller.web.identity import Staff
from controller.web.page import TheDesk, go, words_for
from mqtt.contract.errors import RefusedError

__all__ = ["router"]

router = APIRouter(prefix="/guard/alarms", include_in_schema=False)
SEEN = ("已到现场查看", "Looked at it on the spot")


@router.get("")
def show(request: Request, desk: TheDesk) -> Response:
    """Show open alarms, newest first."""
    return _list(request, desk)


@router.post("/{alarm}/clear")
def acknowledge(
    alarm: int,
    request: Request,
    desk: TheDesk,
    staff: Staff,
    reason: Annotated[str, Form(max_length=200)] = "",
) -> Response:
    """Note that somebody looked, and what was found."""
    w = words_for(request)
    try:
        clear_alarm(alarm, Clear(reason=reason.strip() or SEEN[0]), desk, staff)
    except RefusedError as error:
        return _list(request, desk, w.error(error))
    return go("/guard/alarms", w("已记下。", "Kept."))


def _list(request: Request, desk: Desk, error: str = "") -> Response:
    with desk.reading() as uow:
        alarms = lookup.alarms(uow, desk.site.zone, limit=50)
    status = 422 if error else 200
    return guard_page(request, "alarms.html", status, alarms=alarms, seen=SEEN, error=error)
