"""Show one door with what can be done there, and what a guard carries or puts in the window."""

from typing import Annotated

from fastapi import APIRouter, Form, Query, Request
from starlette.responses import Response

from controller.domain.roles import Actor
from controller.services.calls import gate_of
from controller.services.lodge.holds import order_at
from controller.services.revoking import carried_for
from controller.storage.models import AccessPointRow, GateRow
from controller.web import lookup
from controller.web.desk import Desk
from controller.web.guard.look import guard_page
from controller.web.guard.words import ACT_WORDS, REASONS, reason_text
from controller.web.identity import Staff
from controller.web.page import TheDesk, go, qr_svg, words_for
from controller.web.views import GateView
from mqtt.contract.errors import RefusedError, UnavailableError

__all__ = ["router"]

router = APIRouter(prefix="/guard", include_in_schema=False)


@router.get("/doors/{point}")
def door(point: str, request: Request, desk: TheDesk) -> Response:
    """Show a door: hold open in an emergency, lock down, end either, clear the tamper latch."""
    return _door(point, request, desk)


@router.post("/doors/{point}/{act}")
def act_at(
    point: str,
    act: str,
    request: Request,
    *,
    desk: TheDesk,
    staff: Staff,
    reason: Annotated[str, Form(max_length=80)] = "",
) -> Response:
    """Order something; an emergency hold is countersigned by a second person later."""
    w = words_for(request)
    try:
        _order(desk, staff, point, act, reason_text(reason))
    except (RefusedError, UnavailableError) as error:
        return _door(point, request, desk, w.error(error))
    return go("/guard", w(*ACT_WORDS[act]))


@router.get("/gates/{gate}/carry")
def carry(gate: str, request: Request, desk: TheDesk, staff: Staff) -> Response:
    """Show the newest endings as a code to hold to a gate that is offline."""
    w, code = words_for(request), None
    with desk.reading() as uow:
        title = uow.need(GateRow, gate).title or gate
        try:
            text = carried_for(uow, desk.site, staff, gate, desk.clock())
            code = qr_svg(text, w("停用名单的二维码", "QR code of what has ended"))
        except RefusedError:
            code = None
    return guard_page(request, "carry.html", gate=gate, title=title, code=code)


@router.get("/gates/{gate}/card")
def card(
    gate: str,
    request: Request,
    desk: TheDesk,
    whole: Annotated[str, Query(max_length=1)] = "",
) -> Response:
    """Show the card for the window: what is out of order, which ways and gates to use."""
    with desk.reading() as uow:
        uow.need(GateRow, gate)
        gates = lookup.gates(uow, desk.site.zone, desk.clock())
    here = next(each for each in gates if each.name == gate)
    others = [each.title for each in gates if each.name != gate and each.online]
    broken = [one.way for one in here.ways if one.state == "fault"]
    works = [one.way for one in here.ways if one.state in {"ready", ""} and one.way != "face"]
    return guard_page(
        request,
        "card.html",
        gate=here,
        broken=broken,
        works=[] if whole else works,
        others=others,
        whole=bool(whole),
    )


def _order(desk: Desk, staff: Actor, point: str, act: str, reason: str) -> None:
    with desk.writing() as uow:
        _, publication = order_at(
            uow, desk.site, staff, point, act, reason=reason, moment=desk.clock()
        )
        uow.commit()
    desk.wire.send(publication)


def _door(point: str, request: Request, desk: Desk, error: str = "") -> Response:
    with desk.reading() as uow:
        row = uow.need(AccessPointRow, point)
        gates = lookup.gates(uow, desk.site.zone, desk.clock())
        gate = next(each for each in gates if each.name == gate_of(uow, point))
    return guard_page(
        request,
        "door.html",
        422 if error else 200,
        point=point,
        title=row.title or point,
        gate=gate,
        state=_state(gate, row.portal),
        reasons=REASONS,
        error=error,
    )


def _state(gate: GateView, portal: str) -> str:
    return next((door.state for door in gate.doors if door.portal == portal), "")
