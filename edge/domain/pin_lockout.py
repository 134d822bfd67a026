"""Switch the PIN way off after wrong guesses, and nothing but the PIN way (I07).

Rules of this file:

1. Five wrong PINs within 60 s at a gate switch PIN off there for 60 s; the next time 120 s,
   doubling up to 15 min. QR, fob, guard and exit never look here.
2. Exactly one alarm per lock-out, with the wrong PIN that reaches the limit.
3. PINs entered while it is off are not judged, prolong nothing and raise nothing: otherwise a
   stranger at the pad could keep residents from it for ever.
4. No success clears anything, here or elsewhere: somebody with a PIN of their own must not be able
   to buy further guesses. The window forgets by itself; the doubling ends after a quiet hour.
"""

from dataclasses import dataclass

__all__ = [
    "FIRST_LOCKOUT_MS",
    "LONGEST_LOCKOUT_MS",
    "QUIET_MS",
    "WINDOW_MS",
    "WRONG_LIMIT",
    "PinLockout",
]

WRONG_LIMIT = 5
WINDOW_MS = 60_000
FIRST_LOCKOUT_MS = 60_000
LONGEST_LOCKOUT_MS = 900_000
QUIET_MS = 3_600_000


@dataclass(frozen=True, slots=True)
class PinLockout:
    """State of one gate; instants are monotonic milliseconds."""

    wrong_at_ms: tuple[int, ...] = ()
    locked_until_ms: int | None = None
    next_lockout_ms: int = FIRST_LOCKOUT_MS

    def is_locked(self, now_ms: int) -> bool:
        """Tell whether a PIN entered now is left unjudged."""
        return self.locked_until_ms is not None and now_ms < self.locked_until_ms

    def remaining_ms(self, now_ms: int) -> int:
        """Say how long the PIN way stays off; 0 if it is on."""
        if self.locked_until_ms is None:
            return 0
        return max(0, self.locked_until_ms - now_ms)

    def wrong(self, now_ms: int) -> tuple["PinLockout", bool]:
        """Take one wrong PIN; True means: raise the alarm now."""
        if self.is_locked(now_ms):
            return self, False
        current = self._after_quiet(now_ms)
        recent = tuple(at for at in current.wrong_at_ms if now_ms - at < WINDOW_MS)
        recent = (*recent, now_ms)
        if len(recent) < WRONG_LIMIT:
            locked, pause_ms = current.locked_until_ms, current.next_lockout_ms
            return PinLockout(recent, locked, pause_ms), False
        pause_ms = current.next_lockout_ms
        doubled = min(pause_ms * 2, LONGEST_LOCKOUT_MS)
        return PinLockout((), now_ms + pause_ms, doubled), True

    def _after_quiet(self, now_ms: int) -> "PinLockout":
        ended = self.locked_until_ms
        last = max((*self.wrong_at_ms, *(() if ended is None else (ended,))), default=now_ms)
        return self if now_ms - last < QUIET_MS else PinLockout()
