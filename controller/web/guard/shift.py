"""Let a guard sign on for the shift with the own fob and PIN."""

from typing import Annotated

from fastapi import APIRouter, Form, Request
from starlette.responses import Response

from controller.domain.refusal import Refusal
from controller.services.lodge.shift import begin_shift
from controller.web.desk import Desk
from controller.web.guard.look import guard_page
from controller.web.identity import actor_of, set_cookie
from controller.web.page import TheDesk, go, words_for
from mqtt.contract.errors import RefusedError
from mqtt.contract.reasons import ReasonCode

__all__ = ["router"]

router = APIRouter(prefix="/guard/sign-in", include_in_schema=False)


@router.get("")
def ask(request: Request) -> Response:
    """Show the form; whoever is signed on already goes to the console."""
    if actor_of(request) is not None:
        return go("/guard")
    return guard_page(request, "sign_in.html")


@router.post("")
def sign_on(
    request: Request,
    desk: TheDesk,
    fob: Annotated[str, Form(max_length=20)] = "",
    pin: Annotated[str, Form(max_length=12)] = "",
) -> Response:
    """Begin the shift; a refusal shows the form again and says the same whatever was wrong."""
    address = request.client.host if request.client else ""
    try:
        cookie = _begin(desk, fob.strip(), pin.strip(), address)
    except RefusedError as error:
        status = 429 if error.code is ReasonCode.RATE_LIMITED else 403
        said = words_for(request).error(error)
        return guard_page(request, "sign_in.html", status, error=said)
    response = go("/guard")
    set_cookie(response, desk, cookie)
    return response


def _begin(desk: Desk, fob: str, pin: str, address: str) -> str:
    """Check fob and PIN; only signing on is limited, and never a door."""
    moment = desk.clock()
    number = int(fob) if fob.isascii() and fob.isdecimal() else -1
    who = f"fob:{number}"
    if not desk.limit.allows(who, address, moment.mono_ms):
        raise Refusal(ReasonCode.RATE_LIMITED, "ST-02").as_error()
    try:
        with desk.writing() as uow:
            cookie = begin_shift(uow, number, pin, moment)
            uow.commit()
    except RefusedError:
        desk.limit.failed(who, address, moment.mono_ms)
        raise
    return cookie
