"""Bring units into the compound: `/api/v1/units`. A unit itself uses `ask` and nothing else."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, Field

from controller.domain.local_time import local_text
from controller.services import provisioning
from controller.storage.models import ProvisioningRow
from controller.web.desk import Desk, desk_of
from controller.web.identity import Staff
from mqtt.contract import codec
from mqtt.contract.ids import id_from_text, id_to_text
from mqtt.contract.provisioning import AskMessage

__all__ = ["router"]

router = APIRouter(prefix="/api/v1/units", tags=["units"])

_Desk = Annotated[Desk, Depends(desk_of)]


class TokenBody(BaseModel, extra="forbid"):
    """For which gate; `replaces` where a broken or stolen unit is exchanged."""

    gate: str = Field(max_length=40)
    replaces: bool = False
    reason: str = Field(min_length=1, max_length=200)


class TokenView(BaseModel):
    """The token, told once, and when it ends."""

    token: str
    until: str


class ApprovalBody(BaseModel, extra="forbid"):
    """The fingerprint as the manager reads it on the unit."""

    fingerprint: str = Field(min_length=32, max_length=64)


class UnitView(BaseModel):
    """A unit on its way in: `open`, `asked`, `approved`, `issued` or `refused`."""

    id: str
    gate: str
    state: str
    replaces: bool
    fingerprint: str
    made_at: str


class AskedView(BaseModel):
    """What a unit is told; `answer` is the signed answer in hex once the certificate is issued."""

    state: str
    answer: str


@router.post("/tokens", status_code=201)
def make_token(body: TokenBody, desk: _Desk, staff: Staff) -> TokenView:
    """Make a token for one unit; it works once and for 24 h."""
    moment = desk.clock()
    with desk.writing() as uow:
        token = provisioning.make_token(
            uow, staff, body.gate, replaces=body.replaces, reason=body.reason, moment=moment
        )
        until = uow.need(ProvisioningRow, token.id).until_ms
        uow.commit()
    return TokenView(token=token.text(), until=local_text(until, desk.site.zone))


@router.get("")
def list_units(desk: _Desk) -> list[UnitView]:
    """Return the units on their way in, newest first."""
    with desk.reading() as uow:
        return [_view(row, desk.site.zone) for row in provisioning.units(uow)]


@router.post("/ask")
async def ask(request: Request, desk: _Desk) -> AskedView:
    """Take what a unit asks, or tell it where it stands; only its token's MAC lets it in."""
    message = codec.decode(await request.body(), AskMessage)
    with desk.writing() as uow:
        row = provisioning.take_ask(uow, message, desk.clock())
        view = AskedView(state=row.state, answer=row.answer.hex() if row.answer else "")
        uow.commit()
    return view


@router.post("/{unit}/approve")
def approve(unit: str, body: ApprovalBody, desk: _Desk, staff: Staff) -> UnitView:
    """Let a unit in whose fingerprint was compared."""
    with desk.writing() as uow:
        id_ = id_from_text(unit)
        row = provisioning.approve(uow, staff, id_, body.fingerprint, desk.clock())
        view = _view(row, desk.site.zone)
        uow.commit()
    desk.wire.changed()
    return view


@router.post("/{unit}/refuse")
def refuse(unit: str, desk: _Desk, staff: Staff) -> UnitView:
    """Turn a unit away; its token is used up."""
    with desk.writing() as uow:
        row = provisioning.refuse(uow, staff, id_from_text(unit), desk.clock())
        view = _view(row, desk.site.zone)
        uow.commit()
    return view


def _view(row: ProvisioningRow, zone: str) -> UnitView:
    return UnitView(
        id=id_to_text(row.id),
        gate=row.gate,
        state=row.state,
        replaces=row.replaces,
        fingerprint=provisioning.fingerprint_asked(row),
        made_at=local_text(row.made_at_ms, zone),
    )
