"""Turn what a reader sends into access attempts: formats, taps, PINs, faults.

The same desk sits behind OSDP and Wiegand, real and simulated. A card is bits and length; its text
forms are views for people and are not made here (A15). A fob that lies on the reader is one attempt
(A14). A fob is passed on at once; only one whose credential asks for a PIN is held, for up to 10 s,
so that both become one attempt (A13). A frame that cannot be read is no attempt: the person sees
it, and it is recorded.

A reader calls from its own thread, the PIN timer from another: one lock, held for no I/O.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace

from edge.adapters.fault_budget import FaultBudget
from edge.adapters.instants import seen_at
from edge.domain.card_bits import ByteOrder, CardBits
from edge.domain.card_diagnosis import SwapDetector
from edge.domain.card_formats import (
    DEFAULT_FORMATS,
    CardFormat,
    CardTier,
    ReadFault,
    ReadFaultCode,
    decode,
)
from edge.domain.effects import Signal
from edge.domain.face_inputs import KeyPressed
from edge.domain.inputs import Attempted, Observed, WayChanged
from edge.domain.keypad import (
    CardAlone,
    CardSeen,
    KeypadCollector,
    KeypadOutput,
    KeysPressed,
    PinEntered,
    PinUnusable,
)
from edge.domain.keypad_codes import KeypadMode, keys_from_wiegand
from edge.domain.model import AccessAttempt, CardClaim, Claim, PinClaim
from edge.domain.ports import Clock, Emit
from edge.domain.tap_filter import TapFilter
from mqtt.contract.events import AdapterKind, EventKind, Method
from mqtt.contract.reasons import ReasonCode

__all__ = ["PinQuestion", "ReaderDesk", "ReaderSettings", "Show"]

Show = Callable[[Signal, ReasonCode], None]
"""Shows a signal at the reader; from any thread, never blocks."""


class PinQuestion:
    """Answer whether a fob needs a PIN; `ask` is replaced when the gate has learnt credentials.

    `tells_keys` lets every key be an input of its own, without telling which: where face is fitted,
    any key is a no to its question.
    """

    def __init__(self) -> None:
        self.ask: Callable[[CardBits], bool] = lambda _card: False
        self.tells_keys = False


@dataclass(frozen=True, slots=True)
class ReaderSettings:
    """What a reader is and how it is set."""

    access_point: str
    kind: AdapterKind
    tier: CardTier
    formats: tuple[CardFormat, ...] = DEFAULT_FORMATS
    byte_order: ByteOrder = ByteOrder.AS_READ
    has_cards: bool = True
    has_keys: bool = False
    wiegand_keys: KeypadMode = KeypadMode.NONE
    pin_digits: int = 4

    @property
    def methods(self) -> tuple[Method, ...]:
        """List the ways in that depend on this reader."""
        fob = (Method.FOB,) if self.has_cards else ()
        return (*fob, Method.PIN) if self.has_keys else fob


class ReaderDesk:
    """One reader; `frame`, `keys` and the reports may be called from any thread after `start`."""

    def __init__(
        self, settings: ReaderSettings, clock: Clock, show: Show, pins: PinQuestion
    ) -> None:
        self.settings = settings
        self._clock = clock
        self._show = show
        self._pins = pins
        self._hold = threading.RLock()
        self._emit: Emit | None = None
        self._taps = TapFilter()
        self._swaps = SwapDetector()
        self._keys = KeypadCollector()
        self._faults = FaultBudget()
        self._begun_ms: int | None = None
        self._timer: threading.Timer | None = None
        self._is_ready: bool | None = None

    def start(self, emit: Emit) -> None:
        """Take reads from now on."""
        with self._hold:
            self._emit = emit
            self._is_ready = None

    def stop(self) -> None:
        """Drop what comes later; a half-entered PIN is forgotten."""
        with self._hold:
            self._emit = None
            self._keys = KeypadCollector()
            self._cancel_timer()

    def frame(self, bits: CardBits, mono_ms: int) -> None:
        """Take a frame: a card or, from Wiegand keypads, a burst of keys."""
        given = self.settings
        with self._hold:
            keys = keys_from_wiegand(bits, given.wiegand_keys, given.pin_digits)
            if keys is not None:
                self._tell_key()
                self._step(KeysPressed(keys), mono_ms)
                return
            if not given.has_cards:
                return
            self._taps, is_new = self._taps.step(bits, mono_ms)
            if is_new:
                self._tapped(bits, mono_ms)

    def keys(self, keys: str, mono_ms: int) -> None:
        """Take keys that a reader sends as keys."""
        with self._hold:
            self._tell_key()
            self._step(KeysPressed(keys), mono_ms)

    def ready(self) -> None:
        """Note that the reader works."""
        self._way("ready", ReasonCode.WAY_READY, is_ready=True)

    def lost(self, reason: ReasonCode) -> None:
        """Note that the reader does not work."""
        self._way("fault", reason, is_ready=False)

    def noticed(self, reason: ReasonCode, note: str = "") -> None:
        """Record something about the reader, at most 30 times a minute."""
        with self._hold:
            at = self._clock.now()
            if self._faults.admits(at.mono_ms):
                self._say_noticed(reason, note)

    def _say_noticed(self, reason: ReasonCode, note: str) -> None:
        given = self.settings
        if self._emit is not None:
            at = self._clock.now()
            place, method = given.access_point, given.methods[0]
            self._emit(Observed(at, EventKind.READER, reason, given.kind, place, method, note))

    def _tell_key(self) -> None:
        if self._pins.tells_keys and self._emit is not None:
            given = self.settings
            self._emit(KeyPressed(self._clock.now(), given.access_point, given.kind))

    def _way(self, status: str, reason: ReasonCode, *, is_ready: bool) -> None:
        given = self.settings
        with self._hold:
            if self._emit is None or self._is_ready is is_ready:
                return
            self._is_ready = is_ready
            at, place = self._clock.now(), given.access_point
            for method in given.methods:
                self._emit(WayChanged(at, place, method, status, reason, given.kind))

    def _tapped(self, bits: CardBits, mono_ms: int) -> None:
        given = self.settings
        self._swaps, says_swapped = self._swaps.step(bits, given.formats)
        if says_swapped:
            self._say_noticed(ReasonCode.WIRES_SWAPPED, "")
        read = decode(bits, given.formats, given.byte_order)
        if isinstance(read, ReadFault):
            self._unread(read)
            return
        needs_pin = given.has_keys and self._pins.ask(read.identity)
        held = self._keys.card
        if held is not None and held != read.identity and not needs_pin:
            # Somebody else's fob does not make the first one's attempt disappear.
            self._put(CardAlone(held), mono_ms)
        self._keys = replace(self._keys, waits_for_pin=needs_pin)
        self._step(CardSeen(read.identity), mono_ms)
        if needs_pin:
            self._show(Signal.PIN_PLEASE, ReasonCode.PIN_REQUIRED)

    def _unread(self, fault: ReadFault) -> None:
        is_parity = fault.code is ReadFaultCode.PARITY
        reason = ReasonCode.READ_PARITY if is_parity else ReasonCode.READ_UNKNOWN_FORMAT
        # The raw bits of an unknown format go beside the record, for the manager who defines it.
        self.noticed(reason, "" if is_parity else f"{fault.length}:{fault.raw_hex}")
        self._show(Signal.DENIED, reason)

    def _step(self, given: KeysPressed | CardSeen | None, mono_ms: int) -> None:
        was_idle = self._keys.deadline_ms is None
        self._keys, outputs = self._keys.step(given, mono_ms)
        if given is not None and (was_idle or self._begun_ms is None):
            self._begun_ms = mono_ms
        for output in outputs:
            self._put(output, mono_ms)
        if self._keys.deadline_ms is None:
            self._begun_ms = None
        self._set_timer(mono_ms)

    def _put(self, output: KeypadOutput, mono_ms: int) -> None:
        match output:
            case PinEntered(digits, None):
                self._attempt(Method.PIN, PinClaim(digits), mono_ms)
            case PinEntered(digits, card) if card is not None:
                claim = CardClaim(card, self.settings.tier, digits)
                self._attempt(Method.FOB, claim, mono_ms)
            case CardAlone(card):
                self._attempt(Method.FOB, CardClaim(card, self.settings.tier), mono_ms)
            case PinUnusable():
                self._show(Signal.DENIED, ReasonCode.PIN_REQUIRED)

    def _attempt(self, method: Method, claim: Claim, mono_ms: int) -> None:
        if self._emit is None:
            return
        given = self.settings
        begun_ms = mono_ms if self._begun_ms is None else self._begun_ms
        at = self._clock.now()
        presence_ms = seen_at(at, begun_ms)
        attempt = AccessAttempt(given.access_point, method, claim, presence_ms, given.kind)
        self._emit(Attempted(at, attempt))

    def _set_timer(self, now_ms: int) -> None:
        """Sleep until a held card has to be judged alone; digits alone need no alarm."""
        self._cancel_timer()
        due_ms = self._keys.deadline_ms
        if due_ms is None or self._keys.card is None:
            return
        self._timer = threading.Timer((due_ms - now_ms) / 1000, self._timed_out, (due_ms,))
        self._timer.daemon = True
        self._timer.start()

    def _cancel_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _timed_out(self, due_ms: int) -> None:
        with self._hold:
            if self._keys.deadline_ms == due_ms:
                self._step(None, due_ms)
