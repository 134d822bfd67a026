"""Sign in and out: `/api/v1/session`."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, Field

from controller.services.login.codes import uses_code
from controller.services.staff import end_session, open_session, session_actor
from controller.storage.models import StaffRow
from controller.web.desk import Desk, desk_of
from controller.web.identity import Staff, clear_cookie, cookie_of, set_cookie
from mqtt.contract.errors import RefusedError
from mqtt.contract.reasons import ReasonCode

__all__ = ["SessionView", "SignIn", "router", "sign_in"]

router = APIRouter(prefix="/api/v1/session", tags=["session"])


class SignIn(BaseModel, extra="forbid"):
    """Login and password of a staff account."""

    login: str = Field(max_length=40)
    password: str = Field(max_length=200, repr=False)
    code: str = Field("", max_length=12, repr=False)


class SessionView(BaseModel):
    """Who is signed in, as a role; the account's name is no concern of the page."""

    role: str


def sign_in(
    desk: Desk, login: str, password: str, address: str, code: str = ""
) -> tuple[str, SessionView]:
    """Return the cookie of a new session; `code` is the one-time code of an account that has one.

    Raises RefusedError(`not_allowed`), or (`rate_limited`) after five failures in a minute.
    """
    moment = desk.clock()
    if not desk.limit.allows(login, address, moment.mono_ms):
        raise RefusedError(ReasonCode.RATE_LIMITED, rule="WE-02")
    with desk.writing() as uow:

        def second_step(staff: StaffRow) -> bool:
            return uses_code(uow, desk.site, staff, code, moment)

        try:
            cookie = open_session(uow, login, password, moment, second_step=second_step)
        except RefusedError:
            desk.limit.failed(login, address, moment.mono_ms)
            raise
        actor = session_actor(uow, cookie, moment)
        uow.commit()
    role = actor.role.value if actor and actor.role else ""
    return cookie, SessionView(role=role)


@router.post("", status_code=201)
def begin(
    request: Request, response: Response, body: SignIn, desk: Annotated[Desk, Depends(desk_of)]
) -> SessionView:
    """Sign in; the session comes as a cookie that lives 12 h."""
    address = request.client.host if request.client else ""
    cookie, view = sign_in(desk, body.login, body.password, address, body.code)
    set_cookie(response, desk, cookie)
    return view


@router.get("")
def show(staff: Staff) -> SessionView:
    """Say who is signed in."""
    return SessionView(role=staff.role.value if staff.role else "")


@router.delete("", status_code=204)
def end(request: Request, response: Response, desk: Annotated[Desk, Depends(desk_of)]) -> None:
    """Sign out; without a session this does nothing."""
    with desk.writing() as uow:
        end_session(uow, cookie_of(request), desk.clock())
        uow.commit()
    clear_cookie(response, desk)
