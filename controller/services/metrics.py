"""Count what a monitor wants to know; no person, no credential and no dwelling is in it."""

from dataclasses import dataclass

from sqlalchemy import func, select

from controller.domain.moment import Moment
from controller.services.complaints import complaint_figures
from controller.services.desk.records import desk_state
from controller.services.handover.bridging import waiting_gates
from controller.services.read_back import waits_for
from controller.storage.models import (
    AlarmRow,
    DocumentRow,
    ErasureRow,
    EventRow,
    GateEpochRow,
    GatePresenceRow,
    GateRow,
)
from controller.storage.unit_of_work import UnitOfWork

__all__ = ["GateFigures", "SiteFigures", "site_figures"]


@dataclass(frozen=True, slots=True)
class GateFigures:
    """One gate: online, seconds since it was heard (None never), clock level, unsent documents."""

    gate: str
    is_online: bool
    silent_s: float | None
    clock_level: int
    on_battery: bool
    events: int
    unpublished: int


@dataclass(frozen=True, slots=True)
class SiteFigures:
    """The compound as numbers."""

    gates: tuple[GateFigures, ...]
    alarms_open: int
    erasures_open: int
    complaints_late: int
    records_late: int
    restore_waits: int
    handover_waits: int
    newest_event_s: int


def site_figures(uow: UnitOfWork, moment: Moment) -> SiteFigures:
    """Return the numbers of now."""
    session = uow.session
    alarms = select(func.count()).select_from(AlarmRow).where(AlarmRow.cleared_at_ms.is_(None))
    open_ = select(func.count()).select_from(ErasureRow).where(ErasureRow.closed_at_ms.is_(None))
    gates = session.scalars(
        select(GateRow.name).where(GateRow.revoked_at_ms.is_(None)).order_by(GateRow.name)
    )
    return SiteFigures(
        tuple(_gate(uow, gate, moment) for gate in gates),
        session.scalar(alarms) or 0,
        session.scalar(open_) or 0,
        complaint_figures(uow, moment).late,
        sum(state.is_late for state in desk_state(uow, moment)),
        len(waits_for(uow)),
        len(waiting_gates(uow)),
        session.scalar(select(EventRow.at_s).order_by(EventRow.id.desc()).limit(1)) or 0,
    )


def _gate(uow: UnitOfWork, gate: str, moment: Moment) -> GateFigures:
    presence = uow.find(GatePresenceRow, gate)
    stored = select(func.sum(GateEpochRow.stored)).where(GateEpochRow.gate == gate)
    unsent = (
        select(func.count())
        .select_from(DocumentRow)
        .where(DocumentRow.gate == gate, DocumentRow.published_version < DocumentRow.version)
    )
    silent_s = None if presence is None else (moment.utc_ms - presence.heard_at_ms) / 1000
    return GateFigures(
        gate,
        presence is not None and presence.online,
        silent_s,
        presence.clock_level if presence is not None else 2,
        presence is not None and presence.power == "battery",
        int(uow.session.scalar(stored) or 0),
        uow.session.scalar(unsent) or 0,
    )
