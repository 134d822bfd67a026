"""Show events and alarms, and stream events as they happen. No view here names a person."""

from collections.abc import AsyncIterator
from datetime import date
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Query, Request
from pydantic import BaseModel, Field
from starlette.responses import StreamingResponse

from controller.domain.roles import Act
from controller.services.acts import need_act, need_reason
from controller.storage.models import AlarmRow
from controller.web import lookup, sse
from controller.web.desk import Desk, desk_of
from controller.web.follow import follow
from controller.web.identity import Staff, actor_of
from controller.web.views import AlarmView, EventPage

__all__ = ["router"]

router = APIRouter(prefix="/api/v1", tags=["events"])

_PAGE = 50
_MOST = 200


class Clear(BaseModel, extra="forbid"):
    """Why an alarm is done with."""

    reason: str = Field(max_length=200)


@router.get("/events")
def list_events(
    desk: Annotated[Desk, Depends(desk_of)],
    before: int | None = None,
    limit: Annotated[int, Query(ge=1, le=_MOST)] = _PAGE,
    gate: Annotated[str, Query(max_length=40)] = "",
    day: date | None = None,
) -> EventPage:
    """Return events, newest first; `day` is a day of the compound (E01)."""
    with desk.reading() as uow:
        found = lookup.events_before(
            uow, desk.site.zone, before=before, limit=limit, gate=gate, day=day
        )
    return EventPage(events=found, next_before=found[-1].id if len(found) == limit else None)


@router.get("/events/stream", response_class=StreamingResponse)
async def stream_events(
    request: Request,
    desk: Annotated[Desk, Depends(desk_of)],
    last_event_id: Annotated[str | None, Header()] = None,
) -> StreamingResponse:
    """Stream `event` messages as JSON, and `gates` when a gate changes (server-sent events)."""
    since = sse.last_id(last_event_id)

    async def messages() -> AsyncIterator[str]:
        async for news in follow(desk, lambda: actor_of(request) is not None, since):
            if news is None:
                yield sse.COMMENT
                continue
            for event in news.events:
                yield sse.message("event", event.model_dump_json(), event.id)
            if news.gates is not None:
                shown = ",".join(gate.model_dump_json() for gate in news.gates)
                yield sse.message("gates", f"[{shown}]")

    return sse.stream(messages())


@router.get("/alarms")
def list_alarms(
    desk: Annotated[Desk, Depends(desk_of)],
    before: int | None = None,
    limit: Annotated[int, Query(ge=1, le=_MOST)] = _PAGE,
    cleared: bool = False,
) -> list[AlarmView]:
    """Return open alarms, newest first; with `cleared` the others too."""
    with desk.reading() as uow:
        return lookup.alarms(uow, desk.site.zone, only_open=not cleared, before=before, limit=limit)


@router.post("/alarms/{alarm}/clear", status_code=204)
def clear_alarm(
    alarm: int, body: Clear, desk: Annotated[Desk, Depends(desk_of)], staff: Staff
) -> None:
    """Note that an alarm was looked at, and why it is done with."""
    need_act(staff, Act.CLEAR_ALARM)
    need_reason(body.reason)
    with desk.writing() as uow:
        row = uow.need(AlarmRow, alarm)
        if row.cleared_at_ms is None:
            row.cleared_at_ms, row.cleared_by = desk.clock().utc_ms, staff.id
            row.clear_reason = body.reason.strip()
        uow.commit()
