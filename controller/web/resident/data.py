"""Let a person copy, correct and erase what is held, complain, and look after own devices."""

import json
from typing import Annotated

from fastapi import APIRouter, Form, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from controller.domain.complaints import ComplaintTopic
from controller.services.complaints import complain, complaints_for
from controller.services.own_data import correct_contact, end_other_devices, own_copy, own_devices
from controller.services.staff import end_session
from controller.storage.models import HolderRow
from controller.web.complaint_topics import topics_for
from controller.web.desk import Desk
from controller.web.identity import Resident, clear_cookie, cookie_of
from controller.web.page import TheDesk, go, page, words_for
from mqtt.contract.errors import RefusedError

__all__ = ["router"]

router = APIRouter(prefix="/me", include_in_schema=False)


class Contact(BaseModel, extra="forbid"):
    """What a person may correct alone; any other field is refused."""

    phone: Annotated[str, Field(max_length=40)] = ""
    language: Annotated[str, Field(max_length=8)] = ""
    longer: Annotated[str, Field(max_length=3)] = ""


@router.get("/data")
def show_data(request: Request, desk: TheDesk, resident: Resident) -> Response:
    """Show what is held and what can be done about it."""
    return _data(request, desk, resident)


@router.post("/data")
def correct(
    request: Request,
    desk: TheDesk,
    resident: Resident,
    form: Annotated[Contact, Form()],
) -> Response:
    """Correct telephone, language and whether doors stay open longer."""
    w = words_for(request)
    try:
        with desk.writing() as uow:
            correct_contact(
                uow,
                resident,
                phone=form.phone,
                language=form.language,
                longer_opening=form.longer == "1",
            )
            uow.commit()
    except RefusedError as error:
        return _data(request, desk, resident, w.error(error))
    desk.wire.changed()
    return go("/me/data", w("已更正。", "Corrected."))


@router.get("/data/copy")
def copy(desk: TheDesk, resident: Resident) -> Response:
    """Give everything that is held as a file (PIPL Art. 45)."""
    moment = desk.clock()
    with desk.reading() as uow:
        made = own_copy(uow, desk.site, resident, moment)
    name = f"equalgate-{desk.site.today(moment).isoformat()}.json"
    return Response(
        json.dumps(made, ensure_ascii=False, indent=1),
        media_type="application/json",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


@router.post("/devices/end")
def end_devices(request: Request, desk: TheDesk, resident: Resident) -> Response:
    """Sign every other device out."""
    w = words_for(request)
    with desk.writing() as uow:
        count = end_other_devices(uow, resident, cookie_of(request), desk.clock())
        uow.commit()
    said = w(f"已让其他 {count} 台设备退出。", f"Signed {count} other devices out.")
    return go("/me/data", said)


@router.post("/sign-out")
def sign_out(request: Request, desk: TheDesk, _resident: Resident) -> Response:
    """Sign this device out."""
    w = words_for(request)
    with desk.writing() as uow:
        end_session(uow, cookie_of(request), desk.clock())
        uow.commit()
    response = go("/first", w("已退出。", "Signed out."))
    clear_cookie(response, desk)
    return response


@router.get("/complain")
def ask_complaint(request: Request, desk: TheDesk, resident: Resident, topic: str = "") -> Response:
    """Show the form and the own complaints with their answers."""
    chosen = topic if topic in set(ComplaintTopic) else ""
    return _complaints(request, desk, resident, chosen=chosen)


@router.post("/complain")
def take_complaint(
    request: Request,
    desk: TheDesk,
    resident: Resident,
    topic: Annotated[str, Form(max_length=10)] = "",
    text: Annotated[str, Form(max_length=4_000)] = "",
) -> Response:
    """Take a complaint; the own records are held until it is answered and 60 days more."""
    moment, w = desk.clock(), words_for(request)
    try:
        with desk.writing() as uow:
            about = ComplaintTopic(topic) if topic in set(ComplaintTopic) else ComplaintTopic.OTHER
            row = complain(uow, about, text, moment, holder=resident.id)
            uow.commit()
            due = w.iso_day(row.answer_due_ms)
    except RefusedError as error:
        said = w.error(error)
        return _complaints(request, desk, resident, chosen=topic, text=text, error=said)
    return go(
        "/me/complain",
        w(f"已收到，最迟 {due} 答复您。", f"Received. You get an answer by {due}."),
    )


def _data(request: Request, desk: Desk, resident: Resident, error: str = "") -> Response:
    moment = desk.clock()
    with desk.reading() as uow:
        person = uow.need(HolderRow, resident.id)
        devices = own_devices(uow, resident, moment)
        return page(
            request,
            "resident/data.html",
            422 if error else 200,
            error=error,
            person=person,
            devices=[row.created_at_ms for row in devices],
        )


def _complaints(
    request: Request,
    desk: Desk,
    resident: Resident,
    *,
    chosen: str = "",
    text: str = "",
    error: str = "",
) -> Response:
    topics = topics_for(words_for(request))
    with desk.reading() as uow:
        made = complaints_for(uow, resident)
    return page(
        request,
        "resident/complain.html",
        422 if error else 200,
        error=error,
        topics=topics,
        names={key: said for key, said, _ in topics},
        made=made,
        chosen=chosen,
        text=text,
    )
