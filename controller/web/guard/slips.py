"""Print at the lodge: a visitor's slip, and a resident's slip after a lost fob."""

from typing import Annotated

from fastapi import APIRouter, Form, Query, Request
from sqlalchemy import select
from starlette.responses import Response

from controller.domain.moment import MINUTE_MS, Moment
from controller.domain.refusal import Refusal
from controller.domain.roles import Act, Actor
from controller.services.lodge.lost import SLIP_HOURS, block_lost_fob
from controller.services.lodge.visitor import HOURS, VisitorAsked, print_visitor_slip
from controller.services.passes import pass_text
from controller.storage.models import CredentialRow, GateRow, StaffActRow
from controller.storage.unit_of_work import UnitOfWork
from controller.web.desk import Desk
from controller.web.guard.look import guard_page
from controller.web.identity import Staff
from controller.web.ids import IdText, raw_id
from controller.web.page import TheDesk, go, qr_svg, words_for
from controller.web.resident.passes import serial_of
from mqtt.contract.errors import RefusedError
from mqtt.contract.ids import id_to_text
from mqtt.contract.reasons import ReasonCode

__all__ = ["router"]

router = APIRouter(prefix="/guard", include_in_schema=False)
_PRINTED_WITHIN_MS = 10 * MINUTE_MS
_PRINTS = (Act.ISSUE_SLIP.value, Act.ISSUE_VISITOR.value)
_Text = Annotated[str, Form(max_length=40)]


@router.get("/visitor")
def ask_visitor(request: Request, desk: TheDesk) -> Response:
    """Ask who comes, to which flat, for how long."""
    return _visitor_form(request, desk, VisitorAsked("", "", "", HOURS[0]))


@router.post("/visitor")
def print_visitor(
    request: Request,
    desk: TheDesk,
    staff: Staff,
    *,
    name: _Text = "",
    dwelling: _Text = "",
    gate: _Text = "",
    hours: Annotated[int, Form()] = HOURS[0],
) -> Response:
    """Issue the slip and show the sheet to print."""
    asked = VisitorAsked(name, dwelling, gate, hours)
    try:
        with desk.writing() as uow:
            made = print_visitor_slip(uow, desk.site, staff, asked, desk.clock())
            uow.commit()
    except RefusedError as error:
        return _visitor_form(request, desk, asked, words_for(request).error(error))
    desk.wire.changed()
    return go(f"/guard/slips/{id_to_text(made.credential)}")


@router.get("/lost")
def ask_lost(request: Request) -> Response:
    """Ask for flat and name, as the person who stands there gives them."""
    return guard_page(request, "lost.html", dwelling="", name="", hours=SLIP_HOURS)


@router.post("/lost")
def block(
    request: Request, desk: TheDesk, staff: Staff, dwelling: _Text = "", name: _Text = ""
) -> Response:
    """Block the fob and print the slip, in one act."""
    w = words_for(request)
    try:
        with desk.writing() as uow:
            done = block_lost_fob(uow, desk.site, staff, dwelling, name, moment=desk.clock())
            uow.commit()
    except RefusedError as error:
        values = {"dwelling": dwelling, "name": name, "hours": SLIP_HOURS, "error": w.error(error)}
        return guard_page(request, "lost.html", 422, **values)
    desk.wire.changed()
    said = w("已停用 %d 张卡。这张纸条现在就能用。", "%d fobs blocked. This slip works now.")
    return go(f"/guard/slips/{id_to_text(done.slip.credential)}", said % done.blocked)


@router.get("/slips/{credential}")
def show_slip(
    credential: IdText,
    request: Request,
    desk: TheDesk,
    staff: Staff,
    paper: Annotated[str, Query(max_length=2)] = "",
) -> Response:
    """Show a slip that this guard has printed in the last ten minutes, for A4 or 80 mm paper."""
    moment, w = desk.clock(), words_for(request)
    with desk.reading() as uow:
        row = _own_print(uow, staff, raw_id(credential), moment)
        text = pass_text(uow, desk.site, row.id, moment)
        gate = uow.find(GateRow, row.home_gate) if row.home_gate else None
    return guard_page(
        request,
        "slip.html",
        code=qr_svg(text, w("通行条的二维码", "QR code of the slip")),
        serial=serial_of(row),
        until_ms=row.valid_until_ms,
        gate="" if gate is None else gate.title,
        is_visitor=row.carrier == "visitor",
        is_narrow=paper == "80",
        id=credential,
    )


def _own_print(uow: UnitOfWork, staff: Actor, credential: bytes, moment: Moment) -> CredentialRow:
    """Return a credential that this member of staff has just issued; anything else is not there."""
    act = select(StaffActRow.at_ms).where(
        StaffActRow.actor == staff.id,
        StaffActRow.subject == credential,
        StaffActRow.act.in_(_PRINTS),
        StaffActRow.at_ms > moment.utc_ms - _PRINTED_WITHIN_MS,
    )
    row = uow.find(CredentialRow, credential)
    if row is None or uow.session.scalars(act).first() is None:
        raise Refusal(ReasonCode.NOT_FOUND, "LO-04").as_error()
    return row


def _visitor_form(request: Request, desk: Desk, asked: VisitorAsked, error: str = "") -> Response:
    with desk.reading() as uow:
        gates = [
            (row.name, row.title or row.name)
            for row in uow.session.scalars(select(GateRow).order_by(GateRow.name))
            if row.revoked_at_ms is None
        ]
    status = 422 if error else 200
    return guard_page(
        request, "visitor.html", status, asked=asked, gates=gates, hours=HOURS, error=error
    )
