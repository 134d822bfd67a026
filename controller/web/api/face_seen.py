"""Show notices to everybody, open requests to staff, counts and signals to inspectors.

No answer here names or tells of a single person.
"""

from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import BaseModel
from sqlalchemy import select

from controller.services.erasure import request_views
from controller.services.face_views import counts, signal_views
from controller.storage.models import FaceNoticeRow
from controller.web.api.face_shapes import NoticeView, RequestShown, notice_view, request_shown
from controller.web.desk import Desk, desk_of

__all__ = ["router"]

router = APIRouter(prefix="/api/v1/face", tags=["face"])

TheDesk = Annotated[Desk, Depends(desk_of)]


class CountsView(BaseModel):
    """People by gate, null for fewer than ten; requests exactly."""

    standing: dict[str, int | None]
    enrolled: dict[str, int | None]
    ended: dict[str, int | None]
    declined: int | None
    requests_open: int
    requests_late: int
    requests_in_breach: int


class SignalShown(BaseModel):
    """How many consents at a gate on a day had a signal."""

    signal: str
    gate: str
    day: str
    count: int


@router.get("/notices")
def list_notices(desk: TheDesk) -> list[NoticeView]:
    """Return every version of the notice, newest first; anybody may read them."""
    with desk.reading() as uow:
        found = select(FaceNoticeRow).order_by(FaceNoticeRow.published_at_ms.desc())
        rows = list(uow.session.scalars(found))
    return [notice_view(row, desk.site.zone, is_in_force=row is rows[0]) for row in rows]


@router.get("/requests")
def list_requests(desk: TheDesk) -> list[RequestShown]:
    """Return open requests with the gates outstanding; nobody is named."""
    with desk.reading() as uow:
        views = request_views(uow, desk.clock(), only_open=True)
    return [request_shown(view, desk.site.zone) for view in views]


@router.get("/counts")
def show_counts(desk: TheDesk) -> CountsView:
    """Return the inspector's numbers."""
    with desk.reading() as uow:
        return CountsView(**asdict(counts(uow, desk.clock())))


@router.get("/signals")
def show_signals(desk: TheDesk) -> list[SignalShown]:
    """Return what an inspector should look at, by day and gate."""
    with desk.reading() as uow:
        return [
            SignalShown(
                signal=each.signal, gate=each.gate, day=each.day.isoformat(), count=each.count
            )
            for each in signal_views(uow, desk.site)
        ]
