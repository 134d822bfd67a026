"""Edit access levels, weekly schedules and the holiday table. Nothing here can name a way in."""

from datetime import date, timedelta

from fastapi import APIRouter, Request
from sqlalchemy import func, select
from starlette.responses import Response

from controller.domain.roles import Act
from controller.services.access import calendar, save_level, save_schedule, set_day
from controller.services.acts import need_act, record_act
from controller.services.managing.plans import keep_version
from controller.storage.models import AccessPointRow, CredentialRow, LevelRow, ScheduleRow
from controller.storage.unit_of_work import UnitOfWork
from controller.web.identity import Staff
from controller.web.manager.forms import Fields, TheFields, wrong
from controller.web.page import TheDesk, go, page, words_for
from mqtt.contract.errors import RefusedError
from mqtt.contract.records import DayKind, GrantRecord, ScheduleRecord, WindowRecord

__all__ = ["router"]

router = APIRouter(prefix="/manager", include_in_schema=False)
_WINDOWS = 6
_MOST_DAYS = 60


@router.get("/levels")
def levels(request: Request, desk: TheDesk) -> Response:
    """Show access levels: which doors, at which times, for how many credentials."""
    return _levels(request, desk)


@router.post("/levels")
def keep_level(request: Request, fields: TheFields, desk: TheDesk, staff: Staff) -> Response:
    """Make or change a level with one or two lines of doors and a schedule."""
    need_act(staff, Act.EDIT_ACCESS)
    grants = tuple(
        GrantRecord(points, fields.text(f"schedule_{at}"))
        for at in range(2)
        if (points := fields.many(f"point_{at}"))
    )
    name = fields.text("name")
    try:
        if not grants:
            raise wrong("point")
        with desk.writing() as uow:
            save_level(uow, name, grants, fields.text("title"))
            _keep(uow, staff, f"level {name}", desk)
            uow.commit()
    except RefusedError as error:
        return _levels(request, desk, 422, sent=fields, error=words_for(request).error(error))
    desk.wire.changed()
    return go("/manager/levels", words_for(request)("已保存", "Saved"))


@router.get("/schedules")
def schedules(request: Request, desk: TheDesk) -> Response:
    """Show weekly schedules and the holidays of this year and the next."""
    return _schedules(request, desk)


@router.post("/schedules")
def keep_schedule(request: Request, fields: TheFields, desk: TheDesk, staff: Staff) -> Response:
    """Make or change a schedule; an end at or before its start runs into the next day."""
    need_act(staff, Act.EDIT_ACCESS)
    name = fields.text("name")
    try:
        record = _schedule_of(fields)
        with desk.writing() as uow:
            save_schedule(uow, name, record, fields.text("title"))
            _keep(uow, staff, f"schedule {name}", desk)
            uow.commit()
    except RefusedError as error:
        return _schedules(request, desk, 422, sent=fields, error=words_for(request).error(error))
    desk.wire.changed()
    return go("/manager/schedules", words_for(request)("已保存", "Saved"))


@router.post("/holidays")
def keep_days(request: Request, fields: TheFields, desk: TheDesk, staff: Staff) -> Response:
    """Mark days as holidays, make-up workdays or ordinary, from one date to another."""
    need_act(staff, Act.EDIT_ACCESS)
    try:
        first = date.fromisoformat(fields.text("from"))
        last = date.fromisoformat(fields.text("to") or fields.text("from"))
    except ValueError as error:
        raise wrong("day") from error
    if not 0 <= (last - first).days < _MOST_DAYS:
        raise wrong("day")
    kind = {"holiday": DayKind.HOLIDAY, "workday": DayKind.WORKDAY}.get(fields.text("kind"))
    with desk.writing() as uow:
        for offset in range((last - first).days + 1):
            set_day(uow, (first + timedelta(days=offset)).isoformat(), kind)
        _keep(uow, staff, f"holidays {first.isoformat()}", desk)
        uow.commit()
    desk.wire.changed()
    return go("/manager/schedules#holidays", words_for(request)("已保存", "Saved"))


def _schedule_of(fields: Fields) -> ScheduleRecord:
    if fields.has("always"):
        return ScheduleRecord(always=True)
    return ScheduleRecord(
        tuple(
            WindowRecord(
                tuple(int(day) for day in days if day in "0123456"),
                fields.minutes(f"start_{at}") % 1440,
                fields.minutes(f"end_{at}") or 1440,
                fields.has(f"holidays_{at}"),
            )
            for at in range(_WINDOWS)
            if (days := fields.many(f"day_{at}"))
        )
    )


def _stretches(days: dict[str, str]) -> list[tuple[str, str, str]]:
    """Join days of one kind that follow each other: (first, last, kind)."""
    found: list[tuple[str, str, str]] = []
    for day, kind in sorted(days.items()):
        before = (date.fromisoformat(day) - timedelta(days=1)).isoformat()
        if found and found[-1][1:] == (before, kind):
            found[-1] = (found[-1][0], day, kind)
        else:
            found.append((day, day, kind))
    return found


def _keep(uow: UnitOfWork, staff: Staff, what: str, desk: TheDesk) -> None:
    moment = desk.clock()
    record_act(uow, moment, staff, Act.EDIT_ACCESS, staff.id, reason=what)
    keep_version(uow, staff, what, moment)


def _levels(
    request: Request,
    desk: TheDesk,
    status: int = 200,
    *,
    sent: Fields | None = None,
    error: str = "",
) -> Response:
    with desk.reading() as uow:
        used = uow.session.execute(
            select(CredentialRow.levels, func.count())
            .where(
                CredentialRow.ended_at_ms.is_(None),
                CredentialRow.valid_until_ms > desk.clock().utc_ms,
            )
            .group_by(CredentialRow.levels)
        ).all()
        rows = uow.session.scalars(select(LevelRow).order_by(LevelRow.name)).all()
        return page(
            request,
            "manager/levels.html",
            status,
            levels=rows,
            used={row.name: sum(n for names, n in used if row.name in names) for row in rows},
            points=uow.session.scalars(select(AccessPointRow).order_by(AccessPointRow.name)).all(),
            schedules=uow.session.scalars(select(ScheduleRow).order_by(ScheduleRow.name)).all(),
            sent=sent or Fields(()),
            error=error,
        )


def _schedules(
    request: Request,
    desk: TheDesk,
    status: int = 200,
    *,
    sent: Fields | None = None,
    error: str = "",
) -> Response:
    with desk.reading() as uow:
        this_year = desk.site.today(desk.clock()).year
        later = {d: kind.value for d, kind in calendar(uow).items() if int(d[:4]) >= this_year}
        return page(
            request,
            "manager/schedules.html",
            status,
            schedules=uow.session.scalars(select(ScheduleRow).order_by(ScheduleRow.name)).all(),
            days=_stretches(later),
            windows=range(_WINDOWS),
            sent=sent or Fields(()),
            error=error,
        )
