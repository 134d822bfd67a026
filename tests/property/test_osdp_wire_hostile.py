"""The wire tap reads whatever is on a cable; nothing on a cable may hurt it."""

from hypothesis import given
from hypothesis import strategies as st

from edge.adapters.osdp_wire import CMD_POLL, WireTap, build_frame, parse_frame


@given(st.binary(max_size=300))
def test_parsing_is_total(data: bytes) -> None:
    frame = parse_frame(data)
    assert frame is None or 0 <= frame.address <= 0x7F


@given(st.lists(st.binary(max_size=40), max_size=20))
def test_the_tap_survives_any_bytes_and_answers_only_once(chunks: list[bytes]) -> None:
    tap = WireTap()
    tap.sent(build_frame(5, CMD_POLL))
    found = [exchange for chunk in chunks if (exchange := tap.received(chunk)) is not None]
    assert len(found) <= 1


@given(
    st.integers(0, 126),
    st.integers(0, 255),
    st.binary(max_size=200),
    st.booleans(),
    st.integers(0, 3),
)
def test_what_is_built_is_read_back(
    address: int, code: int, payload: bytes, is_reply: bool, sequence: int
) -> None:
    frame = parse_frame(build_frame(address, code, payload, is_reply=is_reply, sequence=sequence))
    assert frame is not None
    assert (frame.address, frame.code, frame.payload) == (address, code, payload)
    assert (frame.is_reply, frame.control & 3) == (is_reply, sequence)


@given(st.binary(max_size=20), st.integers(0, 8 * 8 - 1))
def test_a_flipped_bit_is_no_frame(lead: bytes, bit: int) -> None:
    whole = build_frame(5, CMD_POLL)[1:]
    bad = bytearray(whole)
    bad[bit // 8 % len(bad)] ^= 1 << bit % 8
    frame = parse_frame(bytes(bad))
    assert frame is None or frame != parse_frame(whole)
