"""Take over an old list of fobs: upload, look, confirm, undo; and claim fobs at the desk."""

from datetime import timedelta

from fastapi import APIRouter, Request
from sqlalchemy import select
from starlette.responses import Response

from controller.domain.fobs.forms import READINGS, FobReading, fitting_readings
from controller.domain.fobs.rows import fob_texts
from controller.domain.moment import DAY_MS
from controller.services.managing.names import find_residents, index_missing
from controller.services.managing.spreadsheets import as_csv
from controller.services.moving.claims import open_claim, settle_claims
from controller.services.moving.fob_lists import FobOrder, apply_fobs, undo_fobs
from controller.services.moving.fob_plan import Origin, preview_fobs
from controller.storage.models import AccessPointRow, FobClaimRow, LevelRow
from controller.storage.unit_of_work import UnitOfWork
from controller.web.desk import Desk
from controller.web.identity import Staff
from controller.web.ids import raw_id
from controller.web.manager.forms import Fields, TheFields, wrong
from controller.web.office.homes import homes_of
from controller.web.office.pending import PendingFiles
from controller.web.page import TheDesk, go, page, words_for
from mqtt.contract.errors import RefusedError
from mqtt.contract.ids import id_to_text

__all__ = ["router"]

router = APIRouter(prefix="/manager/moving", include_in_schema=False)
_PATH = "/manager/moving/fobs"
_OPEN_DAYS = 60
_SHOWN = 50


@router.get("/fobs")
def ask(request: Request, desk: TheDesk) -> Response:
    """Ask for the old system's list."""
    return _ask(request, desk)


@router.post("/fobs")
def look(request: Request, desk: TheDesk, staff: Staff, fields: TheFields) -> Response:
    """Read the list and show what taking it over would do; nothing is saved."""
    w, files = words_for(request), _pending(request)
    try:
        word = fields.text("file")
        raw = fields.file("list")
        if raw:
            word = files.keep(staff.id, as_csv(raw), desk.clock())
        return _preview(request, desk, staff.id, word, fields)
    except RefusedError as error:
        return _ask(request, desk, 422, w.error(error))


@router.post("/fobs/confirm")
def confirm(request: Request, desk: TheDesk, staff: Staff, fields: TheFields) -> Response:
    """Take the list over exactly as it was shown."""
    w, files = words_for(request), _pending(request)
    try:
        raw = files.take(staff.id, fields.text("file"), desk.clock())
        until_ms = fields.instant("until", desk.site.zone, end_of_day=True) or 0
        order = FobOrder(
            raw, _reading(fields), fields.many("level"), until_ms, fields.text("token")
        )
        with desk.writing() as uow:
            done = apply_fobs(uow, staff, order, desk.clock())
            uow.commit()
    except RefusedError as error:
        return _ask(request, desk, 422, w.error(error))
    files.drop(fields.text("file"))
    desk.wire.changed()
    said = w(
        f"已接收 {done.fobs} 张卡，其中 {done.unclaimed} 张待认领",
        f"{done.fobs} fobs taken over, {done.unclaimed} of them to be claimed",
    )
    undo = f"{_PATH}/{id_to_text(done.list_id)}/undo"
    return go("/manager/moving", said, undo)


@router.post("/fobs/{list_id}/undo")
def undo(
    request: Request, desk: TheDesk, staff: Staff, fields: TheFields, list_id: str
) -> Response:
    """Take a list back; claimed fobs stay."""
    w = words_for(request)
    reason = fields.text("reason") or "undo at once"
    with desk.writing() as uow:
        count = undo_fobs(uow, staff, raw_id(list_id), reason, desk.clock())
        uow.commit()
    desk.wire.changed()
    return go("/manager/moving", w(f"已撤销 {count} 张卡", f"{count} fobs taken back"))


@router.get("/claims")
def show_claims(request: Request, desk: TheDesk, q: str = "") -> Response:
    """Find the resident whose old fob is to be claimed at the desk."""
    return _claims(request, desk, q)


@router.post("/claims")
def begin_claim(request: Request, desk: TheDesk, staff: Staff, fields: TheFields) -> Response:
    """Say that the next unclaimed fob tapped at a reader is this resident's."""
    w = words_for(request)
    try:
        with desk.writing() as uow:
            holder, point = raw_id(fields.text("holder")), fields.text("access_point")
            open_claim(uow, staff, holder, point, desk.clock())
            uow.commit()
    except RefusedError as error:
        return _claims(request, desk, fields.text("q"), 422, w.error(error))
    said = w("请在 1 分钟内刷这张卡，只刷这一张", "Tap that fob within a minute, and no other one")
    return go("/manager/moving/claims", said)


def _ask(request: Request, desk: Desk, status: int = 200, error: str = "") -> Response:
    with desk.reading() as uow:
        return page(request, "office/fobs.html", status, levels=_levels(uow), error=error)


def _preview(request: Request, desk: Desk, owner: bytes, word: str, fields: Fields) -> Response:
    moment = desk.clock()
    raw = _pending(request).take(owner, word, moment)
    fitting = fitting_readings(fob_texts(raw)) or READINGS
    asked = fields.text("reading")
    reading = _reading(fields) if asked else fitting[0]
    levels = fields.many("level")
    until = desk.site.today(moment) + timedelta(days=_OPEN_DAYS)
    with desk.reading() as uow:
        seen = preview_fobs(uow, raw, reading, levels, moment) if levels else None
        return page(
            request,
            "office/fobs_preview.html",
            seen=seen,
            counts={origin.value: seen.count(origin) for origin in Origin} if seen else {},
            shared=seen.of(Origin.SHARED)[:_SHOWN] if seen else (),
            orphans=seen.of(Origin.ORPHAN)[:_SHOWN] if seen else (),
            faults=seen.faults[:_SHOWN] if seen else (),
            reading=reading,
            readings=fitting,
            levels=_levels(uow),
            chosen=levels,
            file=word,
            until=fields.text("until") or until.isoformat(),
        )


def _claims(
    request: Request, desk: Desk, typed: str, status: int = 200, error: str = ""
) -> Response:
    with desk.writing() as uow:
        settle_claims(uow, desk.clock())
        index_missing(uow)
        uow.commit()
    with desk.reading() as uow:
        points = uow.session.scalars(select(AccessPointRow).order_by(AccessPointRow.name)).all()
        recent = uow.session.scalars(
            select(FobClaimRow)
            .where(FobClaimRow.opened_at_ms > desk.clock().utc_ms - DAY_MS)
            .order_by(FobClaimRow.opened_at_ms.desc())
            .limit(10)
        ).all()
        found = find_residents(uow, typed) if typed.strip() else ()
        return page(
            request,
            "office/claims.html",
            status,
            found=found,
            homes=homes_of(uow, found),
            typed=typed,
            points=[point for point in points if "fob" in point.methods],
            recent=recent,
            id_text=id_to_text,
            error=error,
        )


def _levels(uow: UnitOfWork) -> list[LevelRow]:
    """Return the levels that people named; those of single passes are left out."""
    rows = uow.session.scalars(select(LevelRow).order_by(LevelRow.name))
    return [row for row in rows if not row.name.startswith("plan-")]


def _reading(fields: Fields) -> FobReading:
    word = fields.text("reading")
    found = next((each for each in READINGS if each.word == word), None)
    if found is None:
        raise wrong("reading")
    return found


def _pending(request: Request) -> PendingFiles:
    state = request.app.state
    if not hasattr(state, "pending_files"):
        state.pending_files = PendingFiles()
    files: PendingFiles = state.pending_files
    return files
