"""Import residents: upload, a verdict for every row, confirm, undo. Nothing is saved before."""

from fastapi import APIRouter, Request
from sqlalchemy import select
from starlette.responses import Response

from controller.domain.import_rows import RowFaultKind
from controller.services.import_plan import Change, ImportPreview
from controller.services.managing.import_runs import (
    apply_run,
    begin_run,
    runs,
    show_run,
    undo_run,
)
from controller.storage.models import LevelRow
from controller.web.identity import Staff
from controller.web.ids import IdText, raw_id
from controller.web.manager.forms import TheFields, wrong
from controller.web.manager.people import residents_levels
from controller.web.page import TheDesk, go, page, words_for
from mqtt.contract.errors import RefusedError
from mqtt.contract.ids import id_to_text

__all__ = ["router"]

router = APIRouter(prefix="/manager/imports", include_in_schema=False)
_ROWS_SHOWN = 300

FAULTS = {
    RowFaultKind.UNREADABLE: (
        "读不懂这个文件：请另存为 CSV 或 xlsx",
        "Unreadable; save as CSV or xlsx",
    ),
    RowFaultKind.NO_COLUMN: ("缺少这一列", "This column is missing"),
    RowFaultKind.TOO_MANY_ROWS: (
        "超过 20,000 行：请分成几个文件",
        "Over 20,000 rows: split the file",
    ),
    RowFaultKind.FORMULA: (
        "像公式，不接受：请改成文字",
        "Looks like a formula: make it plain text",
    ),
    RowFaultKind.MISSING: ("没有填", "Is empty"),
    RowFaultKind.TOO_LONG: ("太长（最多 80 个字）", "Too long (80 characters at most)"),
    RowFaultKind.UNKNOWN_WORD: ("不认识：业主、租户或家属", "Unknown: owner, tenant or occupant"),
    RowFaultKind.NOT_A_NUMBER: (
        "不是数字；科学计数（1.23E+09）请把列改成文本后重新填",
        "Not a number; for 1.23E+09 make the column text and enter it again",
    ),
    RowFaultKind.REPEATED_PERSON: ("同一人两次，内容不同", "The same person twice, differently"),
    RowFaultKind.REPEATED_FOB: ("同一张卡两次", "The same fob twice"),
    RowFaultKind.ASSIGNED: ("这张卡已是别人的", "This fob is somebody else's"),
    RowFaultKind.DOES_NOT_FIT: ("卡号放不进读头的格式", "The number does not fit the readers"),
}
"""What is wrong with a row, and what to do."""

_CHANGES = {
    Change.ADD: ("新增", "Added"),
    Change.CHANGE: ("修改", "Changed"),
    Change.DELETE: ("迁出", "Moves out"),
    Change.UNCHANGED: ("不变", "Unchanged"),
}


@router.get("")
def start(request: Request, desk: TheDesk) -> Response:
    """Ask for a file and show earlier lists."""
    return _start(request, desk)


@router.post("")
def upload(request: Request, fields: TheFields, desk: TheDesk, staff: Staff) -> Response:
    """Take a file and show what it would do."""
    try:
        if not fields.file("list"):
            raise wrong("list", "IM-01")
        with desk.writing() as uow:
            run, _ = begin_run(uow, staff, fields.file("list"), fields.many("level"), desk.clock())
            uow.commit()
    except RefusedError as error:
        return _start(request, desk, 422, error=words_for(request).error(error))
    return go(f"/manager/imports/{id_to_text(run)}")


@router.get("/{run}")
def show(request: Request, run: IdText, desk: TheDesk) -> Response:
    """Show the verdict of every row; nothing has been saved yet."""
    return _preview(request, desk, run)


@router.post("/{run}")
def confirm(
    request: Request, run: IdText, fields: TheFields, desk: TheDesk, staff: Staff
) -> Response:
    """Apply the list exactly as it was shown."""
    w = words_for(request)
    try:
        done = apply_run(
            desk.engine,
            desk.site,
            staff,
            raw_id(run),
            token=fields.text("token"),
            with_deletions=fields.has("with_deletions"),
            moment=desk.clock(),
        )
    except RefusedError as error:
        return _preview(request, desk, run, 422, error=w.error(error))
    desk.wire.changed()
    said = w("导入完成：新增 {} 人，修改 {} 人。", "Imported: {} added, {} changed.")
    told = said.format(done.total.add, done.total.change)
    if done.papers:
        told += w(f"有 {len(done.papers)} 人没有卡，已各出一张纸质通行证。",
                  f" {len(done.papers)} without a fob got a paper pass each.")  # fmt: skip
    return go("/manager/imports", told, undo=f"/manager/imports/{run}/undo")


@router.post("/{run}/undo")
def undo(request: Request, run: IdText, desk: TheDesk, staff: Staff) -> Response:
    """Put back what a list changed."""
    done = undo_run(desk.engine, desk.site, staff, raw_id(run), desk.clock())
    desk.wire.changed()
    w = words_for(request)
    said = w(f"已撤销，恢复 {done.put_back} 人。", f"Undone; {done.put_back} people as before.")
    if done.left_alone:
        said += w(f"{done.left_alone} 人之后又改过，没有动。",
                  f" {done.left_alone} changed since and were left alone.")  # fmt: skip
    return go("/manager/imports", said)


def _start(request: Request, desk: TheDesk, status: int = 200, *, error: str = "") -> Response:
    with desk.reading() as uow:
        levels = {row.name: row.title for row in uow.session.scalars(select(LevelRow))}
        return page(
            request,
            "manager/imports.html",
            status,
            runs=[(id_to_text(row.id), row) for row in runs(uow)],
            level_words=levels,
            chosen=residents_levels(uow),
            error=error,
        )


def _preview(
    request: Request, desk: TheDesk, run: str, status: int = 200, *, error: str = ""
) -> Response:
    with desk.reading() as uow:
        row, seen = show_run(uow, raw_id(run), desk.clock())
        return page(
            request,
            "manager/import.html",
            status,
            id=run,
            row=row,
            seen=seen,
            rows=_rows(seen),
            shown=_ROWS_SHOWN,
            change_words=_CHANGES,
            fault_words=FAULTS,
            error=error,
        )


def _rows(seen: ImportPreview) -> list[tuple[int, str, str, Change]]:
    """Return row number, dwelling, name and change of what the list names, changes first."""
    order = {Change.DELETE: 0, Change.ADD: 1, Change.CHANGE: 2, Change.UNCHANGED: 3}
    found = [
        (each.row.row, each.row.dwelling, each.row.name, each.change)
        for each in seen.planned
        if each.row is not None
    ]
    return sorted(found, key=lambda one: (order[one[3]], one[0]))[:_ROWS_SHOWN]
