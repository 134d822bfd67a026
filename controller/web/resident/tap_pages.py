"""Sign a device in by own fob at a gate, where no slip and no desk is at hand."""

from typing import Annotated

from fastapi import APIRouter, Form, Request
from sqlalchemy import select
from starlette.responses import Response

from controller.domain.typed import typed_line
from controller.services.staff import HOLDER_SESSION_MS, end_session
from controller.services.tap_login import TAPS_S, sign_in_tapper, tapper
from controller.storage.models import AccessPointRow
from controller.web.desk import Desk
from controller.web.identity import cookie_of, set_cookie
from controller.web.page import TheDesk, go, page, words_for

__all__ = ["router"]

router = APIRouter(prefix="/first-fob", include_in_schema=False)
_COOKIE = "equalgate-taps"
_LIMIT = "first fob"


@router.get("")
def ask_where(request: Request, desk: TheDesk) -> Response:
    """Ask for the flat and the gate."""
    return _form(request, desk)


@router.post("")
def begin(
    request: Request,
    desk: TheDesk,
    dwelling: Annotated[str, Form(max_length=40)] = "",
    place: Annotated[str, Form(max_length=40)] = "",
) -> Response:
    """Say how often to tap. Nothing tells whether the flat exists."""
    moment, w = desk.clock(), words_for(request)
    address = request.client.host if request.client else ""
    if not desk.limit.allows(_LIMIT, address, moment.mono_ms):
        return _form(request, desk, w("次数太多，请等一分钟。", "Too often; please wait a minute."))
    desk.limit.failed(_LIMIT, address, moment.mono_ms)
    begun = desk.taps.ask(typed_line(dwelling), place, moment)
    if begun is None:
        said = w("请过两分钟再试。", "Please try again in two minutes.")
        return _form(request, desk, said)
    response = go("/first-fob/taps")
    response.set_cookie(
        _COOKIE,
        begun[0],
        max_age=TAPS_S,
        path="/first-fob",
        secure=desk.is_https,
        httponly=True,
        samesite="strict",
    )
    return response


@router.get("/taps")
def show_taps(request: Request, desk: TheDesk) -> Response:
    """Show how often to tap, and until when."""
    return _taps(request, desk)


@router.post("/taps")
def finish(request: Request, desk: TheDesk) -> Response:
    """Sign the device in if the taps were made; else say what is missing."""
    moment, w = desk.clock(), words_for(request)
    token = request.cookies.get(_COOKIE, "")
    asked = desk.taps.asked(token, moment)
    if asked is None:
        return go("/first-fob", w("时间到了，请重新开始。", "Time is up; please start again."))
    with desk.writing() as uow:
        holder = tapper(uow, asked, moment)
        if holder is None:
            said = w(
                "还没有认到。刷完请等五秒再按；次数要正好。",
                "Not yet. Wait five seconds after the last tap; the number must be exact.",
            )
            return _taps(request, desk, said)
        end_session(uow, cookie_of(request), moment)
        made = sign_in_tapper(uow, holder, moment)
        uow.commit()
    desk.taps.end(token)
    if made.is_new_pass:
        desk.wire.changed()
    response = go("/me", w("已登录。", "Signed in."))
    response.delete_cookie(_COOKIE, path="/first-fob")
    set_cookie(response, desk, made.cookie, HOLDER_SESSION_MS)
    return response


def _form(request: Request, desk: Desk, error: str = "") -> Response:
    with desk.reading() as uow:
        rows = uow.session.scalars(select(AccessPointRow).order_by(AccessPointRow.name)).all()
        places = [(row.name, row.title or row.name) for row in rows]
    return page(
        request, "resident/fob_login.html", 422 if error else 200, error=error, where=places
    )


def _taps(request: Request, desk: Desk, error: str = "") -> Response:
    moment = desk.clock()
    asked = desk.taps.asked(request.cookies.get(_COOKIE, ""), moment)
    if asked is None:
        return _form(request, desk)
    with desk.reading() as uow:
        row = uow.find(AccessPointRow, asked.access_point)
    return page(
        request,
        "resident/fob_login_taps.html",
        422 if error else 200,
        error=error,
        taps=asked.taps,
        place=asked.access_point if row is None else row.title or row.name,
        until_ms=(asked.from_s + TAPS_S) * 1000,
    )
