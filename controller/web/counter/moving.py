"""Let a household move in and out in one visit."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response, StreamingResponse

from controller.domain.people import Relation
from controller.domain.roles import Actor
from controller.services.counter.batches import Sheet
from controller.services.counter.household import (
    MOST,
    Arrival,
    Departure,
    Newcomer,
    household_leaves,
    household_moves_in,
    receipt_of,
    residents_in,
)
from controller.services.holders import HolderDraft
from controller.storage.models import GateRow
from controller.storage.unit_of_work import UnitOfWork
from controller.web.counter.drawn import draw_sheet, ways_here
from controller.web.desk import Desk
from controller.web.identity import Staff
from controller.web.ids import raw_id
from controller.web.manager.forms import Fields, TheFields, wrong
from controller.web.manager.people import residents_levels
from controller.web.page import TheDesk, go, page, render, words_for
from controller.web.part_stream import stream_part
from mqtt.contract.errors import RefusedError
from mqtt.contract.ids import id_to_text

__all__ = ["router"]

router = APIRouter(prefix="/desk", include_in_schema=False)
_Who = Annotated[str, Query(max_length=200)]


@router.get("")
def menu(request: Request) -> Response:
    """Show what the counter does."""
    return page(request, "counter/menu.html")


@router.get("/move-in")
def ask_in(request: Request) -> Response:
    """Ask for the flat and everybody who moves in."""
    return _form(request, Fields(()))


@router.post("/move-in")
def move_in(request: Request, fields: TheFields, desk: TheDesk, staff: Staff) -> Response:
    """Register the household and show everything to print, once."""
    try:
        with desk.writing() as uow:
            arrived = _arrive(uow, desk, staff, fields)
            drawn = [_draw(request, uow, fields.text("dwelling"), each) for each in arrived]
            ways = ways_here(uow)
            uow.commit()
    except RefusedError as error:
        return _form(request, fields, words_for(request).error(error))
    desk.wire.changed()
    people = [(id_to_text(each.holder), each.name) for each in arrived]
    sheets = [sheet for pair in drawn for sheet in pair]
    return page(request, "counter/packet.html", sheets=sheets, people=people, ways=ways)


@router.get("/move-out")
def ask_out(
    request: Request, desk: TheDesk, dwelling: Annotated[str, Query(max_length=40)] = ""
) -> Response:
    """Ask for the flat, then who of it leaves."""
    return _leaving(request, desk, dwelling)


@router.post("/move-out")
def leave(request: Request, fields: TheFields, desk: TheDesk, staff: Staff) -> Response:
    """End everything of who leaves, and go to the receipt."""
    dwelling, who = fields.text("dwelling"), fields.many("who")
    try:
        holders = tuple(raw_id(each) for each in who)
        with desk.writing() as uow:
            household_leaves(uow, desk.site, staff, dwelling, holders, moment=desk.clock())
            uow.commit()
    except RefusedError as error:
        return _leaving(request, desk, dwelling, words_for(request).error(error))
    desk.wire.changed()
    return go(f"/desk/receipts?who={','.join(who)}")


@router.get("/receipts")
def receipts(request: Request, desk: TheDesk, staff: Staff, who: _Who = "") -> Response:
    """Show what has ended; the gates' erasures fill in by themselves."""
    return page(request, "counter/receipt.html", who=who, **_receipt(desk, staff, who))


@router.get("/receipts/stream")
def follow(request: Request, desk: TheDesk, staff: Staff, who: _Who = "") -> StreamingResponse:
    """Send the receipt again as gates answer."""

    def draw() -> str | None:
        return render(request, "counter/receipt_part.html", **_receipt(desk, staff, who))

    return stream_part(request, draw)


def _arrive(uow: UnitOfWork, desk: Desk, staff: Actor, fields: Fields) -> tuple[Arrival, ...]:
    people = tuple(
        each for number in range(MOST) if (each := _newcomer(fields, number)) is not None
    )
    return household_moves_in(
        uow,
        desk.site,
        staff,
        fields.text("dwelling"),
        people,
        levels=residents_levels(uow),
        moment=desk.clock(),
    )


def _newcomer(fields: Fields, number: int) -> Newcomer | None:
    name = fields.text(f"name-{number}")
    if not name:
        return None
    born_18 = fields.text(f"adult-{number}")
    try:
        relation = Relation(fields.text(f"relation-{number}", "occupant"))
        adult_from = date.fromisoformat(born_18) if born_18 else None
    except ValueError as error:
        raise wrong(f"relation-{number}") from error
    draft = HolderDraft(
        name,
        phone=fields.text(f"phone-{number}"),
        adult_from=adult_from,
        longer_opening=fields.has(f"longer-{number}"),
    )
    return Newcomer(draft, relation, fields.has(f"login-{number}"))


def _draw(request: Request, uow: UnitOfWork, dwelling: str, arrival: Arrival) -> list[object]:
    sheets = [Sheet(arrival.name, dwelling, arrival.paper)]
    if arrival.slip:
        sheets.append(Sheet(arrival.name, dwelling, slip=arrival.slip))
    return [draw_sheet(request, uow, sheet) for sheet in sheets]


def _form(request: Request, sent: Fields, error: str = "") -> Response:
    status = 422 if error else 200
    return page(request, "counter/move_in.html", status, sent=sent, most=MOST, error=error)


def _leaving(request: Request, desk: Desk, dwelling: str, error: str = "") -> Response:
    moment = desk.clock()
    with desk.reading() as uow:
        people = residents_in(uow, dwelling, moment) if dwelling else ()
        rows = [(id_to_text(row.id), row.name) for row in people]
    status = 422 if error else 200
    return page(
        request, "counter/move_out.html", status, dwelling=dwelling, people=rows, error=error
    )


def _receipt(desk: Desk, staff: Actor, who: str) -> dict[str, object]:
    moment = desk.clock()
    with desk.reading() as uow:
        left: list[Departure] = [
            receipt_of(uow, staff, raw_id(each), moment) for each in who.split(",") if each
        ]
        titles = {row.name: row.title or row.name for row in _gates(uow, left)}
    return {"left": left, "titles": titles}


def _gates(uow: UnitOfWork, left: list[Departure]) -> list[GateRow]:
    names = {gate.gate for each in left for gate in each.gates}
    return [uow.need(GateRow, name) for name in sorted(names)]
