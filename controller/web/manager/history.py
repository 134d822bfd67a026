"""Show what was configured when, by whom and why; go back, after a look at what that changes."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from controller.domain.managing.changes import Change
from controller.services.managing.plans import history, roll_back, since
from controller.storage.models import PlanVersionRow, StaffRow
from controller.web.identity import Staff
from controller.web.manager.change_words import shown_changes
from controller.web.manager.forms import TheFields
from controller.web.page import TheDesk, go, page, words_for
from mqtt.contract.errors import RefusedError

__all__ = ["router"]

router = APIRouter(prefix="/manager/history", include_in_schema=False)


@router.get("")
def versions(request: Request, desk: TheDesk) -> Response:
    """List the versions, newest first."""
    with desk.reading() as uow:
        rows = [(row, _name(uow.find(StaffRow, row.actor))) for row in history(uow)]
        return page(request, "manager/history.html", versions=rows)


@router.get("/{version}")
def show(request: Request, version: int, desk: TheDesk) -> Response:
    """Show what a version changed."""
    with desk.reading() as uow:
        row, newest = uow.need(PlanVersionRow, version), history(uow, 1)[0]
        return page(
            request,
            "manager/version.html",
            row=row,
            by=_name(uow.find(StaffRow, row.actor)),
            is_newest=row.id == newest.id,
            changes=shown_changes(words_for(request), since(uow, version)),
            back=None,
        )


@router.post("/{version}/roll-back")
def go_back(
    request: Request, version: int, fields: TheFields, desk: TheDesk, staff: Staff
) -> Response:
    """Show what going back changes; do it when it is confirmed with a reason."""
    is_sure, w = fields.text("step") == "save", words_for(request)
    made: tuple[Change, ...] = ()
    error = ""
    with desk.writing() as uow:
        row = uow.need(PlanVersionRow, version)
        reason = fields.text("reason") if is_sure else "preview"
        try:
            made = roll_back(uow, staff, version, reason=reason, moment=desk.clock())
        except RefusedError as refused:
            error = w.error(refused)
        if is_sure and not error:
            uow.commit()
            desk.wire.changed()
            said = w("已回到那时的配置", "The configuration is as it was then")
            return go("/manager/history", said)
    return page(
        request,
        "manager/version.html",
        422 if error else 200,
        row=row,
        by="",
        is_newest=False,
        changes=(),
        back=shown_changes(w, made),
        error=error,
    )


def _name(row: StaffRow | None) -> str:
    return row.name if row is not None else "—"
