"""Roll settings of doors out step by step: diff, canaries, gate by gate, stop, take back."""

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Request
from sqlalchemy import select
from starlette.responses import Response

from controller.domain.managing.changes import Change
from controller.domain.rollout.settings import Changed
from controller.services.managing.plans import keep_version
from controller.services.rollout import drafts, history, running
from controller.services.rollout.drafts import Draft
from controller.storage.models import GateRow, PortalRow
from controller.web.identity import Staff
from controller.web.manager.change_words import shown_changes
from controller.web.manager.forms import Fields, TheFields, wrong
from controller.web.page import TheDesk, go, page, words_for
from mqtt.contract.errors import EqualGateError
from mqtt.contract.findings import PolicyError

__all__ = ["router"]

router = APIRouter(prefix="/manager/rollouts", include_in_schema=False)
_SECONDS = ("unlock_ms", "longer_unlock_ms", "held_warn_ms", "held_alarm_ms")
_YES_NO = ("relock_on_close", "has_door_sensor", "turnstile")
_PASSBACK = ("off", "soft", "hard")
_MINUTE_MS = 60_000


@router.get("")
def show_all(request: Request, desk: TheDesk) -> Response:
    """List the roll-outs, newest first."""
    with desk.reading() as uow:
        return page(request, "manager/rollouts.html", rows=history.rollouts(uow))


@router.get("/new")
def new(request: Request, desk: TheDesk) -> Response:
    """Ask what to change, at which gates, and where it is tried first."""
    return _form(request, desk, Fields(()))


@router.post("")
def make(request: Request, fields: TheFields, desk: TheDesk, staff: Staff) -> Response:
    """Keep a draft and show what it would change; nothing is sent."""
    try:
        minutes = fields.number("window_min", 15)
        draft = Draft(
            fields.text("title"),
            _changes(fields),
            fields.many("canary"),
            tuple(sorted({*fields.many("gate"), *fields.many("canary")})),
            window_ms=minutes * _MINUTE_MS,
            patience_ms=max(minutes, 240) * _MINUTE_MS,
        )
        with desk.writing() as uow:
            row = drafts.make(uow, desk.site, staff, draft, desk.clock())
            uow.commit()
    except PolicyError as error:
        said = "; ".join(words_for(request)(each.cure_zh, each.cure_en) for each in error.findings)
        return _form(request, desk, fields, 422, error=said)
    except EqualGateError as error:
        return _form(request, desk, fields, 422, error=words_for(request).error(error))
    return go(f"/manager/rollouts/{row.id}")


@router.get("/{rollout}")
def show(request: Request, rollout: int, desk: TheDesk) -> Response:
    """Show one: its changes, each gate's stage and checks, what happened."""
    return _one(request, desk, rollout)


@router.post("/{rollout}/start")
def start(
    request: Request, rollout: int, fields: TheFields, desk: TheDesk, staff: Staff
) -> Response:
    """Send it to the canaries."""
    try:
        with desk.writing() as uow:
            running.start(uow, staff, rollout, fields.text("reason"), desk.clock())
            keep_version(uow, staff, f"roll-out {rollout}", desk.clock())
            uow.commit()
    except EqualGateError as error:
        return _one(request, desk, rollout, 422, error=words_for(request).error(error))
    desk.wire.changed()
    said = words_for(request)("已发给试点门口机", "Sent to the first gates")
    return go(f"/manager/rollouts/{rollout}", said)


@router.post("/{rollout}/stop")
def stop(
    request: Request, rollout: int, fields: TheFields, desk: TheDesk, staff: Staff
) -> Response:
    """Take it back wherever it was sent."""
    try:
        with desk.writing() as uow:
            running.stop(uow, staff, rollout, fields.text("reason"), desk.clock())
            uow.commit()
    except EqualGateError as error:
        return _one(request, desk, rollout, 422, error=words_for(request).error(error))
    desk.wire.changed()
    said = words_for(request)("已停止并收回", "Stopped and taken back")
    return go(f"/manager/rollouts/{rollout}", said)


@router.post("/{rollout}/undo")
def undo(request: Request, rollout: int, desk: TheDesk, staff: Staff) -> Response:
    """Make a draft that sets everything as it was before."""
    try:
        with desk.writing() as uow:
            row = running.undo(uow, desk.site, staff, rollout, desk.clock())
            uow.commit()
    except EqualGateError as error:
        return _one(request, desk, rollout, 422, error=words_for(request).error(error))
    return go(f"/manager/rollouts/{row.id}")


def _changes(fields: Fields) -> Mapping[str, Mapping[str, Any]]:
    """Return what the form changes: only fields that were filled in."""
    door: dict[str, Any] = {
        name: fields.number(name) * 1000 for name in _SECONDS if fields.text(name)
    }
    door |= {name: fields.text(name) == "yes" for name in _YES_NO if fields.text(name)}
    unit: dict[str, Any] = {}
    if fields.text("passback"):
        if fields.text("passback") not in _PASSBACK:
            raise wrong("passback")
        unit["passback"] = fields.text("passback")
    where = fields.text("door", "*")
    found = {f"portal:{where}": door, "gate": unit}
    return {record: values for record, values in found.items() if values}


def _form(
    request: Request, desk: TheDesk, sent: Fields, status: int = 200, *, error: str = ""
) -> Response:
    with desk.reading() as uow:
        gates = uow.session.scalars(
            select(GateRow).where(GateRow.revoked_at_ms.is_(None)).order_by(GateRow.name)
        ).all()
        doors = uow.session.scalars(select(PortalRow).order_by(PortalRow.name)).all()
        return page(
            request,
            "manager/new_rollout.html",
            status,
            gates=gates,
            doors=[(row.name, row.title) for row in doors],
            seconds=_SECONDS,
            yes_no=_YES_NO,
            sent=sent,
            error=error,
        )


def _one(
    request: Request, desk: TheDesk, rollout: int, status: int = 200, *, error: str = ""
) -> Response:
    with desk.reading() as uow:
        found = history.detail(uow, rollout)
        is_draft = found.row.state == "draft"
        changed = drafts.diff(uow, desk.site, rollout) if is_draft else ()
        return page(
            request,
            "manager/rollout.html",
            status,
            found=found,
            row=found.row,
            titles={row.name: row.title for row in uow.session.scalars(select(GateRow))},
            diff=shown_changes(words_for(request), [_as_change(each) for each in changed]),
            sent=found.row.changes,
            error=error,
        )


def _as_change(each: Changed) -> Change:
    path = (each.gate, *each.record.split(":"), each.field)
    return Change(path, str(each.before), str(each.after))
