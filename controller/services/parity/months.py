"""Count a month of the gates' records, per access point and way, and keep the numbers.

The numbers follow from the leaves alone (`mqtt.contract.parity`, `mqtt.contract.availability`), so
that the offline verifier finds the same ones. A month is that of China Standard Time.
"""

from collections.abc import Iterator
from dataclasses import astuple, dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from sqlalchemy import Row, delete, func, select

from controller.domain.moment import HOUR_MS, Moment
from controller.storage.models import EventRow, GateEpochRow, ParityCellRow
from controller.storage.unit_of_work import UnitOfWork
from mqtt.contract.availability import AvailabilityTally
from mqtt.contract.parity import ParityRow, ParityTally

__all__ = ["Cell", "cells", "count_month", "keep_parity", "last_months", "month_of"]

_CHINA = timezone(timedelta(hours=8))
_FRESH_MS = HOUR_MS
_LATE_S = 3 * 86_400
"""Events of a month may arrive this long after its end and are still counted by themselves."""

_COLUMNS = (
    EventRow.gate,
    EventRow.epoch,
    EventRow.kind,
    EventRow.access_point,
    EventRow.method,
    EventRow.outcome,
    EventRow.reason,
    EventRow.at_s,
    EventRow.intent_to_unlock_ms,
    EventRow.adapter_kind,
)


@dataclass(frozen=True, slots=True)
class Cell:
    """One way at one access point in one month; availability in parts per million, or -1."""

    row: ParityRow
    availability_ppm: int
    computed_at_ms: int


def month_of(at_ms: int) -> str:
    """Return the month of an instant (UTC ms), such as `2026-11`."""
    return datetime.fromtimestamp(at_ms // 1000, UTC).astimezone(_CHINA).strftime("%Y-%m")


def last_months(moment: Moment, count: int = 12) -> tuple[str, ...]:
    """Return the last months, the present one last."""
    year, month = (int(part) for part in month_of(moment.utc_ms).split("-"))
    at = [year * 12 + month - 1 - back for back in range(count)]
    return tuple(f"{each // 12:04}-{each % 12 + 1:02}" for each in reversed(at))


def cells(uow: UnitOfWork, months: tuple[str, ...]) -> tuple[Cell, ...]:
    """Return what is kept of these months, in the order of month, place and way."""
    found = select(ParityCellRow).where(ParityCellRow.month.in_(months))
    ordered = found.order_by(ParityCellRow.month, ParityCellRow.access_point, ParityCellRow.method)
    return tuple(
        Cell(
            ParityRow(row.access_point, row.method, row.month, *row.counted),
            row.availability_ppm,
            row.computed_at_ms,
        )
        for row in uow.session.scalars(ordered)
    )


def keep_parity(uow: UnitOfWork, moment: Moment) -> bool:
    """Count the present month once an hour, and the last one until late events are in."""
    this = month_of(moment.utc_ms)
    due = [this] if _is_due(uow, this, moment.utc_ms - _FRESH_MS) else []
    before = last_months(moment, 2)[0]
    _, end_s = _bounds(before)
    settled_ms = min(moment.utc_ms - _FRESH_MS, (end_s + _LATE_S) * 1000)
    if _is_due(uow, before, settled_ms):
        due.append(before)
    for month in due:
        count_month(uow, month, moment)
    return bool(due)


def count_month(uow: UnitOfWork, month: str, moment: Moment) -> tuple[Cell, ...]:
    """Count a month anew, keep and return its cells. The caller commits."""
    tally, uptimes = _tallies(uow, month, moment)
    uow.session.execute(delete(ParityCellRow).where(ParityCellRow.month == month))
    rows = {(row.access_point, row.method): row for row in tally.rows() if row.month == month}
    for place, method in sorted(rows.keys() | uptimes.keys()):
        row = rows.get((place, method)) or _nothing(place, method, month)
        up, known = uptimes.get((place, method), (0, 0))
        uow.session.add(
            ParityCellRow(
                month=month,
                access_point=place,
                method=method,
                counted=list(astuple(row)[3:]),
                availability_ppm=up * 1_000_000 // known if known else -1,
                computed_at_ms=moment.utc_ms,
            )
        )
    uow.session.flush()
    return cells(uow, (month,))


def _tallies(
    uow: UnitOfWork, month: str, moment: Moment
) -> tuple[ParityTally, dict[tuple[str, str], tuple[int, int]]]:
    """Return the tries of a month, and (seconds ready, seconds known) of each way at each place."""
    start_s, end_s = _bounds(month)
    tally = ParityTally()
    uptimes: dict[tuple[str, str], tuple[int, int]] = {}
    for gate, epoch in _logs(uow):
        clock = AvailabilityTally(start_s, end_s)
        for fields in _before(uow, gate, start_s) if _is_first(uow, gate, epoch) else ():
            clock.add_leaf(fields)
        for fields in _within(uow, gate, epoch, start_s, end_s):
            tally.add_leaf(fields)
            clock.add_leaf(fields)
        for key, uptime in clock.end(min(moment.utc_s, end_s)).items():
            up, known = uptimes.get(key, (0, 0))
            uptimes[key] = (up + uptime.up_s, known + uptime.known_s)
    return tally, uptimes


def _is_due(uow: UnitOfWork, month: str, before_ms: int) -> bool:
    newest = select(func.max(ParityCellRow.computed_at_ms)).where(ParityCellRow.month == month)
    computed_ms = uow.session.scalar(newest)
    if computed_ms is None:
        start_s, end_s = _bounds(month)
        some = select(EventRow.id).where(EventRow.at_s >= start_s, EventRow.at_s < end_s)
        return uow.session.scalar(some.limit(1)) is not None
    return computed_ms < before_ms


def _bounds(month: str) -> tuple[int, int]:
    year, number = (int(part) for part in month.split("-"))
    start = datetime(year, number, 1, tzinfo=_CHINA)
    end = datetime(year + number // 12, number % 12 + 1, 1, tzinfo=_CHINA)
    return int(start.timestamp()), int(end.timestamp())


def _logs(uow: UnitOfWork) -> list[tuple[str, int]]:
    found = select(GateEpochRow.gate, GateEpochRow.epoch)
    ordered = found.order_by(GateEpochRow.gate, GateEpochRow.first_received_at_ms)
    return [(gate, epoch) for gate, epoch in uow.session.execute(ordered)]


def _is_first(uow: UnitOfWork, gate: str, epoch: int) -> bool:
    """Tell whether this is the log in which the gate was before the month began."""
    return next((each for name, each in _logs(uow) if name == gate), epoch) == epoch


def _before(uow: UnitOfWork, gate: str, start_s: int) -> list[list[object]]:
    """Return what was last said of ways before the month, oldest first."""
    found = (
        select(*_COLUMNS)
        .where(EventRow.gate == gate, EventRow.at_s < start_s)
        .where(EventRow.kind.in_(("health", "boot")))
        .order_by(EventRow.id.desc())
        .limit(500)
    )
    return [_fields(row) for row in reversed(uow.session.execute(found).all())]


def _within(
    uow: UnitOfWork, gate: str, epoch: int, start_s: int, end_s: int
) -> Iterator[list[object]]:
    found = (
        select(*_COLUMNS)
        .where(EventRow.gate == gate, EventRow.epoch == epoch)
        .where(EventRow.at_s >= start_s, EventRow.at_s < end_s)
        .where(EventRow.kind.in_(("decision", "reader", "passage", "health", "boot")))
        .order_by(EventRow.seq)
    )
    for row in uow.session.execute(found.execution_options(yield_per=5_000)):
        yield _fields(row)


def _fields(row: Row[*tuple[Any, ...]]) -> list[object]:
    """Return a leaf's fields; those that are not counted stay empty."""
    return [
        *(1, "", row.gate, row.epoch, 0, row.kind, row.access_point, row.method, row.outcome),
        *(row.reason, row.at_s, 0, 0, 0, row.intent_to_unlock_ms, "", row.adapter_kind),
    ]


def _nothing(place: str, method: str, month: str) -> ParityRow:
    return ParityRow(place, method, month, 0, 0, 0, 0, 0, -1, -1, -1, 0, 1000)
