"""Pulses to frames: gaps, bounces, endless noise; and the sim line against the same assembler."""

from hypothesis import given
from hypothesis import strategies as st

from edge.adapters.wiegand_pulses import (
    FRAME_GAP_NS,
    SHORTEST_INTERVAL_NS,
    Edge,
    PulseAssembler,
    WiegandFrame,
    WiegandNoise,
)
from edge.domain.card_bits import CardBits
from edge.domain.card_formats import H10304, W26, encode

MS = 1_000_000


def pulses(bits: CardBits, start_ns: int = 0, interval_ns: int = 2 * MS) -> list[Edge]:
    return [Edge(start_ns + at * interval_ns, bits.bit(at)) for at in range(bits.length)]


def play(edges: list[Edge], end_ns: int) -> list[WiegandFrame | WiegandNoise]:
    state, found = PulseAssembler(), list[WiegandFrame | WiegandNoise]()
    for edge in edges:
        state, ended = state.add(edge)
        found += [] if ended is None else [ended]
    _, ended = state.expire(end_ns)
    return found if ended is None else [*found, ended]


def test_a_frame_ends_25_ms_after_its_last_pulse_and_not_before() -> None:
    frame = encode(W26, number=0x7B_B26E)
    edges = pulses(frame)
    last_ns = edges[-1].at_ns
    assert play(edges, last_ns + FRAME_GAP_NS - 1) == []
    assert play(edges, last_ns + FRAME_GAP_NS) == [WiegandFrame(frame, last_ns)]


def test_two_frames_read_late_in_one_batch_stay_two() -> None:
    one, two = encode(W26, number=1), encode(H10304, facility=1, number=2)
    edges = pulses(one) + pulses(two, start_ns=300 * MS)
    assert [frame.bits for frame in play(edges, 10**12) if isinstance(frame, WiegandFrame)] == [
        one,
        two,
    ]


def test_leading_zeros_count() -> None:
    assert play(pulses(CardBits(0, 26)), 10**12) == [WiegandFrame(CardBits(0, 26), 50 * MS)]


def test_slow_and_quick_readers_are_both_read() -> None:
    frame = encode(W26, number=12345)
    for interval_ns in (200_000, 1 * MS, 20 * MS):
        assert [type(found) for found in play(pulses(frame, 0, interval_ns), 10**12)] == [
            WiegandFrame
        ]


def test_pulses_too_close_are_noise_and_no_card() -> None:
    edges = pulses(encode(W26, number=1))
    edges.insert(5, Edge(edges[4].at_ns + SHORTEST_INTERVAL_NS - 1, 1))
    assert play(edges, 10**12) == [WiegandNoise(27, edges[-1].at_ns)]


def test_endless_pulses_are_one_noise_and_bounded() -> None:
    state = PulseAssembler()
    for at in range(5_000):
        state, ended = state.add(Edge(at * MS, 1))
        assert ended is None
        assert state.value.bit_length() <= 256
    _, ended = state.expire(10**12)
    assert ended == WiegandNoise(5_000, 4_999 * MS)


def test_silence_between_frames_says_nothing() -> None:
    assert PulseAssembler().deadline_ns is None
    assert PulseAssembler().expire(10**15) == (PulseAssembler(), None)


@given(
    st.integers(1, 256).flatmap(lambda n: st.tuples(st.integers(0, (1 << n) - 1), st.just(n))),
    st.integers(200_000, 20 * MS),
)
def test_any_frame_at_any_legal_speed_is_read_back(pair: tuple[int, int], step_ns: int) -> None:
    bits = CardBits(*pair)
    edges = pulses(bits, 0, step_ns)
    assert play(edges, 10**13) == [WiegandFrame(bits, edges[-1].at_ns)]
