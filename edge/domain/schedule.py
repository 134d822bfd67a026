"""Tell whether a schedule is active at an instant, in the compound's own time zone. Pure.

Rules of this file:
1. Windows are local wall-clock times in the compound's IANA zone; the machine's own zone is never
   asked (E02).
2. A window belongs to the date on which it starts; one that runs past midnight keeps that date's
   weekday and kind of day until it ends (E03).
3. On a public holiday a window counts only if it says so (`on_holidays`).
4. A make-up workday (调休) is no weekend: windows of Saturday and Sunday alone do not count, those
   of all five workdays do, and any other window counts on the weekdays it names.
Source of the days: the yearly notice of the State Council, kept as an editable table.
"""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta, tzinfo

from mqtt.contract.records import DayKind, ScheduleRecord, WindowRecord

__all__ = ["MINUTE_MS", "is_active", "is_active_throughout", "local_time"]

MINUTE_MS = 60_000
_DAY_MIN = 1_440
_WORKDAYS = frozenset(range(5))
_WEEKEND = frozenset({5, 6})
_EARLIEST_S = 86_400
_LATEST_S = 253_402_128_000
"""Two days inside what `datetime` can hold, so that no clock, however wrong, can raise here."""

Calendar = Mapping[str, DayKind]


def local_time(at_ms: int, zone: tzinfo) -> datetime:
    """Return the local time of a UTC instant in ms; absurd instants are moved into 1970 to 9999."""
    seconds = min(max(at_ms // 1_000, _EARLIEST_S), _LATEST_S)
    return datetime.fromtimestamp(seconds, tz=UTC).astimezone(zone)


def is_active(schedule: ScheduleRecord, at_ms: int, zone: tzinfo, calendar: Calendar) -> bool:
    """Tell whether `schedule` is active at `at_ms` (UTC); `calendar` maps ISO dates to kinds."""
    if schedule.always:
        return True
    now = local_time(at_ms, zone)
    minute = now.hour * 60 + now.minute
    today = now.date()
    return any(
        _covers(window, today, minute, calendar)
        or _covers(window, today - timedelta(days=1), minute + _DAY_MIN, calendar)
        for window in schedule.windows
    )


def is_active_throughout(
    schedule: ScheduleRecord, from_ms: int, to_ms: int, zone: tzinfo, calendar: Calendar
) -> bool:
    """Tell whether `schedule` never paused between two instants, looked at once a minute.

    More than a day apart counts as a pause: who came yesterday is not today's first person.
    """
    if not 0 <= to_ms - from_ms <= _DAY_MIN * MINUTE_MS:
        return False
    instants = (*range(from_ms, to_ms, MINUTE_MS), to_ms)
    return all(is_active(schedule, at_ms, zone, calendar) for at_ms in instants)


def _covers(window: WindowRecord, day: date, minute: int, calendar: Calendar) -> bool:
    """Tell whether `window`, started on `day`, covers `minute` counted from that day's midnight."""
    end = window.end_min if window.end_min > window.start_min else window.end_min + _DAY_MIN
    return window.start_min <= minute < end and _counts_on(window, day, calendar)


def _counts_on(window: WindowRecord, day: date, calendar: Calendar) -> bool:
    days = frozenset(window.days)
    match calendar.get(day.isoformat()):
        case DayKind.HOLIDAY:
            return window.on_holidays and day.weekday() in days
        case DayKind.WORKDAY:
            return days >= _WORKDAYS or (day.weekday() in days and not days <= _WEEKEND)
        case _:
            return day.weekday() in days
