"""Collect a PIN from key presses, alone or after a card (A13). Pure: time is an argument.

`#` ends a PIN, `*` clears it, 10 s without a key forgets it. The collector never judges: it says
what was entered. A digit never appears in a representation.
"""

from dataclasses import dataclass, field, replace

from edge.domain.card_bits import CardBits

__all__ = [
    "ENTRY_TIMEOUT_MS",
    "MAX_PIN_DIGITS",
    "CardAlone",
    "CardSeen",
    "KeypadCollector",
    "KeypadOutput",
    "KeysPressed",
    "PinEntered",
    "PinUnusable",
]

ENTRY_TIMEOUT_MS = 10_000
MAX_PIN_DIGITS = 12


@dataclass(frozen=True, slots=True)
class KeysPressed:
    """Input: keys in order, each one of `0-9`, `*` (clear) and `#` (enter)."""

    keys: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class CardSeen:
    """Input: a card was read at the same reader."""

    card: CardBits


@dataclass(frozen=True, slots=True)
class PinEntered:
    """Output: a complete PIN, with the card read before it if there was one."""

    digits: str = field(repr=False)
    card: CardBits | None = None


@dataclass(frozen=True, slots=True)
class CardAlone:
    """Output: judge this card without a PIN."""

    card: CardBits


@dataclass(frozen=True, slots=True)
class PinUnusable:
    """Output: too many digits, or enter without any; tell the person, count nothing."""

    is_too_long: bool


KeypadOutput = PinEntered | CardAlone | PinUnusable


@dataclass(frozen=True, slots=True)
class KeypadCollector:
    """State of one reader with keys.

    `waits_for_pin`: a setting of the reader. True holds a card for up to 10 s so that card and PIN
    become one attempt; False lets a card through at once and takes PINs on their own.
    """

    waits_for_pin: bool = False
    digits: str = field(default="", repr=False)
    is_too_long: bool = False
    card: CardBits | None = None
    last_input_ms: int = 0

    @property
    def deadline_ms(self) -> int | None:
        """Say when `step(None, …)` is due, or None if nothing is pending."""
        if self.card is None and not self.digits and not self.is_too_long:
            return None
        return self.last_input_ms + ENTRY_TIMEOUT_MS

    def step(
        self, given: KeysPressed | CardSeen | None, now_ms: int
    ) -> tuple["KeypadCollector", tuple[KeypadOutput, ...]]:
        """Take one input, or None for the passing of time, at monotonic `now_ms`."""
        outputs: list[KeypadOutput] = []
        current = self
        deadline_ms = self.deadline_ms
        if deadline_ms is not None and now_ms >= deadline_ms:
            current = _give_up(current, outputs)
        match given:
            case CardSeen(card):
                current = _take_card(current, card, now_ms, outputs)
            case KeysPressed(keys):
                for key in keys:
                    current = _take_key(current, key, now_ms, outputs)
            case None:
                pass
        return current, tuple(outputs)


def _cleared(state: KeypadCollector) -> KeypadCollector:
    return replace(state, digits="", is_too_long=False)


def _give_up(state: KeypadCollector, outputs: list[KeypadOutput]) -> KeypadCollector:
    if state.card is not None:
        outputs.append(CardAlone(state.card))
    return replace(_cleared(state), card=None)


def _take_card(
    state: KeypadCollector, card: CardBits, now_ms: int, outputs: list[KeypadOutput]
) -> KeypadCollector:
    if not state.waits_for_pin:
        outputs.append(CardAlone(card))
        return replace(_cleared(state), card=None)
    if state.card == card:
        return state
    if state.card is not None:
        outputs.append(CardAlone(state.card))
    return replace(_cleared(state), card=card, last_input_ms=now_ms)


def _take_key(
    state: KeypadCollector, key: str, now_ms: int, outputs: list[KeypadOutput]
) -> KeypadCollector:
    touched = replace(state, last_input_ms=now_ms)
    match key:
        case "*":
            return _cleared(touched)
        case "#" if state.is_too_long or not state.digits:
            outputs.append(PinUnusable(state.is_too_long))
            return _cleared(touched)
        case "#":
            outputs.append(PinEntered(state.digits, state.card))
            return replace(_cleared(touched), card=None)
        case _ if key not in "0123456789":
            return state
        case _ if state.is_too_long or len(state.digits) >= MAX_PIN_DIGITS:
            return replace(touched, digits="", is_too_long=True)
        case _:
            return replace(touched, digits=state.digits + key)
