"""Turn a guard's panel, a fob reader with keys, into staff actions.

    fob, then PIN #      sign on for the shift
    1 #                  release the door once; the reason is due within 5 min
    9 and a reason #     give the reason (table below)
    2 and a reason #     hold open; a second person confirms with fob, PIN #, within 30 s
    3 #                  hold open for 10 min in an emergency
    90 #                 countersign an emergency hold: a second person's fob, PIN #, within 30 s
    4 #                  end the hold
    5 #   6 #            begin, end a lockdown
    7 #   8 #            clear a tamper alarm, reset a fire latch
    0 #                  sign off
    *                    clear

Reasons: 1 visitor, 2 delivery, 3 forgot credential, 4 carer, 5 works, 6 medical, 7 fire service,
8 police, 9 other. The panel knows nobody: it passes on what was entered, and the gate judges it.
"""

import threading
from dataclasses import dataclass

from edge.adapters.reader_desk import Show
from edge.domain.card_bits import CardBits
from edge.domain.card_formats import DEFAULT_FORMATS, CardFormat, CardRead, decode
from edge.domain.effects import Signal
from edge.domain.inputs import Observed, StaffActed, WayChanged
from edge.domain.keypad import CardSeen, KeypadCollector, KeypadOutput, KeysPressed, PinEntered
from edge.domain.model import StaffAction
from edge.domain.ports import Clock, Emit
from edge.domain.tap_filter import TapFilter
from mqtt.contract.events import AdapterKind, EventKind, Method
from mqtt.contract.reasons import ReasonCode

__all__ = ["ACTION_KEYS", "REASONS", "PanelDesk"]

ACTION_KEYS = {
    "0": StaffAction.SIGN_OFF,
    "1": StaffAction.RELEASE,
    "3": StaffAction.EMERGENCY_HOLD,
    "4": StaffAction.END_HOLD,
    "5": StaffAction.LOCKDOWN,
    "6": StaffAction.END_LOCKDOWN,
    "7": StaffAction.CLEAR_TAMPER,
    "8": StaffAction.RESET_FIRE,
}
_COUNTERSIGN = "90"
_WITH_REASON = {"2": StaffAction.HOLD_OPEN, "9": StaffAction.GIVE_REASON}
_SECOND_PERSON_MS = 30_000

REASONS = {
    "1": "visitor",
    "2": "delivery",
    "3": "forgot_credential",
    "4": "carer",
    "5": "works",
    "6": "medical",
    "7": "fire_service",
    "8": "police",
    "9": "other",
}
"""Reasons as words; they name no person."""


@dataclass(frozen=True, slots=True)
class _Waiting:
    """An act that a second person has to confirm before `until_ms`."""

    action: StaffAction
    reason: str
    until_ms: int


class PanelDesk:
    """One panel; `frame`, `keys` and `act` may be called from any thread after `start`."""

    def __init__(
        self,
        access_point: str,
        kind: AdapterKind,
        clock: Clock,
        show: Show,
        formats: tuple[CardFormat, ...] = DEFAULT_FORMATS,
    ) -> None:
        self._access_point = access_point
        self._kind = kind
        self._clock = clock
        self._show = show
        self._formats = formats
        self._hold = threading.RLock()
        self._emit: Emit | None = None
        self._taps = TapFilter()
        self._keys = KeypadCollector(waits_for_pin=True)
        self._waiting: _Waiting | None = None
        self._is_ready: bool | None = None

    def start(self, emit: Emit) -> None:
        """Take actions from now on."""
        with self._hold:
            self._emit = emit
            self._is_ready = None

    def stop(self) -> None:
        """Drop what comes later."""
        with self._hold:
            self._emit = None
            self._keys = KeypadCollector(waits_for_pin=True)
            self._waiting = None

    def act(
        self,
        action: StaffAction,
        card: tuple[int, int] | None = None,
        pin: str = "",
        reason: str = "",
    ) -> None:
        """Pass on one whole action, as a panel with buttons of its own does."""
        with self._hold:
            if self._emit is not None:
                at, place = self._clock.now(), self._access_point
                self._emit(StaffActed(at, place, action, self._kind, card, pin, reason))

    def frame(self, bits: CardBits, mono_ms: int) -> None:
        """Take a fob."""
        with self._hold:
            self._taps, is_new = self._taps.step(bits, mono_ms)
            read = decode(bits, self._formats)
            if not is_new:
                return
            if not isinstance(read, CardRead):
                self._show(Signal.DENIED, ReasonCode(read.code.value))
                return
            self._step(CardSeen(read.identity), mono_ms)
            self._show(Signal.PIN_PLEASE, ReasonCode.PIN_REQUIRED)

    def keys(self, keys: str, mono_ms: int) -> None:
        """Take keys."""
        with self._hold:
            self._step(KeysPressed(keys), mono_ms)

    def ready(self) -> None:
        """Note that the panel works."""
        self._way("ready", ReasonCode.WAY_READY, is_ready=True)

    def lost(self, reason: ReasonCode) -> None:
        """Note that it does not."""
        self._way("fault", reason, is_ready=False)

    def noticed(self, reason: ReasonCode, note: str = "") -> None:
        """Record something about the panel."""
        with self._hold:
            if self._emit is not None:
                at, place, kind = self._clock.now(), self._access_point, self._kind
                seen = Observed(at, EventKind.READER, reason, kind, place, Method.GUARD, note)
                self._emit(seen)

    def _way(self, status: str, reason: ReasonCode, *, is_ready: bool) -> None:
        with self._hold:
            if self._emit is None or self._is_ready is is_ready:
                return
            self._is_ready = is_ready
            at, place = self._clock.now(), self._access_point
            self._emit(WayChanged(at, place, Method.GUARD, status, reason, self._kind))

    def _step(self, given: KeysPressed | CardSeen, mono_ms: int) -> None:
        if self._waiting is not None and mono_ms > self._waiting.until_ms:
            self._waiting = None
        self._keys, outputs = self._keys.step(given, mono_ms)
        for output in outputs:
            self._put(output, mono_ms)

    def _put(self, output: KeypadOutput, mono_ms: int) -> None:
        match output:
            case PinEntered(digits, card) if card is not None:
                self._identified((card.value, card.length), digits)
            case PinEntered(digits, _) if digits in ACTION_KEYS:
                self._waiting = None
                self.act(ACTION_KEYS[digits])
            case PinEntered(digits, _) if digits == _COUNTERSIGN:
                self._await_second(StaffAction.GIVE_REASON, "", mono_ms)
            case PinEntered(digits, _) if digits[0] in _WITH_REASON and digits[1:] in REASONS:
                self._with_reason(_WITH_REASON[digits[0]], REASONS[digits[1:]], mono_ms)
            case PinEntered():
                self._show(Signal.DENIED, ReasonCode.UNKNOWN_OPERATION)
            case _:
                # A fob without a PIN does nothing at a panel.
                return

    def _identified(self, card: tuple[int, int], pin: str) -> None:
        waiting, self._waiting = self._waiting, None
        if waiting is None:
            self.act(StaffAction.SIGN_ON, card, pin)
        else:
            self.act(waiting.action, card, pin, waiting.reason)

    def _with_reason(self, action: StaffAction, reason: str, mono_ms: int) -> None:
        if action is StaffAction.HOLD_OPEN:
            self._await_second(action, reason, mono_ms)
        else:
            self._waiting = None
            self.act(action, reason=reason)

    def _await_second(self, action: StaffAction, reason: str, mono_ms: int) -> None:
        self._waiting = _Waiting(action, reason, mono_ms + _SECOND_PERSON_MS)
        self._show(Signal.PIN_PLEASE, ReasonCode.SECOND_PERSON_MISSING)
