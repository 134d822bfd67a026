import contextlib
import json
import typing

from hypothesis import given
from hypothesis import strategies as st

from edge import worker_wire as wire

UTF8_TEXT = st.text(alphabet=st.characters(codec="utf-8"), max_size=wire.MAX_TEXT_CHARS)
LANE = st.from_regex(r"[a-z0-9-]{4,40}", fullmatch=True)
INSTANT = st.integers(min_value=0, max_value=2**53 - 1)
JSON_VALUE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=6,
)


@given(LANE, UTF8_TEXT, INSTANT, INSTANT)
def test_any_text_survives_the_wire(lane: str, text: str, first: int, decoded: int) -> None:
    seen = wire.QrSeen(lane, text, "zxing", first, decoded)
    line = wire.encode(seen)
    assert b"\n" not in line[:-1]
    assert wire.decode(line) == seen


@given(st.binary(max_size=300) | st.text(max_size=300).map(lambda t: t.encode("utf-8", "replace")))
def test_random_bytes_raise_nothing_but_wire_error(line: bytes) -> None:
    with contextlib.suppress(wire.WireError):
        wire.decode(line)


@given(
    st.sampled_from(["qr_seen", "hello", "worker_health", "face_result", "show_source", "stop"]),
    st.dictionaries(
        st.sampled_from(["lane", "text", "reader", "worker", "version", "capabilities", "person"])
        | st.text(max_size=6),
        JSON_VALUE,
        max_size=8,
    ),
)
def test_accepted_lines_are_well_typed(tag: str, body: dict[str, object]) -> None:
    line = json.dumps({"v": 1, **body, "t": tag}).encode()
    try:
        message = wire.decode(line)
    except wire.WireError:
        return
    assert isinstance(message, typing.get_args(wire.Message))
    assert wire.decode(wire.encode(message)) == message


@given(st.data())
def test_one_changed_byte_is_refused_or_still_valid(data: st.DataObject) -> None:
    line = bytearray(wire.encode(wire.WorkerHealth("ap-1", 1, 2, 3, None, "live")))
    index = data.draw(st.integers(0, len(line) - 2))
    line[index] = data.draw(st.integers(0, 255))
    try:
        message = wire.decode(bytes(line))
    except wire.WireError:
        return
    assert isinstance(message, wire.WorkerHealth)
