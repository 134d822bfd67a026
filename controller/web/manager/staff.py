"""Show the team and its rights; invite, invite again, end a leaver everywhere at once."""

import secrets

from fastapi import APIRouter, Request
from starlette.responses import Response

from controller.services.login.invitations import invite, invite_again
from controller.services.managing.shifts import LEAST, shifts
from controller.services.managing.team import acts, card_of, rights, team
from controller.services.staff import StaffDraft, end_staff
from controller.storage.models import StaffRow
from controller.storage.unit_of_work import UnitOfWork
from controller.web.identity import Staff
from controller.web.ids import IdText, raw_id
from controller.web.manager.forms import Fields, TheFields, wrong
from controller.web.page import TheDesk, go, page, qr_svg, words_for
from mqtt.contract.errors import RefusedError
from mqtt.contract.ids import id_to_text
from mqtt.contract.records import Role

__all__ = ["router"]

router = APIRouter(prefix="/manager", include_in_schema=False)


@router.get("/staff")
def show(request: Request, desk: TheDesk, staff: Staff) -> Response:
    """Show accounts and what each role may do."""
    return _page(request, desk, staff)


@router.post("/staff")
def add(request: Request, fields: TheFields, desk: TheDesk, staff: Staff) -> Response:
    """Make an account and show its invitation once; an inspector's is made the same way."""
    moment = desk.clock()
    try:
        with desk.writing() as uow:
            draft, pin = _draft(uow, fields)
            _, code = invite(uow, desk.site, staff, draft, moment)
            uow.commit()
    except RefusedError as error:
        return _page(request, desk, staff, 422, sent=fields, error=words_for(request).error(error))
    desk.wire.changed()
    return _invitation(request, draft.name, code, pin)


@router.post("/staff/{member}/invite")
def again(request: Request, member: IdText, desk: TheDesk, staff: Staff) -> Response:
    """Invite somebody again who lost telephone or passkey; the old ways to sign in end."""
    with desk.writing() as uow:
        code = invite_again(uow, desk.site, staff, raw_id(member), desk.clock())
        name = uow.need(StaffRow, raw_id(member)).name
        uow.commit()
    return _invitation(request, name, code, "")


@router.post("/staff/{member}/end")
def end(request: Request, member: IdText, desk: TheDesk, staff: Staff) -> Response:
    """End a leaver everywhere at once: sign-in, sessions, rosters at the gates, own credentials."""
    try:
        with desk.writing() as uow:
            end_staff(uow, staff, raw_id(member), desk.clock())
            uow.commit()
    except RefusedError as error:
        return _page(request, desk, staff, 422, error=words_for(request).error(error))
    desk.wire.changed()
    w = words_for(request)
    said = w(
        "已离职：登录、会话和门口名册都已停用。",
        "Left: sign-in, sessions and gate rosters are ended.",
    )
    return go("/manager/staff", said)


@router.get("/acts")
def trail(request: Request, desk: TheDesk, before: int | None = None) -> Response:
    """Show what staff did, newest first."""
    with desk.reading() as uow:
        return page(request, "manager/acts.html", acts=acts(uow, before=before))


@router.get("/shifts")
def by_shift(request: Request, desk: TheDesk) -> Response:
    """Show guards' releases by shift."""
    with desk.reading() as uow:
        found = shifts(uow, desk.site.zone, desk.clock())
        return page(request, "manager/shifts.html", shifts=found, least=LEAST)


def _draft(uow: UnitOfWork, fields: Fields) -> tuple[StaffDraft, str]:
    if fields.text("role") not in {role.value for role in Role}:
        raise wrong("role", "ST-01")
    if not fields.text("login") or not fields.text("name"):
        raise wrong("login, name", "ST-01")
    card = card_of(uow, fields.number("card")) if fields.text("card") else None
    pin = f"{secrets.randbelow(10**6):06}" if card is not None else ""
    role, name = Role(fields.text("role")), fields.text("name")
    return StaffDraft(fields.text("login"), name, role, "", card, pin), pin


def _invitation(request: Request, name: str, code: str, pin: str) -> Response:
    url = f"{request.url.scheme}://{request.url.netloc}/invited/{code}"
    w = words_for(request)
    picture = qr_svg(url, w("邀请的二维码", "QR code of the invitation"))
    return page(request, "manager/invitation.html", name=name, url=url, pin=pin, picture=picture)


def _page(
    request: Request,
    desk: TheDesk,
    staff: Staff,
    status: int = 200,
    *,
    sent: Fields | None = None,
    error: str = "",
) -> Response:
    with desk.reading() as uow:
        return page(
            request,
            "manager/staff.html",
            status,
            members=[(id_to_text(each.row.id), each) for each in team(uow)],
            me=id_to_text(staff.id),
            rights={role.value: {act.value for act in acts} for role, acts in rights().items()},
            roles=[role.value for role in Role],
            sent=sent or Fields(()),
            error=error,
        )
