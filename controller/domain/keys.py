"""Plan the site's signing keys: each signs one scope, and two are alive around each change.

A key signs for 90 days and is believed long enough that what it signed last lives its full life;
its successor is made 14 days ahead, so that gates that are offline for less know it in time.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from controller.domain.moment import DAY_MS, MINUTE_MS
from mqtt.contract.records import KeyScope

__all__ = [
    "AHEAD_MS",
    "SIGNS_FOR_MS",
    "SITE_SCOPES",
    "SiteKey",
    "believed_after_ms",
    "missing",
    "signing_key",
]

SIGNS_FOR_MS = 90 * DAY_MS
AHEAD_MS = 14 * DAY_MS
EARLY_MS = 5 * MINUTE_MS
"""How long before its making a key counts, so that a gate whose clock is a little late knows it."""

_BELIEVED_AFTER_DAYS = {
    KeyScope.RESIDENT_PASS: 2,
    KeyScope.PAPER_PASS: 3 * 366,
    KeyScope.SLIP_PASS: 32,
    KeyScope.VISITOR_PASS: 367,
    KeyScope.COMMAND: 1,
    KeyScope.DOCUMENT: 366,
    KeyScope.ACK: 32,
    KeyScope.REVOCATION: 32,
    KeyScope.LEASE: 2,
}
SITE_SCOPES = tuple(_BELIEVED_AFTER_DAYS)
"""What the site's own keys sign; a gate signs its redemptions with the key of its own."""


@dataclass(frozen=True, slots=True)
class SiteKey:
    """The public side of a signing key; instants in UTC ms."""

    kid: bytes
    public_key: bytes
    scopes: tuple[KeyScope, ...]
    not_before_ms: int
    sign_until_ms: int
    not_after_ms: int
    withdrawn: bool = False

    @property
    def is_recovery(self) -> bool:
        """Tell the recovery key: gates believe it, and its private half is split on paper."""
        return self.sign_until_ms <= self.not_before_ms

    def signs(self, scope: KeyScope, now_ms: int) -> bool:
        """Tell whether it may sign for `scope` now."""
        in_window = self.not_before_ms <= now_ms < self.sign_until_ms
        return scope in self.scopes and in_window and not self.withdrawn

    def is_believed(self, now_ms: int) -> bool:
        """Tell whether gates still accept what it signed."""
        return not self.withdrawn and now_ms <= self.not_after_ms


def believed_after_ms(scope: KeyScope) -> int:
    """Return how long a key of this scope is believed after it signed last, in ms."""
    return _BELIEVED_AFTER_DAYS[scope] * DAY_MS


def signing_key(keys: Iterable[SiteKey], scope: KeyScope, now_ms: int) -> SiteKey | None:
    """Return the key that signs now: the one that ends first, so that a successor waits.

    A document key must be one that every gate has had 14 days to learn, because it also signs the
    document by which its successors are learned. If the controller was off while one fell due, a
    key past its 90 days that gates still believe signs on until the new one is known.
    """
    known = tuple(key for key in keys if not key.is_recovery)
    able = [key for key in known if key.signs(scope, now_ms)]
    if scope is KeyScope.DOCUMENT:
        believed = [key for key in known if scope in key.scopes and key.is_believed(now_ms)]
        announced = [key for key in believed if key.not_before_ms + AHEAD_MS <= now_ms]
        fresh = [key for key in announced if key in able]
        able = fresh or _latest(announced) or believed
    return min(able, key=lambda key: (key.sign_until_ms, key.kid), default=None)


def missing(keys: Iterable[SiteKey], now_ms: int) -> tuple[KeyScope, ...]:
    """Return the scopes that need a new key, once for each key that is to be made.

    A scope needs one where none signs, or where the last one ends within 14 days. `document` always
    has two, so that one can be withdrawn and the other, which gates know, announces the next.
    """
    known = tuple(keys)

    def lacking(scope: KeyScope) -> int:
        lasting = [
            key
            for key in known
            if key.signs(scope, now_ms) and key.sign_until_ms >= now_ms + AHEAD_MS
        ]
        return max(0, (2 if scope is KeyScope.DOCUMENT else 1) - len(lasting))

    return tuple(scope for scope in SITE_SCOPES for _ in range(lacking(scope)))


def _latest(keys: list[SiteKey]) -> list[SiteKey]:
    return sorted(keys, key=lambda key: (key.sign_until_ms, key.kid))[-1:]
