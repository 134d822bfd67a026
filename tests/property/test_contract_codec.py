"""Every value has one form; every other form is refused."""

import cbor2
from hypothesis import given, settings
from hypothesis import strategies as st

from mqtt.contract import base45, codec
from mqtt.contract.errors import ContractError

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
SCALARS = (
    st.none() | st.booleans() | st.integers(-(2**64), 2**64 - 1) | TEXT | st.binary(max_size=40)
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(TEXT, inner, max_size=5),
    max_leaves=20,
)


def refused(data: bytes) -> bool:
    try:
        codec.decode_plain(data)
    except ContractError:
        return True
    return False


def depth(value: codec.Plain) -> int:
    if isinstance(value, list | dict):
        inner = value.values() if isinstance(value, dict) else value
        return 1 + max(map(depth, inner), default=0)
    return 0


@given(VALUES)
def test_what_is_encoded_is_decoded(value: codec.Plain) -> None:
    data = codec.encode_plain(value)
    if depth(value) <= codec.MAX_DEPTH:
        decoded = codec.decode_plain(data)
        assert decoded == value
        assert codec.encode_plain(decoded) == data


@given(VALUES, st.data())
def test_a_changed_byte_is_refused_or_means_something_else(
    value: codec.Plain, data: st.DataObject
) -> None:
    good = codec.encode_plain(value)
    at = data.draw(st.integers(0, len(good) - 1))
    changed = bytearray(good)
    changed[at] ^= data.draw(st.integers(1, 255))
    try:
        decoded = codec.decode_plain(bytes(changed))
    except ContractError:
        return
    assert codec.encode_plain(decoded) == bytes(changed)
    assert decoded != value or bytes(changed) != good


@given(VALUES, st.binary(min_size=1, max_size=4))
def test_bytes_after_the_end_are_refused(value: codec.Plain, tail: bytes) -> None:
    assert refused(codec.encode_plain(value) + tail)


@given(VALUES)
def test_a_cut_message_is_refused(value: codec.Plain) -> None:
    data = codec.encode_plain(value)
    assert all(refused(data[:end]) for end in range(len(data)))


@given(st.binary(max_size=200))
def test_any_bytes_are_read_in_one_form_or_refused(data: bytes) -> None:
    if not refused(data):
        assert codec.encode_plain(codec.decode_plain(data)) == data


@given(st.recursive(SCALARS | st.floats(), lambda inner: st.lists(inner, max_size=4), max_leaves=8))
def test_a_float_anywhere_is_refused(value: object) -> None:
    def has_float(part: object) -> bool:
        return isinstance(part, float) or (
            isinstance(part, list) and any(has_float(inner) for inner in part)
        )

    assert refused(cbor2.dumps(value, canonical=True)) == has_float(value)


@given(st.integers(0, 23), st.integers(1, 3))
def test_longer_forms_of_a_number_are_refused(number: int, width: int) -> None:
    head = bytes([0x17 + width])
    assert refused(head + number.to_bytes(2 ** (width - 1), "big"))


@given(TEXT, VALUES, VALUES)
def test_a_key_twice_is_refused(key: str, first: codec.Plain, second: codec.Plain) -> None:
    pair = codec.encode_plain(key)
    assert refused(b"\xa2" + pair + codec.encode_plain(first) + pair + codec.encode_plain(second))


@given(st.binary(max_size=200))
def test_base45_goes_there_and_back(data: bytes) -> None:
    assert base45.decode(base45.encode(data)) == data


@given(st.text(base45.encode(bytes(range(256)) * 2) + "aé", max_size=40))
@settings(max_examples=300)
def test_base45_has_one_text_for_each_value(text: str) -> None:
    try:
        data = base45.decode(text)
    except ContractError:
        return
    assert base45.encode(data) == text
