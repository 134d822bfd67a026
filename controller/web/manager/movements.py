"""Ask for one person's movements, approve as the second person, look. Every step is on record."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from controller.services.managing.movements import MovementDraft, approve, ask, look, requests
from controller.storage.models import HolderRow, MovementRequestRow, StaffRow
from controller.web.identity import Staff
from controller.web.ids import raw_id
from controller.web.manager.forms import Fields, TheFields
from controller.web.page import TheDesk, go, page, words_for
from mqtt.contract.errors import ContractError, RefusedError
from mqtt.contract.ids import id_to_text

__all__ = ["router"]

router = APIRouter(prefix="/manager/movements", include_in_schema=False)


@router.get("")
def show(request: Request, desk: TheDesk, staff: Staff, resident: str = "") -> Response:
    """Show the requests, and the form for one about a resident who was chosen before."""
    return _page(request, desk, staff, resident[:20])


@router.post("")
def make(request: Request, fields: TheFields, desk: TheDesk, staff: Staff) -> Response:
    """Ask; nothing is shown before somebody else approved."""
    w, zone = words_for(request), desk.site.zone
    try:
        draft = MovementDraft(
            raw_id(fields.text("resident")),
            fields.text("ticket"),
            fields.text("reason"),
            fields.instant("from", zone) or 0,
            fields.instant("to", zone, end_of_day=True) or 0,
        )
        with desk.writing() as uow:
            ask(uow, staff, draft, desk.clock())
            uow.commit()
    except (RefusedError, ContractError) as error:
        resident = fields.text("resident")[:20]
        return _page(request, desk, staff, resident, 422, sent=fields, error=w.error(error))
    said = w("已提交，等第二人批准。", "Asked; a second person has to approve.")
    return go("/manager/movements", said)


@router.post("/{request_id}/approve")
def agree(request: Request, request_id: int, desk: TheDesk, staff: Staff) -> Response:
    """Approve as the second person."""
    w = words_for(request)
    try:
        with desk.writing() as uow:
            approve(uow, staff, request_id, desk.clock())
            uow.commit()
    except RefusedError as error:
        return _page(request, desk, staff, "", 422, error=w.error(error))
    return go("/manager/movements", w("已批准，24 小时内可看", "Approved; open for 24 hours"))


@router.post("/{request_id}/look")
def open_(request: Request, request_id: int, desk: TheDesk, staff: Staff) -> Response:
    """Show when and where, never how; the look itself is on record."""
    with desk.writing() as uow:
        found = look(uow, staff, request_id, desk.clock())
        row = uow.need(MovementRequestRow, request_id)
        holder = uow.need(HolderRow, row.holder_id)
        uow.commit()
        return page(request, "manager/moved.html", row=row, holder=holder, found=found)


def _page(
    request: Request,
    desk: TheDesk,
    staff: Staff,
    resident: str,
    status: int = 200,
    *,
    sent: Fields | None = None,
    error: str = "",
) -> Response:
    with desk.reading() as uow:
        chosen = uow.find(HolderRow, raw_id(resident)) if resident else None
        rows = [
            (
                row,
                uow.need(HolderRow, row.holder_id).name,
                uow.need(StaffRow, row.asked_by).name,
            )
            for row in requests(uow)
        ]
        return page(
            request,
            "manager/movements.html",
            status,
            rows=rows,
            me=staff.id,
            now_ms=desk.clock().utc_ms,
            chosen=chosen,
            chosen_id=id_to_text(chosen.id) if chosen is not None else "",
            sent=sent or Fields(()),
            error=error,
        )
