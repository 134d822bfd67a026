"""A14: a fob on the reader is one attempt until it is taken off."""

from edge.domain.card_bits import CardBits
from edge.domain.tap_filter import REMOVAL_MS, TapFilter

FOB = CardBits(5566453, 32)


def test_A14_a_fob_lying_there_for_a_minute_is_one_tap_and_a_second_after_removal() -> None:
    state, taps = TapFilter(), 0
    for now_ms in range(0, 60_000, 200):
        state, is_new = state.step(FOB, now_ms)
        taps += is_new
    assert taps == 1
    state, is_new = state.step(FOB, 59_800 + REMOVAL_MS)
    assert is_new


def test_A14_a_flicker_below_the_removal_time_is_no_second_tap() -> None:
    state, _ = TapFilter().step(FOB, 0)
    state, is_new = state.step(FOB, REMOVAL_MS - 1)
    assert not is_new


def test_A14_two_fobs_on_one_ring_are_two_taps_not_a_storm() -> None:
    state, taps = TapFilter(), 0
    for n in range(100):
        state, is_new = state.step(CardBits(n % 2, 32), n * 100)
        taps += is_new
    assert taps == 2


def test_A14_memory_stays_small_under_hostile_input() -> None:
    state = TapFilter()
    for n in range(1_000):
        state, _ = state.step(CardBits(n, 32), 5)
    assert len(state.in_field) == 8
