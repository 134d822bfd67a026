"""Show instants and days in the compound's zone, whatever zone any machine is set to (E01, E02)."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

__all__ = ["day_bounds_ms", "local_date", "local_text"]


def local_text(at_ms: int, zone: str) -> str:
    """Return ISO 8601 to the second with the zone's offset, such as `2026-11-22T23:59:59+08:00`."""
    return _local(at_ms, zone).isoformat(timespec="seconds")


def local_date(at_ms: int, zone: str) -> date:
    """Return the compound's date at this instant."""
    return _local(at_ms, zone).date()


def day_bounds_ms(day: date, zone: str) -> tuple[int, int]:
    """Return the first instant of a compound's day and the first of the next one, UTC in ms."""
    ends = (day, day + timedelta(days=1))
    first, last = (datetime.combine(each, time(), ZoneInfo(zone)).timestamp() for each in ends)
    return int(first * 1000), int(last * 1000)


def _local(at_ms: int, zone: str) -> datetime:
    return datetime.fromtimestamp(at_ms // 1000, UTC).astimezone(ZoneInfo(zone))
