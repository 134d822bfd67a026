"""Turn a guard's panel, a fob reader with keys, into staff actions.

    fob, then PIN #      sign on for the shift
    1 #                  release the door once; the reason is due within 5 min
    9 and a reason #     give the reason (table below)
    2 #, fob, PIN #      hold open; the second person confirms with fob and PIN
    3 #                  hold open for 10 min in an emergency
    90 #, fob, PIN #     countersign what was done in an emergency
    4 #                  end the hold
    5 #   6 #            begin, end a lockdown
    7 #   8 #            clear a tamper alarm, reset a fire latch
    0 #                  sign off
    *                    clear

The panel knows nobody: it passes on what was entered, and the gate judges it.
"""

import threading

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

__all__ = ["ACTION_KEYS", "REASON_KEYS", "PanelDesk"]

ACTION_KEYS = {
    "0": StaffAction.SIGN_OFF,
    "1": StaffAction.RELEASE,
    "2": StaffAction.HOLD_OPEN,
    "3": StaffAction.EMERGENCY_HOLD,
    "4": StaffAction.END_HOLD,
    "5": StaffAction.LOCKDOWN,
    "6": StaffAction.END_LOCKDOWN,
    "7": StaffAction.CLEAR_TAMPER,
    "8": StaffAction.RESET_FIRE,
    "90": StaffAction.GIVE_REASON,
}
REASON_KEYS = {
    "91": "visitor",
    "92": "delivery",
    "93": "forgot_credential",
    "94": "carer",
    "95": "works",
    "96": "medical",
    "97": "fire_service",
    "98": "police",
    "99": "other",
}
"""Reasons as words; they name no person."""

_TWO_PEOPLE = {StaffAction.HOLD_OPEN, StaffAction.GIVE_REASON}


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
        self._needs_second: StaffAction | None = None
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
            self._needs_second = None

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
        due_ms = self._keys.deadline_ms
        if due_ms is not None and mono_ms >= due_ms:
            self._needs_second = None
        self._keys, outputs = self._keys.step(given, mono_ms)
        for output in outputs:
            self._put(output)

    def _put(self, output: KeypadOutput) -> None:
        match output:
            case PinEntered(digits, card) if card is not None:
                action = self._needs_second or StaffAction.SIGN_ON
                self._needs_second = None
                self.act(action, (card.value, card.length), digits)
            case PinEntered(digits, _) if digits in REASON_KEYS:
                self.act(StaffAction.GIVE_REASON, reason=REASON_KEYS[digits])
            case PinEntered(digits, _) if digits in ACTION_KEYS:
                self._begin(ACTION_KEYS[digits])
            case PinEntered():
                self._show(Signal.DENIED, ReasonCode.UNKNOWN_OPERATION)
            case _:
                # A fob without a PIN does nothing at a panel.
                return

    def _begin(self, action: StaffAction) -> None:
        if action in _TWO_PEOPLE:
            self._needs_second = action
            self._show(Signal.PIN_PLEASE, ReasonCode.SECOND_PERSON_MISSING)
        else:
            self._needs_second = None
            self.act(action)
