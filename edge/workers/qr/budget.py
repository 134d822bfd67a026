"""Bound what one lane may cost, so that a flood of codes at one reader slows no other.

Pure: time in monotonic ms is an argument.
"""

from collections.abc import Hashable
from dataclasses import dataclass

__all__ = ["Allowance", "BudgetSpec", "Presentation", "TextFilter"]


@dataclass(frozen=True, slots=True)
class BudgetSpec:
    """Hold the limits of one lane.

    ``decode_ms_per_s`` leaves most of a core to other lanes and carries 30 frames a second with
    retries; ``texts_per_s`` is far above what people can show and far below what a daemon verifies.
    ``gone_ms`` is how long a code must be out of view to count as shown anew: the same second as
    for a fob taken off a reader.
    """

    decode_ms_per_s: float = 400.0
    texts_per_s: float = 8.0
    gone_ms: float = 1000.0


class Allowance:
    """Give out an amount per second; one second's worth may be saved up."""

    def __init__(self, per_s: float) -> None:
        self._per_s = per_s
        self._left = per_s
        self._at_ms: float | None = None

    def has(self, mono_ms: float, amount: float = 0.0) -> bool:
        """Tell whether something, and at least ``amount``, is left now."""
        if self._at_ms is not None:
            gained = max(0.0, mono_ms - self._at_ms) * self._per_s / 1000
            self._left = min(self._per_s, self._left + gained)
        self._at_ms = mono_ms
        return self._left > 0 and self._left >= amount

    def spend(self, amount: float) -> None:
        """Take ``amount``; it may overdraw, and the debt is worked off before more is given."""
        self._left -= amount


class TextFilter:
    """Let each text through once for as long as it stays in view."""

    def __init__(self, spec: BudgetSpec) -> None:
        self._gone_ms = spec.gone_ms
        self._allowance = Allowance(spec.texts_per_s)
        self._seen: dict[Hashable, float] = {}

    def admit(self, text: Hashable, mono_ms: float) -> bool | None:
        """Tell whether ``text`` is to be reported: yes, no (still in view), None (over budget)."""
        self._seen = {
            known: seen for known, seen in self._seen.items() if mono_ms - seen < self._gone_ms
        }
        if text in self._seen:
            self._seen[text] = mono_ms
            return False
        if not self.has_room(mono_ms):
            return None
        self._allowance.spend(1.0)
        self._seen[text] = mono_ms
        return True

    def has_room(self, mono_ms: float) -> bool:
        """Tell whether a new text would be reported now."""
        return self._allowance.has(mono_ms, 1.0)

    def forget(self) -> None:
        """Count whatever comes next as shown anew."""
        self._seen.clear()


class Presentation:
    """Know since when something like a code has been in view."""

    def __init__(self, gone_ms: float) -> None:
        self._gone_ms = gone_ms
        self._first_ms = 0.0
        self._last_ms: float | None = None
        self._is_claimed = False

    def is_on(self, mono_ms: float) -> bool:
        """Tell whether a code was in view within the last second."""
        return self._last_ms is not None and mono_ms - self._last_ms < self._gone_ms

    def note(self, mono_ms: float) -> bool:
        """Note that a code is in view; tell whether that is new."""
        is_new = not self.is_on(mono_ms)
        if is_new:
            self._first_ms = mono_ms
            self._is_claimed = False
        self._last_ms = mono_ms
        return is_new

    def claim(self, mono_ms: float) -> float:
        """Return when the presentation of a text seen at ``mono_ms`` began.

        The first text owns the presentation; another one that follows it without a gap is the next
        person's, whose clock starts when that text came into view.
        """
        first_ms = mono_ms if self._is_claimed else self._first_ms
        self._is_claimed = True
        return first_ms

    def end(self) -> None:
        """Count whatever comes next as a new presentation."""
        self._last_ms = None
