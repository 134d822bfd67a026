"""Serve the legal desk: orders entered, approved by a second person, carried out, certified."""

from fastapi import APIRouter, Request
from sqlalchemy import select
from starlette.responses import PlainTextResponse, Response

from controller.services.desk.orders import (
    OrderDraft,
    OrderKind,
    approve_order,
    carry_out,
    order_requests,
    orders,
    record_order,
)
from controller.services.managing.names import find_residents, index_missing
from controller.storage.models import GateRow, HolderRow, LegalOrderRow, StaffRow
from controller.storage.unit_of_work import UnitOfWork
from controller.web.desk import Desk
from controller.web.identity import Staff
from controller.web.ids import raw_id
from controller.web.manager.forms import Fields, TheFields, wrong
from controller.web.office.homes import homes_of
from controller.web.page import TheDesk, go, page, words_for
from mqtt.contract.errors import RefusedError
from mqtt.contract.ids import id_to_text

__all__ = ["router"]

router = APIRouter(prefix="/manager/legal", include_in_schema=False)
_PATH = "/manager/legal"


@router.get("")
def show(request: Request, desk: TheDesk, q: str = "") -> Response:
    """Show every order, what is due first, and the form for a new one."""
    return _desk(request, desk, q)


@router.post("")
def enter(request: Request, desk: TheDesk, staff: Staff, fields: TheFields) -> Response:
    """Enter an order; nothing happens before a second person approves it."""
    w = words_for(request)
    try:
        with desk.writing() as uow:
            row = record_order(uow, staff, _draft(fields, desk), desk.clock())
            uow.commit()
    except RefusedError as error:
        return _desk(request, desk, fields.text("q"), 422, w.error(error))
    return go(
        f"{_PATH}/{row.id}", w("已登记，等第二人批准", "Entered; a second person approves it")
    )


@router.get("/{order}")
def show_order(request: Request, desk: TheDesk, order: int) -> Response:
    """Show an order, and after a deletion the certificate with every gate's receipt."""
    return _order(request, desk, order)


@router.post("/{order}/approve")
def approve(request: Request, desk: TheDesk, staff: Staff, order: int) -> Response:
    """Approve an order as the second person."""
    w = words_for(request)
    try:
        with desk.writing() as uow:
            approve_order(uow, staff, order, desk.clock())
            uow.commit()
    except RefusedError as error:
        return _order(request, desk, order, 422, w.error(error))
    return go(f"{_PATH}/{order}", w("已批准", "Approved"))


@router.post("/{order}/carry-out")
def do(request: Request, desk: TheDesk, staff: Staff, order: int) -> Response:
    """Do what the order asks for; what is disclosed is handed out once, as a file."""
    w = words_for(request)
    try:
        with desk.writing() as uow:
            text = carry_out(uow, desk.site, staff, order, desk.clock())
            uow.commit()
    except RefusedError as error:
        return _order(request, desk, order, 422, w.error(error))
    desk.wire.changed()
    if text:
        name = f'attachment; filename="order-{order}.csv"'
        headers = {"Content-Disposition": name}
        return PlainTextResponse(text, headers=headers, media_type="text/csv; charset=utf-8")
    return go(f"{_PATH}/{order}", w("已执行", "Carried out"))


def _draft(fields: Fields, desk: Desk) -> OrderDraft:
    try:
        kind = OrderKind(fields.text("kind"))
    except ValueError as error:
        raise wrong("kind") from error
    zone = desk.site.zone
    return OrderDraft(
        kind,
        fields.text("authority"),
        fields.text("document_number"),
        raw_id(fields.text("holder")) if fields.text("holder") else b"",
        fields.instant("ends", zone, end_of_day=True) or 0,
        fields.instant("from", zone),
        fields.instant("to", zone, end_of_day=True),
        fields.instant("due", zone, end_of_day=True),
    )


def _desk(request: Request, desk: Desk, typed: str, status: int = 200, error: str = "") -> Response:
    with desk.writing() as uow:
        index_missing(uow)
        uow.commit()
    with desk.reading() as uow:
        found = find_residents(uow, typed) if typed.strip() else ()
        return page(
            request,
            "office/legal.html",
            status,
            rows=orders(uow),
            typed=typed,
            found=found,
            homes=homes_of(uow, found),
            id_text=id_to_text,
            error=error,
        )


def _order(
    request: Request, desk: Desk, order: int, status: int = 200, error: str = ""
) -> Response:
    with desk.reading() as uow:
        row = uow.need(LegalOrderRow, order)
        person = uow.need(HolderRow, row.holder_id)
        titles = {gate.name: gate.title for gate in uow.session.scalars(select(GateRow))}
        return page(
            request,
            "office/legal_order.html",
            status,
            row=row,
            person=person,
            home=homes_of(uow, (person,))[person.id],
            author=_name(uow, row.made_by),
            approver=_name(uow, row.approved_by),
            requests=order_requests(uow, row, desk.clock()),
            titles=titles,
            error=error,
        )


def _name(uow: UnitOfWork, staff: bytes | None) -> str:
    row = uow.find(StaffRow, staff) if staff else None
    return row.name if row is not None else ""
