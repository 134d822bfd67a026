"""A13, A14 and I07: PIN collection, repeated reads, lock-out of the PIN way alone."""

import pytest

from edge.domain.card_bits import CardBits
from edge.domain.card_formats import W26, encode
from edge.domain.keypad import (
    ENTRY_TIMEOUT_MS,
    MAX_PIN_DIGITS,
    CardAlone,
    CardSeen,
    KeypadCollector,
    KeypadOutput,
    KeysPressed,
    PinEntered,
    PinUnusable,
)
from edge.domain.keypad_codes import KeypadMode, keys_from_osdp, keys_from_wiegand

CARD = CardBits(5566453, 32)
OTHER = CardBits(77, 32)


def play(
    collector: KeypadCollector, *inputs: tuple[int, KeysPressed | CardSeen | None]
) -> list[KeypadOutput]:
    outputs: list[KeypadOutput] = []
    for now_ms, given in inputs:
        collector, said = collector.step(given, now_ms)
        outputs += said
    return outputs


def bursts(mode: KeypadMode) -> list[str]:
    match mode:
        case KeypadMode.BITS_4:
            sent = [CardBits(code, 4) for code in (1, 2, 3, 4, 11)]
        case KeypadMode.BITS_8:
            sent = [CardBits((code ^ 0xF) << 4 | code, 8) for code in (1, 2, 3, 4, 11)]
        case _:
            sent = [encode(W26, number=1234)]
    keys = [keys_from_wiegand(bits, mode) for bits in sent]
    assert None not in keys
    return [key for key in keys if key is not None]


@pytest.mark.parametrize("mode", [KeypadMode.BITS_4, KeypadMode.BITS_8, KeypadMode.BUFFERED_26])
def test_A13_card_then_pin_is_one_attempt_in_every_keypad_mode(mode: KeypadMode) -> None:
    inputs: list[tuple[int, KeysPressed | CardSeen | None]] = [(0, CardSeen(CARD))]
    inputs += [(1_000 + n * 500, KeysPressed(key)) for n, key in enumerate(bursts(mode))]
    inputs.append((60_000, None))
    assert play(KeypadCollector(waits_for_pin=True), *inputs) == [PinEntered("1234", CARD)]


def test_A13_after_the_time_out_the_card_alone_is_judged() -> None:
    said = play(
        KeypadCollector(waits_for_pin=True),
        (0, CardSeen(CARD)),
        (3_000, KeysPressed("12")),
        (3_000 + ENTRY_TIMEOUT_MS - 1, None),
        (3_000 + ENTRY_TIMEOUT_MS, None),
        (20_000, KeysPressed("34#")),
    )
    assert said == [CardAlone(CARD), PinEntered("34", None)]


def test_card_passes_at_once_where_no_pin_is_asked_for() -> None:
    assert play(KeypadCollector(), (0, CardSeen(CARD))) == [CardAlone(CARD)]


def test_a_second_card_sends_the_first_one_on_and_the_same_card_changes_nothing() -> None:
    said = play(
        KeypadCollector(waits_for_pin=True),
        (0, CardSeen(CARD)),
        (200, CardSeen(CARD)),
        (400, CardSeen(OTHER)),
        (500, KeysPressed("1234#")),
    )
    assert said == [CardAlone(CARD), PinEntered("1234", OTHER)]


def test_star_clears_and_enter_alone_is_said() -> None:
    said = play(KeypadCollector(), (0, KeysPressed("99*1234#")), (1, KeysPressed("#")))
    assert said == [PinEntered("1234", None), PinUnusable(is_too_long=False)]


def test_too_many_digits_are_no_pin_and_leave_no_rest() -> None:
    long = KeysPressed("7" * (MAX_PIN_DIGITS + 20))
    said = play(KeypadCollector(), (0, long), (1, KeysPressed("1#")), (2, KeysPressed("1234#")))
    assert said == [PinUnusable(is_too_long=True), PinEntered("1234", None)]


def test_deadline_is_set_only_while_something_is_pending() -> None:
    collector = KeypadCollector()
    assert collector.deadline_ms is None
    collector, _ = collector.step(KeysPressed("1"), 500)
    assert collector.deadline_ms == 500 + ENTRY_TIMEOUT_MS
    collector, _ = collector.step(KeysPressed("*"), 600)
    assert collector.deadline_ms is None


def test_osdp_bytes_become_keys_and_foreign_bytes_nothing() -> None:
    assert keys_from_osdp(b"12\x7f3\x0d") == "12*3#"
    assert keys_from_osdp(b"0*9#") == "0*9#"
    assert keys_from_osdp(b"A\x00\xff") == ""


@pytest.mark.parametrize(
    ("bits", "mode"),
    [
        (CardBits(12, 4), KeypadMode.BITS_4),
        (CardBits(0x11, 8), KeypadMode.BITS_8),
        (CardBits(1, 4), KeypadMode.BITS_8),
        (CardBits(1, 4), KeypadMode.NONE),
        (encode(W26, number=1 << 20), KeypadMode.BUFFERED_26),
        (encode(W26, number=1234).inverted(), KeypadMode.BUFFERED_26),
    ],
)
def test_bursts_that_are_no_key(bits: CardBits, mode: KeypadMode) -> None:
    assert keys_from_wiegand(bits, mode) is None


def test_buffered_pin_gets_its_leading_zeros_back() -> None:
    assert keys_from_wiegand(encode(W26, number=7), KeypadMode.BUFFERED_26) == "0007#"


def test_digits_stay_out_of_representations() -> None:
    collector, _ = KeypadCollector().step(KeysPressed("4711"), 0)
    shown = repr((collector, KeysPressed("4711"), PinEntered("4711")))
    assert "4711" not in shown
