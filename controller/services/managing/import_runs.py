"""Take a list of residents from upload to preview, to confirmation, to undoing it.

Between upload and confirmation only the file itself is kept, for an hour. While a list is applied,
what was before is written beside each person, in the same transaction, so that it can be undone.
"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Engine, select, update

from controller.domain.credentials import Carrier, EndReason
from controller.domain.moment import HOUR_MS, Moment
from controller.domain.people import Relation
from controller.domain.refusal import Refusal
from controller.domain.roles import Act, Actor
from controller.services.acts import need_act, record_act
from controller.services.credentials import FobDraft, end_credential, enrol_fob
from controller.services.holders import add_residence
from controller.services.import_plan import Change, ImportPreview, Planned, preview
from controller.services.importing import ImportDone, ImportOrder, apply_import
from controller.services.leaving import move_out
from controller.services.managing.names import index_names
from controller.services.managing.spreadsheets import as_csv
from controller.services.passes import issue_paper
from controller.services.register import active_rows
from controller.services.site import Site, new_pseudonym
from controller.storage.models import (
    HolderRow,
    ImportItemRow,
    ImportRunRow,
    ResidenceRow,
)
from controller.storage.unit_of_work import UnitOfWork
from mqtt.contract.reasons import ReasonCode

__all__ = ["Undone", "apply_run", "begin_run", "forget_files", "runs", "show_run", "undo_run"]

FILE_KEPT_MS = HOUR_MS


@dataclass(frozen=True, slots=True)
class Undone:
    """What undoing did: people whose state is as before, and those it had to leave alone."""

    put_back: int
    left_alone: int


def begin_run(
    uow: UnitOfWork, actor: Actor, raw: bytes, levels: tuple[str, ...], moment: Moment
) -> tuple[bytes, ImportPreview]:
    """Keep an uploaded file and return its run's id and preview; the caller commits.

    Raises RefusedError: `role_not_allowed`, `not_found` (level), `file_unreadable`, `too_large`.
    """
    need_act(actor, Act.EDIT_HOLDERS)
    text = as_csv(raw)
    seen = preview(uow, text, levels, moment)
    row = ImportRunRow(
        id=new_pseudonym(),
        raw=text,
        levels=levels,
        token=seen.token,
        made_at_ms=moment.utc_ms,
        made_by=actor.id,
        counts=_counts(seen),
    )
    uow.session.add(row)
    uow.session.flush()
    return row.id, seen


def show_run(uow: UnitOfWork, run: bytes, moment: Moment) -> tuple[ImportRunRow, ImportPreview]:
    """Return a run that waits for confirmation, compared with the register as it is now.

    Raises RefusedError: `not_found`, `expired` for one that was applied or whose file is gone.
    """
    row = uow.need(ImportRunRow, run)
    if row.applied_at_ms is not None or not row.raw:
        raise Refusal(ReasonCode.EXPIRED, "IM-04", detail="import").as_error()
    return row, preview(uow, row.raw, row.levels, moment)


def apply_run(
    engine: Engine,
    site: Site,
    actor: Actor,
    run: bytes,
    *,
    token: str,
    with_deletions: bool,
    moment: Moment,
) -> ImportDone:
    """Apply a list exactly as it was shown (`token`). Raises what `apply_import` raises."""
    with UnitOfWork(engine, writes=False) as uow:
        row, _ = show_run(uow, run, moment)
        order = ImportOrder(row.raw, row.levels, token, with_deletions)

    def journal(uow: UnitOfWork, planned: Planned, holder: bytes, before: dict[str, Any]) -> None:
        item = ImportItemRow(
            run_id=run, change=planned.change.value, holder_id=holder, before=before
        )
        uow.session.add(item)
        if planned.change is Change.ADD:
            index_names(uow, [(holder, uow.need(HolderRow, holder).name)])

    done = apply_import(engine, site, actor, order, moment, journal=journal)
    with UnitOfWork(engine) as uow:
        kept = uow.need(ImportRunRow, run)
        kept.applied_at_ms, kept.raw = moment.utc_ms, b""
        record_act(uow, moment, actor, Act.EDIT_HOLDERS, run, reason="import")
        uow.commit()
    return done


def undo_run(engine: Engine, site: Site, actor: Actor, run: bytes, moment: Moment) -> Undone:
    """Put back what a list changed, person by person; 50 a transaction, and it may run twice.

    Somebody whose state was changed again since is left alone and counted. Raises RefusedError:
    `role_not_allowed`, `not_found`, `expired` for a run that was not applied or is undone.
    """
    need_act(actor, Act.EDIT_HOLDERS)
    with UnitOfWork(engine, writes=False) as uow:
        row = uow.need(ImportRunRow, run)
        if row.applied_at_ms is None or row.undone_at_ms is not None:
            raise Refusal(ReasonCode.EXPIRED, "IM-05", detail="import").as_error()
        found = select(ImportItemRow).where(ImportItemRow.run_id == run)
        items = list(uow.session.scalars(found.order_by(ImportItemRow.id.desc())))
        levels = row.levels
    put_back = 0
    for start in range(0, len(items), 50):
        with UnitOfWork(engine) as uow:
            for item in items[start : start + 50]:
                put_back += _put_back(uow, site, actor, item, levels=levels, moment=moment)
            uow.commit()
    with UnitOfWork(engine) as uow:
        uow.need(ImportRunRow, run).undone_at_ms = moment.utc_ms
        record_act(uow, moment, actor, Act.EDIT_HOLDERS, run, reason="import undone")
        uow.commit()
    return Undone(put_back, len(items) - put_back)


def runs(uow: UnitOfWork, limit: int = 20) -> tuple[ImportRunRow, ...]:
    """Return the lists, newest first."""
    found = select(ImportRunRow).order_by(ImportRunRow.made_at_ms.desc()).limit(limit)
    return tuple(uow.session.scalars(found))


def forget_files(uow: UnitOfWork, moment: Moment) -> None:
    """Empty files that nobody confirmed within an hour; the caller commits."""
    uow.session.execute(
        update(ImportRunRow)
        .where(ImportRunRow.made_at_ms < moment.utc_ms - FILE_KEPT_MS)
        .where(ImportRunRow.applied_at_ms.is_(None))
        .values(raw=b"")
    )


def _put_back(
    uow: UnitOfWork,
    site: Site,
    actor: Actor,
    item: ImportItemRow,
    *,
    levels: tuple[str, ...],
    moment: Moment,
) -> bool:
    match Change(item.change):
        case Change.ADD:
            return _take_out(uow, site, actor, item, moment)
        case Change.DELETE:
            return _let_in(uow, site, actor, item, levels=levels, moment=moment)
        case _:
            return _restore(uow, site, actor, item, moment)


def _take_out(
    uow: UnitOfWork, site: Site, actor: Actor, item: ImportItemRow, moment: Moment
) -> bool:
    homes = select(ResidenceRow.dwelling_id).where(
        ResidenceRow.holder_id == item.holder_id, ResidenceRow.ended_at_ms.is_(None)
    )
    dwellings = uow.session.scalars(homes).all()
    for dwelling in dwellings:
        move_out(uow, site, actor, item.holder_id, dwelling=dwelling, moment=moment)
    return bool(dwellings)


def _let_in(
    uow: UnitOfWork,
    site: Site,
    actor: Actor,
    item: ImportItemRow,
    *,
    levels: tuple[str, ...],
    moment: Moment,
) -> bool:
    before = item.before
    person = uow.need(HolderRow, item.holder_id)
    if person.left_at_ms is None:
        return False
    person.left_at_ms = None
    relation = Relation(before["relation"])
    until_ms = before["until_ms"]
    add_residence(uow, person.id, before["dwelling"], relation, moment, until_ms=until_ms)
    kept = tuple(before["levels"]) or levels
    for number, length in before["fobs"]:
        enrol_fob(uow, actor, FobDraft(person.id, number, kept, length), moment)
    if not before["fobs"]:
        issue_paper(uow, site, actor, person.id, levels=kept, moment=moment)
    return True


def _restore(
    uow: UnitOfWork, site: Site, actor: Actor, item: ImportItemRow, moment: Moment
) -> bool:
    before, person = item.before, uow.need(HolderRow, item.holder_id)
    person.phone = before["phone"]
    homes = select(ResidenceRow).where(
        ResidenceRow.holder_id == item.holder_id,
        ResidenceRow.dwelling_id == before["dwelling"],
        ResidenceRow.ended_at_ms.is_(None),
    )
    for home in uow.session.scalars(homes):
        home.relation = before["relation"]
    held = [each for each in active_rows(uow, person.id, moment) if each.carrier == Carrier.FOB]
    had = {(number, length) for number, length in before["fobs"]}
    now = {(int(each.card_value, 16), each.card_length): each for each in held}
    kept = tuple(before["levels"])
    for number, length in sorted(had - now.keys()):
        enrol_fob(uow, actor, FobDraft(person.id, number, kept, length), moment)
    for card in now.keys() - had:
        end_credential(uow, site, actor, now[card].id, EndReason.REPLACED, moment=moment)
    return True


def _counts(seen: ImportPreview) -> dict[str, int]:
    total = seen.total
    return {
        "add": total.add,
        "change": total.change,
        "delete": total.delete,
        "unchanged": total.unchanged,
        "faults": len(seen.faults),
    }
