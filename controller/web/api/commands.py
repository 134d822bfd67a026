"""Order something at a gate and see what it answered: `/api/v1/commands`."""

from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field

from controller.domain.local_time import local_text
from controller.domain.roles import Actor
from controller.services.commands import CommandDraft, give
from controller.storage.models import CommandRow
from controller.web.desk import Desk, desk_of
from controller.web.identity import Staff
from mqtt.contract.commands import REASON_CHARACTERS, Operation
from mqtt.contract.ids import id_from_text, id_to_text

__all__ = ["CommandView", "Order", "give_order", "router"]

router = APIRouter(prefix="/api/v1/commands", tags=["commands"])


class Order(BaseModel, extra="forbid"):
    """What to order at which access point, and why; it lives 10 s, or not at all."""

    gate: str = Field(max_length=40)
    access_point: str = Field(max_length=40)
    op: Operation = Operation.OPEN
    reason: str = Field(min_length=1, max_length=REASON_CHARACTERS)
    duration_s: int = Field(0, ge=0, le=43_200)


class CommandView(BaseModel):
    """An order: `sent`, `done`, `refused` or `expired`. The record is the gate's event."""

    id: str
    gate: str
    access_point: str
    op: str
    state: str
    result: str
    issued_at: str


@router.post("", status_code=202)
def order(body: Order, desk: Annotated[Desk, Depends(desk_of)], staff: Staff) -> CommandView:
    """Sign and send an order; the answer of the gate follows at `/api/v1/commands/{command}`."""
    return give_order(desk, staff, body)


@router.get("/{command}")
def show(command: str, desk: Annotated[Desk, Depends(desk_of)]) -> CommandView:
    """Return what became of an order."""
    with desk.reading() as uow:
        return _view(uow.need(CommandRow, id_from_text(command)), desk.site.zone)


def give_order(desk: Desk, staff: Actor, body: Order) -> CommandView:
    """Commit an order, then publish it. Raises RefusedError, UnavailableError."""
    draft = CommandDraft(body.gate, body.op, body.access_point, body.reason, body.duration_s)
    with desk.writing() as uow:
        command, publication = give(uow, desk.site, staff, draft, moment=desk.clock())
        view = _view(uow.need(CommandRow, command), desk.site.zone)
        uow.commit()
    desk.wire.send(publication)
    return view


def _view(row: CommandRow, zone: str) -> CommandView:
    return CommandView(
        id=id_to_text(row.id),
        gate=row.gate,
        access_point=row.access_point,
        op=row.op,
        state=row.state,
        result=row.result,
        issued_at=local_text(row.issued_at_ms, zone),
    )
