"""Read what the views show: one query a table, no person in any of them."""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from sqlalchemy import Row, func, select

from controller.domain.alarming import ALARMING
from controller.domain.local_time import day_bounds_ms, local_text
from controller.domain.moment import Moment
from controller.services.commands import HEARD_WITHIN_MS
from controller.storage.models import (
    AccessPointRow,
    AlarmRow,
    DocumentRow,
    EventRow,
    GatePresenceRow,
    GateRow,
    PortalRow,
)
from controller.storage.unit_of_work import UnitOfWork
from controller.web.problems import words_of
from controller.web.views import (
    AlarmView,
    DocumentView,
    DoorView,
    EventView,
    GateView,
    WayView,
)
from mqtt.contract.reasons import ReasonCode

__all__ = ["WAYS", "alarms", "events_after", "events_before", "gates", "newest_event"]

WAYS = ("qr", "fob", "guard", "face")
"""The four ways in their fixed order; they are peers."""

_EVENT_COLUMNS = (
    EventRow.id,
    EventRow.gate,
    EventRow.access_point,
    EventRow.at_s,
    EventRow.received_at_ms,
    EventRow.kind,
    EventRow.method,
    EventRow.outcome,
    EventRow.reason,
    EventRow.direction,
    EventRow.adapter_kind,
    EventRow.intent_to_unlock_ms,
)


def gates(uow: UnitOfWork, zone: str, moment: Moment) -> list[GateView]:
    """Return every gate in the order of its name."""
    presences = {row.gate: row for row in uow.session.scalars(select(GatePresenceRow))}
    portals: dict[str, list[PortalRow]] = {}
    for portal in uow.session.scalars(select(PortalRow).order_by(PortalRow.name)):
        portals.setdefault(portal.gate, []).append(portal)
    documents: dict[str, list[DocumentRow]] = {}
    for document in uow.session.scalars(select(DocumentRow).order_by(DocumentRow.name)):
        documents.setdefault(document.gate, []).append(document)
    open_alarms = _open_alarms(uow)
    rows = uow.session.scalars(select(GateRow).order_by(GateRow.name))
    return [
        _gate_view(
            row,
            presences.get(row.name),
            portals.get(row.name, []),
            documents.get(row.name, []),
            open_alarms=open_alarms[row.name],
            zone=zone,
            moment=moment,
        )
        for row in rows
    ]


def _open_alarms(uow: UnitOfWork) -> Counter[str]:
    found = select(AlarmRow.gate, func.count()).where(AlarmRow.cleared_at_ms.is_(None))
    counted = uow.session.execute(found.group_by(AlarmRow.gate))
    return Counter({gate: count for gate, count in counted})  # noqa: C416


def _gate_view(
    row: GateRow,
    presence: GatePresenceRow | None,
    portals: Iterable[PortalRow],
    documents: Iterable[DocumentRow],
    *,
    open_alarms: int,
    zone: str,
    moment: Moment,
) -> GateView:
    said = presence or _never_heard()
    shown = [_document_view(each, said.documents) for each in documents]
    return GateView(
        name=row.name,
        title=row.title,
        online=_is_online(presence, moment),
        is_enrolled=bool(row.public_key),
        is_revoked=row.revoked_at_ms is not None,
        heard_at=local_text(presence.heard_at_ms, zone) if presence else "",
        power=said.power,
        clock_level=said.clock_level,
        adapter_kind=said.adapter_kind,
        software=said.software,
        doors=[
            DoorView(portal=each.name, title=each.title, state=said.doors.get(each.name, ""))
            for each in portals
        ],
        ways=[WayView(way=way, state=said.methods.get(way, "")) for way in WAYS],
        documents=shown,
        is_up_to_date=all(each.applied >= each.desired for each in shown),
        open_alarms=open_alarms,
    )


def _never_heard() -> GatePresenceRow:
    return GatePresenceRow(
        power="", clock_level=2, adapter_kind="", software="", doors={}, methods={}, documents={}
    )


def _document_view(row: DocumentRow, held: Mapping[str, list[int | str]]) -> DocumentView:
    applied = held.get(row.name, [0])[0]
    return DocumentView(name=row.name, desired=row.version, applied=int(applied))


def _is_online(presence: GatePresenceRow | None, moment: Moment) -> bool:
    if presence is None or not presence.online:
        return False
    return 0 <= moment.mono_ms - presence.heard_mono_ms <= HEARD_WITHIN_MS


def newest_event(uow: UnitOfWork) -> int:
    """Return the id of the newest event, 0 for none."""
    return uow.session.scalar(select(func.max(EventRow.id))) or 0


def events_after(uow: UnitOfWork, zone: str, after: int, limit: int) -> list[EventView]:
    """Return what arrived after an id, oldest first."""
    found = select(*_EVENT_COLUMNS).where(EventRow.id > after).order_by(EventRow.id).limit(limit)
    return _event_views(uow, uow.session.execute(found).all(), zone)


def events_before(
    uow: UnitOfWork,
    zone: str,
    *,
    before: int | None = None,
    limit: int = 50,
    gate: str = "",
    day: date | None = None,
) -> list[EventView]:
    """Return events, newest first, of one gate and of one day of the compound where given."""
    found = select(*_EVENT_COLUMNS)
    if before is not None:
        found = found.where(EventRow.id < before)
    if gate:
        found = found.where(EventRow.gate == gate)
    if day is not None:
        first_ms, end_ms = day_bounds_ms(day, zone)
        found = found.where(EventRow.at_s >= first_ms // 1000, EventRow.at_s < end_ms // 1000)
    rows = uow.session.execute(found.order_by(EventRow.id.desc()).limit(limit)).all()
    return _event_views(uow, rows, zone)


def _event_views(
    uow: UnitOfWork, rows: Iterable[Row[*tuple[Any, ...]]], zone: str
) -> list[EventView]:
    gate_titles = _titles(uow, GateRow)
    point_titles = _titles(uow, AccessPointRow)
    return [_event_view(row, zone, gate_titles, point_titles) for row in rows]


def _titles(uow: UnitOfWork, kind: type[GateRow] | type[AccessPointRow]) -> dict[str, str]:
    return {name: title for name, title in uow.session.execute(select(kind.name, kind.title))}  # noqa: C416


def _event_view(
    row: Row[*tuple[Any, ...]],
    zone: str,
    gate_titles: Mapping[str, str],
    point_titles: Mapping[str, str],
) -> EventView:
    said, cure = words_of(ReasonCode(row.reason))
    return EventView(
        id=row.id,
        gate=row.gate,
        gate_title=gate_titles.get(row.gate, row.gate),
        access_point=row.access_point,
        access_point_title=point_titles.get(row.access_point, row.access_point),
        at=local_text(row.at_s * 1000, zone),
        received_at=local_text(row.received_at_ms, zone),
        kind=row.kind,
        method=row.method,
        outcome=row.outcome,
        reason=row.reason,
        said=said,
        cure=cure,
        direction=row.direction,
        is_simulated=row.adapter_kind != "real",
        is_alarming=row.reason in ALARMING,
        intent_to_unlock_ms=row.intent_to_unlock_ms,
    )


def alarms(
    uow: UnitOfWork,
    zone: str,
    *,
    only_open: bool = True,
    before: int | None = None,
    limit: int = 50,
) -> list[AlarmView]:
    """Return alarms, newest first."""
    found = select(AlarmRow)
    if only_open:
        found = found.where(AlarmRow.cleared_at_ms.is_(None))
    if before is not None:
        found = found.where(AlarmRow.id < before)
    rows = uow.session.scalars(found.order_by(AlarmRow.id.desc()).limit(limit))
    titles = _titles(uow, GateRow)
    return [_alarm_view(row, zone, titles.get(row.gate, row.gate)) for row in rows]


def _alarm_view(row: AlarmRow, zone: str, gate_title: str) -> AlarmView:
    said, cure = words_of(ReasonCode(row.reason))
    return AlarmView(
        id=row.id,
        at=local_text(row.at_ms, zone),
        gate=row.gate,
        gate_title=gate_title,
        reason=row.reason,
        said=said,
        cure=cure,
        detail=row.detail,
        epoch=row.epoch,
        seq=row.seq,
        is_open=row.cleared_at_ms is None,
    )
