"""Serve the inbox of complaints with its 10-day clock, attestations, and sheets to print."""

from fastapi import APIRouter, Request
from sqlalchemy import select
from starlette.exceptions import HTTPException
from starlette.responses import Response

from controller.domain.desk.forms import DeskKind
from controller.services.attestations import AttestationDraft, attest, attestations, chain_break
from controller.services.complaints import answer_complaint, complaint_figures, complaints_for
from controller.services.desk.records import in_force
from controller.storage.models import AccessPointRow, FaceNoticeRow
from controller.web.desk import Desk
from controller.web.identity import Staff
from controller.web.manager.forms import TheFields
from controller.web.page import TheDesk, go, page, words_for
from mqtt.contract.errors import RefusedError

__all__ = ["router"]

router = APIRouter(prefix="/manager/compliance", include_in_schema=False)
_PATH = "/manager/compliance"
_SHEETS = frozenset({"door-sign", "notice", "no-images", "complaint-form"})


@router.get("/complaints")
def show(request: Request, desk: TheDesk, staff: Staff) -> Response:
    """Show complaints, what waits longest first."""
    with desk.reading() as uow:
        return page(
            request,
            "office/complaints.html",
            rows=complaints_for(uow, staff),
            figures=complaint_figures(uow, desk.clock(), reader=staff),
        )


@router.post("/complaints/{complaint}")
def answer(
    request: Request, desk: TheDesk, staff: Staff, fields: TheFields, complaint: int
) -> Response:
    """Answer a complaint in words that its sender reads."""
    with desk.writing() as uow:
        answer_complaint(uow, staff, complaint, fields.text("answer"), desk.clock())
        uow.commit()
    return go(f"{_PATH}/complaints", words_for(request)("已答复", "Answered"))


@router.get("/attestations")
def show_attestations(request: Request, desk: TheDesk) -> Response:
    """Show what people have attested."""
    return _attested(request, desk)


@router.post("/attestations")
def add_attestation(request: Request, desk: TheDesk, staff: Staff, fields: TheFields) -> Response:
    """Attest something that software cannot check."""
    w = words_for(request)
    try:
        with desk.writing() as uow:
            draft = AttestationDraft(
                fields.text("rule"),
                fields.text("statement"),
                fields.text("subject"),
                fields.text("witness"),
                fields.photo_hash("photo"),
                valid_until_ms=fields.instant("until", desk.site.zone, end_of_day=True),
            )
            attest(uow, staff, draft, desk.clock())
            uow.commit()
    except RefusedError as error:
        return _attested(request, desk, 422, w.error(error))
    return go(f"{_PATH}/attestations", w("已记录", "On record"))


@router.get("/sheets")
def sheets(request: Request) -> Response:
    """Offer what is to be printed and put up."""
    return page(request, "office/sheets.html")


@router.get("/sheets/{sheet}")
def sheet(request: Request, desk: TheDesk, sheet: str) -> Response:
    """Show one sheet, ready to print."""
    if sheet not in _SHEETS:
        raise HTTPException(404)
    with desk.reading() as uow:
        newest = select(FaceNoticeRow).order_by(FaceNoticeRow.published_at_ms.desc()).limit(1)
        pipia = in_force(uow, DeskKind.PIPIA, desk.clock())
        fees = in_force(uow, DeskKind.FEES, desk.clock())
        return page(
            request,
            f"office/sheet_{sheet.replace('-', '_')}.html",
            points=uow.session.scalars(select(AccessPointRow).order_by(AccessPointRow.name)).all(),
            notice=uow.session.scalar(newest),
            pipia=pipia[0] if pipia else None,
            fees=fees[0] if fees else None,
            today_ms=desk.clock().utc_ms,
        )


def _attested(request: Request, desk: Desk, status: int = 200, error: str = "") -> Response:
    with desk.reading() as uow:
        points = uow.session.scalars(select(AccessPointRow).order_by(AccessPointRow.name)).all()
        return page(
            request,
            "office/attestations.html",
            status,
            rows=tuple(reversed(attestations(uow))),
            broken=chain_break(uow),
            points=points,
            error=error,
        )
