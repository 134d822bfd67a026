"""Let a guard take a call, or pass it on to a flat."""

from typing import Annotated

from fastapi import APIRouter, Form, Request
from starlette.responses import Response

from controller.domain.roles import Actor
from controller.services.calls import answer_call
from controller.services.lodge.ringing import numbers_to_dial, pass_on
from controller.storage.models import AccessPointRow, CallRow
from controller.web.desk import Desk
from controller.web.guard.look import guard_page
from controller.web.identity import Staff
from controller.web.page import TheDesk, go, words_for
from mqtt.contract.errors import RefusedError, UnavailableError

__all__ = ["router"]

router = APIRouter(prefix="/guard/calls", include_in_schema=False)


@router.post("/{call}/answer")
def answer(call: int, request: Request, desk: TheDesk, staff: Staff) -> Response:
    """Take the call; the gate's screen says so."""
    w = words_for(request)
    try:
        with desk.writing() as uow:
            publication = answer_call(uow, desk.site, staff, call, desk.clock())
            uow.commit()
        if publication is not None:
            desk.wire.send(publication)
    except UnavailableError:
        said = w("门口离线，屏幕无法显示已接听。", "The gate is offline; its screen cannot say so.")
        return go("/guard", said)
    return go("/guard", w("已接听。", "You took the call."))


@router.get("/{call}/flat")
def ask_flat(call: int, request: Request, desk: TheDesk) -> Response:
    """Ask which flat the visitor wants."""
    return _form(call, request, desk)


@router.post("/{call}/flat")
def ring_flat(
    call: int,
    request: Request,
    desk: TheDesk,
    staff: Staff,
    dwelling: Annotated[str, Form(max_length=40)] = "",
) -> Response:
    """Let the call ring in a flat, on its residents' pages and telephones."""
    w = words_for(request)
    try:
        _pass_on(desk, staff, call, dwelling)
    except RefusedError as error:
        return _form(call, request, desk, w.error(error))
    said = w("已转给 %s，对方可以直接开门。", "Rings at %s; they can open.") % dwelling.strip()
    return go("/guard", said)


def _pass_on(desk: Desk, staff: Actor, call: int, dwelling: str) -> None:
    moment = desk.clock()
    with desk.writing() as uow:
        ring = pass_on(uow, staff, call, dwelling, moment)
        title = uow.need(AccessPointRow, ring.access_point).title
        numbers = numbers_to_dial(uow, desk.site, ring.id, moment)
        number = ring.id
        uow.commit()
    if desk.telephone.is_there:
        sentence = f"{title}有访客找您，开门请按 5，不开请挂断。"
        for each in numbers:
            desk.telephone.ring(number, each, sentence)


def _form(call: int, request: Request, desk: Desk, error: str = "") -> Response:
    with desk.reading() as uow:
        row = uow.need(CallRow, call)
        point = uow.find(AccessPointRow, row.access_point) if row.access_point else None
        title = "" if point is None else point.title
    status = 422 if error else 200
    return guard_page(request, "flat.html", status, call=call, title=title, error=error)
