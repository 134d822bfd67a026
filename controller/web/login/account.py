"""Let staff add one-time codes and passkeys to their own account, and end passkeys."""

import hashlib

from fastapi import APIRouter, Request
from starlette.responses import Response

from controller.services.login.codes import drawn_secret, is_code_right, keep_secret, otp_address
from controller.services.login.passkeys import add_passkey, ask_new, end_passkey, passkeys_of
from controller.services.login.sealing import ensure_seal
from controller.storage.models import StaffRow
from controller.web.identity import Staff, cookie_of
from controller.web.login.shared import PasskeyAnswer, asked, place_of, went
from controller.web.manager.forms import TheFields, wrong
from controller.web.page import TheDesk, go, page, qr_svg, words_for
from mqtt.contract.errors import RefusedError
from mqtt.contract.reasons import ReasonCode

__all__ = ["router"]

router = APIRouter(prefix="/account", include_in_schema=False)


@router.get("")
def show(request: Request, desk: TheDesk, staff: Staff) -> Response:
    """Show how this account signs in and what could be added."""
    return _page(request, desk, staff)


@router.post("/codes")
def add_codes(request: Request, fields: TheFields, desk: TheDesk, staff: Staff) -> Response:
    """Ask for one-time codes from now on, once the authenticator shows the right one."""
    w = words_for(request)
    with desk.writing() as uow:
        row = uow.need(StaffRow, staff.id)
        secret = drawn_secret(uow, desk.site, _about(request, staff.id))
        if row.totp_secret or not is_code_right(secret, fields.text("code"), desk.clock()):
            said = w(
                "动态码不对。请输入手机现在显示的 6 位数字。",
                "The one-time code is wrong. Enter the six digits that your phone shows now.",
            )
            return _page(request, desk, staff, 422, error=said)
        keep_secret(uow, desk.site, row, secret)
        uow.commit()
    return go("/account", w("以后登录要输入动态码", "From now on signing in asks for a code"))


@router.post("/passkeys/options")
def ask(request: Request, desk: TheDesk, staff: Staff) -> Response:
    """Ask the browser for a new passkey of this account."""
    with desk.writing() as uow:
        row = uow.need(StaffRow, staff.id)
        question = ask_new(uow, place_of(request, desk), row, desk.clock())
        uow.commit()
    return asked(question)


@router.post("/passkeys")
def take(request: Request, body: PasskeyAnswer, desk: TheDesk, staff: Staff) -> Response:
    """Keep a new passkey."""
    moment, place = desk.clock(), place_of(request, desk)
    with desk.writing() as uow:
        made = add_passkey(uow, place, body.token, body.answer, label=body.label, moment=moment)
        if made != staff.id:
            raise RefusedError(ReasonCode.NOT_ALLOWED, rule="ST-06")
        uow.commit()
    return went("/account")


@router.post("/passkeys/end")
def end(request: Request, fields: TheFields, desk: TheDesk, staff: Staff) -> Response:
    """End one of the own passkeys, unless nothing else is left to sign in with."""
    try:
        credential = bytes.fromhex(fields.text("credential"))
    except ValueError as error:
        raise wrong("credential", "ST-06") from error
    try:
        with desk.writing() as uow:
            end_passkey(uow, staff.id, credential, desk.clock())
            uow.commit()
    except RefusedError as error:
        return _page(request, desk, staff, 422, error=words_for(request).error(error))
    return go("/account", words_for(request)("已停用", "Ended"))


def _page(
    request: Request, desk: TheDesk, staff: Staff, status: int = 200, *, error: str = ""
) -> Response:
    w = words_for(request)
    with desk.writing() as uow:
        ensure_seal(uow, desk.site)
        row = uow.need(StaffRow, staff.id)
        secret = drawn_secret(uow, desk.site, _about(request, staff.id))
        keys = [(each.credential_id.hex(), each) for each in passkeys_of(uow, staff.id)]
        uow.commit()
    told = otp_address(secret, row.login, desk.title)
    return page(
        request,
        "login/account.html",
        status,
        row=row,
        keys=keys,
        has_codes=bool(row.totp_secret),
        secret=" ".join(secret[at : at + 4] for at in range(0, len(secret), 4)),
        picture=qr_svg(told, w("动态码的二维码", "QR code for one-time codes")),
        error=error,
    )


def _about(request: Request, staff: bytes) -> bytes:
    """Bind an offered secret to this account and this session."""
    return staff + hashlib.sha256(cookie_of(request).encode()).digest()
