"""Serve what anybody may know about the gates here, behind the code on the sign: no login.

No page of this module shows, counts or links a person (rules NO-03, CM-01).
"""

from typing import Annotated

from fastapi import APIRouter, Form, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from controller.domain.complaints import ComplaintTopic
from controller.services.complaints import complain
from controller.services.public_view import check_results, notices, operators, places_here
from controller.storage.models import FaceNoticeRow
from controller.web.complaint_topics import topics_for
from controller.web.desk import Desk
from controller.web.page import TheDesk, go, page, words_for
from mqtt.contract.errors import RefusedError
from mqtt.contract.reasons import ReasonCode
from mqtt.contract.rules import count_verdicts

__all__ = ["router"]

router = APIRouter(prefix="/here", include_in_schema=False)
_LIMIT = "complaint"


class Complaint(BaseModel, extra="forbid"):
    """What somebody without an account complains about, and how to answer, if they want."""

    topic: Annotated[str, Field(max_length=10)] = "other"
    text: Annotated[str, Field(max_length=4_000)] = ""
    contact: Annotated[str, Field(max_length=80)] = ""


@router.get("")
def show(request: Request, desk: TheDesk) -> Response:
    """Show operator, ways in, which gates hold face data, verdicts in numbers, complaint routes."""
    with desk.reading() as uow:
        found = notices(uow)
        results = check_results(uow)
        return page(
            request,
            "public/here.html",
            operators=operators(uow),
            points=places_here(uow),
            notice=found[0] if found else None,
            counts=count_verdicts(result.evaluation for result in results),
        )


@router.get("/rules")
def show_rules(request: Request, desk: TheDesk) -> Response:
    """Show every rule with its article and its verdict."""
    with desk.reading() as uow:
        results = check_results(uow)
    return page(request, "public/rules.html", results=results)


@router.get("/notice")
def show_notice(request: Request, desk: TheDesk) -> Response:
    """Show the notice in force, and every one before it."""
    with desk.reading() as uow:
        found = notices(uow)
        return page(
            request,
            "public/notice.html",
            notice=found[0] if found else None,
            others=found[1:],
            is_in_force=True,
        )


@router.get("/notice/{version}")
def show_old_notice(version: str, request: Request, desk: TheDesk) -> Response:
    """Show one version of the notice."""
    with desk.reading() as uow:
        found = notices(uow)
        row = uow.need(FaceNoticeRow, version[:40])
        return page(
            request,
            "public/notice.html",
            notice=row,
            others=[each for each in found if each.version != row.version],
            is_in_force=found[0].version == row.version,
        )


@router.get("/complain")
def ask(request: Request) -> Response:
    """Show the form for anybody."""
    return _form(request, Complaint(topic=""))


@router.post("/complain")
def take(request: Request, desk: TheDesk, form: Annotated[Complaint, Form()]) -> Response:
    """Take a complaint; "I was forced" is read by the inspector only."""
    moment, w = desk.clock(), words_for(request)
    try:
        _check_rate(request, desk)
        with desk.writing() as uow:
            topic = ComplaintTopic(form.topic)
            row = complain(uow, topic, form.text, moment, contact=form.contact)
            uow.commit()
            number, due = row.id, w.iso_day(row.answer_due_ms)
    except ValueError:
        return _form(request, form, w("请选一项。", "Please choose what it is about."))
    except RefusedError as error:
        return _form(request, form, w.error(error))
    return go(
        "/here",
        w(
            f"已收到，编号 {number}，最迟 {due} 答复。",
            f"Received as number {number}. Answered by {due}.",
        ),
    )


def _check_rate(request: Request, desk: Desk) -> None:
    address = request.client.host if request.client else ""
    now_ms = desk.clock().mono_ms
    if not desk.limit.allows(_LIMIT, address, now_ms):
        raise RefusedError(ReasonCode.RATE_LIMITED, rule="WE-02")
    desk.limit.failed(_LIMIT, address, now_ms)


def _form(request: Request, form: Complaint, error: str = "") -> Response:
    return page(
        request,
        "public/complain.html",
        422 if error else 200,
        error=error,
        topics=topics_for(words_for(request)),
        form=form,
    )
