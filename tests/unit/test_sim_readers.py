"""A reader's desk and a guard's panel: frames and keys in, attempts and actions out."""

import time

import pytest

from edge.adapters.instants import monotonic_ms, seen_at
from edge.adapters.reader_desk import PinQuestion, ReaderDesk, ReaderSettings
from edge.adapters.sim.cards import frame_of, key_bursts
from edge.domain.card_bits import ByteOrder, CardBits
from edge.domain.card_formats import DEFAULT_FORMATS, W26, W34, CardTier, encode, raw_format
from edge.domain.effects import Signal
from edge.domain.inputs import Attempted, Observed, WayChanged
from edge.domain.keypad import ENTRY_TIMEOUT_MS
from edge.domain.keypad_codes import KeypadMode
from edge.domain.model import CardClaim, PinClaim
from mqtt.contract.events import AdapterKind, EventKind, Method
from mqtt.contract.reasons import ReasonCode
from tests.support.hardware import MonotonicClock, Recorder

FOB = CardBits(9030510, 24)
OTHER = CardBits(9487621, 24)


class Rig:
    """A desk on a bench; `ms` is the reader's own time."""

    def __init__(
        self,
        *,
        keypad: KeypadMode = KeypadMode.NONE,
        has_keys: bool = False,
        order: ByteOrder = ByteOrder.AS_READ,
    ) -> None:
        self.heard = Recorder()
        self.shown: list[tuple[Signal, ReasonCode]] = []
        self.pins = PinQuestion()
        settings = ReaderSettings(
            "ap-1",
            AdapterKind.REAL,
            CardTier.CLONABLE,
            (*DEFAULT_FORMATS, raw_format(32)),
            order,
            has_keys=has_keys or keypad is not KeypadMode.NONE,
            wiegand_keys=keypad,
        )
        self.desk = ReaderDesk(settings, MonotonicClock(), self._show, self.pins)
        self.desk.start(self.heard)
        self.ms = monotonic_ms()
        self._keypad = keypad

    def _show(self, signal: Signal, reason: ReasonCode) -> None:
        self.shown.append((signal, reason))

    def fob(self, identity: CardBits = FOB, *, after_ms: int = 2_000) -> None:
        self.ms += after_ms
        self.desk.frame(frame_of(identity, DEFAULT_FORMATS, self.desk.settings.byte_order), self.ms)

    def keys(self, keys: str, *, after_ms: int = 100) -> None:
        self.ms += after_ms
        if self._keypad is KeypadMode.NONE:
            self.desk.keys(keys, self.ms)
            return
        for burst in key_bursts(keys, self._keypad):
            self.desk.frame(burst, self.ms)

    def claims(self) -> list[object]:
        return [item.attempt.claim for item in self.heard.of(Attempted)]


def test_a_fob_is_an_attempt_at_once_with_its_tier_and_kind() -> None:
    rig = Rig()
    rig.fob()
    (item,) = rig.heard.of(Attempted)
    assert item.attempt.claim == CardClaim(FOB, CardTier.CLONABLE)
    assert (item.attempt.method, item.attempt.access_point) == (Method.FOB, "ap-1")
    assert item.attempt.adapter_kind is AdapterKind.REAL


def test_A14_a_fob_lying_for_60_s_is_one_attempt_and_a_re_tap_a_second() -> None:
    rig = Rig()
    for _ in range(300):
        rig.fob(after_ms=200)
    assert len(rig.claims()) == 1
    rig.fob(after_ms=1_000)
    assert len(rig.claims()) == 2


def test_A15_a_credential_is_bits_and_length_whatever_a_reader_displays() -> None:
    rig = Rig()
    rig.desk.frame(encode(W34, number=5566453), rig.ms)
    rig.desk.frame(CardBits(5566453, 32), rig.ms + 2_000)
    assert rig.claims() == [CardClaim(CardBits(5566453, 32), CardTier.CLONABLE)] * 2


def test_A07_byte_order_is_a_setting_of_the_reader() -> None:
    rig = Rig(order=ByteOrder.REVERSED)
    rig.desk.frame(encode(W34, number=3138919347), rig.ms)
    assert rig.claims() == [CardClaim(CardBits(3004897467, 32), CardTier.CLONABLE)]


@pytest.mark.parametrize("mode", [KeypadMode.BITS_4, KeypadMode.BITS_8, KeypadMode.BUFFERED_26])
def test_A13_card_then_pin_is_tried_once(mode: KeypadMode) -> None:
    rig = Rig(keypad=mode)
    rig.pins.ask = lambda card: card == FOB
    rig.fob()
    begun_ms = rig.ms
    assert rig.claims() == []
    assert rig.shown == [(Signal.PIN_PLEASE, ReasonCode.PIN_REQUIRED)]
    rig.keys("1234#", after_ms=4_000)
    assert rig.claims() == [CardClaim(FOB, CardTier.CLONABLE, "1234")]
    (item,) = rig.heard.of(Attempted)
    age_ms = item.at.mono_ms - item.attempt.presence_mono_ms
    assert age_ms == max(0, item.at.mono_ms - begun_ms)


def test_A13_after_the_time_out_the_card_is_judged_alone() -> None:
    rig = Rig(has_keys=True)
    rig.pins.ask = lambda _card: True
    # The fob was read 9.8 s ago as far as the timer knows.
    rig.desk.frame(frame_of(FOB, DEFAULT_FORMATS, ByteOrder.AS_READ), rig.ms)
    rig.desk._keys = type(rig.desk._keys)(
        waits_for_pin=True, card=FOB, last_input_ms=rig.ms - ENTRY_TIMEOUT_MS + 200
    )
    rig.desk._set_timer(rig.ms)
    begun_s = time.monotonic()
    rig.heard.wait(Attempted)
    assert 0.1 < time.monotonic() - begun_s < 1.0
    assert rig.claims() == [CardClaim(FOB, CardTier.CLONABLE)]


def test_a_fob_that_needs_no_pin_never_waits() -> None:
    rig = Rig(has_keys=True)
    rig.pins.ask = lambda card: card == OTHER
    rig.fob()
    assert rig.claims() == [CardClaim(FOB, CardTier.CLONABLE)]


def test_somebody_elses_fob_does_not_swallow_a_held_one() -> None:
    rig = Rig(has_keys=True)
    rig.pins.ask = lambda card: card == FOB
    rig.fob()
    rig.fob(OTHER)
    assert rig.claims() == [CardClaim(card, CardTier.CLONABLE) for card in (FOB, OTHER)]


def test_a_pin_alone_is_an_attempt_since_its_first_key() -> None:
    rig = Rig(has_keys=True)
    rig.ms -= 3_000
    for key in "2468":
        rig.keys(key, after_ms=500)
    rig.keys("#", after_ms=500)
    (item,) = rig.heard.of(Attempted)
    assert item.attempt.claim == PinClaim("2468")
    assert 1_900 <= item.at.mono_ms - item.attempt.presence_mono_ms <= 3_000


def test_a_pin_that_cannot_be_one_is_told_to_the_person_and_counts_nothing() -> None:
    rig = Rig(has_keys=True)
    rig.keys("#")
    rig.keys("1" * 13 + "#")
    assert rig.shown == [(Signal.DENIED, ReasonCode.PIN_REQUIRED)] * 2
    assert rig.heard.items == []


def test_A06_swapped_wires_are_told_once_after_five_fobs() -> None:
    rig = Rig()
    for number in range(9_000_000, 9_000_020):
        frame = encode(W26, number=number).inverted()
        rig.ms += 1_500
        rig.desk.frame(frame, rig.ms)
    assert rig.claims() == []
    reasons = [item.reason for item in rig.heard.of(Observed)]
    assert reasons.count(ReasonCode.WIRES_SWAPPED) == 1
    assert reasons.index(ReasonCode.WIRES_SWAPPED) == 4
    assert reasons.count(ReasonCode.READ_PARITY) == 20


@pytest.mark.parametrize("length", [35, 36, 40, 48, 56, 64])
def test_A11_an_unknown_length_carries_bits_for_the_manager(length: int) -> None:
    rig = Rig()
    rig.desk.frame(CardBits(0x1234567, length), rig.ms)
    (item,) = rig.heard.of(Observed)
    assert (item.kind, item.reason) == (EventKind.READER, ReasonCode.READ_UNKNOWN_FORMAT)
    assert item.note == f"{length}:{CardBits(0x1234567, length).hex}"
    assert rig.shown == [(Signal.DENIED, ReasonCode.READ_UNKNOWN_FORMAT)]
    assert rig.claims() == []


def test_A02_a_damaged_frame_is_no_attempt_and_leaves_no_number() -> None:
    rig = Rig()
    frame = encode(W26, number=9030510)
    rig.desk.frame(CardBits(frame.value ^ 1 << 9, 26), rig.ms)
    (item,) = rig.heard.of(Observed)
    assert (item.reason, item.note) == (ReasonCode.READ_PARITY, "")
    assert rig.claims() == []


def test_noise_on_a_line_cannot_fill_the_log() -> None:
    rig = Rig()
    for value in range(500):
        rig.desk.frame(CardBits(value, 40), rig.ms)
    assert len(rig.heard.of(Observed)) == 30
    rig.fob()
    assert len(rig.claims()) == 1


def test_readiness_is_told_once_per_change_for_every_way_that_depends_on_it() -> None:
    rig = Rig(has_keys=True)
    for _ in range(2):
        rig.desk.ready()
    for _ in range(2):
        rig.desk.lost(ReasonCode.READER_OFFLINE)
    rig.desk.ready()
    told = [(item.method, item.status) for item in rig.heard.of(WayChanged)]
    ways = (Method.FOB, Method.PIN)
    assert told == [(way, status) for status in ("ready", "fault", "ready") for way in ways]


def test_a_stopped_desk_says_nothing() -> None:
    rig = Rig(has_keys=True)
    rig.keys("12")
    rig.desk.stop()
    rig.keys("34#")
    rig.fob()
    rig.desk.lost(ReasonCode.READER_OFFLINE)
    assert rig.heard.items == []


def test_frames_are_those_of_a_real_reader() -> None:
    for number, raw in ((9030510, 0x31396DD), (9487621, 0x1218A0B), (9236067, 0x119DCC6)):
        frame = frame_of(CardBits(number, 24), DEFAULT_FORMATS, ByteOrder.AS_READ)
        assert frame == CardBits(raw, 26)
    with pytest.raises(ValueError, match="carries 40 bits"):
        frame_of(CardBits(1, 40), DEFAULT_FORMATS, ByteOrder.AS_READ)


@pytest.mark.parametrize("keys", ["", "12a#", "１２"])
def test_keys_that_no_keypad_has_are_refused(keys: str) -> None:
    with pytest.raises(ValueError, match="keys"):
        key_bursts(keys, KeypadMode.BITS_4)


def test_instants_of_devices_are_bounded() -> None:
    at = MonotonicClock().now()
    assert seen_at(at, monotonic_ms() + 5_000) == at.mono_ms
    assert seen_at(at, 0) == at.mono_ms - 60_000
    assert 900 <= at.mono_ms - seen_at(at, monotonic_ms() - 1_000) <= 1_100
