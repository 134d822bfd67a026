"""Issue fobs, PINs, phones and passes at the desk; end a credential under the rules.

Every way in is issued here alike. A pass text, PIN or window is in the answer once and is stored
nowhere; answers are never cached.
"""

from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field

from controller.domain.credentials import EndReason
from controller.domain.local_time import local_text
from controller.domain.roles import Act
from controller.services.acts import record_act
from controller.services.credentials import (
    Ended,
    FobDraft,
    end_credential,
    enrol_fob,
    issue_pin,
    move_fob,
    report_lost,
)
from controller.services.passes import (
    IssuedPass,
    issue_paper,
    issue_slip,
    issue_successor,
    open_phone,
    pass_text,
    phone_page,
)
from controller.web.desk import Desk, desk_of
from controller.web.identity import Staff
from controller.web.ids import IdText, raw_id
from mqtt.contract.ids import id_to_text

__all__ = ["PassView", "pass_view", "router"]

router = APIRouter(prefix="/api/v1", tags=["credentials"])

Levels = Annotated[list[Annotated[str, Field(max_length=40)]], Field(max_length=20)]


class Fob(BaseModel, extra="forbid"):
    """A fob to assign. `length` is its data bits if a reader read it; `move_reason` takes it over.

    The number is text: decimal, or hexadecimal with 0x, since it may be longer than a browser's
    numbers.
    """

    number: str = Field(pattern=r"^(0x[0-9a-fA-F]{1,32}|[0-9]{1,39})$")
    levels: Levels
    length: int | None = Field(None, ge=1, le=128)
    needs_pin: bool = False
    move_reason: str = Field("", max_length=200)


class Where(BaseModel, extra="forbid"):
    """Where a credential leads."""

    levels: Levels


class Slip(BaseModel, extra="forbid"):
    """A paper pass for hours or days."""

    levels: Levels
    until_ms: int


class End(BaseModel, extra="forbid"):
    """Why a credential ends, and whether a standing paper pass is issued in the same act."""

    reason: EndReason
    with_replacement: bool = False
    order_reference: str = Field("", max_length=80)
    note: str = Field("", max_length=200)


class NewCredential(BaseModel):
    """A credential that exists now."""

    credential: str


class NewPinView(NewCredential):
    """A PIN and its duress PIN, told once."""

    digits: str
    duress_digits: str


class PassView(NewCredential):
    """A pass: the text of its QR code, told once, and its last instant."""

    text: str
    valid_until: str


class NewPrint(NewCredential):
    """The text of a pass, for another print."""

    text: str


class WindowsView(NewCredential):
    """What a phone page holds for 24 h: [first second, pass text] for each minute."""

    windows: list[tuple[int, str]]


class EndedView(NewCredential):
    """A credential has ended; `paper` is the standing pass issued in the same act."""

    paper: PassView | None


@router.post("/residents/{resident}/fobs", status_code=201)
def make_fob(
    resident: IdText, body: Fob, desk: Annotated[Desk, Depends(desk_of)], staff: Staff
) -> NewCredential:
    """Assign a fob; it opens at all online gates within two seconds."""
    draft = FobDraft(
        raw_id(resident), int(body.number, 0), tuple(body.levels), body.length, body.needs_pin
    )
    with desk.writing() as uow:
        if body.move_reason:
            made = move_fob(
                uow, desk.site, staff, draft, reason=body.move_reason, moment=desk.clock()
            )
        else:
            made = enrol_fob(uow, staff, draft, desk.clock())
        uow.commit()
    desk.wire.changed()
    return NewCredential(credential=id_to_text(made))


@router.post("/residents/{resident}/pins", status_code=201)
def make_pin(
    resident: IdText, body: Where, desk: Annotated[Desk, Depends(desk_of)], staff: Staff
) -> NewPinView:
    """Draw a PIN with a duress PIN."""
    with desk.writing() as uow:
        made, pin = issue_pin(uow, staff, raw_id(resident), tuple(body.levels), desk.clock())
        uow.commit()
    desk.wire.changed()
    return NewPinView(
        credential=id_to_text(made), digits=pin.digits, duress_digits=pin.duress_digits
    )


@router.post("/residents/{resident}/papers", status_code=201)
def make_paper(
    resident: IdText, body: Where, desk: Annotated[Desk, Depends(desk_of)], staff: Staff
) -> PassView:
    """Issue a standing paper pass."""
    with desk.writing() as uow:
        made = issue_paper(
            uow,
            desk.site,
            staff,
            raw_id(resident),
            levels=tuple(body.levels),
            moment=desk.clock(),
        )
        uow.commit()
    desk.wire.changed()
    return pass_view(made, desk)


@router.post("/residents/{resident}/slips", status_code=201)
def make_slip(
    resident: IdText, body: Slip, desk: Annotated[Desk, Depends(desk_of)], staff: Staff
) -> PassView:
    """Issue a slip for hours or days, 31 at most."""
    with desk.writing() as uow:
        made = issue_slip(
            uow,
            desk.site,
            staff,
            raw_id(resident),
            levels=tuple(body.levels),
            until_ms=body.until_ms,
            moment=desk.clock(),
        )
        uow.commit()
    desk.wire.changed()
    return pass_view(made, desk)


@router.post("/residents/{resident}/phones", status_code=201)
def make_phone(
    resident: IdText, body: Where, desk: Annotated[Desk, Depends(desk_of)], staff: Staff
) -> NewCredential:
    """Begin a phone credential; its page gets windows for 24 h at a time."""
    moment = desk.clock()
    with desk.writing() as uow:
        made = open_phone(uow, raw_id(resident), tuple(body.levels), moment)
        record_act(uow, moment, staff, Act.ISSUE_CREDENTIAL, made)
        uow.commit()
    desk.wire.changed()
    return NewCredential(credential=id_to_text(made))


@router.post("/credentials/{credential}/windows")
def show_windows(credential: IdText, desk: Annotated[Desk, Depends(desk_of)]) -> WindowsView:
    """Sign the windows of the next 24 h for one phone page."""
    with desk.reading() as uow:
        page = phone_page(uow, desk.site, raw_id(credential), desk.clock())
    return WindowsView(credential=credential, windows=list(page.windows))


@router.post("/credentials/{credential}/print")
def print_again(credential: IdText, desk: Annotated[Desk, Depends(desk_of)]) -> NewPrint:
    """Give the text of a paper, slip or visitor pass again; it stays the same pass."""
    with desk.reading() as uow:
        text = pass_text(uow, desk.site, raw_id(credential), desk.clock())
    return NewPrint(credential=credential, text=text)


@router.post("/credentials/{credential}/successor", status_code=201)
def make_successor(
    credential: IdText, desk: Annotated[Desk, Depends(desk_of)], staff: Staff
) -> PassView:
    """Print the successor of a standing pass; the old paper works until the new one is used."""
    with desk.writing() as uow:
        made = issue_successor(uow, desk.site, staff, raw_id(credential), desk.clock())
        uow.commit()
    desk.wire.changed()
    return pass_view(made, desk)


@router.post("/credentials/{credential}/lost")
def lose(credential: IdText, desk: Annotated[Desk, Depends(desk_of)], staff: Staff) -> EndedView:
    """Report a credential lost; for the last one a standing pass is issued in the same act."""
    with desk.writing() as uow:
        ended = report_lost(uow, desk.site, staff, raw_id(credential), desk.clock())
        uow.commit()
    desk.wire.changed()
    return _ended_view(ended, desk)


@router.post("/credentials/{credential}/end")
def end(
    credential: IdText, body: End, desk: Annotated[Desk, Depends(desk_of)], staff: Staff
) -> EndedView:
    """End a credential if the rules allow it; a refusal names the rule and the article."""
    with desk.writing() as uow:
        ended = end_credential(
            uow,
            desk.site,
            staff,
            raw_id(credential),
            body.reason,
            moment=desk.clock(),
            with_replacement=body.with_replacement,
            order_reference=body.order_reference,
            note=body.note,
        )
        uow.commit()
    desk.wire.changed()
    return _ended_view(ended, desk)


def pass_view(made: IssuedPass, desk: Desk) -> PassView:
    """Return a new pass as the desk sees it."""
    until = local_text(made.valid_until_ms, desk.site.zone)
    return PassView(credential=id_to_text(made.credential), text=made.text, valid_until=until)


def _ended_view(ended: Ended, desk: Desk) -> EndedView:
    paper = pass_view(ended.paper, desk) if ended.paper is not None else None
    return EndedView(credential=id_to_text(ended.credential), paper=paper)
