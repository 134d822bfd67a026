"""Show each sheet as a page that is made to be printed."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from controller.services.evidence.sheets import SheetKind, sheet
from controller.web.page import TheDesk, page

__all__ = ["ROUTERS"]

router = APIRouter(prefix="/sheets", include_in_schema=False)


@router.get("")
def every_sheet(request: Request) -> Response:
    """Show which sheets there are."""
    return page(request, "sheets/every.html")


@router.get("/owners")
def owners(request: Request, desk: TheDesk) -> Response:
    """Show what owners are told once a year."""
    return _page(request, desk, SheetKind.OWNERS)


@router.get("/pipia")
def pipia(request: Request, desk: TheDesk) -> Response:
    """Show the sheet for the review of the impact assessment."""
    return _page(request, desk, SheetKind.PIPIA)


@router.get("/minors")
def minors(request: Request, desk: TheDesk) -> Response:
    """Show the sheet for the yearly audit of minors."""
    return _page(request, desk, SheetKind.MINORS)


@router.get("/rights")
def rights(request: Request, desk: TheDesk) -> Response:
    """Show the sheet on which the manager confirms every account."""
    return _page(request, desk, SheetKind.RIGHTS)


def _page(request: Request, desk: TheDesk, kind: SheetKind) -> Response:
    moment = desk.clock()
    with desk.reading() as uow:
        shown = sheet(uow, desk.site, kind, moment)
    today = desk.site.today(moment).isoformat()
    return page(request, "sheets/sheet.html", sheet=shown, today=today)


ROUTERS: tuple[APIRouter, ...] = (router,)
