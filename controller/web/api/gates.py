"""Show gates and this controller's own health: `/api/v1/gates`, `/api/v1/health`, `/healthz`."""

from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import BaseModel

from controller.web import lookup
from controller.web.desk import Desk, desk_of
from controller.web.views import GateView
from mqtt.contract.errors import RefusedError
from mqtt.contract.reasons import ReasonCode

__all__ = ["router"]

router = APIRouter(tags=["gates"])


class HealthView(BaseModel):
    """Whether each part works; without its database the controller answers 503."""

    broker: bool
    gates_online: int
    gates: int
    newest_event: int
    open_alarms: int


class AliveView(BaseModel):
    """Whether the process can serve, for a supervisor; says nothing else to anybody."""

    ok: bool


@router.get("/api/v1/gates")
def list_gates(desk: Annotated[Desk, Depends(desk_of)]) -> list[GateView]:
    """Return every gate: presence, doors, the four ways in, documents desired and in force."""
    with desk.reading() as uow:
        return lookup.gates(uow, desk.site.zone, desk.clock())


@router.get("/api/v1/gates/{gate}")
def show_gate(gate: str, desk: Annotated[Desk, Depends(desk_of)]) -> GateView:
    """Return one gate."""
    with desk.reading() as uow:
        found = lookup.gates(uow, desk.site.zone, desk.clock())
    for each in found:
        if each.name == gate:
            return each
    raise RefusedError(ReasonCode.NOT_FOUND, rule="exists", detail="gate")


@router.get("/api/v1/health")
def health(desk: Annotated[Desk, Depends(desk_of)]) -> HealthView:
    """Say which parts work."""
    with desk.reading() as uow:
        found = lookup.gates(uow, desk.site.zone, desk.clock())
        newest = lookup.newest_event(uow)
    return HealthView(
        broker=desk.wire.is_connected,
        gates_online=sum(each.online for each in found),
        gates=len(found),
        newest_event=newest,
        open_alarms=sum(each.open_alarms for each in found),
    )


@router.get("/healthz", include_in_schema=False)
def alive(desk: Annotated[Desk, Depends(desk_of)]) -> AliveView:
    """Answer 200 if the database answers, else 503."""
    with desk.reading() as uow:
        lookup.newest_event(uow)
    return AliveView(ok=True)
