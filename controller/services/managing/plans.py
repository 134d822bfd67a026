"""Keep the whole configuration after every change: compare, look back, go back.

A change is made with the services that every caller uses; `keep_version` then writes down how
everything is. Going back makes the same changes with the same checks: what would be refused today
is refused. Nobody's credential is touched by it.
"""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

import msgspec
from sqlalchemy import select

from controller.domain.managing.changes import Change, changes
from controller.domain.moment import Moment
from controller.domain.roles import Act, Actor
from controller.services.access import calendar, save_level, save_schedule, set_day
from controller.services.acts import need_act, need_reason, record_act
from controller.services.gates import save_access_point, save_portal
from controller.services.managing.sites import restore_site, site_document
from controller.storage.models import (
    AccessPointRow,
    AccessPointSiteRow,
    GateRow,
    LevelRow,
    PlanVersionRow,
    PortalRow,
    ScheduleRow,
)
from controller.storage.unit_of_work import UnitOfWork
from mqtt.contract import codec
from mqtt.contract.events import Direction, Method
from mqtt.contract.records import (
    AccessPointRecord,
    DayKind,
    GrantRecord,
    PortalRecord,
    ScheduleRecord,
    WindowRecord,
)

__all__ = ["history", "keep_version", "roll_back", "since", "snapshot", "would_change"]

Document = dict[str, Any]
_GATE_FIELDS = ("title", "passback", "open_needs_own_key", "double_tap_hold")


def snapshot(uow: UnitOfWork) -> Document:
    """Return how everything is configured, as JSON: gates, levels, schedules, holidays."""
    return {
        "gates": {row.name: _gate(uow, row) for row in uow.session.scalars(select(GateRow))},
        "levels": {row.name: _level(row) for row in uow.session.scalars(select(LevelRow))},
        "schedules": {row.name: _schedule(row) for row in uow.session.scalars(select(ScheduleRow))},
        "holidays": {day: kind.value for day, kind in calendar(uow).items()},
    }


def keep_version(
    uow: UnitOfWork,
    actor: Actor,
    reason: str,
    moment: Moment,
    *,
    rolled_back_to: int | None = None,
) -> PlanVersionRow:
    """Write down the configuration as it is now; unchanged, the newest version is returned."""
    document = snapshot(uow)
    digest = _digest(document)
    newest = uow.session.scalars(
        select(PlanVersionRow).order_by(PlanVersionRow.id.desc()).limit(1)
    ).first()
    if newest is not None and newest.digest == digest:
        return newest
    row = PlanVersionRow(
        at_ms=moment.utc_ms,
        actor=actor.id,
        reason=reason,
        snapshot=document,
        digest=digest,
        rolled_back_to=rolled_back_to,
    )
    uow.session.add(row)
    uow.session.flush()
    return row


def history(uow: UnitOfWork, limit: int = 50) -> tuple[PlanVersionRow, ...]:
    """Return the versions, newest first."""
    found = select(PlanVersionRow).order_by(PlanVersionRow.id.desc()).limit(limit)
    return tuple(uow.session.scalars(found))


def since(uow: UnitOfWork, version: int) -> tuple[Change, ...]:
    """Return what a version changed against the one before it. Raises RefusedError(`not_found`)."""
    row = uow.need(PlanVersionRow, version)
    older = uow.session.scalars(
        select(PlanVersionRow)
        .where(PlanVersionRow.id < version)
        .order_by(PlanVersionRow.id.desc())
        .limit(1)
    ).first()
    return changes(older.snapshot if older is not None else {}, row.snapshot)


def would_change(uow: UnitOfWork, before: Mapping[str, Any]) -> tuple[Change, ...]:
    """Return what this open transaction has changed since `before`, a snapshot of its start."""
    uow.session.flush()
    return changes(before, snapshot(uow))


def roll_back(
    uow: UnitOfWork, actor: Actor, version: int, *, reason: str, moment: Moment
) -> tuple[Change, ...]:
    """Set everything as it was in a version; return what that changes. The caller commits or not.

    What was made since stays, but grants nothing that the version did not grant. Raises
    RefusedError: `reason_required`, `role_not_allowed`, `not_found`, and what saving raises.
    """
    need_act(actor, Act.EDIT_ACCESS)
    need_reason(reason)
    target, before = uow.need(PlanVersionRow, version).snapshot, snapshot(uow)
    for gate, document in target["gates"].items():
        if uow.find(GateRow, gate) is not None:
            _restore_gate(uow, actor, gate, document, moment)
    for name, document in target["schedules"].items():
        windows = tuple(msgspec.convert(each, WindowRecord) for each in document["windows"])
        record = ScheduleRecord(windows, document["always"])
        save_schedule(uow, name, record, document["title"])
    for name, document in target["levels"].items():
        grants = tuple(GrantRecord(tuple(one["at"]), one["when"]) for one in document["grants"])
        save_level(uow, name, grants, document["title"])
    for day in {*before["holidays"], *target["holidays"]}:
        kind = target["holidays"].get(day)
        set_day(uow, day, DayKind(kind) if kind else None)
    made = changes(before, snapshot(uow))
    record_act(uow, moment, actor, Act.EDIT_ACCESS, actor.id, reason=f"roll back {version}")
    keep_version(uow, actor, reason, moment, rolled_back_to=version)
    return made


def _gate(uow: UnitOfWork, row: GateRow) -> Document:
    portals = uow.session.scalars(select(PortalRow).where(PortalRow.gate == row.name)).all()
    names = [portal.name for portal in portals]
    points = uow.session.scalars(select(AccessPointRow).where(AccessPointRow.portal.in_(names)))
    return {
        **{name: getattr(row, name) for name in _GATE_FIELDS},
        "portals": {portal.name: _portal(portal) for portal in portals},
        "access_points": {point.name: _point(uow, point) for point in points},
    }


def _portal(row: PortalRow) -> Document:
    record = codec.decode(row.settings, PortalRecord)
    return {"title": row.title, **msgspec.to_builtins(record)}


def _point(uow: UnitOfWork, row: AccessPointRow) -> Document:
    return {
        "title": row.title,
        "portal": row.portal,
        "direction": row.direction,
        "methods": sorted(row.methods),
        "card_formats": list(row.card_formats),
        "zone_from": row.zone_from,
        "zone_to": row.zone_to,
        "entry_confirmed": row.entry_confirmed,
        "site": site_document(uow.find(AccessPointSiteRow, row.name)),
    }


def _level(row: LevelRow) -> Document:
    grants = [{"at": sorted(each.access_points), "when": each.schedule} for each in row.grants]
    return {"title": row.title, "grants": grants}


def _schedule(row: ScheduleRow) -> Document:
    return {
        "title": row.title,
        "always": row.always,
        "windows": [
            {
                "days": [day for day in range(7) if each.days >> day & 1],
                "start_min": each.start_min,
                "end_min": each.end_min,
                "on_holidays": each.on_holidays,
            }
            for each in row.windows
        ],
    }


def _restore_gate(
    uow: UnitOfWork, actor: Actor, gate: str, document: Document, moment: Moment
) -> None:
    row = uow.need(GateRow, gate)
    for name in _GATE_FIELDS:
        setattr(row, name, document[name])
    for name, portal in document["portals"].items():
        fields = {key: value for key, value in portal.items() if key != "title"}
        save_portal(uow, gate, name, msgspec.convert(fields, PortalRecord), portal["title"])
    for name, point in document["access_points"].items():
        record = AccessPointRecord(
            portal=point["portal"],
            direction=Direction(point["direction"]),
            methods=tuple(Method(each) for each in point["methods"]),
            zone_from=point["zone_from"],
            zone_to=point["zone_to"],
            entry_confirmed=point["entry_confirmed"],
        )
        formats = tuple(point["card_formats"])
        save_access_point(uow, name, record, card_formats=formats, title=point["title"])
        restore_site(uow, actor, name, point["site"], moment)


def _digest(document: Document) -> bytes:
    return hashlib.sha256(json.dumps(document, sort_keys=True).encode()).digest()
