"""A Wiegand reader end to end on the simulated wires: A06, A13, A14 and lost hardware."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from edge.adapters.sim.wiegand_line import SimWiegandLine
from edge.adapters.wiegand import (
    GpioWiegandLine,
    WiegandFault,
    WiegandLost,
    WiegandMessage,
    WiegandRead,
    WiegandReader,
)
from edge.domain.card_bits import CardBits
from edge.domain.card_diagnosis import SwapDetector
from edge.domain.card_formats import DEFAULT_FORMATS, W26, W34, CardRead, decode, encode
from edge.domain.keypad import CardSeen, KeypadCollector, KeypadOutput, KeysPressed, PinEntered
from edge.domain.keypad_codes import KeypadMode, keys_from_wiegand
from edge.domain.tap_filter import TapFilter
from mqtt.contract.errors import UnavailableError


@contextmanager
def reader() -> Iterator[tuple[SimWiegandLine, list[WiegandMessage]]]:
    line, messages = SimWiegandLine(), list[WiegandMessage]()
    listening = WiegandReader("north-in", line, messages.append)
    listening.start()
    try:
        yield line, messages
    finally:
        listening.stop()


def wait_for(messages: list[WiegandMessage], count: int) -> None:
    deadline = time.monotonic() + 3.0
    while len(messages) < count:
        assert time.monotonic() < deadline, messages
        time.sleep(0.001)


def test_a_card_is_read_bit_for_bit_30_ms_after_its_last_pulse() -> None:
    frame = encode(W34, number=5566453)
    with reader() as (line, messages):
        shown = time.monotonic()
        line.present(frame)
        wait_for(messages, 1)
        assert time.monotonic() - shown < 0.2
    assert isinstance(messages[0], WiegandRead)
    assert (messages[0].reader, messages[0].bits) == ("north-in", frame)


def test_A06_swapped_wires_are_named_after_five_cards() -> None:
    detector, hints = SwapDetector(), 0
    with reader() as (line, messages):
        line.swap(is_swapped=True)
        for number in range(1, 8):
            line.present(encode(W26, number=number))
            wait_for(messages, number)
    for message in messages:
        assert isinstance(message, WiegandRead)
        assert not isinstance(decode(message.bits), CardRead)
        detector, is_hint = detector.step(message.bits, DEFAULT_FORMATS)
        hints += is_hint
    assert hints == 1


def test_A13_card_and_key_bursts_make_one_attempt() -> None:
    card = encode(W26, number=4711)
    with reader() as (line, messages):
        bursts = [card, *(CardBits(code, 4) for code in (1, 2, 3, 4, 11))]
        for count, sent in enumerate(bursts, start=1):
            line.present(sent)
            wait_for(messages, count)
    collector, said = KeypadCollector(waits_for_pin=True), list[KeypadOutput]()
    for message in messages:
        assert isinstance(message, WiegandRead)
        keys = keys_from_wiegand(message.bits, KeypadMode.BITS_4)
        given = CardSeen(message.bits) if keys is None else KeysPressed(keys)
        collector, some = collector.step(given, message.mono_ms)
        said += some
    assert said == [PinEntered("1234", card)]


def test_A14_a_card_that_lies_there_is_one_tap() -> None:
    card, taps, state = encode(W26, number=4711), 0, TapFilter()
    with reader() as (line, messages):
        for count in range(1, 9):
            line.present(card)
            wait_for(messages, count)
            time.sleep(0.05)
    for message in messages:
        assert isinstance(message, WiegandRead)
        state, is_new = state.step(message.bits, message.mono_ms)
        taps += is_new
    assert taps == 1


def test_touching_wires_are_a_fault_and_no_card() -> None:
    with reader() as (line, messages):
        line.touch(26)
        wait_for(messages, 1)
    assert isinstance(messages[0], WiegandFault)
    assert messages[0].pulses == 26


def test_lost_hardware_is_said_once_and_taken_again() -> None:
    with reader() as (line, messages):
        line.unplug()
        wait_for(messages, 1)
        assert isinstance(messages[0], WiegandLost)
        time.sleep(1.2)
        assert len(messages) == 1
        line.plug()
        time.sleep(1.2)
        line.present(encode(W26, number=1))
        wait_for(messages, 2)
    assert isinstance(messages[1], WiegandRead)


def test_a_chip_that_is_not_there_is_an_outage_of_ours() -> None:
    line = GpioWiegandLine("/dev/gpiochip-none", 5, 6)
    with pytest.raises(UnavailableError, match="reader_offline"):
        line.open()
    with pytest.raises(UnavailableError, match="reader_offline"):
        line.read(0.0)
    line.close()


def test_start_twice_is_a_mistake() -> None:
    listening = WiegandReader("x", SimWiegandLine(), lambda _message: None)
    listening.start()
    with pytest.raises(RuntimeError, match="running"):
        listening.start()
    listening.stop()
    listening.stop()
