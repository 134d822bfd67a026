"""Show and keep the register of every controlled point; foreign equipment is NOT COVERED."""

from fastapi import APIRouter, Request
from sqlalchemy import select
from starlette.responses import Response

from controller.services.managing.points import (
    FOREIGN_WAYS,
    KINDS,
    PointDraft,
    add_point,
    count_points,
    end_point,
    points,
)
from controller.storage.models import AccessPointRow
from controller.web.identity import Staff
from controller.web.manager.forms import Fields, TheFields
from controller.web.page import TheDesk, go, page, words_for
from mqtt.contract.errors import RefusedError

__all__ = ["router"]

router = APIRouter(prefix="/manager/register", include_in_schema=False)


@router.get("")
def show(request: Request, desk: TheDesk) -> Response:
    """Show every point with its ways and its verdict."""
    return _page(request, desk)


@router.post("")
def add(request: Request, fields: TheFields, desk: TheDesk, staff: Staff) -> Response:
    """Add a point."""
    draft = PointDraft(
        fields.text("title"),
        fields.text("kind"),
        fields.text("place"),
        fields.text("operator"),
        fields.text("access_point") or None,
        fields.many("way"),
        fields.photo_hash("photo"),
    )
    try:
        with desk.writing() as uow:
            add_point(uow, staff, draft, desk.clock())
            uow.commit()
    except RefusedError as error:
        return _page(request, desk, 422, sent=fields, error=words_for(request).error(error))
    return go("/manager/register", words_for(request)("已登记", "It is on the register"))


@router.post("/{point}/remove")
def remove(request: Request, point: int, desk: TheDesk, staff: Staff) -> Response:
    """Take equipment that was removed off the register."""
    with desk.writing() as uow:
        end_point(uow, staff, point, desk.clock())
        uow.commit()
    return go("/manager/register", words_for(request)("已从登记簿移出", "It is off the register"))


def _page(
    request: Request,
    desk: TheDesk,
    status: int = 200,
    *,
    sent: Fields | None = None,
    error: str = "",
) -> Response:
    with desk.reading() as uow:
        ours = {row.name: row for row in uow.session.scalars(select(AccessPointRow))}
        listed = points(uow)
        named = {row.access_point for row in listed}
        return page(
            request,
            "manager/register.html",
            status,
            listed=listed,
            ours=ours,
            unlisted=[row for name, row in sorted(ours.items()) if name not in named],
            covered=count_points(uow),
            kinds=KINDS,
            ways=FOREIGN_WAYS,
            sent=sent or Fields(()),
            error=error,
        )
