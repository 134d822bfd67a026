"""Count guards' releases by shift: without a call before, again and again, at night.

These are figures to talk about with a guard, no verdicts; a share of fewer than 10 is not shown.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select

from controller.domain.moment import DAY_MS, Moment
from controller.storage.models import EventRow, StaffRow
from controller.storage.unit_of_work import UnitOfWork
from mqtt.contract import codec
from mqtt.contract.errors import ContractError
from mqtt.contract.events import Outcome, Personal
from mqtt.contract.reasons import ReasonCode

__all__ = ["CALL_BEFORE_S", "LEAST", "REPEAT_S", "Shift", "shifts"]

CALL_BEFORE_S = 300
REPEAT_S = 120
LEAST = 10
_SHIFTS = ((6, "06-14"), (14, "14-22"), (22, "22-06"))
_RELEASES = frozenset({ReasonCode.GUARD_RELEASE.value, ReasonCode.REMOTE_OPEN.value})


@dataclass(frozen=True, slots=True)
class Shift:
    """One guard's releases in one shift. `day` is the ISO date on which the shift began."""

    day: str
    hours: str
    guard: str
    releases: int
    without_call: int
    repeats: int
    night: int

    def share(self, count: int) -> int | None:
        """Return a count as whole percent of the releases, None below 10 releases."""
        return None if self.releases < LEAST else round(100 * count / self.releases)


@dataclass(frozen=True, slots=True)
class _Release:
    at_s: int
    point: str
    actor: bytes


def shifts(uow: UnitOfWork, zone: str, moment: Moment, days: int = 14) -> tuple[Shift, ...]:
    """Return every shift of the last days in which somebody released a door, newest first."""
    since_s = (moment.utc_ms - days * DAY_MS) // 1000
    wanted = (*_RELEASES, ReasonCode.CALLED.value)
    rows = uow.session.execute(
        select(
            EventRow.at_s, EventRow.access_point, EventRow.reason, EventRow.outcome,
            EventRow.personal,
        )
        .where(EventRow.at_s >= since_s - CALL_BEFORE_S, EventRow.reason.in_(wanted))
        .order_by(EventRow.at_s)
    ).all()  # fmt: skip
    calls: dict[str, list[int]] = defaultdict(list)
    released: list[_Release] = []
    for row in rows:
        if row.reason == ReasonCode.CALLED.value:
            calls[row.access_point].append(row.at_s)
        elif row.outcome == Outcome.GRANTED.value and row.at_s >= since_s:
            released.append(_Release(row.at_s, row.access_point, _actor(row.personal)))
    names = {row.id: row.name for row in uow.session.scalars(select(StaffRow))}
    return _counted(released, calls, names, ZoneInfo(zone))


def _counted(
    released: Iterable[_Release],
    calls: dict[str, list[int]],
    names: dict[bytes, str],
    zone: ZoneInfo,
) -> tuple[Shift, ...]:
    counts: dict[tuple[str, str, str], list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    before: dict[tuple[bytes, str], int] = {}
    for each in released:
        day, hours, is_night = _shift_of(each.at_s, zone)
        count = counts[day, hours, names.get(each.actor, "—")]
        called = any(0 <= each.at_s - at <= CALL_BEFORE_S for at in calls[each.point])
        last = before.get((each.actor, each.point))
        count[0] += 1
        count[1] += not called
        count[2] += last is not None and each.at_s - last <= REPEAT_S
        count[3] += is_night
        before[each.actor, each.point] = each.at_s
    return tuple(
        Shift(day, hours, guard, *count)
        for (day, hours, guard), count in sorted(counts.items(), reverse=True)
    )


def _shift_of(at_s: int, zone: ZoneInfo) -> tuple[str, str, bool]:
    at = datetime.fromtimestamp(at_s, UTC).astimezone(zone)
    is_night = at.hour >= 22 or at.hour < 6
    day = at.date() - timedelta(days=1) if at.hour < 6 else at.date()
    hours = next(name for start, name in reversed(_SHIFTS) if at.hour >= start or at.hour < 6)
    return day.isoformat(), hours, is_night


def _actor(personal: bytes | None) -> bytes:
    if personal is None:
        return b""
    try:
        return codec.decode(personal, Personal).actor
    except ContractError:
        return b""
