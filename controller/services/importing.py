"""Apply a list of residents exactly as its preview showed it.

It commits every 50 people, because a long transaction would hold up the gates' events; a list that
was applied half way simply has less to do in its next preview.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Engine, select

from controller.domain.credentials import Carrier, EndReason
from controller.domain.moment import Moment
from controller.domain.people import Relation
from controller.domain.refusal import Refusal
from controller.domain.roles import Act, Actor
from controller.services.acts import need_act
from controller.services.credentials import FobDraft, end_credential, enrol_fob
from controller.services.holders import HolderDraft, add_dwelling, add_holder, add_residence
from controller.services.import_plan import Change, Counts, ImportPreview, Planned, preview
from controller.services.leaving import move_out
from controller.services.passes import IssuedPass, issue_paper
from controller.services.register import active_rows
from controller.services.site import Site
from controller.storage.models import HolderRow, ResidenceRow
from controller.storage.unit_of_work import UnitOfWork
from mqtt.contract.reasons import ReasonCode

__all__ = ["ImportDone", "ImportOrder", "Journal", "apply_import"]

_PEOPLE_A_COMMIT = 50

Journal = Callable[[UnitOfWork, Planned, bytes, dict[str, Any]], None]
"""Takes a person's change, the holder, and what was before."""


@dataclass(frozen=True, slots=True)
class ImportOrder:
    """A confirmed list: its bytes, the levels of new residents, and the token that was shown.

    `with_deletions` must be asked for: without it nobody moves out by a list.
    """

    raw: bytes
    levels: tuple[str, ...]
    token: str
    with_deletions: bool = False

    def __repr__(self) -> str:
        return f"ImportOrder({len(self.raw)} bytes)"


@dataclass(frozen=True, slots=True)
class ImportDone:
    """What was applied; `papers` are the standing passes of new residents without a fob, by row."""

    total: Counts
    papers: tuple[tuple[int, IssuedPass], ...]


def apply_import(
    engine: Engine,
    site: Site,
    actor: Actor,
    order: ImportOrder,
    moment: Moment,
    *,
    journal: Journal | None = None,
) -> ImportDone:
    """Apply the list. The caller publishes the documents afterwards.

    `journal` is told of each person, in the same transaction, with what was before.

    Raises RefusedError: `role_not_allowed`; `config_invalid` with the row of the first fault;
    `conflict` if list or register are no longer what the preview showed.
    """
    need_act(actor, Act.EDIT_HOLDERS)
    with UnitOfWork(engine, writes=False) as uow:
        seen = preview(uow, order.raw, order.levels, moment)
    _check(seen, order)
    papers: list[tuple[int, IssuedPass]] = []
    todo = [each for each in seen.planned if _is_wanted(each, order)]
    for start in range(0, len(todo), _PEOPLE_A_COMMIT):
        with UnitOfWork(engine) as uow:
            for each in todo[start : start + _PEOPLE_A_COMMIT]:
                before = _before(uow, each, moment) if journal is not None else {}
                holder, paper = _apply(uow, site, actor, each, levels=order.levels, moment=moment)
                if journal is not None:
                    journal(uow, each, holder, before)
                if paper is not None and each.row is not None:
                    papers.append((each.row.row, paper))
            uow.commit()
    return ImportDone(seen.total, tuple(papers))


def _check(seen: ImportPreview, order: ImportOrder) -> None:
    if seen.faults:
        fault = seen.faults[0]
        detail = f"row {fault.row} {fault.column}: {fault.kind.value}"
        raise Refusal(ReasonCode.CONFIG_INVALID, "IM-01", detail=detail).as_error()
    if seen.token != order.token:
        raise Refusal(ReasonCode.CONFLICT, "IM-02").as_error()


def _is_wanted(planned: Planned, order: ImportOrder) -> bool:
    if planned.change is Change.DELETE:
        return order.with_deletions
    return planned.change is not Change.UNCHANGED


def _apply(
    uow: UnitOfWork,
    site: Site,
    actor: Actor,
    planned: Planned,
    *,
    levels: tuple[str, ...],
    moment: Moment,
) -> tuple[bytes, IssuedPass | None]:
    if planned.change is Change.ADD:
        return _add(uow, site, actor, planned, levels=levels, moment=moment)
    if planned.holder is None or planned.dwelling is None:
        raise RuntimeError("a change without its person")
    if planned.change is Change.DELETE:
        dwelling = planned.dwelling
        move_out(uow, site, actor, planned.holder, dwelling=dwelling, moment=moment)
    else:
        _update(uow, site, actor, planned, levels=levels, moment=moment)
    return planned.holder, None


def _before(uow: UnitOfWork, planned: Planned, moment: Moment) -> dict[str, Any]:
    """Return what undoing this change would put back; nothing for an addition."""
    if planned.holder is None:
        return {}
    homes = select(ResidenceRow).where(
        ResidenceRow.holder_id == planned.holder,
        ResidenceRow.dwelling_id == planned.dwelling,
        ResidenceRow.ended_at_ms.is_(None),
    )
    home = uow.session.scalars(homes).first()
    held = active_rows(uow, planned.holder, moment)
    fobs = [each for each in held if each.carrier == Carrier.FOB.value]
    return {
        "phone": uow.need(HolderRow, planned.holder).phone,
        "dwelling": planned.dwelling,
        "relation": home.relation if home is not None else Relation.OWNER.value,
        "until_ms": home.until_ms if home is not None else None,
        "fobs": [[int(each.card_value, 16), each.card_length] for each in fobs],
        "levels": list(held[0].levels) if held else [],
    }


def _add(
    uow: UnitOfWork,
    site: Site,
    actor: Actor,
    planned: Planned,
    *,
    levels: tuple[str, ...],
    moment: Moment,
) -> tuple[bytes, IssuedPass | None]:
    """Register a new resident, who gets the fob of the list or a standing pass."""
    row = planned.row
    if row is None:
        raise RuntimeError("an addition without its row")
    holder = add_holder(uow, HolderDraft(row.name, phone=row.phone), moment)
    add_residence(uow, holder, add_dwelling(uow, row.dwelling), row.relation, moment)
    if row.fob is not None:
        enrol_fob(uow, actor, FobDraft(holder, row.fob, levels), moment)
        return holder, None
    return holder, issue_paper(uow, site, actor, holder, levels=levels, moment=moment)


def _update(
    uow: UnitOfWork,
    site: Site,
    actor: Actor,
    planned: Planned,
    *,
    levels: tuple[str, ...],
    moment: Moment,
) -> None:
    """Take over telephone, relation and fob; the new fob begins before the old one ends."""
    row, holder = planned.row, planned.holder
    if row is None or holder is None:
        raise RuntimeError("a change without its row")
    person = uow.need(HolderRow, holder)
    person.phone = row.phone or person.phone
    found = select(ResidenceRow).where(
        ResidenceRow.holder_id == holder,
        ResidenceRow.dwelling_id == planned.dwelling,
        ResidenceRow.ended_at_ms.is_(None),
    )
    for residence in uow.session.scalars(found):
        residence.relation = row.relation.value
    old = [each for each in active_rows(uow, holder, moment) if each.carrier == Carrier.FOB.value]
    if row.fob is None or row.fob in {int(each.card_value, 16) for each in old}:
        return
    kept = old[0].levels if old else levels
    enrol_fob(uow, actor, FobDraft(holder, row.fob, kept), moment)
    for each in old:
        end_credential(uow, site, actor, each.id, EndReason.REPLACED, moment=moment)
