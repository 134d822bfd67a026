"""Let residents opt in and out by themselves, see what is held, and act for their children.

A reservation is a wish; the consent is given at the gate. Opting out takes one request and asks
for no reason (rules WD-01, CO-03).
"""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, Field

from controller.domain.consent import ConsentEnd
from controller.domain.roles import Actor
from controller.services.consent import Origin, agree_as_guardian, end_wish, reserve
from controller.services.erasure import stop_face
from controller.services.face_views import own_view
from controller.services.holders import guardians_of
from controller.storage.unit_of_work import UnitOfWork
from controller.web.api.face_shapes import AccessPoints, OwnView, WishView, own_shown, wish_view
from controller.web.desk import Desk, desk_of
from controller.web.identity import Resident, cookie_of
from controller.web.ids import IdText, raw_id
from mqtt.contract.errors import RefusedError
from mqtt.contract.reasons import ReasonCode

__all__ = ["router"]

router = APIRouter(prefix="/api/v1/face", tags=["face"])

TheDesk = Annotated[Desk, Depends(desk_of)]


class Where(BaseModel, extra="forbid"):
    """The access points at which face is wished for."""

    access_points: AccessPoints


class Read(BaseModel, extra="forbid"):
    """The version of the notice that was read."""

    notice_version: str = Field(max_length=40)


@router.get("/own")
def show_own(desk: TheDesk, resident: Resident) -> OwnView:
    """Return everything that is held about oneself and face."""
    with desk.reading() as uow:
        return own_shown(own_view(uow, resident.id, desk.clock()), desk.site.zone)


@router.post("/own/reservation", status_code=201)
def make_wish(body: Where, request: Request, desk: TheDesk, resident: Resident) -> WishView:
    """Reserve; the consent itself is given at the gate, by own fob or pass and a yes."""
    return _reserve(body, request, desk, resident, resident.id)


@router.delete("/own/reservation", status_code=204)
def drop_wish(desk: TheDesk, resident: Resident) -> None:
    """Take the wish back; without one this does nothing."""
    with desk.writing() as uow:
        end_wish(uow, resident.id, ConsentEnd.WITHDRAWN, desk.clock())
        uow.commit()
    desk.wire.changed()


@router.post("/own/withdrawal")
def withdraw(desk: TheDesk, resident: Resident) -> OwnView:
    """Opt out everywhere at once; the answer lists the gates whose receipts are outstanding."""
    return _withdraw(desk, resident, resident.id)


@router.get("/children/{resident}")
def show_child(resident: IdText, desk: TheDesk, guardian: Resident) -> OwnView:
    """Return everything that is held about a child and face, to a guardian."""
    child = raw_id(resident)
    with desk.reading() as uow:
        _need_guardian(uow, desk, guardian, child)
        return own_shown(own_view(uow, child, desk.clock()), desk.site.zone)


@router.post("/children/{resident}/reservation", status_code=201)
def make_childs_wish(
    resident: IdText, body: Where, request: Request, desk: TheDesk, guardian: Resident
) -> WishView:
    """Reserve for a child under 14, where the site has rules for that; consent is apart."""
    return _reserve(body, request, desk, guardian, raw_id(resident))


@router.post("/children/{resident}/agreement")
def agree(resident: IdText, body: Read, desk: TheDesk, guardian: Resident) -> OwnView:
    """Give the guardian's own, separate consent to a child's wish."""
    child, moment = raw_id(resident), desk.clock()
    with desk.writing() as uow:
        _need_guardian(uow, desk, guardian, child)
        agree_as_guardian(
            uow, desk.site, guardian, child, notice_version=body.notice_version, moment=moment
        )
        uow.commit()
        shown = own_shown(own_view(uow, child, moment), desk.site.zone)
    desk.wire.changed()
    return shown


@router.post("/children/{resident}/withdrawal")
def withdraw_child(resident: IdText, desk: TheDesk, guardian: Resident) -> OwnView:
    """Opt a child out; either guardian may, and the child too."""
    child = raw_id(resident)
    with desk.reading() as uow:
        _need_guardian(uow, desk, guardian, child)
    return _withdraw(desk, guardian, child)


def _reserve(body: Where, request: Request, desk: Desk, actor: Actor, holder: bytes) -> WishView:
    address = request.client.host if request.client else ""
    with desk.writing() as uow:
        row = reserve(
            uow,
            desk.site,
            actor,
            holder,
            frozenset(body.access_points),
            moment=desk.clock(),
            origin=Origin(cookie_of(request), address),
        )
        uow.commit()
        shown = wish_view(row, desk.site.zone)
    desk.wire.changed()
    return shown


def _withdraw(desk: Desk, actor: Actor, holder: bytes) -> OwnView:
    moment = desk.clock()
    with desk.writing() as uow:
        stop_face(uow, desk.site, actor, holder, moment=moment)
        uow.commit()
        shown = own_shown(own_view(uow, holder, moment), desk.site.zone)
    desk.wire.changed()
    return shown


def _need_guardian(uow: UnitOfWork, desk: Desk, guardian: Actor, child: bytes) -> None:
    if guardian.id not in guardians_of(uow, desk.site, child, desk.clock()):
        raise RefusedError(ReasonCode.NOT_ALLOWED, rule="MI-02", article="PIPL Art. 31, 44")
