"""Find residents as their names are typed, register them, show what they carry."""

from datetime import date

from fastapi import APIRouter, Request
from sqlalchemy import select
from starlette.responses import Response

from controller.domain.people import HolderKind, Relation
from controller.domain.roles import Act
from controller.services.acts import need_act, record_act
from controller.services.holders import (
    HolderDraft,
    add_dwelling,
    add_guardian,
    add_holder,
    add_residence,
)
from controller.services.leaving import move_out
from controller.services.managing.endings import open_requests
from controller.services.managing.names import find_residents, index_missing, index_names
from controller.services.passes import issue_paper
from controller.services.register import active_rows
from controller.storage.models import (
    CredentialRow,
    DwellingRow,
    GuardianshipRow,
    HolderRow,
    LevelRow,
    ResidenceRow,
)
from controller.storage.unit_of_work import UnitOfWork
from controller.web.identity import Staff
from controller.web.ids import IdText, raw_id
from controller.web.manager.forms import Fields, TheFields, wrong
from controller.web.page import TheDesk, go, page, words_for
from mqtt.contract.errors import RefusedError
from mqtt.contract.ids import id_to_text

__all__ = ["homes_of", "residents_levels", "router"]

router = APIRouter(prefix="/manager/people", include_in_schema=False)
_SHOWN = 50


@router.get("")
def search(request: Request, desk: TheDesk, q: str = "") -> Response:
    """Show residents whose name, pinyin, initials or dwelling begins with what was typed."""
    with desk.writing() as uow:
        if index_missing(uow):
            uow.commit()
    with desk.reading() as uow:
        rows = find_residents(uow, q[:40], _SHOWN)
        found = [(id_to_text(row.id), row, homes_of(uow, row.id)) for row in rows]
        return page(request, "manager/people.html", q=q[:40], found=found, most=_SHOWN)


@router.get("/new")
def new(request: Request, desk: TheDesk) -> Response:
    """Ask for a new resident."""
    return _form(request, desk, Fields(()))


@router.post("")
def make(request: Request, fields: TheFields, desk: TheDesk, staff: Staff) -> Response:
    """Register a resident, who leaves the desk with a paper pass that works."""
    need_act(staff, Act.EDIT_HOLDERS)
    moment = desk.clock()
    try:
        with desk.writing() as uow:
            holder = add_holder(uow, _draft(fields), moment)
            home = add_dwelling(uow, _need(fields, "dwelling"))
            relation = Relation(fields.text("relation", "owner"))
            until_ms = fields.instant("until", desk.site.zone, end_of_day=True)
            add_residence(uow, holder, home, relation, moment, until_ms=until_ms)
            if fields.text("guardian"):
                guardian = raw_id(fields.text("guardian"))
                add_guardian(uow, holder, guardian, desk.site.today(moment))
            index_names(uow, [(holder, fields.text("name"))])
            record_act(uow, moment, staff, Act.EDIT_HOLDERS, holder, reason="move_in")
            levels = fields.many("level")
            paper = issue_paper(uow, desk.site, staff, holder, levels=levels, moment=moment)
            uow.commit()
    except (RefusedError, ValueError) as error:
        refused = error if isinstance(error, RefusedError) else wrong("date")
        return _form(request, desk, fields, 422, error=words_for(request).error(refused))
    desk.wire.changed()
    said = words_for(request)(
        "已登记。请打印纸质通行证，当场就能用。",
        "Registered. Print the paper pass: it works at once.",
    )
    return go(f"/manager/people/{id_to_text(holder)}?paper={id_to_text(paper.credential)}", said)


@router.get("/{resident}")
def show(request: Request, resident: IdText, desk: TheDesk, paper: str = "") -> Response:
    """Show one resident: homes, guardians, credentials, what waits. Never how somebody enters."""
    moment = desk.clock()
    with desk.reading() as uow:
        row = uow.need(HolderRow, raw_id(resident))
        wards = uow.session.scalars(
            select(HolderRow)
            .join(GuardianshipRow, GuardianshipRow.guardian_id == HolderRow.id)
            .where(GuardianshipRow.child_id == row.id)
        ).all()
        held = active_rows(uow, row.id, moment)
        waiting = {each.credential_id: each for each in open_requests(uow)}
        return page(
            request,
            "manager/resident.html",
            row=row,
            id=resident,
            homes=homes_of(uow, row.id),
            guardians=[(id_to_text(each.id), each.name) for each in wards],
            held=[(id_to_text(each.id), each, waiting.get(each.id)) for each in held],
            level_words=_level_words(uow),
            chosen=residents_levels(uow),
            is_child=bool(row.adult_from)
            and desk.site.today(moment) < date.fromisoformat(row.adult_from),
            paper=paper if paper in {id_to_text(each.id) for each in held} else "",
        )


@router.post("/{resident}/move-out")
def leave(
    request: Request, resident: IdText, fields: TheFields, desk: TheDesk, staff: Staff
) -> Response:
    """End a right to live here and everything that stood on it, at once."""
    with desk.writing() as uow:
        left = move_out(
            uow,
            desk.site,
            staff,
            raw_id(resident),
            dwelling=fields.number("dwelling"),
            moment=desk.clock(),
        )
        uow.commit()
    desk.wire.changed()
    w = words_for(request)
    said = w("已迁出，停用凭证 ", "Moved out; credentials ended: ") + str(len(left.credentials))
    return go(f"/manager/people/{resident}", said)


def homes_of(uow: UnitOfWork, holder: bytes) -> list[tuple[ResidenceRow, str]]:
    """Return somebody's homes with their labels, present ones first."""
    rows = uow.session.execute(
        select(ResidenceRow, DwellingRow.label)
        .join(DwellingRow, DwellingRow.id == ResidenceRow.dwelling_id)
        .where(ResidenceRow.holder_id == holder)
        .order_by(ResidenceRow.ended_at_ms.is_not(None), ResidenceRow.id)
    )
    return [(row, label) for row, label in rows]


def residents_levels(uow: UnitOfWork) -> tuple[str, ...]:
    """Return the levels that most residents have, for forms to start with."""
    newest = (
        select(CredentialRow.levels)
        .join(HolderRow, HolderRow.id == CredentialRow.holder_id)
        .where(HolderRow.kind == HolderKind.RESIDENT.value, CredentialRow.dwelling_id.is_(None))
        .order_by(CredentialRow.created_at_ms.desc())
        .limit(1)
    )
    found = uow.session.scalar(newest)
    if found:
        return tuple(found)
    first = uow.session.scalar(select(LevelRow.name).order_by(LevelRow.name).limit(1))
    return (first,) if first else ()


def _level_words(uow: UnitOfWork) -> dict[str, str]:
    return {row.name: row.title for row in uow.session.scalars(select(LevelRow))}


def _draft(fields: Fields) -> HolderDraft:
    born_18 = fields.text("adult_from")
    return HolderDraft(
        fields.text("name"),
        phone=fields.text("phone"),
        adult_from=date.fromisoformat(born_18) if born_18 else None,
        longer_opening=fields.has("longer_opening"),
        language="en" if fields.text("language") == "en" else "zh-CN",
    )


def _need(fields: Fields, name: str) -> str:
    if not fields.text(name):
        raise wrong(name)
    return fields.text(name)


def _form(
    request: Request, desk: TheDesk, sent: Fields, status: int = 200, *, error: str = ""
) -> Response:
    with desk.reading() as uow:
        return page(
            request,
            "manager/new_resident.html",
            status,
            sent=sent,
            level_words=_level_words(uow),
            chosen=sent.many("level") or residents_levels(uow),
            error=error,
        )
