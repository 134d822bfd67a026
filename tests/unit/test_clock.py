import pytest

from edge.adapters.clock import (
    BUILD_TIME_MS,
    ClockJump,
    KernelClock,
    SimClock,
    SystemClock,
)
from edge.domain.model import ClockTrust

DAY_MS = 24 * 3_600_000
NOW_MS = BUILD_TIME_MS + 90 * DAY_MS
YESTERDAY_MS = NOW_MS - DAY_MS


@pytest.fixture
def machine() -> SimClock:
    return SimClock(NOW_MS)


@pytest.fixture
def jumps() -> list[ClockJump]:
    return []


@pytest.fixture
def clock(machine: SimClock, jumps: list[ClockJump]) -> SystemClock:
    return SystemClock(machine, YESTERDAY_MS, jumps.append)


def test_synchronised_is_t0(clock: SystemClock, machine: SimClock) -> None:
    machine.error_ms = 3
    now = clock.now()
    assert (now.utc_ms, now.trust, now.error_ms) == (NOW_MS, ClockTrust.SYNCED, 3)


def test_after_the_network_is_gone_the_error_grows_by_50_ppm_for_7_days(
    clock: SystemClock, machine: SimClock
) -> None:
    clock.now()
    machine.is_synchronised = False
    machine.advance(DAY_MS)
    now = clock.now()
    assert (now.trust, now.error_ms) == (ClockTrust.HOLDOVER, 4_320)
    machine.advance(6 * DAY_MS)
    assert clock.now().trust is ClockTrust.HOLDOVER
    machine.advance(1)
    assert clock.now().trust is ClockTrust.UNKNOWN
    machine.is_synchronised = True
    assert clock.now().trust is ClockTrust.SYNCED


def test_E05_a_clock_before_the_last_record_is_not_believed_and_never_goes_below_it(
    clock: SystemClock, machine: SimClock
) -> None:
    machine.jump(-50 * DAY_MS)
    now = clock.now()
    assert (now.utc_ms, now.trust) == (YESTERDAY_MS, ClockTrust.UNKNOWN)


def test_a_clock_before_the_software_was_built_is_not_believed() -> None:
    machine = SimClock(5_000)
    now = SystemClock(machine, 0).now()
    assert (now.utc_ms, now.trust) == (BUILD_TIME_MS, ClockTrust.UNKNOWN)


def test_a_signed_document_raises_the_floor(clock: SystemClock) -> None:
    clock.raise_floor(NOW_MS + DAY_MS)
    assert clock.now().trust is ClockTrust.UNKNOWN
    clock.raise_floor(5)
    assert clock.now().utc_ms == NOW_MS + DAY_MS


def test_a_start_without_network_believes_a_battery_clock_for_a_week(
    clock: SystemClock, machine: SimClock
) -> None:
    machine.is_synchronised, machine.battery_utc_ms = False, NOW_MS + 900
    now = clock.now()
    assert (now.trust, now.error_ms) == (ClockTrust.HOLDOVER, 4_320)
    machine.advance(6 * DAY_MS + 1)
    assert clock.now().trust is ClockTrust.UNKNOWN


@pytest.mark.parametrize("battery_utc_ms", [None, NOW_MS - 10 * DAY_MS, NOW_MS + 5_000])
def test_a_start_without_network_and_battery_clock_is_not_believed(
    clock: SystemClock, machine: SimClock, battery_utc_ms: int | None
) -> None:
    machine.is_synchronised, machine.battery_utc_ms = False, battery_utc_ms
    assert clock.now().trust is ClockTrust.UNKNOWN


def test_a_backward_jump_of_more_than_2_s_is_told_once(
    clock: SystemClock, machine: SimClock, jumps: list[ClockJump]
) -> None:
    clock.now()
    machine.jump(-2_000)
    clock.now()
    assert jumps == []
    machine.advance(500)
    machine.jump(-3_000)
    clock.now()
    clock.now()
    assert [jump.back_ms for jump in jumps] == [3_000]


def test_after_a_jump_back_without_synchronisation_nothing_is_believed(
    clock: SystemClock, machine: SimClock
) -> None:
    machine.battery_utc_ms = NOW_MS
    clock.now()
    machine.is_synchronised = False
    machine.jump(-10_000)
    clock.now()
    assert clock.now().trust is ClockTrust.UNKNOWN


def test_a_forward_jump_is_not_reported(
    clock: SystemClock, machine: SimClock, jumps: list[ClockJump]
) -> None:
    clock.now()
    machine.jump(DAY_MS)
    assert clock.now().utc_ms == NOW_MS + DAY_MS
    assert jumps == []


def test_the_kernel_answers_and_its_time_passes() -> None:
    kernel = KernelClock()
    first, second = kernel.read(), kernel.read()
    assert second.mono_ms >= first.mono_ms
    assert second.utc_ms > BUILD_TIME_MS - 400 * DAY_MS
    assert first.error_ms >= 0


def test_a_simulated_clock_tells_what_was_set(machine: SimClock) -> None:
    machine.advance(250)
    machine.jump(-100)
    machine.trust, machine.error_ms = ClockTrust.HOLDOVER, 9
    now = machine.now()
    assert (now.mono_ms, now.utc_ms) == (250, NOW_MS + 150)
    assert (now.trust, now.error_ms) == (ClockTrust.HOLDOVER, 9)
    machine.restart()
    assert machine.now().mono_ms == 0
