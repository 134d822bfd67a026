"""Log each look of an inspector before the page is made (rule IN-02)."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request

from controller.services.inspection.looks import note_look
from controller.services.inspection.overview import is_simulated
from controller.storage.unit_of_work import UnitOfWork
from controller.web.identity import Staff
from controller.web.page import TheDesk

__all__ = ["inspector_router", "simulated"]


def _look(request: Request, desk: TheDesk, staff: Staff) -> None:
    with desk.writing() as uow:
        note_look(uow, staff, f"{request.method} {request.url.path}", desk.clock())
        uow.commit()


Looked = Annotated[None, Depends(_look)]


def inspector_router() -> APIRouter:
    """Return a router whose every page is logged."""
    return APIRouter(prefix="/inspector", include_in_schema=False, dependencies=[Depends(_look)])


def simulated(uow: UnitOfWork) -> bool:
    """Tell whether pages have to say SIMULATED."""
    return is_simulated(uow)
