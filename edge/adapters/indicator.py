"""Show what happened: lamp and buzzer of the readers, and the text of the screen.

Every way in uses the same signals. The age of the list of credentials is told to people once it is
more than 10 minutes, with the instant since when the gate has heard nothing (DESIGN promise 5).
Nothing that is shown says who stands there.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from edge.adapters.osdp_messages import DENIED, GRANTED, Beeps, LedColour, OsdpIndication
from edge.domain.effects import Signal
from edge.domain.model import ClockTrust, Moment
from edge.domain.ports import Clock
from mqtt.contract.reasons import ReasonCode, text_of

__all__ = ["AGE_SHOWN_FROM_S", "AccessPointIndicator", "Display", "ReaderLamp", "Shown"]

AGE_SHOWN_FROM_S = 600
# A gate that never had a list counts from 1970.
_NEVER_S = 10 * 365 * 86_400

_HEADLINES = {
    Signal.GRANTED: ("请进", "Please enter"),
    Signal.DENIED: ("未能开门", "The door stays closed"),
    Signal.PIN_PLEASE: ("请输入密码", "Enter the PIN"),
    Signal.CALLING: ("正在呼叫值班人员", "Calling the guard"),
    Signal.ANSWERED: ("值班人员已接听", "The guard has answered"),
    Signal.ALARM: ("报警", "Alarm"),
    Signal.QUIET: ("", ""),
    Signal.ASKING: ("请选择", "Please choose"),
    Signal.LOOK: ("请看这里", "Please look here"),
    Signal.DONE: ("已完成", "Done"),
}
_LAMPS = {
    Signal.GRANTED: GRANTED,
    Signal.DENIED: DENIED,
    Signal.PIN_PLEASE: OsdpIndication(LedColour.AMBER, 10_000, Beeps(1)),
    Signal.CALLING: OsdpIndication(LedColour.BLUE, 20_000, Beeps(2)),
    Signal.ANSWERED: OsdpIndication(LedColour.BLUE, 5_000, Beeps(1)),
    Signal.ALARM: OsdpIndication(LedColour.RED, 10_000, Beeps(5, 300)),
    Signal.QUIET: OsdpIndication(LedColour.OFF, 100),
    Signal.ASKING: OsdpIndication(LedColour.AMBER, 30_000, Beeps(1)),
    Signal.LOOK: OsdpIndication(LedColour.AMBER, 8_000, Beeps(1)),
    Signal.DONE: OsdpIndication(LedColour.AMBER, 1_000, Beeps(2)),
}
_EXPLAINED = {Signal.DENIED, Signal.ALARM, Signal.ASKING, Signal.LOOK, Signal.DONE}


@dataclass(frozen=True, slots=True)
class Shown:
    """What one access point shows. Texts are (zh-CN, en).

    `list_age_s` is the age of the list of credentials; `offline_since_ms` (UTC) is set once that
    age is shown and the clock can be believed. `code` is the text of a QR code to draw, or empty.
    """

    access_point: str
    signal: Signal
    reason: ReasonCode
    headline: tuple[str, str]
    detail: tuple[str, str]
    age_line: tuple[str, str]
    list_age_s: int
    offline_since_ms: int | None
    at: Moment
    code: str = ""


class Display(Protocol):
    """One thing that can show: a lamp, a screen, a recorder. It must not block and not raise."""

    def show(self, shown: Shown) -> None:
        """Show it now, in place of what was shown."""


class ReaderLamp:
    """Lamp and buzzer of a reader; `indicate` takes light and sound and never blocks."""

    def __init__(self, indicate: Callable[[OsdpIndication], None]) -> None:
        self._indicate = indicate

    def show(self, shown: Shown) -> None:
        """Light and beep."""
        self._indicate(_LAMPS[shown.signal])


class AccessPointIndicator:
    """The Indicator of one access point: everything there that can show."""

    def __init__(self, access_point: str, displays: Sequence[Display], clock: Clock) -> None:
        self._access_point = access_point
        self._displays = tuple(displays)
        self._clock = clock
        self._list_age_s = 0

    def show(self, signal: Signal, reason: ReasonCode, list_age_s: int) -> None:
        """Show a signal on everything that is fitted."""
        self._list_age_s = list_age_s
        shown = _worded(self._access_point, signal, reason, list_age_s, self._clock.now())
        for display in self._displays:
            display.show(shown)

    def notice(self, reason: ReasonCode, zh: str, en: str) -> None:
        """Show a notice with the question that follows it; a display with a voice speaks it."""
        now, age_s = self._clock.now(), self._list_age_s
        shown = _worded(self._access_point, Signal.ASKING, reason, age_s, now)
        question_zh, question_en = shown.detail
        shown = replace(shown, detail=(f"{zh}{question_zh}", f"{en} {question_en}"))
        for display in self._displays:
            display.show(shown)

    def show_code(self, text: str) -> None:
        """Show a code to photograph: the answer to an inspector (`mqtt.contract.witness`).

        Screens draw it for a minute; lamps blink as for something that is done.
        """
        reason = ReasonCode.WITNESSED
        now, age_s = self._clock.now(), self._list_age_s
        shown = _worded(self._access_point, Signal.DONE, reason, age_s, now)
        for display in self._displays:
            display.show(replace(shown, code=text))

    def at_reader(self, signal: Signal, reason: ReasonCode) -> None:
        """Show what a reader says by itself, such as a frame that could not be read."""
        self.show(signal, reason, self._list_age_s)


def _worded(place: str, signal: Signal, reason: ReasonCode, age_s: int, at: Moment) -> Shown:
    says_reason = signal in _EXPLAINED
    text = text_of(reason)
    detail = (
        (f"{text.zh}。{text.cure_zh}。", f"{text.en}. {text.cure_en}.") if says_reason else ("", "")
    )
    is_old = age_s > AGE_SHOWN_FROM_S
    is_known = at.trust is not ClockTrust.UNKNOWN and age_s <= _NEVER_S
    since_ms = at.utc_ms - age_s * 1000 if is_old and is_known else None
    line = _age_line(age_s) if is_old else ("", "")
    return Shown(place, signal, reason, _HEADLINES[signal], detail, line, age_s, since_ms, at)


def _age_line(age_s: int) -> tuple[str, str]:
    if age_s > _NEVER_S:
        return "尚未收到名单", "No list received yet"
    minutes = age_s // 60
    if minutes < 120:
        return f"离线，名单更新于 {minutes} 分钟前", f"Offline; list from {minutes} min ago"
    hours = minutes // 60
    return f"离线，名单更新于 {hours} 小时前", f"Offline; list from {hours} h ago"
