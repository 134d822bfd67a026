"""Show a person's own passages with the days that are left, and take "this was not me"."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from controller.services.disputes import dispute
from controller.services.records import own_records
from controller.web.identity import Resident
from controller.web.page import TheDesk, go, page, words_for

__all__ = ["router"]

router = APIRouter(prefix="/me/records", include_in_schema=False)


@router.get("")
def list_records(request: Request, desk: TheDesk, resident: Resident) -> Response:
    """Show the last hundred own passages."""
    with desk.reading() as uow:
        records = own_records(uow, resident.id, desk.clock())
    return page(request, "resident/records.html", records=records)


@router.post("/{event}/not-me")
def not_me(event: int, request: Request, desk: TheDesk, resident: Resident) -> Response:
    """Dispute a record: it is held, and the desk answers within ten days."""
    moment, w = desk.clock(), words_for(request)
    with desk.writing() as uow:
        row = dispute(uow, resident, event, moment)
        uow.commit()
        due = w.iso_day(row.answer_due_ms)
    return go(
        "/me/records",
        w(
            f"已记下。记录已保留，最迟 {due} 答复您；工作人员不能删除。",
            f"Noted. The record is held; you get an answer by {due}. Staff cannot delete it.",
        ),
    )
