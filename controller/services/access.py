"""Save schedules, levels and holidays; read them as the records that gates get."""

from sqlalchemy import select

from controller.domain.access import (
    check_day,
    check_grants,
    check_schedule,
    days_from_bits,
    days_to_bits,
    windows_name,
)
from controller.domain.refusal import Refusal, raise_if
from controller.storage.models import (
    AccessPointRow,
    CalendarDayRow,
    GrantRow,
    LevelRow,
    PortalRow,
    ScheduleRow,
    WindowRow,
)
from controller.storage.unit_of_work import UnitOfWork
from mqtt.contract.policy_checks import is_record_name
from mqtt.contract.reasons import ReasonCode
from mqtt.contract.records import DayKind, GrantRecord, LevelRecord, ScheduleRecord, WindowRecord

__all__ = [
    "calendar",
    "ensure_plan",
    "level_access_points",
    "levels",
    "save_level",
    "save_schedule",
    "schedules",
    "set_day",
]


def save_schedule(uow: UnitOfWork, name: str, schedule: ScheduleRecord, title: str = "") -> None:
    """Make or replace a schedule. Raises RefusedError(`config_invalid`, `bad_name`)."""
    _check_name(name)
    raise_if(check_schedule(schedule))
    row = uow.find(ScheduleRow, name)
    if row is None:
        row = ScheduleRow(name=name)
        uow.session.add(row)
    row.title = title or row.title or name
    row.always = schedule.always
    row.windows = [
        WindowRow(
            days=days_to_bits(window.days),
            start_min=window.start_min,
            end_min=window.end_min,
            on_holidays=window.on_holidays,
        )
        for window in schedule.windows
    ]
    uow.session.flush()


def save_level(
    uow: UnitOfWork, name: str, grants: tuple[GrantRecord, ...], title: str = ""
) -> None:
    """Make or replace a level. Raises RefusedError(`config_invalid`, `bad_name`)."""
    _check_name(name)
    points = frozenset(uow.session.scalars(select(AccessPointRow.name)))
    plans = frozenset(uow.session.scalars(select(ScheduleRow.name)))
    raise_if(check_grants(grants, points, plans))
    row = uow.find(LevelRow, name)
    if row is None:
        row = LevelRow(name=name)
        uow.session.add(row)
    row.title = title or row.title or name
    row.grants = [
        GrantRow(access_points=tuple(grant.access_points), schedule=grant.schedule)
        for grant in grants
    ]
    uow.session.flush()


def ensure_plan(
    uow: UnitOfWork, windows: tuple[WindowRecord, ...], access_points: tuple[str, ...]
) -> str:
    """Return a level for a pass with weekly windows of its own (I09, I11).

    Equal plans share one level. Raises RefusedError(`config_invalid`).
    """
    name = windows_name(windows, access_points)
    if uow.find(LevelRow, name) is None:
        save_schedule(uow, name, ScheduleRecord(windows))
        save_level(uow, name, (GrantRecord(tuple(sorted(access_points)), name),))
    return name


def set_day(uow: UnitOfWork, day: str, kind: DayKind | None) -> None:
    """Mark an ISO date as a holiday or make-up workday, or as ordinary with None."""
    raise_if(check_day(day))
    row = uow.find(CalendarDayRow, day)
    if kind is None:
        if row is not None:
            uow.session.delete(row)
    elif row is None:
        uow.session.add(CalendarDayRow(day=day, kind=kind.value))
    else:
        row.kind = kind.value
    uow.session.flush()


def schedules(uow: UnitOfWork) -> dict[str, ScheduleRecord]:
    """Return all schedules."""
    rows = uow.session.scalars(select(ScheduleRow))
    return {row.name: ScheduleRecord(_windows(row), row.always) for row in rows}


def levels(uow: UnitOfWork) -> dict[str, LevelRecord]:
    """Return all levels."""
    rows = uow.session.scalars(select(LevelRow))
    return {
        row.name: LevelRecord(
            tuple(GrantRecord(grant.access_points, grant.schedule) for grant in row.grants)
        )
        for row in rows
    }


def calendar(uow: UnitOfWork) -> dict[str, DayKind]:
    """Return the holiday table: ISO date to kind."""
    rows = uow.session.scalars(select(CalendarDayRow).order_by(CalendarDayRow.day))
    return {row.day: DayKind(row.kind) for row in rows}


def level_access_points(uow: UnitOfWork, names: tuple[str, ...]) -> dict[str, str]:
    """Return where these levels lead: access point to gate. Raises RefusedError(`not_found`)."""
    reached = {point for name in names for point in _points_of(uow, name)}
    rows = uow.session.execute(
        select(AccessPointRow.name, PortalRow.gate)
        .join(PortalRow, PortalRow.name == AccessPointRow.portal)
        .where(AccessPointRow.name.in_(reached))
    )
    return {row.name: row.gate for row in rows}


def _points_of(uow: UnitOfWork, level: str) -> set[str]:
    row = uow.need(LevelRow, level)
    return {point for grant in row.grants for point in grant.access_points}


def _windows(row: ScheduleRow) -> tuple[WindowRecord, ...]:
    return tuple(
        WindowRecord(days_from_bits(each.days), each.start_min, each.end_min, each.on_holidays)
        for each in row.windows
    )


def _check_name(name: str) -> None:
    if not is_record_name(name):
        raise Refusal(ReasonCode.BAD_NAME, "AC-00").as_error()
