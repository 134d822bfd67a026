"""Give a resident fob, PIN, paper pass or login slip, and print what is on paper."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from controller.domain.credentials import Carrier
from controller.services.credentials import FobDraft, enrol_fob, issue_pin, move_fob
from controller.services.passes import issue_paper, pass_text
from controller.services.slips import issue_login_slip
from controller.storage.models import CredentialRow, HolderRow
from controller.web.identity import Staff
from controller.web.ids import IdText, raw_id
from controller.web.manager.forms import Fields, TheFields
from controller.web.page import TheDesk, go, page, qr_svg, words_for
from controller.web.resident.passes import serial_of
from mqtt.contract.errors import RefusedError
from mqtt.contract.ids import id_to_text
from mqtt.contract.reasons import ReasonCode

__all__ = ["router"]

router = APIRouter(prefix="/manager/people/{resident}", include_in_schema=False)
_ON_PAPER = frozenset({Carrier.PAPER.value, Carrier.SLIP.value})


@router.post("/fob")
def give_fob(
    request: Request, resident: IdText, fields: TheFields, desk: TheDesk, staff: Staff
) -> Response:
    """Assign a fob; one that is somebody else's is moved only with a reason (B02)."""
    holder = raw_id(resident)
    draft = FobDraft(holder, fields.number("number"), fields.many("level"))
    reason, moment, w = fields.text("move_reason"), desk.clock(), words_for(request)
    try:
        with desk.writing() as uow:
            if reason:
                move_fob(uow, desk.site, staff, draft, reason=reason, moment=moment)
            else:
                enrol_fob(uow, staff, draft, moment)
            uow.commit()
    except RefusedError as error:
        is_taken = error.code is ReasonCode.ALREADY_ASSIGNED and error.detail != "staff"
        return _again(request, desk, holder, fields, can_move=is_taken, error=w.error(error))
    desk.wire.changed()
    return go(f"/manager/people/{resident}", w("门禁卡已登记", "The fob is assigned"))


@router.post("/pin")
def give_pin(
    request: Request, resident: IdText, fields: TheFields, desk: TheDesk, staff: Staff
) -> Response:
    """Draw a PIN and show it once, on a page made for printing."""
    with desk.writing() as uow:
        name = uow.need(HolderRow, raw_id(resident)).name
        _, pin = issue_pin(uow, staff, raw_id(resident), fields.many("level"), desk.clock())
        uow.commit()
    desk.wire.changed()
    return page(request, "manager/told_once.html", id=resident, name=name, pin=pin, slip="")


@router.post("/paper")
def give_paper(resident: IdText, fields: TheFields, desk: TheDesk, staff: Staff) -> Response:
    """Issue a standing paper pass and show it for printing."""
    holder, levels, moment = raw_id(resident), fields.many("level"), desk.clock()
    with desk.writing() as uow:
        made = issue_paper(uow, desk.site, staff, holder, levels=levels, moment=moment)
        uow.commit()
    desk.wire.changed()
    return go(f"/manager/people/{resident}/papers/{id_to_text(made.credential)}")


@router.get("/papers/{credential}")
def show_paper(request: Request, resident: IdText, credential: IdText, desk: TheDesk) -> Response:
    """Show a paper pass of this resident, ready to print."""
    moment, w = desk.clock(), words_for(request)
    with desk.reading() as uow:
        row = uow.need(CredentialRow, raw_id(credential))
        if row.holder_id != raw_id(resident) or row.carrier not in _ON_PAPER:
            raise RefusedError(ReasonCode.NOT_FOUND, rule="CR-03")
        text = pass_text(uow, desk.site, row.id, moment)
        name = uow.need(HolderRow, row.holder_id).name
    return page(
        request,
        "manager/paper.html",
        id=resident,
        name=name,
        code=qr_svg(text, w("纸质通行证的二维码", "QR code of the paper pass")),
        serial=serial_of(row),
        is_standing=row.carrier == Carrier.PAPER.value,
        until_ms=row.valid_until_ms,
    )


@router.post("/slip")
def give_slip(
    request: Request, resident: IdText, fields: TheFields, desk: TheDesk, staff: Staff
) -> Response:
    """Print a slip for the first login on the resident's own telephone."""
    with desk.writing() as uow:
        holder = uow.need(HolderRow, raw_id(resident))
        levels = fields.many("level")
        code = issue_login_slip(uow, staff, holder.id, levels, desk.clock())
        name = holder.name
        uow.commit()
    url = f"{request.url.scheme}://{request.url.netloc}/first/{code}"
    picture = qr_svg(url, words_for(request)("登录用的二维码", "QR code for the login"))
    return page(
        request,
        "manager/told_once.html",
        id=resident,
        name=name,
        pin=None,
        slip=code,
        picture=picture,
    )


def _again(
    request: Request,
    desk: TheDesk,
    holder: bytes,
    sent: Fields,
    *,
    can_move: bool,
    error: str,
) -> Response:
    with desk.reading() as uow:
        row = uow.need(HolderRow, holder)
        return page(
            request,
            "manager/fob_again.html",
            422,
            row=row,
            here_path=request.url.path,
            sent=sent,
            can_move=can_move,
            error=error,
        )
