"""Acceptance cases A01-A11 and A15: what a card is, and which frames are none."""

import pytest

from edge.domain.card_bits import ByteOrder, CardBits
from edge.domain.card_diagnosis import SWAP_HINT_READS, SwapDetector, propose_byte_order
from edge.domain.card_formats import (
    DEFAULT_FORMATS,
    H10302,
    H10304,
    W26,
    W34,
    CardField,
    CardFormat,
    CardRead,
    CardTier,
    ParityCheck,
    ReadFault,
    ReadFaultCode,
    card_tier,
    decode,
    encode,
    fit_fault,
    raw_format,
)


def good(bits: CardBits, *formats: CardFormat, order: ByteOrder = ByteOrder.AS_READ) -> CardRead:
    read = decode(bits, formats or DEFAULT_FORMATS, order)
    assert isinstance(read, CardRead)
    return read


def test_A01_w34_frame() -> None:
    read = good(CardBits(0x200A9DFEA, 34))
    assert read.format_name == "W34"
    assert read.field("number") == 5566453
    assert read.identity == CardBits(5566453, 32)


def test_A03_h10304_with_its_parity_bits() -> None:
    frame = CardBits(0x1029A0F4D2, 37)
    read = good(frame, H10304)
    assert (read.field("facility"), read.field("number")) == (666, 31337)
    assert encode(H10304, facility=666, number=31337) == frame


@pytest.mark.parametrize("value", [0x1029A0F4D3, 0x029A0F4D2, 0x029A0F4D3])
def test_A03_wrong_parity_is_rejected(value: int) -> None:
    assert decode(CardBits(value, 37)) == ReadFault(ReadFaultCode.PARITY, 37)


@pytest.mark.parametrize(
    ("frame", "number"),
    [
        (0x31396DD, 9030510),
        (0x1218A0B, 9487621),
        (0x119DCC6, 9236067),
        (0x11CAD4E, 9328295),
    ],
)
def test_A05_leading_zero_parity_does_not_shift_the_value(frame: int, number: int) -> None:
    assert good(CardBits(frame, 26)).field("number") == number


def test_h10301_facility_and_number_of_the_field_notes() -> None:
    frame = CardBits.from_text("10111101110110010011011101")
    read = good(frame)
    assert read.field("facility") == 123
    assert read.identity.value == 123 << 16 | 45678
    assert encode(W26, number=123 << 16 | 45678) == frame


def test_A06_swapped_wires_reject_twenty_cards_and_are_named_once_after_five() -> None:
    detector, hints = SwapDetector(), []
    for number in range(1, 21):
        frame = encode(W26, number=number * 40503).inverted()
        assert decode(frame) == ReadFault(ReadFaultCode.PARITY, 26)
        detector, is_hint = detector.step(frame, DEFAULT_FORMATS)
        hints.append(is_hint)
    assert hints.index(True) == SWAP_HINT_READS - 1
    assert sum(hints) == 1


def test_A06_a_good_card_ends_the_suspicion() -> None:
    detector, bad = SwapDetector(), encode(W34, number=77).inverted()
    for _ in range(4):
        detector, _ = detector.step(bad, DEFAULT_FORMATS)
    detector, _ = detector.step(encode(W34, number=77), DEFAULT_FORMATS)
    detector, is_hint = detector.step(bad, DEFAULT_FORMATS)
    assert not is_hint
    assert detector.suspicious_reads == 1


def test_A07_one_fob_is_one_credential_at_two_readers() -> None:
    uid = CardBits(3004897467, 32)
    enrolled = good(uid, raw_format(32)).identity
    frame = encode(W34, number=3138919347)
    as_read = good(frame).identity
    assert as_read != enrolled
    assert propose_byte_order(enrolled, as_read) is ByteOrder.REVERSED
    set_right = good(frame, order=ByteOrder.REVERSED)
    assert set_right.identity == enrolled
    assert set_right.field("number") == 3004897467


def test_A07_learn_mode_keeps_two_fobs_apart() -> None:
    assert propose_byte_order(CardBits(1, 32), CardBits(1, 32)) is ByteOrder.AS_READ
    assert propose_byte_order(CardBits(1, 32), CardBits(2, 32)) is None
    assert propose_byte_order(CardBits(1, 32), CardBits(1, 24)) is None


def test_A09_a_29_bit_number_does_not_fit_26_bits() -> None:
    assert fit_fault(388575490, (W26,)) == "does not fit 26 bits"
    assert fit_fault(388575490, (W26, W34)) is None
    assert fit_fault((1 << 24) - 1, (W26,)) is None
    assert fit_fault(1 << 24, (W26,)) == "does not fit 26 bits"
    assert fit_fault(1, ()) == "no card format is set"


def test_A10_osdp_raw_of_37_bits_keeps_the_first_parity_and_drops_the_pad() -> None:
    frame = encode(H10304, facility=666, number=31337)
    data = frame.left_justified()
    assert len(data) == 5
    assert data[-1] & 0b111 == 0
    assert CardBits.from_left_justified(data, 37) == frame
    with pytest.raises(ValueError, match="fewer bytes"):
        CardBits.from_left_justified(data[:4], 37)


@pytest.mark.parametrize("length", [35, 36, 40, 48, 56, 64])
def test_A11_unknown_length_gives_length_and_raw_bits(length: int) -> None:
    fault = decode(CardBits(0x5A, length))
    assert isinstance(fault, ReadFault)
    assert fault.code is ReadFaultCode.UNKNOWN_FORMAT
    assert fault.length == length
    assert fault.raw_hex == f"{0x5A:0{(length + 3) // 4}x}"


def test_A11_a_manager_defines_a_format_without_code() -> None:
    site = CardFormat(
        "our 36",
        36,
        (CardField("facility", 1, 14), CardField("number", 15, 20)),
        (
            ParityCheck(0, tuple(range(1, 18)), odd=False),
            ParityCheck(35, tuple(range(18, 35)), odd=True),
        ),
    )
    assert site.problems() == ()
    frame = encode(site, facility=9001, number=54321)
    read = good(frame, *DEFAULT_FORMATS, site)
    assert (read.field("facility"), read.field("number")) == (9001, 54321)
    assert read.field("level") is None


@pytest.mark.parametrize(
    ("bad", "word"),
    [
        (CardFormat("", 8, (CardField("number", 0, 8),)), "name"),
        (CardFormat("x", 0, (CardField("number", 0, 1),)), "length"),
        (CardFormat("x", 8, ()), "field"),
        (CardFormat("x", 8, (CardField("number", 4, 8),)), "leaves"),
        (CardFormat("x", 8, (CardField("n", 0, 8),), (ParityCheck(9, (1,), odd=True),)), "parity"),
        (CardFormat("x", 8, (CardField("n", 0, 8),), (ParityCheck(0, (0,), odd=True),)), "cover"),
        (CardFormat("x", 8, (CardField("n", 0, 8),), (ParityCheck(0, (), odd=True),)), "cover"),
        (CardFormat("x", 8, (CardField("n", 0, 8),), (ParityCheck(0, (1,), odd=True),) * 2), "sha"),
    ],
)
def test_A11_a_format_that_cannot_work_says_why(bad: CardFormat, word: str) -> None:
    assert any(word in problem for problem in bad.problems())


def test_A15_a_card_is_bits_and_length_whatever_people_see() -> None:
    frame = encode(H10304, facility=666, number=31337)
    assert good(frame, H10302).identity == good(frame, H10304).identity
    assert CardBits(5, 32) != CardBits(5, 34)


def test_builtin_formats_have_no_problems() -> None:
    assert [entry.problems() for entry in (*DEFAULT_FORMATS, raw_format(56))] == [()] * 5


def test_encode_refuses_what_cannot_be_sent() -> None:
    with pytest.raises(ValueError, match="number does not fit 24 bits"):
        encode(W26, number=1 << 24)
    with pytest.raises(ValueError, match="no field colour"):
        encode(W26, number=1, colour=2)


@pytest.mark.parametrize(("value", "length"), [(0, 0), (0, 513), (4, 2), (-1, 8)])
def test_bits_that_cannot_exist_are_refused(value: int, length: int) -> None:
    with pytest.raises(ValueError, match=r"bits|fit"):
        CardBits(value, length)


@pytest.mark.parametrize("text", ["", "012", "ab"])
def test_only_ones_and_zeros_make_a_card(text: str) -> None:
    with pytest.raises(ValueError, match="only 0 and 1"):
        CardBits.from_text(text)


def test_a_card_number_stays_out_of_representations() -> None:
    read = good(CardBits(0x200A9DFEA, 34))
    assert "5566453" not in repr(read)
    assert "5566453" not in repr(read.identity)
    assert repr(read) == "CardRead(W34, CardBits(32 bits))"


def test_tier_is_secured_only_if_card_and_line_are() -> None:
    assert card_tier(link_is_secure=False, card_proves_secret=False) is CardTier.CLONABLE
    assert card_tier(link_is_secure=False, card_proves_secret=True) is CardTier.CLONABLE
    assert card_tier(link_is_secure=True, card_proves_secret=False) is CardTier.LINK_PROTECTED
    assert card_tier(link_is_secure=True, card_proves_secret=True) is CardTier.SECURED
    assert [tier for tier in CardTier if not tier.is_clonable] == [CardTier.SECURED]
