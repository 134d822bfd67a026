"""Let a guard open in two taps, with a reason then or within five minutes (case K01)."""

from typing import Annotated

from fastapi import APIRouter, Form, Query, Request
from starlette.responses import Response

from controller.domain.roles import Actor
from controller.services.calls import give_reason, open_now, take_call
from controller.services.lodge.holds import countersign
from controller.storage.models import AccessPointRow
from controller.web.desk import Desk
from controller.web.guard.look import guard_page
from controller.web.guard.words import REASONS, reason_text
from controller.web.identity import Staff
from controller.web.page import TheDesk, go, words_for
from mqtt.contract.errors import RefusedError, UnavailableError
from mqtt.contract.ids import id_from_text

__all__ = ["router"]

router = APIRouter(prefix="/guard", include_in_schema=False)
_Reason = Annotated[str, Form(max_length=80)]


@router.get("/open/{point}")
def ask(
    point: str, request: Request, desk: TheDesk, call: Annotated[int, Query(ge=0)] = 0
) -> Response:
    """Show the reasons as buttons of one size: the second tap opens."""
    return _form(point, call, request, desk)


@router.post("/open/{point}")
def open_door(
    point: str,
    request: Request,
    *,
    desk: TheDesk,
    staff: Staff,
    reason: _Reason = "",
    call: Annotated[int, Form(ge=0)] = 0,
) -> Response:
    """Open at once; without a reason it is due within five minutes."""
    w = words_for(request)
    try:
        _open(desk, staff, point, reason_text(reason), call)
    except (RefusedError, UnavailableError) as error:
        return _form(point, call, request, desk, w.error(error))
    later = (
        "" if reason else w("原因请在 5 分钟内补记。", "Please give the reason within 5 minutes.")
    )
    return go("/guard", f"{w('已下令开门。', 'The order to open is out.')}{later}")


@router.post("/reasons/{command}")
def reason_for(
    command: str, request: Request, desk: TheDesk, staff: Staff, reason: _Reason = ""
) -> Response:
    """Take the reason for an opening."""
    w = words_for(request)
    with desk.writing() as uow:
        give_reason(uow, staff, id_from_text(command), reason_text(reason), desk.clock())
        uow.commit()
    return go("/guard", w("原因已记下。", "The reason is kept."))


@router.post("/countersign/{command}")
def sign(command: str, request: Request, desk: TheDesk, staff: Staff) -> Response:
    """Countersign an emergency hold as the second person."""
    w = words_for(request)
    with desk.writing() as uow:
        countersign(uow, staff, id_from_text(command), desk.clock())
        uow.commit()
    return go("/guard", w("已会签。", "Countersigned."))


def _open(desk: Desk, staff: Actor, point: str, reason: str, call: int) -> None:
    moment = desk.clock()
    with desk.writing() as uow:
        if call:
            # The opening is the answer; the gate's screen shows that the door is open.
            take_call(uow, staff, call, moment)
        _, publication = open_now(uow, desk.site, staff, point, reason=reason, moment=moment)
        uow.commit()
    desk.wire.send(publication)


def _form(point: str, call: int, request: Request, desk: Desk, error: str = "") -> Response:
    with desk.reading() as uow:
        title = uow.need(AccessPointRow, point).title or point
    status = 503 if error else 200
    return guard_page(
        request, "open.html", status, point=point, title=title, call=call, reasons=REASONS,
        error=error,
    )  # fmt: skip
