"""Schedules agree with a slow reference across the edges of time zones (E02, E03, E09)."""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from edge.domain.schedule import is_active
from mqtt.contract.records import DayKind, ScheduleRecord, WindowRecord

ZONES = ("Asia/Shanghai", "America/New_York", "Australia/Lord_Howe", "Europe/London", "UTC")
# Instants around which zones change: Shanghai's summer time of 1986-1991, New York, Lord Howe's
# half hour, London, and the rollovers of 2036 and 2038.
EDGES = (
    "1986-05-03T18:00:00+00:00",
    "1991-09-14T17:00:00+00:00",
    "2026-03-08T07:00:00+00:00",
    "2026-11-01T06:00:00+00:00",
    "2026-04-04T15:00:00+00:00",
    "2026-10-03T15:30:00+00:00",
    "2026-03-29T01:00:00+00:00",
    "2036-02-07T06:28:16+00:00",
    "2038-01-19T03:14:07+00:00",
)

windows = st.builds(
    WindowRecord,
    st.sets(st.integers(0, 6)).map(lambda days: tuple(sorted(days))),
    st.integers(0, 1_439),
    st.integers(0, 1_440),
    st.booleans(),
)
instants = st.one_of(
    st.builds(
        lambda edge, off_s: int(datetime.fromisoformat(edge).timestamp()) * 1_000 + off_s * 1_000,
        st.sampled_from(EDGES),
        st.integers(-200_000, 200_000),
    ),
    st.integers(90_000_000, 4_000_000_000_000),
)


def slow(schedule: ScheduleRecord, at_ms: int, zone: ZoneInfo, days: dict[str, DayKind]) -> bool:
    """Walk minute by minute through every window of three days and look for the local time."""
    now = datetime.fromtimestamp(at_ms // 1_000, zone).replace(tzinfo=None, second=0, fold=0)
    for window in schedule.windows:
        for back in range(3):
            day = now.date() - timedelta(days=back)
            if not counts(window, day, days.get(day.isoformat())):
                continue
            moment = datetime.combine(day, time()) + timedelta(minutes=window.start_min)
            first, steps = True, 0
            while steps < 1_440 and (first or moment.hour * 60 + moment.minute != end_of(window)):
                if moment == now:
                    return True
                moment += timedelta(minutes=1)
                first, steps = False, steps + 1
    return False


def end_of(window: WindowRecord) -> int:
    return window.end_min % 1_440


def counts(window: WindowRecord, day: date, kind: DayKind | None) -> bool:
    weekday = day.weekday()
    if kind is DayKind.HOLIDAY and not window.on_holidays:
        return False
    if kind is DayKind.WORKDAY:
        every_workday = all(workday in window.days for workday in range(5))
        weekend_only = all(named > 4 for named in window.days)
        return every_workday or (weekday in window.days and not weekend_only)
    return weekday in window.days


@given(
    st.lists(windows, max_size=3),
    instants,
    st.sampled_from(ZONES),
    st.dictionaries(st.integers(-2, 1), st.sampled_from(DayKind), max_size=3),
)
def test_schedules_agree_with_the_slow_reference(
    parts: list[WindowRecord], at_ms: int, zone_name: str, special: dict[int, DayKind]
) -> None:
    zone = ZoneInfo(zone_name)
    today = datetime.fromtimestamp(at_ms // 1_000, zone).date()
    days = {(today + timedelta(days=off)).isoformat(): kind for off, kind in special.items()}
    schedule = ScheduleRecord(tuple(parts))
    assert is_active(schedule, at_ms, zone, days) is slow(schedule, at_ms, zone, days)
