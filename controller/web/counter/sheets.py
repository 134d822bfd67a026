"""Show the sheets that need nobody's data: door signs and blank forms, A4 or 80 mm."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from sqlalchemy import select
from starlette.responses import Response

from controller.domain.refusal import Refusal
from controller.storage.models import AccessPointRow, FaceNoticeRow
from controller.web.counter.drawn import WAYS
from controller.web.page import TheDesk, page, qr_svg, words_for
from mqtt.contract.reasons import ReasonCode

__all__ = ["FORMS", "router"]

router = APIRouter(prefix="/desk/sheets", include_in_schema=False)
FORMS = ("consent", "withdraw", "complaint", "pass", "copy")


@router.get("")
def choose(request: Request, desk: TheDesk) -> Response:
    """Show every sheet."""
    with desk.reading() as uow:
        rows = uow.session.scalars(select(AccessPointRow).order_by(AccessPointRow.name))
        points = [(row.name, row.title or row.name) for row in rows]
    return page(request, "counter/sheets.html", points=points, forms=FORMS)


@router.get("/sign/{point}")
def sign(
    point: str,
    request: Request,
    desk: TheDesk,
    paper: Annotated[str, Query(max_length=2)] = "",
) -> Response:
    """Show the door sign: the ways here in equal tiles, the code of the public page."""
    with desk.reading() as uow:
        row = uow.need(AccessPointRow, point)
        ways = [way for way in WAYS if way in row.methods]
        title = row.title or point
    address = f"{request.url.scheme}://{request.url.netloc}/here"
    code = qr_svg(address, words_for(request)("公示页的二维码", "QR code of the public page"))
    return page(
        request, "counter/sign.html", title=title, ways=ways, code=code, is_narrow=paper == "80"
    )


@router.get("/forms/{form}")
def blank(
    form: str,
    request: Request,
    desk: TheDesk,
    paper: Annotated[str, Query(max_length=2)] = "",
) -> Response:
    """Show a blank form; the consent form carries the whole notice in force."""
    if form not in FORMS:
        raise Refusal(ReasonCode.NOT_FOUND, "DE-01", detail="form").as_error()
    with desk.reading() as uow:
        found = select(FaceNoticeRow).order_by(FaceNoticeRow.published_at_ms.desc())
        notice = uow.session.scalars(found).first()
    return page(request, "counter/form.html", form=form, notice=notice, is_narrow=paper == "80")
