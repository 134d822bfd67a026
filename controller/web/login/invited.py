"""Accept an invitation, with password and one-time codes or a passkey; looking uses nothing up."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from controller.domain.roles import Actor
from controller.services.login.codes import otp_address
from controller.services.login.invitations import (
    accept_with_password,
    invitation,
    offered_secret,
    use_invitation,
)
from controller.services.login.passkeys import add_passkey, ask_new
from controller.services.staff import open_staff_session, session_actor
from controller.storage.models import StaffRow
from controller.web.desk import Desk
from controller.web.identity import set_cookie
from controller.web.login.shared import PasskeyAnswer, asked, home_of, place_of, went
from controller.web.manager.forms import TheFields
from controller.web.page import TheDesk, go, page, qr_svg, words_for
from mqtt.contract.errors import RefusedError
from mqtt.contract.reasons import ReasonCode

__all__ = ["router"]

router = APIRouter(prefix="/invited/{code}", include_in_schema=False)
_LIMIT = "invitation"


@router.get("")
def show(request: Request, code: str, desk: TheDesk) -> Response:
    """Show both ways to accept, side by side."""
    _slow_down(request, desk)
    return _form(request, desk, code)


@router.post("")
def accept(request: Request, code: str, fields: TheFields, desk: TheDesk) -> Response:
    """Set password and one-time codes, and sign in."""
    _slow_down(request, desk)
    w = words_for(request)
    if fields.text("password") != fields.text("again"):
        said = w("两次输入的密码不一样。", "The two passwords differ.")
        return _form(request, desk, code, 422, error=said)
    try:
        with desk.writing() as uow:
            cookie = accept_with_password(
                uow,
                desk.site,
                code,
                password=fields.text("password"),
                one_time_code=fields.text("code"),
                moment=desk.clock(),
            )
            actor = session_actor(uow, cookie, desk.clock())
            uow.commit()
    except RefusedError as error:
        if error.code is ReasonCode.EXPIRED:
            raise
        return _form(request, desk, code, 422, error=_said(request, error))
    return _signed_in(desk, cookie, actor)


@router.post("/passkey/options")
def ask(request: Request, code: str, desk: TheDesk) -> Response:
    """Ask the browser for a new passkey; the invitation is used when it answers."""
    _slow_down(request, desk)
    with desk.writing() as uow:
        _, staff = invitation(uow, code, desk.clock())
        question = ask_new(uow, place_of(request, desk), staff, desk.clock())
        uow.commit()
    return asked(question)


@router.post("/passkey")
def take(request: Request, code: str, body: PasskeyAnswer, desk: TheDesk) -> Response:
    """Keep the passkey, use the invitation up, and sign in."""
    _slow_down(request, desk)
    moment, place = desk.clock(), place_of(request, desk)
    with desk.writing() as uow:
        staff = use_invitation(uow, code, moment)
        made = add_passkey(uow, place, body.token, body.answer, label=body.label, moment=moment)
        if made != staff:
            raise RefusedError(ReasonCode.NOT_ALLOWED, rule="ST-06")
        cookie = open_staff_session(uow, staff, moment)
        actor = session_actor(uow, cookie, moment)
        uow.commit()
    response = went(home_of(actor.role if actor else None))
    set_cookie(response, desk, cookie)
    return response


def _form(
    request: Request, desk: TheDesk, code: str, status: int = 200, *, error: str = ""
) -> Response:
    w = words_for(request)
    with desk.reading() as uow:
        try:
            _, staff = invitation(uow, code, desk.clock())
        except RefusedError:
            address = request.client.host if request.client else ""
            desk.limit.failed(_LIMIT, address, desk.clock().mono_ms)
            raise
        secret = offered_secret(uow, desk.site, code)
        told = otp_address(secret, uow.need(StaffRow, staff.id).login, desk.title)
        return page(
            request,
            "login/invited.html",
            status,
            code=code,
            staff=staff,
            secret=" ".join(secret[at : at + 4] for at in range(0, len(secret), 4)),
            picture=qr_svg(told, w("动态码的二维码", "QR code for one-time codes")),
            error=error,
        )


def _said(request: Request, error: RefusedError) -> str:
    w = words_for(request)
    if error.code is ReasonCode.NOT_ALLOWED:
        return w(
            "动态码不对。请输入手机现在显示的 6 位数字。",
            "The one-time code is wrong. Enter the six digits that your phone shows now.",
        )
    return w("密码至少 12 个字符。", "The password needs 12 characters or more.")


def _signed_in(desk: Desk, cookie: str, actor: Actor | None) -> Response:
    response = go(home_of(actor.role if actor else None))
    set_cookie(response, desk, cookie)
    return response


def _slow_down(request: Request, desk: Desk) -> None:
    address = request.client.host if request.client else ""
    if not desk.limit.allows(_LIMIT, address, desk.clock().mono_ms):
        raise RefusedError(ReasonCode.RATE_LIMITED, rule="WE-02")
