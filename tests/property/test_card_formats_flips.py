"""A02: no damaged frame is ever a card; hypothesis looks for the one that is."""

from hypothesis import given
from hypothesis import strategies as st

from edge.domain.card_bits import ByteOrder, CardBits
from edge.domain.card_formats import (
    DEFAULT_FORMATS,
    H10302,
    H10304,
    W26,
    W34,
    CardRead,
    ReadFault,
    ReadFaultCode,
    decode,
    encode,
    raw_format,
)


@st.composite
def frames(draw: st.DrawFn) -> CardBits:
    card_format = draw(st.sampled_from([W26, W34, H10302, H10304]))
    number = next(field for field in card_format.fields if field.name == "number")
    if card_format is H10304:
        return encode(
            H10304,
            facility=draw(st.integers(0, 0xFFFF)),
            number=draw(st.integers(0, (1 << number.length) - 1)),
        )
    return encode(card_format, number=draw(st.integers(0, (1 << number.length) - 1)))


@given(frames())
def test_A02_every_single_bit_flip_is_rejected_as_parity(frame: CardBits) -> None:
    assert isinstance(decode(frame), CardRead)
    for at in range(frame.length):
        flipped = CardBits(frame.value ^ 1 << at, frame.length)
        assert decode(flipped) == ReadFault(ReadFaultCode.PARITY, frame.length)


@given(frames())
def test_A06_an_inverted_frame_never_reads(frame: CardBits) -> None:
    assert isinstance(decode(frame.inverted()), ReadFault)


@given(st.integers(1, 512).flatmap(lambda n: st.tuples(st.integers(0, (1 << n) - 1), st.just(n))))
def test_decode_is_total_and_bits_survive_the_osdp_bytes(pair: tuple[int, int]) -> None:
    bits = CardBits(*pair)
    assert CardBits.from_left_justified(bits.left_justified(), bits.length) == bits
    assert bits.inverted().inverted() == bits
    assert bits.ordered(ByteOrder.REVERSED).ordered(ByteOrder.REVERSED) == bits
    for order in ByteOrder:
        decode(bits, DEFAULT_FORMATS, order)
    read = decode(bits, (raw_format(bits.length),))
    assert isinstance(read, CardRead)
    assert read.identity == bits
