"""Let a guardian agree to a child's wish for face, or stop it; the child says yes at the gate."""

from typing import Annotated

from fastapi import APIRouter, Form, Request
from starlette.responses import Response

from controller.domain.moment import Moment
from controller.domain.refusal import Refusal
from controller.domain.roles import Actor
from controller.services.consent import agree_as_guardian, open_wish, standing_consents
from controller.services.erasure import stop_face
from controller.services.holders import guardians_of
from controller.services.notices import notice_in_force
from controller.storage.unit_of_work import UnitOfWork
from controller.web.desk import Desk
from controller.web.identity import Resident
from controller.web.ids import IdText, raw_id
from controller.web.page import TheDesk, go, page, words_for
from controller.web.resident.own import children_of
from mqtt.contract.errors import RefusedError
from mqtt.contract.ids import id_to_text
from mqtt.contract.reasons import ReasonCode

__all__ = ["router"]

router = APIRouter(prefix="/me/children", include_in_schema=False)


@router.get("")
def list_children(request: Request, desk: TheDesk, guardian: Resident) -> Response:
    """Show the own children and how each stands with face."""
    return _listed(request, desk, guardian)


@router.post("/{child}/agree")
def agree(
    child: IdText,
    request: Request,
    desk: TheDesk,
    guardian: Resident,
    version: Annotated[str, Form(max_length=40)] = "",
) -> Response:
    """Give the guardian's own, separate consent to the notice that was shown (case J10)."""
    moment, w = desk.clock(), words_for(request)
    try:
        with desk.writing() as uow:
            _need_child(uow, desk, guardian, raw_id(child), moment)
            agree_as_guardian(
                uow, desk.site, guardian, raw_id(child), notice_version=version, moment=moment
            )
            uow.commit()
    except RefusedError as error:
        if error.code is ReasonCode.NOT_FOUND:
            raise
        return _listed(request, desk, guardian, w.error(error))
    desk.wire.changed()
    said = w("已同意。孩子本人还要到门口完成。", "Agreed. The child finishes it at the gate.")
    return go("/me/children", said)


@router.post("/{child}/face-off")
def stop(child: IdText, request: Request, desk: TheDesk, guardian: Resident) -> Response:
    """Stop face for a child and erase at every gate; either guardian may."""
    moment, w = desk.clock(), words_for(request)
    with desk.writing() as uow:
        _need_child(uow, desk, guardian, raw_id(child), moment)
        stop_face(uow, desk.site, guardian, raw_id(child), moment=moment)
        uow.commit()
    desk.wire.changed()
    said = w("已关闭，正在逐门删除。", "It is off, and is being erased gate by gate.")
    return go("/me/children", said)


def _need_child(uow: UnitOfWork, desk: Desk, guardian: Actor, child: bytes, moment: Moment) -> None:
    if guardian.id not in guardians_of(uow, desk.site, child, moment):
        raise Refusal(ReasonCode.NOT_FOUND, "MI-02", "PIPL Art. 31, 44").as_error()


def _listed(request: Request, desk: Desk, guardian: Actor, error: str = "") -> Response:
    moment = desk.clock()
    with desk.reading() as uow:
        children = []
        for child in children_of(uow, desk, guardian.id, moment):
            wish = open_wish(uow, child.id, moment)
            children.append(
                {
                    "id": id_to_text(child.id),
                    "name": child.name,
                    "is_on": bool(standing_consents(uow, child.id)),
                    "has_wish": wish is not None,
                    "agreed_at_ms": 0 if wish is None else wish.guardian_agreed_at_ms or 0,
                }
            )
        return page(
            request,
            "resident/children.html",
            422 if error else 200,
            error=error,
            children=children,
            notice=notice_in_force(uow),
        )
