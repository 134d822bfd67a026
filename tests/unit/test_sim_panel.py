"""A guard's panel: fobs and keys in, staff actions out."""

from itertools import count

import pytest

from edge.adapters.guard_panel import PanelDesk
from edge.adapters.instants import monotonic_ms
from edge.adapters.sim.cards import frame_of
from edge.domain.card_bits import ByteOrder, CardBits
from edge.domain.card_formats import DEFAULT_FORMATS
from edge.domain.effects import Signal
from edge.domain.inputs import StaffActed
from edge.domain.model import StaffAction
from mqtt.contract.events import AdapterKind
from mqtt.contract.reasons import ReasonCode
from tests.support.hardware import MonotonicClock, Recorder

FOB = CardBits(9030510, 24)
OTHER = CardBits(9487621, 24)


class Panel:
    def __init__(self) -> None:
        self.heard = Recorder()
        self.shown: list[tuple[Signal, ReasonCode]] = []
        self.desk = PanelDesk("ap-1", AdapterKind.REAL, MonotonicClock(), self._show)
        self.desk.start(self.heard)
        self._ms = count(monotonic_ms(), 1_500)

    def _show(self, signal: Signal, reason: ReasonCode) -> None:
        self.shown.append((signal, reason))

    def fob(self, identity: CardBits = FOB) -> None:
        self.desk.frame(frame_of(identity, DEFAULT_FORMATS, ByteOrder.AS_READ), next(self._ms))

    def keys(self, keys: str) -> None:
        self.desk.keys(keys, next(self._ms))

    def acts(self) -> list[tuple[StaffAction, tuple[int, int] | None, str, str]]:
        return [(i.action, i.card, i.pin, i.reason) for i in self.heard.of(StaffActed)]


CARD = (FOB.value, FOB.length)
SECOND = (OTHER.value, OTHER.length)


def test_a_guard_signs_on_releases_gives_the_reason_and_signs_off() -> None:
    panel = Panel()
    panel.fob()
    panel.keys("4711#")
    for keys in ("1#", "92#", "0#"):
        panel.keys(keys)
    assert panel.acts() == [
        (StaffAction.SIGN_ON, CARD, "4711", ""),
        (StaffAction.RELEASE, None, "", ""),
        (StaffAction.GIVE_REASON, None, "", "delivery"),
        (StaffAction.SIGN_OFF, None, "", ""),
    ]


def test_a_hold_open_carries_reason_and_second_person() -> None:
    panel = Panel()
    panel.keys("25#")
    assert panel.acts() == []
    panel.fob(OTHER)
    panel.keys("0815#")
    assert panel.acts() == [(StaffAction.HOLD_OPEN, SECOND, "0815", "works")]


def test_a_second_person_who_comes_too_late_signs_on_instead() -> None:
    panel = Panel()
    panel.keys("25#")
    for _ in range(21):
        next(panel._ms)
    panel.fob(OTHER)
    panel.keys("0815#")
    assert panel.acts() == [(StaffAction.SIGN_ON, SECOND, "0815", "")]


def test_an_emergency_hold_is_countersigned() -> None:
    panel = Panel()
    panel.keys("3#")
    panel.keys("90#")
    panel.fob(OTHER)
    panel.keys("0815#")
    assert panel.acts() == [
        (StaffAction.EMERGENCY_HOLD, None, "", ""),
        (StaffAction.GIVE_REASON, SECOND, "0815", ""),
    ]


def test_a_fob_left_on_the_panel_does_not_turn_the_next_act_into_a_sign_on() -> None:
    panel = Panel()
    ms = monotonic_ms()
    frame = frame_of(FOB, DEFAULT_FORMATS, ByteOrder.AS_READ)
    for at in range(0, 2_000, 200):
        panel.desk.frame(frame, ms + at)
    panel.desk.keys("4711#", ms + 2_100)
    panel.desk.frame(frame, ms + 2_200)
    panel.desk.keys("1#", ms + 2_300)
    assert [action for action, *_ in panel.acts()] == [StaffAction.SIGN_ON, StaffAction.RELEASE]


@pytest.mark.parametrize("keys", ["2#", "20#", "77#", "1234#", "9#"])
def test_keys_that_mean_nothing_do_nothing(keys: str) -> None:
    panel = Panel()
    panel.keys(keys)
    assert panel.acts() == []
    assert panel.shown[-1] == (Signal.DENIED, ReasonCode.UNKNOWN_OPERATION)
