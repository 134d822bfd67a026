"""Boards of every state of a gate's screen, as the daemon's own parts would leave them."""

from collections.abc import Mapping
from dataclasses import replace

from controller.services.seed_face import EXAMPLE_NOTICE
from edge.adapters.indicator import AccessPointIndicator, Shown
from edge.adapters.screen import Board, screen_json
from edge.domain.effects import Signal
from edge.domain.model import Moment
from edge.domain.outlook import Outlook
from mqtt.contract.reasons import ReasonCode

__all__ = ["PLACE", "STATES", "board_json", "shown_as"]

PLACE = "south-in"
_WAYS = {"qr": "ready", "fob": "ready", "pin": "ready", "guard": "ready", "face": "ready"}
_QUIET = Outlook(_WAYS, "secured", 5)

Look = tuple[Signal | None, ReasonCode, Outlook]

STATES: Mapping[str, Look] = {
    "idle": (None, ReasonCode.GRANTED, _QUIET),
    "idle-without-face": (
        None,
        ReasonCode.GRANTED,
        replace(_QUIET, ways={"qr": "ready", "fob": "fault", "guard": "ready"}),
    ),
    "offline": (None, ReasonCode.GRANTED, replace(_QUIET, list_age_s=3 * 3600)),
    "free": (None, ReasonCode.GRANTED, replace(_QUIET, door="free")),
    "fire": (None, ReasonCode.GRANTED, replace(_QUIET, door="fire")),
    "lockdown": (None, ReasonCode.GRANTED, replace(_QUIET, door="lockdown")),
    "armed": (Signal.LOOK, ReasonCode.FACE_ARMED, _QUIET),
    "consent": (Signal.ASKING, ReasonCode.CONSENT_ASKED, _QUIET),
    "enrol": (Signal.ASKING, ReasonCode.ENROLMENT_WAITS, _QUIET),
    "erasing": (Signal.LOOK, ReasonCode.ERASING, _QUIET),
    "granted": (Signal.GRANTED, ReasonCode.GRANTED, _QUIET),
    "refused": (Signal.DENIED, ReasonCode.STALE, _QUIET),
    "face-refused": (Signal.DENIED, ReasonCode.NO_MATCH, _QUIET),
    "pin": (Signal.PIN_PLEASE, ReasonCode.PIN_REQUIRED, _QUIET),
    "calling": (Signal.CALLING, ReasonCode.CALLED, _QUIET),
    "answered": (Signal.ANSWERED, ReasonCode.CALL_ANSWERED, _QUIET),
    "done": (Signal.DONE, ReasonCode.FACE_ERASED, _QUIET),
    "alarm": (Signal.ALARM, ReasonCode.FORCED, _QUIET),
}


class _OneClock:
    def now(self) -> Moment:
        return Moment(mono_ms=1, utc_ms=1_795_000_000_000)


class _Kept:
    shown: Shown | None = None

    def show(self, shown: Shown) -> None:
        self.shown = shown


def shown_as(signal: Signal, reason: ReasonCode, age_s: int = 5) -> Shown:
    """Return what the indicator of an access point makes of a signal."""
    kept = _Kept()
    indicator = AccessPointIndicator(PLACE, [kept], _OneClock())
    indicator.show(signal, reason, age_s)
    if reason is ReasonCode.CONSENT_ASKED:
        indicator.notice(reason, EXAMPLE_NOTICE.screen_zh, EXAMPLE_NOTICE.screen_en)
    assert kept.shown is not None
    return kept.shown


def board_json(state: str, now_ms: int, *, shown_ago_ms: int = 100) -> str:
    """Return the file of a state, written at `now_ms` (CLOCK_MONOTONIC)."""
    signal, reason, outlook = STATES[state]
    at_ms = now_ms - shown_ago_ms
    shown = None if signal is None else shown_as(signal, reason, outlook.list_age_s)
    armed_ms = at_ms if reason is ReasonCode.FACE_ARMED else 0
    return screen_json(Board(PLACE, shown, at_ms if shown else 0, armed_ms, outlook), now_ms)
