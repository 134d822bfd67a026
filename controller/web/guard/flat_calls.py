"""Let a resident answer a gate's call and open for a visitor: `/me/calls`."""

from typing import Annotated

from fastapi import APIRouter, Form, Request
from starlette.responses import Response, StreamingResponse

from controller.domain.roles import Actor
from controller.services.lodge.ringing import answer_ring, rings_here
from controller.web.desk import Desk
from controller.web.guard.now import point_titles
from controller.web.identity import Resident
from controller.web.page import TheDesk, go, page, render, words_for
from controller.web.part_stream import stream_part
from mqtt.contract.errors import UnavailableError

__all__ = ["router"]

router = APIRouter(prefix="/me/calls", include_in_schema=False)


@router.get("")
def show(request: Request, desk: TheDesk, resident: Resident) -> Response:
    """Show what rings in the own flat."""
    return page(request, "resident/rings.html", **_view(desk, resident))


@router.get("/stream")
def follow(request: Request, desk: TheDesk, resident: Resident) -> StreamingResponse:
    """Send it again when somebody rings or another one has answered."""

    def draw() -> str | None:
        return render(request, "resident/rings_part.html", **_view(desk, resident))

    return stream_part(request, draw)


@router.post("/{ring}")
def answer(
    ring: int,
    request: Request,
    desk: TheDesk,
    resident: Resident,
    opens: Annotated[str, Form(max_length=3)] = "no",
) -> Response:
    """Open for the visitor, or do not; both are one tap."""
    w, is_open = words_for(request), opens == "yes"
    try:
        with desk.writing() as uow:
            publication = answer_ring(
                uow, desk.site, ring, opens=is_open, moment=desk.clock(), resident=resident
            )
            uow.commit()
        if publication is not None:
            desk.wire.send(publication)
    except UnavailableError as error:
        return page(
            request, "resident/rings.html", 503, error=w.error(error), **_view(desk, resident)
        )
    said = w("门已打开。", "The door is open.") if is_open else w("没有开门。", "It stays closed.")
    return go("/me/calls", said)


def _view(desk: Desk, resident: Actor) -> dict[str, object]:
    with desk.reading() as uow:
        rings = rings_here(uow, desk.site, resident, desk.clock())
        return {"rings": rings, "titles": point_titles(uow)}
