"""End a credential: what each reason comes to is said before it is chosen, rules as they bite."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from controller.domain.credentials import EndReason
from controller.services.credentials import Ended
from controller.services.managing.endings import (
    DESK_REASONS,
    EndDraft,
    approve_end,
    ask_end,
    open_requests,
    outlook,
    withdraw_end,
)
from controller.storage.models import CredentialRow, HolderRow, StaffRow
from controller.web.identity import Staff
from controller.web.ids import IdText, raw_id
from controller.web.manager.forms import Fields, TheFields, wrong
from controller.web.page import TheDesk, go, page, words_for
from mqtt.contract.errors import RefusedError
from mqtt.contract.ids import id_to_text

__all__ = ["router"]

router = APIRouter(prefix="/manager", include_in_schema=False)


@router.get("/credentials/{credential}/end")
def choose(request: Request, credential: IdText, desk: TheDesk, staff: Staff) -> Response:
    """Show what ending this credential would come to, for each reason."""
    return _form(request, desk, staff, raw_id(credential), Fields(()))


@router.post("/credentials/{credential}/end")
def end(
    request: Request, credential: IdText, fields: TheFields, desk: TheDesk, staff: Staff
) -> Response:
    """End it now, or ask a second person, as the reason needs; a refusal shows rule and article."""
    id_, moment, w = raw_id(credential), desk.clock(), words_for(request)
    try:
        if fields.text("reason") not in {each.value for each in DESK_REASONS}:
            raise wrong("reason", "CR-07")
        draft = EndDraft(
            id_,
            EndReason(fields.text("reason")),
            fields.text("note"),
            fields.text("order_reference"),
            fields.has("with_replacement"),
            fields.instant("ends_at", desk.site.zone),
        )
        with desk.writing() as uow:
            done = ask_end(uow, desk.site, staff, draft, moment)
            holder = id_to_text(uow.need(CredentialRow, id_).holder_id)
            uow.commit()
    except RefusedError as error:
        return _form(request, desk, staff, id_, fields, refused=error)
    if not isinstance(done, Ended):
        said = w("已提交，等第二人同意。", "Asked; a second person has to approve.")
        return go("/manager/endings", said)
    desk.wire.changed()
    if done.paper is not None:
        said = w(
            "已停用。同时出了纸质通行证，请打印。", "Ended. A paper pass was issued too: print it."
        )
        return go(f"/manager/people/{holder}/papers/{id_to_text(done.paper.credential)}", said)
    return go(f"/manager/people/{holder}", w("已停用", "Ended"))


@router.get("/endings")
def waiting(request: Request, desk: TheDesk, staff: Staff) -> Response:
    """Show what waits for a second person or for its date."""
    return _waiting(request, desk, staff)


@router.post("/endings/{request_id}/approve")
def approve(request: Request, request_id: int, desk: TheDesk, staff: Staff) -> Response:
    """Approve as the second person; the notice to the resident counts from now."""
    w = words_for(request)
    try:
        with desk.writing() as uow:
            at_once = approve_end(uow, desk.site, staff, request_id, desk.clock())
            uow.commit()
    except RefusedError as error:
        return _waiting(request, desk, staff, 422, error=w.error(error))
    desk.wire.changed()
    said = w("已同意，凭证已停用", "Approved; it has ended")
    if not at_once:
        said = w(
            "已同意。已通知本人，到期停用。", "Approved. The resident is told; it ends on its date."
        )
    return go("/manager/endings", said)


@router.post("/endings/{request_id}/withdraw")
def withdraw(request: Request, request_id: int, desk: TheDesk, staff: Staff) -> Response:
    """Drop an ending before it happens."""
    with desk.writing() as uow:
        withdraw_end(uow, staff, request_id, desk.clock())
        uow.commit()
    return go("/manager/endings", words_for(request)("已撤回，凭证照常", "Dropped; it stays"))


def _form(
    request: Request,
    desk: TheDesk,
    staff: Staff,
    credential: bytes,
    sent: Fields,
    *,
    refused: RefusedError | None = None,
) -> Response:
    w = words_for(request)
    with desk.reading() as uow:
        row = uow.need(CredentialRow, credential)
        return page(
            request,
            "manager/end.html",
            200 if refused is None else 422,
            row=row,
            id=id_to_text(row.id),
            holder_id=id_to_text(row.holder_id),
            holder=uow.need(HolderRow, row.holder_id),
            views=outlook(uow, desk.site, staff, credential, desk.clock()),
            sent=sent,
            refused=refused,
            error="" if refused is None else w.error(refused),
        )


def _waiting(
    request: Request, desk: TheDesk, staff: Staff, status: int = 200, *, error: str = ""
) -> Response:
    with desk.reading() as uow:
        rows = [
            (
                row,
                uow.need(HolderRow, row.holder_id),
                id_to_text(row.holder_id),
                uow.need(CredentialRow, row.credential_id).carrier,
                uow.need(StaffRow, row.asked_by).name,
            )
            for row in open_requests(uow)
        ]
        me = staff.id
        return page(request, "manager/endings.html", status, rows=rows, me=me, error=error)
