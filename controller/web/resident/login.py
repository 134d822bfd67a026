"""Sign a resident's own device in, by a printed slip that works once.

Opening the slip's link shows a button and changes nothing: chat programs open links beforehand.
"""

from typing import Annotated

from fastapi import APIRouter, Form, Request
from starlette.responses import Response

from controller.services.slips import check_login_slip, use_login_slip
from controller.services.staff import HOLDER_SESSION_MS, end_session
from controller.web.desk import Desk
from controller.web.identity import cookie_of, set_cookie
from controller.web.page import LOOK_COOKIE, Look, TheDesk, go, page, remember, words_for
from controller.web.words import ENGLISH
from mqtt.contract.errors import RefusedError
from mqtt.contract.reasons import ReasonCode

__all__ = ["router"]

router = APIRouter(include_in_schema=False)
_LIMIT = "first login"
_MOST_TYPED = 40


@router.get("/first")
def ask_code(request: Request) -> Response:
    """Ask for the code on the slip."""
    return page(request, "resident/first.html", code="")


@router.get("/first/{code}")
def show_code(code: str, request: Request) -> Response:
    """Show the button for the slip's code."""
    return page(request, "resident/first.html", code=code[:_MOST_TYPED])


@router.post("/first")
def use_code(
    request: Request, desk: TheDesk, code: Annotated[str, Form(max_length=_MOST_TYPED)] = ""
) -> Response:
    """Sign this device in and go to the home page; a refusal shows the form again."""
    try:
        return _signed_in(request, desk, code)
    except RefusedError as error:
        status = 429 if error.code is ReasonCode.RATE_LIMITED else 422
        return page(request, "resident/first.html", status, code="", error=_said(request, error))


def _signed_in(request: Request, desk: Desk, code: str) -> Response:
    moment = desk.clock()
    address = request.client.host if request.client else ""
    if not desk.limit.allows(_LIMIT, address, moment.mono_ms):
        raise RefusedError(ReasonCode.RATE_LIMITED, rule="WE-02")
    with desk.writing() as uow:
        try:
            check_login_slip(uow, code, moment)
        except RefusedError:
            desk.limit.failed(_LIMIT, address, moment.mono_ms)
            raise
        end_session(uow, cookie_of(request), moment)
        made = use_login_slip(uow, code, moment)
        uow.commit()
    if made.is_new_pass:
        desk.wire.changed()
    response = go("/me")
    set_cookie(response, desk, made.cookie, HOLDER_SESSION_MS)
    if LOOK_COOKIE not in request.cookies and made.language.startswith("en"):
        remember(response, Look(ENGLISH))
    return response


def _said(request: Request, error: RefusedError) -> str:
    w = words_for(request)
    if error.code is ReasonCode.RATE_LIMITED:
        return w("输入次数太多。请等一分钟再试。", "Too many tries. Please wait a minute.")
    return w(
        "这个码不能用：可能已经用过或已过期。请到物业服务台领一张新的。",
        "This code was used already or has run out. The desk gives you a new one.",
    )
