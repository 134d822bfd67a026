"""Issue visitor, courier and carer passes: `/api/v1/visitors`."""

from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field

from controller.domain.passes import MAX_USES, VisitorTerms
from controller.domain.people import HolderKind
from controller.services.access import ensure_plan
from controller.services.holders import HolderDraft, add_holder
from controller.services.passes import VisitorDraft, issue_visitor
from controller.web.api.credentials import Levels, PassView, pass_view
from controller.web.desk import Desk, desk_of
from controller.web.identity import Staff
from controller.web.ids import IdText, raw_id
from mqtt.contract.records import WindowRecord

__all__ = ["router"]

router = APIRouter(prefix="/api/v1", tags=["visitors"])

_WEEK_MOST = 21


class Window(BaseModel, extra="forbid"):
    """A weekly window: days Monday 0 to Sunday 6, minutes after local midnight."""

    days: list[Annotated[int, Field(ge=0, le=6)]] = Field(min_length=1, max_length=7)
    start_min: int = Field(ge=0, le=1439)
    end_min: int = Field(ge=1, le=1440)


class Visitor(BaseModel, extra="forbid"):
    """Who comes, when, how often and where; `host` for a resident's own guest.

    Either `levels`, or `windows` at `access_points`. Counted uses need a home gate.
    """

    name: str = Field(min_length=1, max_length=80, repr=False)
    not_before_s: int
    not_after_s: int
    uses: int = Field(1, ge=0, le=MAX_USES)
    hours_from_first_use: int = Field(0, ge=0, le=MAX_USES)
    home_gate: str = Field("", max_length=40)
    levels: Levels = []
    windows: list[Window] = Field([], max_length=_WEEK_MOST)
    access_points: Levels = []
    dwelling_id: int | None = None
    host: IdText | None = None
    label: str = Field("", max_length=80)


@router.post("/visitors", status_code=201)
def make_visitor(body: Visitor, desk: Annotated[Desk, Depends(desk_of)], staff: Staff) -> PassView:
    """Issue a visitor pass; the answer holds the text of its QR code."""
    moment = desk.clock()
    terms = VisitorTerms(
        body.not_before_s,
        body.not_after_s,
        body.uses,
        body.hours_from_first_use,
        body.home_gate,
    )
    with desk.writing() as uow:
        levels = tuple(body.levels)
        if body.windows:
            windows = tuple(
                WindowRecord(tuple(each.days), each.start_min, each.end_min)
                for each in body.windows
            )
            levels = (*levels, ensure_plan(uow, windows, tuple(body.access_points)))
        holder = add_holder(uow, HolderDraft(body.name, HolderKind.VISITOR), moment)
        host = raw_id(body.host) if body.host is not None else None
        draft = VisitorDraft(holder, levels, terms, body.dwelling_id, host, body.label)
        made = issue_visitor(uow, desk.site, staff, draft, moment)
        uow.commit()
    desk.wire.changed()
    return pass_view(made, desk)
