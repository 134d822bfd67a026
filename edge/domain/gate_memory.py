"""What a gate remembers: windows, uses, positions, burnt ids, lock-outs, other gates.

Everything here is bounded: by the credentials that the gate knows (a fact is only made for a valid
signature or a registered credential), by the ends of passes and deadlines, after which `swept`
drops it, or by the number of gates.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeVar

import msgspec

from edge.domain.antipassback import Positions
from edge.domain.facts import FactMap
from edge.domain.model import ClockTrust, Moment
from edge.domain.pin_lockout import PinLockout
from mqtt.contract.entry_pass import gate_tag

__all__ = [
    "FEED_FRESH_MS",
    "KEPT_AFTER_END_MS",
    "PAD",
    "GateMemory",
    "Shift",
    "Uses",
    "WindowUse",
    "Windows",
]

V = TypeVar("V")

FEED_FRESH_MS = 60_000
"""A gate that was not heard for longer may have let somebody in that we do not know of."""

FEED_FORGOTTEN_MS = 24 * 3_600_000
"""A gate that was not heard for longer has been taken away and is no longer waited for."""

KEPT_AFTER_END_MS = 3_600_000
"""A used window or pass is remembered this long after its end, more than any clock is set back."""

PAD = b"pad"
"""The key of the lock-out for PINs that are entered alone; other keys are credentials and staff."""


class WindowUse(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """A phone window that was used at an access point; times are UTC in seconds."""

    access_point: str
    pass_id: bytes
    start_s: int
    end_s: int


class Windows(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """The phone windows of one credential that were used lately, and the newest start ever seen."""

    newest_s: int = 0
    used: tuple[WindowUse, ...] = ()

    def was_used(self, access_point: str, pass_id: bytes, start_s: int) -> bool:
        """Tell whether this window was used at this access point."""
        here = (access_point, pass_id, start_s)
        return any((use.access_point, use.pass_id, use.start_s) == here for use in self.used)

    def with_use(self, use: WindowUse, now_ms: int) -> "Windows":
        """Add a use and forget those that ended an hour ago."""
        kept = tuple(old for old in self.used if old.end_s * 1_000 + KEPT_AFTER_END_MS > now_ms)
        return Windows(max(self.newest_s, use.start_s), (*kept, use))


class Uses(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """Who redeemed which use of a pass: (gate, number of the use from 1, UTC ms).

    `until_ms` is the end of the pass, 0 where only another gate has told of it.
    """

    redeemed: tuple[tuple[str, int, int], ...] = ()
    until_ms: int = 0

    @property
    def count(self) -> int:
        """Return how many uses are spent; a number that was never heard counts as spent."""
        return max(len(self.redeemed), max((use for _, use, _ in self.redeemed), default=0))

    @property
    def first_ms(self) -> int:
        """Return the UTC instant of the first use in ms, or 0."""
        return min((at_ms for _, _, at_ms in self.redeemed), default=0)


@dataclass(frozen=True, slots=True)
class Shift:
    """A guard who signed on with fob and PIN."""

    staff: bytes
    since_mono_ms: int


@dataclass(frozen=True, slots=True)
class GateMemory:
    """Every fact by its id.

    `windows` and `papers` (newest start in UTC s) go by credential, `revoked` (carried by a guard;
    until, UTC ms) by credential or pass, `uses` by pass, `positions` by holder, `burnt` (deadline
    in monotonic ms) by command, `pin_locks` by credential, staff or PAD, and `feeds` tells when
    each gate was last heard in monotonic ms. `face_withdrawn` (UTC ms) goes by holder: who opted
    out at this gate, until that person consents here again.
    """

    windows: FactMap[Windows] = field(default_factory=FactMap)
    papers: FactMap[int] = field(default_factory=FactMap)
    revoked: FactMap[int] = field(default_factory=FactMap)
    uses: FactMap[Uses] = field(default_factory=FactMap)
    positions: FactMap[Positions] = field(default_factory=FactMap)
    burnt: FactMap[int] = field(default_factory=FactMap)
    pin_locks: FactMap[PinLockout] = field(default_factory=FactMap)
    face_withdrawn: FactMap[int] = field(default_factory=FactMap)
    feeds: Mapping[str, int] = field(default_factory=dict)
    shift: Shift | None = None

    def hears_home(self, site: str, gate: str, home_tag: bytes, now_mono_ms: int) -> bool:
        """Tell whether our own feed and that of the gate with `home_tag` are fresh."""
        fresh = self._fresh(now_mono_ms)
        return gate in fresh and any(gate_tag(site, name) == home_tag for name in fresh)

    def hears_all(self, gate: str, now_mono_ms: int) -> bool:
        """Tell whether our own feed and that of every gate heard within a day are fresh."""
        fresh = self._fresh(now_mono_ms)
        expected = {
            name for name, heard in self.feeds.items() if now_mono_ms - heard < FEED_FORGOTTEN_MS
        }
        return gate in fresh and expected <= fresh

    def _fresh(self, now_mono_ms: int) -> set[str]:
        return {name for name, heard in self.feeds.items() if now_mono_ms - heard <= FEED_FRESH_MS}

    def swept(self, at: Moment) -> "GateMemory":
        """Drop what has ended. Wall-clock ends are left alone while the clock is not trusted."""
        memory = replace(self, burnt=_kept(self.burnt, lambda deadline: deadline >= at.mono_ms))
        if at.trust is ClockTrust.UNKNOWN:
            return memory
        bound_ms = at.utc_ms - KEPT_AFTER_END_MS
        return replace(
            memory,
            revoked=_kept(self.revoked, lambda until: until >= bound_ms),
            uses=_kept(self.uses, lambda uses: _end_of(uses) >= bound_ms),
            windows=_kept(self.windows, lambda item: (item.newest_s + 300) * 1_000 >= bound_ms),
        )


_UNKNOWN_END_MS = 367 * 86_400_000
"""A pass ends within a year and a day of any use: it may not last longer."""


def _end_of(uses: Uses) -> int:
    return uses.until_ms or uses.first_ms + _UNKNOWN_END_MS


def _kept(facts: FactMap[V], keep: Callable[[V], bool]) -> FactMap[V]:
    return FactMap.of((key, value) for key, value in facts.items() if keep(value))
