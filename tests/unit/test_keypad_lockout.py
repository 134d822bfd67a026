"""I07: five wrong PINs switch PIN off, with one alarm, for 60 s doubling to 15 min."""

from edge.domain.pin_lockout import (
    FIRST_LOCKOUT_MS,
    LONGEST_LOCKOUT_MS,
    QUIET_MS,
    WINDOW_MS,
    PinLockout,
)


def guess(state: PinLockout, times: int, start_ms: int) -> tuple[PinLockout, int]:
    alarms = 0
    for n in range(times):
        state, is_alarm = state.wrong(start_ms + n * 1_000)
        alarms += is_alarm
    return state, alarms


def test_I07_five_wrong_pins_lock_the_pin_way_with_exactly_one_alarm() -> None:
    state, alarms = guess(PinLockout(), 4, 0)
    assert (alarms, state.is_locked(4_000)) == (0, False)
    state, alarms = guess(state, 1, 4_000)
    assert alarms == 1
    assert state.is_locked(4_000)
    assert state.remaining_ms(4_000) == FIRST_LOCKOUT_MS
    again, alarms = guess(state, 20, 5_000)
    assert (again, alarms) == (state, 0)
    assert not state.is_locked(4_000 + FIRST_LOCKOUT_MS)
    assert state.remaining_ms(4_000 + FIRST_LOCKOUT_MS) == 0


def test_I07_lock_out_doubles_to_fifteen_minutes() -> None:
    state, now_ms, pauses = PinLockout(), 0, []
    for _ in range(7):
        state, alarms = guess(state, 5, now_ms)
        assert alarms == 1
        now_ms += 4_000
        pauses.append(state.remaining_ms(now_ms))
        now_ms += pauses[-1]
    assert pauses == [60_000, 120_000, 240_000, 480_000, *[LONGEST_LOCKOUT_MS] * 3]


def test_I07_slow_typing_errors_never_lock() -> None:
    state = PinLockout()
    for n in range(40):
        state, is_alarm = state.wrong(n * (WINDOW_MS // 4))
        assert not is_alarm


def test_I07_the_doubling_ends_after_a_quiet_hour_and_not_before() -> None:
    state, _ = guess(PinLockout(), 5, 0)
    ended_ms = 4_000 + FIRST_LOCKOUT_MS
    early, _ = guess(state, 5, ended_ms + QUIET_MS - 5_000)
    assert early.next_lockout_ms == 4 * FIRST_LOCKOUT_MS
    late, _ = guess(state, 5, ended_ms + QUIET_MS)
    assert late.next_lockout_ms == 2 * FIRST_LOCKOUT_MS
