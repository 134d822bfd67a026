"""Explain face, take a wish, stop it: on in three taps, off in two; a no counts for 180 days."""

from fastapi import APIRouter, Request
from starlette.responses import Response, StreamingResponse

from controller.domain.consent import ASK_AGAIN_MS, Wish
from controller.domain.erasure import How
from controller.domain.moment import Moment
from controller.services.consent import Origin, open_wish, reserve, standing_consents, wish_refusal
from controller.services.erasure import RequestView, request_views, stop_face
from controller.services.face_views import own_view
from controller.services.face_ways import face_points, has_way
from controller.services.notices import notice_in_force
from controller.services.own_data import decline_face
from controller.storage.models import AccessPointRow, GateRow
from controller.storage.unit_of_work import UnitOfWork
from controller.web.desk import Desk
from controller.web.identity import Resident, cookie_of
from controller.web.page import TheDesk, go, page, render, words_for
from controller.web.part_stream import stream_part
from controller.web.resident.home import face_state
from mqtt.contract.errors import RefusedError

__all__ = ["router"]

router = APIRouter(prefix="/me/face", include_in_schema=False)


@router.get("")
def explain(request: Request, desk: TheDesk, resident: Resident) -> Response:
    """Show the five facts with the other three ways, and how the person stands."""
    return _explained(request, desk, resident)


@router.get("/agree")
def show_notice(request: Request, desk: TheDesk, resident: Resident) -> Response:
    """Show the whole notice with yes and no of the same size; nothing is chosen beforehand."""
    moment = desk.clock()
    with desk.reading() as uow:
        notice = notice_in_force(uow)
        points = _open_points(uow, resident.id, moment)
        refusal = wish_refusal(uow, desk.site, Wish(resident.id, resident), points, moment)
        places = _titles(uow, points)
    if refusal is not None or notice is None:
        said = "" if refusal is None else words_for(request).error(refusal.as_error())
        return _explained(request, desk, resident, said)
    return page(request, "resident/face_agree.html", notice=notice, where=places)


@router.post("/agree")
def agree(request: Request, desk: TheDesk, resident: Resident) -> Response:
    """Reserve; the consent itself is given at the gate, in person."""
    moment, w = desk.clock(), words_for(request)
    address = request.client.host if request.client else ""
    try:
        with desk.writing() as uow:
            points = _open_points(uow, resident.id, moment)
            origin = Origin(cookie_of(request), address)
            reserve(uow, desk.site, resident, resident.id, points, moment=moment, origin=origin)
            uow.commit()
    except RefusedError as error:
        return _explained(request, desk, resident, w.error(error))
    desk.wire.changed()
    return go("/me/face", w("已预约。请到门口完成。", "Reserved. Please finish it at the gate."))


@router.post("/no")
def say_no(request: Request, desk: TheDesk, resident: Resident) -> Response:
    """Take a no: one tap, no reason, and nobody asks again for 180 days."""
    moment, w = desk.clock(), words_for(request)
    with desk.writing() as uow:
        decline_face(uow, resident, moment)
        uow.commit()
    days = ASK_AGAIN_MS // 86_400_000
    return go(
        "/me",
        w(
            f"好的，不开启。{days} 天内不会再问您。",
            f"All right, it stays off. Nobody asks again for {days} days.",
        ),
    )


@router.post("/off")
def stop(desk: TheDesk, resident: Resident) -> Response:
    """Stop face at once and erase at every gate; no reason is asked for."""
    with desk.writing() as uow:
        stop_face(uow, desk.site, resident, resident.id, moment=desk.clock())
        uow.commit()
    desk.wire.changed()
    return go("/me/face/receipt")


@router.get("/receipt")
def show_receipt(request: Request, desk: TheDesk, resident: Resident) -> Response:
    """Show the receipt of the last request to erase; it fills in gate by gate."""
    return page(request, "resident/face_receipt.html", **_receipt(desk, resident.id))


@router.get("/receipt/stream")
def follow_receipt(request: Request, desk: TheDesk, resident: Resident) -> StreamingResponse:
    """Send the receipt again whenever a gate has answered."""

    def draw() -> str | None:
        return render(request, "resident/face_receipt_part.html", **_receipt(desk, resident.id))

    return stream_part(request, draw)


def _explained(request: Request, desk: Desk, resident: Resident, error: str = "") -> Response:
    moment = desk.clock()
    with desk.reading() as uow:
        own = own_view(uow, resident.id, moment)
        wish = open_wish(uow, resident.id, moment)
        consents = standing_consents(uow, resident.id)
        fitted = frozenset(face_points(uow))
        declined = own.declined_at_ms
        return page(
            request,
            "resident/face.html",
            422 if error else 200,
            error=error,
            state=face_state(uow, resident.id, moment),
            where=_titles(uow, fitted),
            wish_until_ms=0 if wish is None else wish.until_ms,
            consent_until_ms=max((row.until_ms for row in consents), default=0),
            held_at=[_gate(uow, row.gate) for row in own.holdings if row.erased_at_ms is None],
            said_no=declined is not None and moment.utc_ms < declined + ASK_AGAIN_MS,
            has_request=bool(own.requests),
        )


def _receipt(desk: Desk, holder: bytes) -> dict[str, object]:
    moment = desk.clock()
    with desk.reading() as uow:
        views = request_views(uow, moment, holder)
        newest: RequestView | None = views[-1] if views else None
        gates = [] if newest is None else newest.gates
        lines = [
            (
                _gate(uow, each.gate),
                each.how is How.RECEIPT,
                each.how is How.GATE_LOST,
                each.done_at_ms or 0,
            )
            for each in gates
        ]
    return {
        "opened_at_ms": 0 if newest is None else newest.opened_at_ms,
        "closed_at_ms": 0 if newest is None else newest.closed_at_ms or 0,
        "lines": lines,
    }


def _open_points(uow: UnitOfWork, holder: bytes, moment: Moment) -> frozenset[str]:
    """Return where the person has another way and face is prepared."""
    notice = notice_in_force(uow)
    return frozenset(
        point
        for point, (_, _, version) in face_points(uow).items()
        if notice is not None
        and version == notice.version
        and has_way(uow, holder, frozenset({point}), moment)
    )


def _titles(uow: UnitOfWork, points: frozenset[str]) -> list[str]:
    return [uow.need(AccessPointRow, point).title or point for point in sorted(points)]


def _gate(uow: UnitOfWork, name: str) -> str:
    row = uow.find(GateRow, name)
    return name if row is None else row.title or name
