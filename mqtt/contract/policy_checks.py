"""Find what is out of range in single records of `config` and `policy`, and what refers to nothing.

Limits: acceptance case D01 for times; the rest are ours.
"""

import datetime as dt
import re
from collections.abc import Collection, Iterator, Mapping

from mqtt.contract.errors import ContractError
from mqtt.contract.events import Method
from mqtt.contract.findings import Finding
from mqtt.contract.ids import parse_name
from mqtt.contract.records import (
    AccessPointRecord,
    CalendarRecord,
    ConfigRecord,
    LevelRecord,
    PortalRecord,
    ScheduleRecord,
    WindowRecord,
)

__all__ = [
    "FITTED_METHODS",
    "check_calendar",
    "check_config",
    "check_policy",
    "check_references",
    "is_record_name",
]

FITTED_METHODS = frozenset({Method.QR, Method.FOB, Method.PIN, Method.GUARD, Method.FACE})
"""Ways in that can be fitted at an access point; `remote` is an order and `none` no way in."""

_NAME = re.compile(r"[a-z0-9-]{1,40}\Z")
_ZONE = re.compile(r"[A-Z][A-Za-z]+/[A-Za-z0-9_+/-]{1,40}\Z")
_DAY_MIN = 1_440
_PORTAL_LIMITS = {
    "unlock_ms": (1_000, 60_000),
    "longer_unlock_ms": (1_000, 60_000),
    "held_warn_ms": (10_000, 3_600_000),
    "held_alarm_ms": (10_000, 3_600_000),
}
_GATE_LIMITS = {"phone_window_s": (30, 300), "phone_skew_s": (0, 120)}


def is_record_name(name: str) -> bool:
    """Tell whether `name` may follow a record's prefix: 1 to 40 of a-z, 0-9 and -."""
    return _NAME.match(name) is not None


def check_config(
    gate: ConfigRecord,
    portals: Mapping[str, PortalRecord],
    access_points: Mapping[str, AccessPointRecord],
) -> list[Finding]:
    """Return the findings of one `config` document."""
    findings = [*_gate(gate)]
    for name, portal in portals.items():
        findings += _portal(f"portal:{name}", name, portal, portals)
    for name, access_point in access_points.items():
        findings += _access_point(f"ap:{name}", name, access_point, portals)
    return findings


def check_policy(
    schedules: Mapping[str, ScheduleRecord], levels: Mapping[str, LevelRecord]
) -> list[Finding]:
    """Return the findings of one `policy` document, its calendars apart."""
    findings: list[Finding] = []
    for name, schedule in schedules.items():
        findings += _schedule(f"schedule:{name}", schedule)
    for name, level in levels.items():
        for grant in level.grants:
            if grant.schedule not in schedules:
                findings.append(_missing(f"level:{name}", "schedule", grant.schedule))
            if not grant.access_points:
                findings.append(
                    Finding(f"level:{name}", "access_points", "至少一处", "name at least one")
                )
    return findings


def check_calendar(year: str, calendar: CalendarRecord) -> list[Finding]:
    """Return the findings of one year's table of holidays and make-up workdays."""
    wrong = [day for day in calendar.days if not _is_date(day) or not day.startswith(f"{year}-")]
    return [
        Finding(
            f"calendar:{year}", day[:16], "用该年的日期，如 2026-10-01", "use a date of that year"
        )
        for day in wrong
    ]


def check_references(
    portals: Mapping[str, PortalRecord], schedules: Collection[str]
) -> list[Finding]:
    """Return what `config` expects of `policy` and does not find there."""
    return [
        _missing(f"portal:{name}", "free_schedule", portal.free_schedule)
        for name, portal in portals.items()
        if portal.free_schedule and portal.free_schedule not in schedules
    ]


def _gate(gate: ConfigRecord) -> Iterator[Finding]:
    if not _ZONE.match(gate.zone):
        yield Finding(
            "gate", "zone", "用时区名，如 Asia/Shanghai", "use an IANA zone, Asia/Shanghai"
        )
    if gate.passback not in {"off", "soft", "hard"}:
        yield Finding("gate", "passback", "用 off、soft 或 hard", "use off, soft or hard")
    yield from _limits("gate", gate, _GATE_LIMITS)


def _portal(
    record: str, name: str, portal: PortalRecord, portals: Mapping[str, PortalRecord]
) -> Iterator[Finding]:
    yield from _limits(record, portal, _PORTAL_LIMITS)
    if portal.longer_unlock_ms < portal.unlock_ms:
        yield Finding(record, "longer_unlock_ms", "不短于 unlock_ms", "at least unlock_ms")
    if portal.held_alarm_ms < portal.held_warn_ms:
        yield Finding(record, "held_alarm_ms", "不短于 held_warn_ms", "at least held_warn_ms")
    for other in portal.interlock_with:
        if other == name or other not in portals:
            yield _missing(record, "interlock_with", other)


def _access_point(
    record: str, name: str, access_point: AccessPointRecord, portals: Mapping[str, PortalRecord]
) -> Iterator[Finding]:
    try:
        parse_name(name)
    except ContractError as error:
        yield Finding(record, "", error.cure("zh-CN"), error.cure("en"))
    if access_point.portal not in portals:
        yield _missing(record, "portal", access_point.portal)
    methods = access_point.methods
    if not methods or len(set(methods)) != len(methods) or not FITTED_METHODS.issuperset(methods):
        yield Finding(
            record,
            "methods",
            "至少一种，不重复，只用 qr、fob、pin、guard、face",
            "at least one, each once, of qr, fob, pin, guard, face",
        )


def _schedule(record: str, schedule: ScheduleRecord) -> Iterator[Finding]:
    if schedule.always and schedule.windows:
        yield Finding(record, "always", "always 与时段只留一个", "keep either always or windows")
    for window in schedule.windows:
        yield from _window(record, window)


def _window(record: str, window: WindowRecord) -> Iterator[Finding]:
    days = window.days
    if not days or len(set(days)) != len(days) or not set(range(7)).issuperset(days):
        yield Finding(
            record, "days", "星期一为 0 到星期日为 6，各一次", "0 Monday to 6 Sunday, once each"
        )
    if not (0 <= window.start_min < _DAY_MIN and 0 < window.end_min <= _DAY_MIN):
        yield Finding(record, "windows", "分钟在 0 到 1440 之间", "minutes from 0 to 1440")


def _limits(
    record: str, settings: ConfigRecord | PortalRecord, limits: Mapping[str, tuple[int, int]]
) -> Iterator[Finding]:
    for field, (least, most) in limits.items():
        if not least <= getattr(settings, field) <= most:
            yield Finding(record, field, f"取 {least} 至 {most}", f"use {least} to {most}")


def _missing(record: str, field: str, name: str) -> Finding:
    shown = name if is_record_name(name) else "?"
    return Finding(record, field, f"先建立 {shown} 或改名", f"create {shown} or name another")


def _is_date(text: str) -> bool:
    try:
        return dt.date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False
