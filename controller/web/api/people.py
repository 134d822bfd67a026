"""Register dwellings and residents, show a resident's access, move somebody out."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, Field
from sqlalchemy import select

from controller.domain.local_time import local_text
from controller.domain.people import HolderKind, Relation
from controller.domain.roles import Act
from controller.services.access import levels
from controller.services.acts import need_act, record_act
from controller.services.credentials import credentials_of
from controller.services.holders import (
    HolderDraft,
    add_dwelling,
    add_guardian,
    add_holder,
    add_residence,
)
from controller.services.leaving import move_out
from controller.storage.models import CredentialRow, DwellingRow, HolderRow, ResidenceRow
from controller.storage.unit_of_work import UnitOfWork
from controller.web.desk import Desk, desk_of
from controller.web.identity import Staff
from controller.web.ids import IdText, raw_id
from mqtt.contract.ids import id_to_text

__all__ = ["CredentialView", "credential_view", "router"]

router = APIRouter(prefix="/api/v1", tags=["people"])

_MOST = 200


class DwellingView(BaseModel):
    """One flat."""

    id: int
    label: str


class DwellingDraft(BaseModel, extra="forbid"):
    """A flat to register, as building-unit-room."""

    label: str = Field(min_length=1, max_length=80)


class ResidenceView(BaseModel):
    """A right to live in a dwelling."""

    dwelling: str
    dwelling_id: int
    relation: Relation
    until: str = Field("", description="local instant, empty for no end")
    is_current: bool


class ResidentView(BaseModel):
    """A person with the right to live here; for the desk only."""

    id: str
    name: str
    is_child: bool
    longer_opening: bool
    language: str
    residences: list[ResidenceView]


class ResidentDraft(BaseModel, extra="forbid"):
    """A resident to register. `adult_from` is the 18th birthday of a child."""

    name: str = Field(min_length=1, max_length=80, repr=False)
    dwelling: str = Field(min_length=1, max_length=80)
    relation: Relation
    until_ms: int | None = None
    phone: str = Field("", max_length=40, repr=False)
    adult_from: date | None = None
    guardians: list[IdText] = []
    longer_opening: bool = False
    language: str = Field("zh-CN", max_length=16)


class MoveOut(BaseModel, extra="forbid"):
    """Which dwelling somebody leaves."""

    dwelling_id: int


class MovedOut(BaseModel):
    """What ended with the right: everything at once."""

    credentials: int
    sessions: int


class CredentialView(BaseModel):
    """One credential; no card number, PIN or pass text."""

    id: str
    carrier: str
    levels: list[str]
    valid_from: str
    valid_until: str
    label: str


@router.get("/dwellings")
def list_dwellings(
    desk: Annotated[Desk, Depends(desk_of)],
    after: int = 0,
    limit: int = Query(_MOST, ge=1, le=_MOST),
) -> list[DwellingView]:
    """Return dwellings in the order of their numbers."""
    found = select(DwellingRow).where(DwellingRow.id > after).order_by(DwellingRow.id).limit(limit)
    with desk.reading() as uow:
        return [DwellingView(id=row.id, label=row.label) for row in uow.session.scalars(found)]


@router.post("/dwellings", status_code=201)
def make_dwelling(
    body: DwellingDraft, desk: Annotated[Desk, Depends(desk_of)], staff: Staff
) -> DwellingView:
    """Register a dwelling; an existing one is returned."""
    need_act(staff, Act.EDIT_HOLDERS)
    with desk.writing() as uow:
        made = DwellingView(id=add_dwelling(uow, body.label.strip()), label=body.label.strip())
        uow.commit()
    return made


@router.get("/levels")
def list_levels(desk: Annotated[Desk, Depends(desk_of)]) -> list[str]:
    """Return the names of the access levels."""
    with desk.reading() as uow:
        return sorted(levels(uow))


@router.get("/residents")
def list_residents(
    desk: Annotated[Desk, Depends(desk_of)],
    dwelling_id: int | None = None,
    limit: int = Query(_MOST, ge=1, le=_MOST),
) -> list[ResidentView]:
    """Return residents, of one dwelling where given."""
    found = select(HolderRow).where(HolderRow.kind == HolderKind.RESIDENT.value)
    if dwelling_id is not None:
        here = select(ResidenceRow.holder_id).where(
            ResidenceRow.dwelling_id == dwelling_id, ResidenceRow.ended_at_ms.is_(None)
        )
        found = found.where(HolderRow.id.in_(here))
    with desk.reading() as uow:
        rows = uow.session.scalars(found.order_by(HolderRow.created_at_ms).limit(limit)).all()
        return [_resident_view(uow, desk, row) for row in rows]


@router.post("/residents", status_code=201)
def make_resident(
    body: ResidentDraft, desk: Annotated[Desk, Depends(desk_of)], staff: Staff
) -> ResidentView:
    """Register a resident with a residence, and for a child its guardians."""
    need_act(staff, Act.EDIT_HOLDERS)
    moment = desk.clock()
    draft = HolderDraft(
        body.name,
        phone=body.phone,
        adult_from=body.adult_from,
        longer_opening=body.longer_opening,
        language=body.language,
    )
    with desk.writing() as uow:
        holder = add_holder(uow, draft, moment)
        home = add_dwelling(uow, body.dwelling.strip())
        add_residence(uow, holder, home, body.relation, moment, until_ms=body.until_ms)
        for guardian in body.guardians:
            add_guardian(uow, holder, raw_id(guardian), desk.site.today(moment))
        record_act(uow, moment, staff, Act.EDIT_HOLDERS, holder, reason="move_in")
        view = _resident_view(uow, desk, uow.need(HolderRow, holder))
        uow.commit()
    return view


@router.get("/residents/{resident}")
def show_resident(resident: IdText, desk: Annotated[Desk, Depends(desk_of)]) -> ResidentView:
    """Return one resident."""
    with desk.reading() as uow:
        return _resident_view(uow, desk, uow.need(HolderRow, raw_id(resident)))


@router.post("/residents/{resident}/move-out")
def end_residence(
    resident: IdText, body: MoveOut, desk: Annotated[Desk, Depends(desk_of)], staff: Staff
) -> MovedOut:
    """End a right to live here and all that stood on it, at once."""
    with desk.writing() as uow:
        left = move_out(
            uow,
            desk.site,
            staff,
            raw_id(resident),
            dwelling=body.dwelling_id,
            moment=desk.clock(),
        )
        uow.commit()
    desk.wire.changed()
    return MovedOut(credentials=len(left.credentials), sessions=left.sessions)


@router.get("/residents/{resident}/credentials")
def list_credentials(
    resident: IdText, desk: Annotated[Desk, Depends(desk_of)], staff: Staff
) -> list[CredentialView]:
    """Return a resident's working credentials."""
    with desk.reading() as uow:
        rows = credentials_of(uow, desk.site, staff, raw_id(resident), desk.clock())
        return [credential_view(row, desk.site.zone) for row in rows]


def credential_view(row: CredentialRow, zone: str) -> CredentialView:
    """Return what the desk sees of a credential."""
    return CredentialView(
        id=id_to_text(row.id),
        carrier=row.carrier,
        levels=list(row.levels),
        valid_from=local_text(row.valid_from_ms, zone),
        valid_until=local_text(row.valid_until_ms, zone),
        label=row.label,
    )


def _resident_view(uow: UnitOfWork, desk: Desk, row: HolderRow) -> ResidentView:
    moment = desk.clock()
    homes = uow.session.execute(
        select(ResidenceRow, DwellingRow.label)
        .join(DwellingRow, DwellingRow.id == ResidenceRow.dwelling_id)
        .where(ResidenceRow.holder_id == row.id)
        .order_by(ResidenceRow.id)
    )
    today = desk.site.today(moment)
    return ResidentView(
        id=id_to_text(row.id),
        name=row.name,
        is_child=bool(row.adult_from) and today < date.fromisoformat(row.adult_from),
        longer_opening=row.longer_opening,
        language=row.language,
        residences=[
            ResidenceView(
                dwelling=label,
                dwelling_id=home.dwelling_id,
                relation=Relation(home.relation),
                until=local_text(home.until_ms, desk.site.zone) if home.until_ms else "",
                is_current=home.ended_at_ms is None
                and (home.until_ms is None or moment.utc_ms < home.until_ms),
            )
            for home, label in homes
        ],
    )
