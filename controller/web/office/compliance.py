"""Serve the compliance desk: where each record stands, forms step by step, approval, renewal."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.exceptions import HTTPException
from starlette.responses import Response

from controller.domain.desk.forms import DeskForm, DeskKind
from controller.domain.desk.forms_data import form_of
from controller.services.attestations import attestations
from controller.services.complaints import complaint_figures
from controller.services.desk.filing import elsewhere, filing, note_elsewhere
from controller.services.desk.records import approve, desk_state, keep, records, renew
from controller.services.moving.terminals import terminals
from controller.storage.models import DeskRecordRow, StaffRow
from controller.storage.unit_of_work import UnitOfWork
from controller.web.desk import Desk
from controller.web.identity import Staff
from controller.web.manager.forms import Fields, TheFields
from controller.web.page import TheDesk, go, page, words_for
from mqtt.contract.errors import RefusedError

__all__ = ["router"]

router = APIRouter(prefix="/manager/compliance", include_in_schema=False)
Step = Annotated[int, Query(ge=0, le=20)]
_PATH = "/manager/compliance"


@router.get("")
def show(request: Request, desk: TheDesk, staff: Staff) -> Response:
    """Show what is in order, what comes up and what waits for somebody."""
    with desk.reading() as uow:
        moment = desk.clock()
        return page(
            request,
            "office/compliance.html",
            states=desk_state(uow, moment),
            complaints=complaint_figures(uow, moment, reader=staff),
            filing=filing(uow),
            elsewhere=elsewhere(uow),
            attested=len(attestations(uow)),
            unretired=sum(view.wiped is None for view in terminals(uow)),
        )


@router.post("/filing")
def enter_elsewhere(request: Request, desk: TheDesk, _staff: Staff, fields: TheFields) -> Response:
    """Enter how many people the company has enrolled in its other compounds."""
    with desk.writing() as uow:
        note_elsewhere(uow, fields.number("elsewhere"))
        uow.commit()
    return go(_PATH, words_for(request)("已保存", "Saved"))


@router.get("/records/{kind}")
def show_kind(request: Request, desk: TheDesk, kind: DeskKind) -> Response:
    """Show every version of a kind of record."""
    with desk.reading() as uow:
        rows = records(uow, kind)
        return page(request, "office/desk_records.html", form=form_of(kind), rows=rows)


@router.post("/records/{kind}")
def begin(desk: TheDesk, staff: Staff, kind: DeskKind) -> Response:
    """Begin a record as an empty draft and go to its first step."""
    with desk.writing() as uow:
        row = keep(uow, desk.site, staff, kind, {}, moment=desk.clock(), is_draft=True)
        uow.commit()
    return go(f"{_PATH}/record/{row.id}/edit")


@router.get("/record/{record}")
def show_record(request: Request, desk: TheDesk, record: int) -> Response:
    """Show one version, ready to print."""
    return _record(request, desk, record)


@router.get("/record/{record}/edit")
def edit(request: Request, desk: TheDesk, record: int, step: Step = 0) -> Response:
    """Ask the questions of one step of a draft."""
    return _step(request, desk, record, step)


@router.post("/record/{record}/edit")
def save(request: Request, desk: TheDesk, staff: Staff, fields: TheFields, record: int) -> Response:
    """Save one step; after the last one the record counts, or waits for a second person."""
    w, step = words_for(request), max(0, fields.number("step"))
    try:
        with desk.writing() as uow:
            row = uow.need(DeskRecordRow, record)
            form = form_of(DeskKind(row.kind))
            is_last = step >= len(form.sections) - 1
            asked = form.sections[min(step, len(form.sections) - 1)].asked
            answers = dict(row.document) | {one.name: fields.text(one.name) for one in asked}
            keep(
                uow,
                desk.site,
                staff,
                form.kind,
                answers,
                moment=desk.clock(),
                draft=record,
                is_draft=not is_last,
            )
            uow.commit()
    except RefusedError as error:
        return _step(request, desk, record, step, 422, sent=fields, error=w.error(error))
    if not is_last:
        return go(f"{_PATH}/record/{record}/edit?step={step + 1}")
    said = w("已保存，等第二人批准", "Saved; a second person has to approve it")
    return go(f"{_PATH}/record/{record}", said if form.needs_second else w("已保存", "Saved"))


@router.post("/record/{record}/approve")
def approve_record(request: Request, desk: TheDesk, staff: Staff, record: int) -> Response:
    """Let a record count, as the second person."""
    w = words_for(request)
    try:
        with desk.writing() as uow:
            approve(uow, staff, record, desk.clock())
            uow.commit()
    except RefusedError as error:
        return _record(request, desk, record, 422, w.error(error))
    return go(f"{_PATH}/record/{record}", w("已批准", "Approved"))


@router.post("/record/{record}/renew")
def renew_record(desk: TheDesk, staff: Staff, record: int) -> Response:
    """Begin the next version with the answers of this one."""
    with desk.writing() as uow:
        row = renew(uow, staff, record, desk.clock())
        uow.commit()
    return go(f"{_PATH}/record/{row.id}/edit")


def _record(
    request: Request, desk: Desk, record: int, status: int = 200, error: str = ""
) -> Response:
    with desk.reading() as uow:
        row = uow.need(DeskRecordRow, record)
        return page(
            request,
            "office/desk_record.html",
            status,
            row=row,
            form=form_of(DeskKind(row.kind)),
            author=_name(uow, row.made_by),
            approver=_name(uow, row.approved_by),
            error=error,
        )


def _step(
    request: Request,
    desk: Desk,
    record: int,
    step: int,
    status: int = 200,
    *,
    sent: Fields | None = None,
    error: str = "",
) -> Response:
    with desk.reading() as uow:
        row = uow.need(DeskRecordRow, record)
        form: DeskForm = form_of(DeskKind(row.kind))
        if row.is_approved or step >= len(form.sections):
            raise HTTPException(404)
        values = dict(row.document) | (dict(sent.pairs) if sent else {})
        return page(
            request,
            "office/desk_step.html",
            status,
            row=row,
            form=form,
            step=step,
            values=values,
            error=error,
        )


def _name(uow: UnitOfWork, staff: bytes | None) -> str:
    row = uow.find(StaffRow, staff) if staff else None
    return row.name if row is not None else ""
