"""Schedules: windows, nights, holidays, make-up workdays, zones (E01-E03, E09)."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from edge.domain.schedule import is_active, is_active_throughout, local_time
from mqtt.contract.records import DayKind, ScheduleRecord, WindowRecord

SHANGHAI = ZoneInfo("Asia/Shanghai")
WORKDAYS = (0, 1, 2, 3, 4)
EVERY_DAY = (0, 1, 2, 3, 4, 5, 6)


def at(text: str, zone: ZoneInfo = SHANGHAI) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=zone).timestamp()) * 1_000


def week(
    days: tuple[int, ...], start: int, end: int, *, on_holidays: bool = True
) -> ScheduleRecord:
    return ScheduleRecord((WindowRecord(days, start, end, on_holidays),))


def active(schedule: ScheduleRecord, text: str, **calendar: DayKind) -> bool:
    days = {key.removeprefix("d").replace("_", "-"): kind for key, kind in calendar.items()}
    return is_active(schedule, at(text), SHANGHAI, days)


def test_no_window_never_and_always_always() -> None:
    assert not active(ScheduleRecord(), "2026-11-22T12:00:00")
    assert active(ScheduleRecord(always=True), "2026-11-22T12:00:00")


def test_E01_one_instant_has_one_local_date() -> None:
    late = at("2026-11-22T23:59:59")
    assert local_time(late, SHANGHAI).date().isoformat() == "2026-11-22"
    assert local_time(late, ZoneInfo("Asia/Tokyo")).date().isoformat() == "2026-11-23"


def test_E02_schedules_follow_the_compound_not_the_machine(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TZ", "America/New_York")
    morning = week(EVERY_DAY, 8 * 60, 9 * 60)
    assert active(morning, "2026-11-22T08:30:00")
    assert not is_active(morning, at("2026-11-22T08:30:00", ZoneInfo("UTC")), SHANGHAI, {})


def test_E03_all_day_has_no_hole_before_midnight() -> None:
    all_day = week(EVERY_DAY, 0, 1_440)
    assert active(all_day, "2026-11-22T23:59:30")
    assert active(all_day, "2026-11-23T00:00:00")


def test_E03_friday_night_covers_saturday_morning() -> None:
    night = week((4,), 22 * 60, 6 * 60)
    assert active(night, "2026-11-27T22:00:00")
    assert active(night, "2026-11-28T05:59:59")
    assert not active(night, "2026-11-28T06:00:00")
    assert not active(night, "2026-11-28T22:00:00")
    assert not active(night, "2026-11-27T05:00:00")


def test_a_holiday_ends_windows_that_do_not_count_on_holidays() -> None:
    office = week(WORKDAYS, 540, 1_080, on_holidays=False)
    assert active(office, "2026-10-01T10:00:00")
    assert not active(office, "2026-10-01T10:00:00", d2026_10_01=DayKind.HOLIDAY)
    stays = week(WORKDAYS, 540, 1_080)
    assert active(stays, "2026-10-01T10:00:00", d2026_10_01=DayKind.HOLIDAY)


@pytest.mark.parametrize(
    ("days", "expected"),
    [(WORKDAYS, True), ((5, 6), False), (EVERY_DAY, True), ((2, 5), True), ((0, 2, 4), False)],
)
def test_a_make_up_saturday_is_a_workday(days: tuple[int, ...], expected: bool) -> None:
    schedule = week(days, 540, 1_080)
    # 2026-10-10 is a Saturday.
    assert active(schedule, "2026-10-10T10:00:00", d2026_10_10=DayKind.WORKDAY) is expected


def test_a_night_keeps_the_kind_of_the_day_on_which_it_began() -> None:
    night = week(WORKDAYS, 1_320, 360, on_holidays=False)
    # Wednesday night before the holiday on Thursday, 2026-10-01.
    assert active(night, "2026-10-01T03:00:00", d2026_10_01=DayKind.HOLIDAY)
    assert not active(night, "2026-10-02T03:00:00", d2026_10_01=DayKind.HOLIDAY)


@pytest.mark.parametrize(
    "text", ["2036-02-07T06:28:16", "2038-01-19T03:14:08", "2106-02-07T12:00:00"]
)
def test_E09_times_beyond_the_rollovers_hold(text: str) -> None:
    whole = int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * 1_000
    assert is_active(week(EVERY_DAY, 0, 1_440), whole, SHANGHAI, {})
    assert not is_active(week((), 0, 1_440), whole, SHANGHAI, {})


@pytest.mark.parametrize("absurd", [-(10**18), 0, 10**18])
def test_an_absurd_clock_raises_nothing(absurd: int) -> None:
    assert is_active(week(EVERY_DAY, 0, 1_440), absurd, SHANGHAI, {})


def test_a_period_with_a_pause_did_not_go_on() -> None:
    day = week(EVERY_DAY, 540, 1_020)

    def went_on(start: str, end: str) -> bool:
        return is_active_throughout(day, at(start), at(end), SHANGHAI, {})

    assert went_on("2026-11-22T09:30:00", "2026-11-22T10:00:00")
    assert not went_on("2026-11-22T16:30:00", "2026-11-22T17:00:00")
    assert not went_on("2026-11-21T09:30:00", "2026-11-22T10:00:00")
    assert not went_on("2026-11-22T10:00:00", "2026-11-22T09:30:00")
