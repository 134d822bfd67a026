"""What the codec refuses, and that refusals carry nothing of what was sent."""

import cbor2
import msgspec
import pytest

from mqtt.contract import codec, envelope
from mqtt.contract.errors import ContractError
from mqtt.contract.events import Direction
from mqtt.contract.ids import id_from_text, id_to_text, parse_name, parse_pseudonym
from mqtt.contract.reasons import ReasonCode


class Sample(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A model with one of each."""

    number: int
    data: bytes = b""
    way: Direction = Direction.IN


def code_of(data: bytes) -> ReasonCode:
    with pytest.raises(ContractError) as caught:
        codec.decode_plain(data)
    return caught.value.code


def test_64_kib_are_read_and_one_byte_more_is_not() -> None:
    whole = codec.encode_plain(b"x" * (codec.MAX_BYTES - 5))
    assert len(whole) == codec.MAX_BYTES - 2
    largest = b"\x5a" + (codec.MAX_BYTES - 5).to_bytes(4, "big") + bytes(codec.MAX_BYTES - 5)
    assert len(largest) == codec.MAX_BYTES
    assert code_of(largest) is ReasonCode.NOT_CANONICAL
    assert code_of(largest + b"\x00") is ReasonCode.TOO_LARGE
    with pytest.raises(ContractError) as caught:
        codec.encode_plain(b"x" * codec.MAX_BYTES)
    assert caught.value.code is ReasonCode.TOO_LARGE


def test_nesting_bombs_are_refused_at_once() -> None:
    assert codec.decode_plain(b"\x81" * codec.MAX_DEPTH + b"\x00")
    for bomb in (b"\x81" * 13 + b"\x00", b"\x81" * 60_000, b"\xa1\x61a" * 20_000):
        assert code_of(bomb) is ReasonCode.MALFORMED


def test_a_length_without_its_bytes_costs_no_memory() -> None:
    for head in (b"\x9b", b"\xbb", b"\x5b", b"\x7b"):
        assert code_of(head + b"\x7f" + b"\xff" * 7) is ReasonCode.MALFORMED


@pytest.mark.parametrize("tag", [*range(300), 1_004, 43_000, 55_799, 2**32, 2**64 - 1])
def test_every_tag_is_refused(tag: int) -> None:
    for content in ("2026-11-22", b"\x01", 1, [], ["a"], {"a": 1}):
        code_of(cbor2.dumps(cbor2.CBORTag(tag, content)))


@pytest.mark.parametrize("value", [0.0, 1.5, float("nan"), float("inf"), -0.0])
def test_floats_are_refused_both_ways(value: float) -> None:
    for data in (cbor2.dumps(value), cbor2.dumps([b"\xff" * 8, value]), cbor2.dumps({"a": value})):
        code_of(data)
    with pytest.raises(ContractError):
        codec.encode_plain([value])  # type: ignore[list-item]  # the refusal is what is tested


@pytest.mark.parametrize("number", [2**64, -(2**64) - 1, 10**40])
def test_numbers_beyond_64_bits_are_refused_both_ways(number: int) -> None:
    for value in (number, [number], {"a": {"b": [0, number]}}):
        with pytest.raises(ContractError) as caught:
            codec.encode_plain(value)
        assert caught.value.code is ReasonCode.NOT_CANONICAL
        code_of(cbor2.dumps(value))


def test_other_types_are_not_encoded() -> None:
    for value in (object(), {1, 2}, {1: 2}, cbor2.undefined, complex(1)):
        with pytest.raises(ContractError):
            codec.decode_plain(codec.encode_plain(value))  # type: ignore[arg-type]  # as above


def test_models_refuse_unknown_fields_wrong_types_and_missing_ones() -> None:
    good = codec.encode(Sample(1))
    assert codec.decode(good, Sample) == Sample(1)
    bad: list[codec.Plain] = [
        {"number": 1, "data": b"", "way": "in", "secret-of-someone": 1},
        {"number": "1", "data": b"", "way": "in"},
        {"number": True, "data": b"", "way": "in"},
        {"number": 1, "data": "text", "way": "in"},
        {"number": 1, "data": b"", "way": "secret-of-someone"},
        {"data": b"", "way": "in"},
        [1, b"", "in"],
        None,
    ]
    for value in bad:
        with pytest.raises(ContractError) as caught:
            codec.decode(codec.encode_plain(value), Sample)
        assert caught.value.code is ReasonCode.WRONG_SHAPE
        assert "secret" not in str(caught.value)


def test_an_envelope_says_why_it_is_refused() -> None:
    signer = envelope.Ed25519Signer.from_seed(bytes(32))
    keys = {envelope.key_id(signer.public_key): signer.public_key}
    sealed = envelope.seal("sample", 1, b"body", signer)
    assert envelope.open_envelope(sealed, "sample", keys).body == b"body"
    assert "kid=" in repr(signer)
    assert bytes(32).hex() not in repr(signer)
    for short in (b"", bytes(31), bytes(33)):
        with pytest.raises(ContractError):
            envelope.verify(short, bytes(64), b"")
    for signature in (b"", bytes(63), bytes(64)):
        with pytest.raises(ContractError):
            envelope.verify(signer.public_key, signature, b"")
    with pytest.raises(ContractError) as caught:
        envelope.seal("sample", 1, bytes(codec.MAX_BYTES), signer)
    assert caught.value.code is ReasonCode.TOO_LARGE


@pytest.mark.parametrize(
    "name",
    ["", "abc", "a" * 41, "Gate", "gate_1", "gate/1", "gate+", "#", "gate\n", "大门口处", "../x"],
)
def test_names_that_could_widen_a_topic_are_refused(name: str) -> None:
    with pytest.raises(ContractError) as caught:
        parse_name(name)
    assert caught.value.code is ReasonCode.BAD_NAME


@pytest.mark.parametrize("text", ["A", "aaaa aaaa", "NBUGY", "nbuhezlsfuyq=", "1111", "ﬀ", "aaaab"])
def test_an_id_has_one_text(text: str) -> None:
    with pytest.raises(ContractError):
        id_from_text(text)


def test_ids_go_to_text_and_back() -> None:
    assert parse_name("gate-1") == "gate-1"
    assert id_from_text(id_to_text(b"\x00\xff" * 4)) == b"\x00\xff" * 4
    assert parse_pseudonym(bytes(8)) == bytes(8)
    with pytest.raises(ContractError):
        parse_pseudonym(bytes(7))
