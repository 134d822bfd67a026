"""Serve a resident's code for the phone, which goes on for 24 h without us, and paper passes."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel
from starlette.responses import Response

from controller.domain.credentials import Carrier
from controller.domain.moment import Moment
from controller.domain.passes import WINDOW_S, successor_is_due
from controller.domain.refusal import Refusal
from controller.domain.roles import Actor
from controller.services.passes import (
    issue_successor,
    paper_after_loss,
    pass_text,
    phone_page,
)
from controller.storage.models import CredentialRow, HolderRow
from controller.storage.unit_of_work import UnitOfWork
from controller.web.desk import Desk
from controller.web.identity import Resident
from controller.web.ids import IdText, raw_id
from controller.web.page import TheDesk, go, page, qr_svg, words_for
from controller.web.resident.own import carried, levels_of, need_own
from mqtt.contract.ids import id_to_text
from mqtt.contract.reasons import ReasonCode

__all__ = ["router", "serial_of"]

router = APIRouter(prefix="/me", include_in_schema=False)


class Windows(BaseModel):
    """What an open page holds: our time now, the length of a window, (first second, text)."""

    now_ms: int
    window_s: int
    windows: list[tuple[int, str]]


@router.get("/pass")
def show_pass(request: Request, desk: TheDesk, resident: Resident) -> Response:
    """Show the code of this minute; the script goes on from there."""
    moment, w = desk.clock(), words_for(request)
    with desk.reading() as uow:
        phones = carried(uow, resident.id, moment, Carrier.PHONE)
        shown = phone_page(uow, desk.site, phones[0].id, moment, 0) if phones else None
    if shown is None or not shown.windows:
        return page(request, "resident/pass.html", code=None, until_ms=0)
    start_s, text = shown.windows[0]
    code = qr_svg(text, w("我的进门二维码", "My QR code for the gate"))
    return page(request, "resident/pass.html", code=code, until_ms=(start_s + WINDOW_S) * 1000)


@router.get("/pass/windows")
def show_windows(desk: TheDesk, resident: Resident) -> Windows:
    """Sign the windows of the next 24 h for this page."""
    moment = desk.clock()
    with desk.reading() as uow:
        phones = carried(uow, resident.id, moment, Carrier.PHONE)
        if not phones:
            raise Refusal(ReasonCode.NOT_FOUND, "PA-03", detail="phone").as_error()
        shown = phone_page(uow, desk.site, phones[0].id, moment)
    return Windows(now_ms=moment.utc_ms, window_s=WINDOW_S, windows=list(shown.windows))


@router.get("/paper")
def list_papers(request: Request, desk: TheDesk, resident: Resident) -> Response:
    """Show the own paper passes, or offer one."""
    moment = desk.clock()
    with desk.reading() as uow:
        papers = carried(uow, resident.id, moment, Carrier.PAPER, Carrier.SLIP)
        can_have = bool(levels_of(uow, resident.id, moment))
    due = any(
        row.carrier == Carrier.PAPER.value
        and successor_is_due(row.valid_until_ms // 1000, moment.utc_s)
        for row in papers
    )
    shown = [(id_to_text(row.id), row.carrier, row.valid_until_ms) for row in papers]
    has_standing = any(row.carrier == Carrier.PAPER.value for row in papers)
    return page(
        request,
        "resident/papers.html",
        papers=shown,
        has_standing=has_standing,
        is_due=due,
        can_have=can_have,
    )


@router.post("/paper")
def make_paper(desk: TheDesk, resident: Resident) -> Response:
    """Make the own standing pass or its successor, and show it; there is one at a time."""
    moment = desk.clock()
    with desk.writing() as uow:
        made = _standing(uow, desk, resident, moment)
        uow.commit()
    desk.wire.changed()
    return go(f"/me/papers/{id_to_text(made)}")


def _standing(uow: UnitOfWork, desk: Desk, resident: Actor, moment: Moment) -> bytes:
    held = carried(uow, resident.id, moment, Carrier.PAPER)
    if not held:
        levels = levels_of(uow, resident.id, moment)
        made = paper_after_loss(uow, desk.site, resident, resident.id, levels=levels, moment=moment)
        return made.credential
    if successor_is_due(held[0].valid_until_ms // 1000, moment.utc_s):
        issue_successor(uow, desk.site, resident, held[0].id, moment)
    return held[0].id


@router.get("/papers/{credential}")
def show_paper(
    credential: IdText,
    request: Request,
    desk: TheDesk,
    resident: Resident,
    lost: Annotated[str, Query(max_length=1)] = "",
) -> Response:
    """Show a paper pass, of oneself or of an own child, ready to print."""
    moment, w = desk.clock(), words_for(request)
    with desk.reading() as uow:
        row = need_own(uow, desk, resident, raw_id(credential), moment)
        text = pass_text(uow, desk.site, row.id, moment)
        name = uow.need(HolderRow, row.holder_id).name
    return page(
        request,
        "resident/paper.html",
        code=qr_svg(text, w("纸质通行证的二维码", "QR code of the paper pass")),
        serial=serial_of(row),
        name=name,
        is_own=row.holder_id == resident.id,
        is_standing=row.carrier == Carrier.PAPER.value,
        until_ms=row.valid_until_ms,
        after_loss=lost == "1",
    )


def serial_of(row: CredentialRow) -> str:
    """Return eight digits that name one print of a pass on paper; they open nothing."""
    digits = f"{int.from_bytes(row.pass_id or row.id) % 10**8:08}"
    return f"{digits[:4]} {digits[4:]}"
