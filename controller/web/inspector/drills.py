"""Let inspectors drill and walk: choose points, take pass and fob, follow each step, close."""

from typing import Annotated

from fastapi import Form, Request
from sqlalchemy import select
from starlette.responses import Response, StreamingResponse

from controller.domain.cards import Card, card_for
from controller.domain.refusal import Refusal, raise_if
from controller.services import inspection as visits
from controller.services.erasure import request_views
from controller.services.gates import card_formats_at
from controller.services.inspection.overview import is_simulated
from controller.services.rules.case import Case
from controller.storage.models import InspectionRow
from controller.storage.unit_of_work import UnitOfWork
from controller.web.desk import Desk
from controller.web.identity import Staff
from controller.web.ids import IdText, raw_id
from controller.web.inspector.looked import inspector_router
from controller.web.page import TheDesk, go, page, qr_svg, render, words_for
from controller.web.part_stream import stream_part
from mqtt.contract.errors import RefusedError
from mqtt.contract.ids import id_to_text
from mqtt.contract.reasons import ReasonCode

__all__ = ["router"]

router = inspector_router()


@router.get("/drills")
def every_visit(request: Request, desk: TheDesk) -> Response:
    """Show visits so far and the form that begins one."""
    return _visits(request, desk)


@router.post("/drills")
def begin(
    request: Request,
    desk: TheDesk,
    staff: Staff,
    *,
    point: Annotated[list[str] | None, Form()] = None,
    kind: Annotated[str, Form(max_length=8)] = "drill",
    fob: Annotated[str, Form(max_length=20)] = "",
) -> Response:
    """Begin a visit; the pass is shown once, on the page that answers."""
    opening = visits.open_walk if kind == "walk" else visits.open_drill
    points, moment = tuple(point or ()), desk.clock()
    try:
        with desk.writing() as uow:
            card = _card(uow, fob, frozenset(points))
            drill = opening(uow, desk.site, staff, points, moment=moment, card=card)
            uow.commit()
    except RefusedError as error:
        return _visits(request, desk, error=words_for(request).error(error))
    desk.wire.changed()
    w = words_for(request)
    with desk.reading() as uow:
        return page(
            request,
            "inspector/begun.html",
            visit=id_to_text(drill.id),
            code=qr_svg(drill.paper.text, w("检查用纸质码", "Paper pass of the inspection")),
            card=f"{drill.card.value}",
            list_hash=drill.list_hash.hex(),
            brought=bool(fob.strip()),
            simulated=is_simulated(uow),
        )


@router.get("/drills/{visit}")
def one_visit(request: Request, desk: TheDesk, visit: IdText) -> Response:
    """Show how far a visit is; what was played at the gates since is taken in first."""
    id_, moment = raw_id(visit), desk.clock()
    with desk.writing() as uow:
        visits.follow(uow, id_, moment)
        uow.commit()
    with desk.reading() as uow:
        row = uow.need(InspectionRow, id_)
        steps = visits.steps_of(uow, id_)
        erasures = [view for view in request_views(uow, moment) if view.id == row.opt_out]
        return page(
            request,
            "inspector/drill.html",
            visit=row,
            key=visit,
            steps=steps,
            erasure=erasures[0] if erasures else None,
            done=sum(step.is_done for step in steps),
            listed=[id_to_text(each) for each in visits.list_of(row.list_body)]
            if row.revealed_at_ms
            else [],
            simulated=is_simulated(uow),
        )


@router.get("/drills/{visit}/stream")
def follow_visit(request: Request, desk: TheDesk, visit: IdText) -> StreamingResponse:
    """Stream the steps as gates record them, until the visit is closed."""
    id_ = raw_id(visit)

    def draw() -> str | None:
        with desk.writing() as uow:
            visits.follow(uow, id_, desk.clock())
            uow.commit()
        with desk.reading() as uow:
            row = uow.need(InspectionRow, id_)
            if row.closed_at_ms is not None:
                return None
            steps = visits.steps_of(uow, id_)
            done = sum(step.is_done for step in steps)
            return render(
                request, "inspector/steps.html", visit=row, key=visit, steps=steps, done=done
            )

    return stream_part(request, draw)


@router.post("/drills/{visit}/face-only")
def face_only(request: Request, desk: TheDesk, staff: Staff, visit: IdText) -> Response:
    """Try a plan with face as the only way, and see it refused."""
    with desk.writing() as uow:
        trial = visits.try_face_only(uow, desk.site, staff, raw_id(visit), desk.clock())
        uow.commit()
    w = words_for(request)
    said = (
        w("已拒绝：", "Refused: ") + trial.rule
        if trial.was_refused
        else w("没有被拒绝！请停用人脸并报告。", "It was not refused! Suspend face and report it.")
    )
    return go(f"/inspector/drills/{visit}", said)


@router.post("/drills/{visit}/steps/{step}")
def stopwatch(
    request: Request,
    desk: TheDesk,
    staff: Staff,
    *,
    visit: IdText,
    step: int,
    seconds: Annotated[float, Form(gt=0, le=600)] = 0.1,
) -> Response:
    """Keep what the stopwatch said."""
    with desk.writing() as uow:
        visits.set_stopwatch(uow, staff, step, round(seconds * 1000), desk.clock())
        uow.commit()
    said = words_for(request)("秒表时间已记下", "The stopwatch time is kept")
    return go(f"/inspector/drills/{visit}", said)


@router.post("/drills/{visit}/close")
def close(request: Request, desk: TheDesk, staff: Staff, visit: IdText) -> Response:
    """End a visit: its pass and fob end, the list is revealed, counters are read again."""
    with desk.writing() as uow:
        visits.follow(uow, raw_id(visit), desk.clock())
        visits.close_drill(uow, staff, raw_id(visit), desk.clock())
        uow.commit()
    desk.wire.changed()
    said = words_for(request)("检查已结束，名单已公开", "The visit is closed, the list is revealed")
    return go(f"/inspector/drills/{visit}", said)


def _card(uow: UnitOfWork, fob: str, points: frozenset[str]) -> Card | None:
    """Return the blank fob that the inspector brought, by its printed number."""
    text = fob.strip().replace(" ", "")
    if not text:
        return None
    if not text.isdecimal():
        raise Refusal(ReasonCode.CONFIG_INVALID, "CR-05", detail="fob: digits").as_error()
    card = card_for(int(text), None, card_formats_at(uow, points))
    if isinstance(card, Refusal):
        raise_if(card)
        return None
    return card


def _visits(request: Request, desk: Desk, *, error: str = "") -> Response:
    with desk.reading() as uow:
        rows = uow.session.scalars(
            select(InspectionRow).order_by(InspectionRow.opened_at_ms.desc()).limit(50)
        ).all()
        return page(
            request,
            "inspector/drills.html",
            points=Case(uow, desk.site, desk.clock()).points,
            visits=[(row, id_to_text(row.id)) for row in rows],
            error=error,
            simulated=is_simulated(uow),
        )
