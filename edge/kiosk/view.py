"""Decide what a screen shows: one state, one sentence, one picture, the next step. Pure.

Every answer is shown for a while and then makes room for the next person. The four ways stand in
one fixed order, QR, fob, guard, face, and a refusal names the ways that work.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from edge.kiosk.reading import GONE_MS, Reading
from edge.kiosk.words import DOORS, FRESH_S, HEADS, SAYS, Text, age_line, next_step

__all__ = ["WAYS", "State", "View", "view_of"]

WAYS = ("qr", "fob", "guard", "face")
_ARMED_MS, _ASK_MS, _CODE_MS = 8_000, 30_000, 60_000


class State(StrEnum):
    """What a screen is about."""

    IDLE = "idle"
    ARMED = "armed"
    CONSENT = "consent"
    ENROL = "enrol"
    ERASING = "erasing"
    GRANTED = "granted"
    REFUSED = "refused"
    PIN = "pin"
    CALLING = "calling"
    ANSWERED = "answered"
    DONE = "done"
    ALARM = "alarm"
    OUT = "out"
    WITNESS = "witness"


@dataclass(frozen=True, slots=True)
class View:
    """One screen. Texts are (zh-CN, en); `ways` the fitted ways with their status, in order.

    `seconds` is what is left of a countdown, None for none; `code` a QR code to photograph.
    `can_call` and `can_cancel` tell which touches mean something.
    """

    state: State
    head: Text
    detail: Text = ("", "")
    step: Text = ("", "")
    age: Text = ("", "")
    ways: Mapping[str, str] = field(default_factory=dict)
    has_pin: bool = False
    seconds: int | None = None
    code: str = ""
    can_call: bool = False
    can_cancel: bool = False


_BUSY = frozenset({State.CALLING, State.ANSWERED, State.CONSENT, State.OUT})
_OUT = View(State.OUT, HEADS["out"], SAYS["out"])
_FREE_DOORS = frozenset({"fire", "free", "lockdown", "fault"})
_FRESH = {
    "granted": (State.GRANTED, 5_000),
    "denied": (State.REFUSED, 8_000),
    "pin_please": (State.PIN, 10_000),
    "calling": (State.CALLING, 60_000),
    "answered": (State.ANSWERED, 20_000),
    "done": (State.DONE, 6_000),
    "alarm": (State.ALARM, 10_000),
}


def view_of(reading: Reading | None, now_ms: int) -> View:
    """Return what to show at `now_ms` (CLOCK_MONOTONIC)."""
    if reading is None or now_ms - reading.written_ms > GONE_MS:
        return _OUT
    state, left_ms = _state(reading, now_ms)
    ways = {way: reading.ways[way] for way in WAYS if way in reading.ways}
    return View(
        state,
        _head(reading, state),
        _detail(reading, state),
        next_step(ways) if state is State.REFUSED else ("", ""),
        age_line(reading.list_age_s),
        ways,
        "pin" in reading.ways,
        seconds=None if left_ms is None else max(0, -(-left_ms // 1_000)),
        code=reading.code if state is State.WITNESS else "",
        can_call="guard" in ways and state not in _BUSY,
        can_cancel=state in {State.ARMED, State.CONSENT, State.ENROL},
    )


def _state(reading: Reading, now_ms: int) -> tuple[State, int | None]:
    age_ms = now_ms - reading.shown_ms
    if reading.signal == "look":
        return _looking(reading, now_ms)
    if reading.signal == "asking" and age_ms < _ASK_MS:
        if reading.reason == "enrolment_waits":
            return State.ENROL, None
        return State.CONSENT, _ASK_MS - age_ms
    state, lasts_ms = _FRESH.get(reading.signal, (State.IDLE, 0))
    if reading.code:
        return (State.WITNESS, None) if age_ms < _CODE_MS else (State.IDLE, None)
    return (state, None) if age_ms < lasts_ms else (State.IDLE, None)


def _looking(reading: Reading, now_ms: int) -> tuple[State, int | None]:
    if reading.reason == "erasing":
        is_over = now_ms - reading.shown_ms > _ARMED_MS
        return (State.IDLE, None) if is_over else (State.ERASING, None)
    left_ms = reading.armed_ms + _ARMED_MS - now_ms
    return (State.ARMED, left_ms) if left_ms > 0 else (State.IDLE, None)


def _head(reading: Reading, state: State) -> Text:
    if state is State.IDLE and reading.door in _FREE_DOORS:
        return DOORS[reading.door]
    if state is State.IDLE and not _can_enter(reading.ways):
        return HEADS["guard_only"] if "guard" in reading.ways else HEADS["out"]
    return HEADS.get(state.value) or reading.headline


def _detail(reading: Reading, state: State) -> Text:
    if state in FRESH_S:
        return reading.detail
    return SAYS.get(state.value, ("", ""))


def _can_enter(ways: Mapping[str, str]) -> bool:
    return any(ways.get(way) == "ready" for way in ("qr", "fob"))
