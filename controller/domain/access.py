"""Check schedules, levels and the holiday table before they are saved.

Times of day are minutes after local midnight in the compound's zone; 1440 is the midnight at the
end of the day, so that an all-day window has no hole (acceptance case E03).
"""

import hashlib
from datetime import date

from controller.domain.refusal import Refusal
from mqtt.contract import codec
from mqtt.contract.reasons import ReasonCode
from mqtt.contract.records import GrantRecord, ScheduleRecord, WindowRecord

__all__ = [
    "ALWAYS",
    "check_day",
    "check_grants",
    "check_schedule",
    "days_from_bits",
    "days_to_bits",
    "windows_name",
]

ALWAYS = "always"
"""The schedule that every compound has."""

_DAY_MIN = 1440
_WEEK = frozenset(range(7))


def check_schedule(schedule: ScheduleRecord) -> Refusal | None:
    """Return the first fault of a schedule: bad or repeated days, minutes past midnight."""
    if schedule.always and schedule.windows:
        return _bad("always with windows")
    for window in schedule.windows:
        if not window.days or not set(window.days) <= _WEEK:
            return _bad("days")
        if len(set(window.days)) != len(window.days):
            return _bad("days repeated")
        if not 0 <= window.start_min < _DAY_MIN:
            return _bad("start_min")
        if not 0 < window.end_min <= _DAY_MIN:
            return _bad("end_min")
    return None


def check_grants(
    grants: tuple[GrantRecord, ...], access_points: frozenset[str], schedules: frozenset[str]
) -> Refusal | None:
    """Return the first grant that names something that does not exist."""
    for grant in grants:
        if not grant.access_points or not set(grant.access_points) <= access_points:
            return _bad("grant: access point")
        if grant.schedule not in schedules:
            return _bad("grant: schedule")
    return None


def check_day(day: str) -> Refusal | None:
    """Return a refusal unless `day` is an ISO date."""
    try:
        return None if date.fromisoformat(day).isoformat() == day else _bad("day")
    except ValueError:
        return _bad("day")


def days_to_bits(days: tuple[int, ...]) -> int:
    """Pack weekdays into bits, Monday is bit 0."""
    return sum(1 << day for day in set(days))


def days_from_bits(bits: int) -> tuple[int, ...]:
    """Unpack weekdays, Monday first."""
    return tuple(day for day in sorted(_WEEK) if bits >> day & 1)


def windows_name(windows: tuple[WindowRecord, ...], access_points: tuple[str, ...]) -> str:
    """Name a plan by its content, so that equal plans of many passes share one level."""
    digest = hashlib.sha256(codec.encode(ScheduleRecord(windows)))
    digest.update(" ".join(sorted(access_points)).encode())
    return f"plan-{digest.hexdigest()[:12]}"


def _bad(where: str) -> Refusal:
    return Refusal(ReasonCode.CONFIG_INVALID, "AC-00", detail=where)
