"""Say how each way at each access point is: its state, its last real read, its last walk test."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import func, select

from controller.domain.moment import DAY_MS, MINUTE_MS, Moment
from controller.services.attestations import in_force
from controller.storage.models import (
    AccessPointRow,
    AccessPointSiteRow,
    DocumentRow,
    EventRow,
    GatePresenceRow,
    PortalRow,
)
from controller.storage.unit_of_work import UnitOfWork
from mqtt.contract.events import EventKind, Outcome

__all__ = ["LOOKED_BACK_MS", "WALK_RULE", "PointHealth", "WayHealth", "gate_points", "list_age_ms"]

LOOKED_BACK_MS = 3 * DAY_MS
"""How far back a last read is looked for; older is told as "more than 3 days"."""

WALK_RULE = "EQ-02"
"""The rule under which somebody attests to have walked through with each way."""

_SIGN_KEPT_MS = 183 * DAY_MS
_FIXED = ("qr", "fob", "guard", "face")


@dataclass(frozen=True, slots=True)
class WayHealth:
    """One way at one access point. `state` is the gate's own word, empty for none.

    `read_at_ms` None is no read in the last 3 days; a read of simulated hardware is none.
    """

    way: str
    is_fitted: bool
    state: str
    read_at_ms: int | None
    simulated_at_ms: int | None


@dataclass(frozen=True, slots=True)
class PointHealth:
    """One access point with its four ways, walk test and sign."""

    name: str
    title: str
    gate: str
    portal: str
    direction: str
    ways: tuple[WayHealth, ...]
    walked_at_ms: int | None
    sign_seen_at_ms: int | None
    sign_is_old: bool


def gate_points(uow: UnitOfWork, moment: Moment) -> dict[str, tuple[PointHealth, ...]]:
    """Return the access points of every gate."""
    reads = _last_reads(uow, moment)
    states = {row.gate: row.methods for row in uow.session.scalars(select(GatePresenceRow))}
    sites = {row.access_point: row for row in uow.session.scalars(select(AccessPointSiteRow))}
    rows = uow.session.execute(
        select(AccessPointRow, PortalRow.gate)
        .join(PortalRow, PortalRow.name == AccessPointRow.portal)
        .order_by(PortalRow.gate, AccessPointRow.name)
    )
    found: dict[str, list[PointHealth]] = {}
    for row, gate in rows:
        walked = in_force(uow, WALK_RULE, row.name, moment)
        site = sites.get(row.name)
        seen = site.sign_seen_at_ms if site is not None else None
        point = PointHealth(
            row.name,
            row.title,
            gate,
            row.portal,
            row.direction,
            tuple(_way(way, row, states.get(gate, {}), reads) for way in _FIXED),
            walked.seen_at_ms if walked is not None else None,
            seen,
            seen is not None and seen < moment.utc_ms - _SIGN_KEPT_MS,
        )
        found.setdefault(gate, []).append(point)
    return {gate: tuple(points) for gate, points in found.items()}


def list_age_ms(uow: UnitOfWork, gate: str, moment: Moment) -> int | None:
    """Return how old the oldest list of a gate is: 0 where it has all, None before any was made.

    The age counts from when the list that it lacks was issued.
    """
    presence = uow.find(GatePresenceRow, gate)
    rows = uow.session.scalars(select(DocumentRow).where(DocumentRow.gate == gate)).all()
    if presence is None or not rows:
        return None
    lacking = [
        row.issued_at_ms
        for row in rows
        if int(presence.documents.get(row.name, [0])[0]) < row.version
    ]
    return max(0, moment.utc_ms - min(lacking)) // MINUTE_MS * MINUTE_MS if lacking else 0


def _way(
    way: str,
    row: AccessPointRow,
    states: Mapping[str, str],
    reads: Mapping[tuple[str, str, bool], int],
) -> WayHealth:
    is_fitted = way in row.methods
    return WayHealth(
        way,
        is_fitted,
        states.get(way, "") if is_fitted else "not_installed",
        reads.get((row.name, way, True)),
        reads.get((row.name, way, False)),
    )


def _last_reads(uow: UnitOfWork, moment: Moment) -> dict[tuple[str, str, bool], int]:
    is_real = EventRow.adapter_kind == "real"
    rows = uow.session.execute(
        select(EventRow.access_point, EventRow.method, is_real, func.max(EventRow.at_s))
        .where(EventRow.at_s >= (moment.utc_ms - LOOKED_BACK_MS) // 1000)
        .where(EventRow.kind == EventKind.DECISION.value)
        .where(EventRow.outcome == Outcome.GRANTED.value)
        .group_by(EventRow.access_point, EventRow.method, is_real)
    )
    return {(point, method, bool(real)): at_s * 1000 for point, method, real, at_s in rows}
