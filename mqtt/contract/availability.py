"""Count how long each way in was ready, from the records of a gate's own log (rule EQ-01).

A `health` record tells when a way became ready or stopped; a `boot` record ends what was known:
until a way is heard of again nothing is counted for it, up or down, and simulated hardware is not
counted at all (promise 11). Needs the standard library
only, like `mqtt.contract.parity`, whose months it shares.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

__all__ = ["AvailabilityTally", "Uptime"]

READY = "way_ready"


@dataclass(frozen=True, slots=True)
class Uptime:
    """Seconds in which a way was ready, and in which its state was known."""

    up_s: int
    known_s: int

    @property
    def ppm(self) -> int:
        """Return parts per million, -1 where nothing is known."""
        return -1 if self.known_s <= 0 else self.up_s * 1_000_000 // self.known_s


class AvailabilityTally:
    """Add the leaves of one gate in the order of its log, then ask for a span's uptimes.

    Instants run backwards only where a clock was set; such a step counts nothing.
    """

    def __init__(self, from_s: int, until_s: int) -> None:
        self._from_s, self._until_s = from_s, until_s
        self._since: dict[tuple[str, str], tuple[int, bool]] = {}
        self._up: dict[tuple[str, str], list[int]] = {}

    def add_leaf(self, fields: Sequence[object]) -> None:
        """Take note of a leaf; fields are in the order of `mqtt.contract.events`."""
        kind, place, method, _, reason = (str(value) for value in fields[5:10])
        at_s = fields[10]
        if not isinstance(at_s, int):
            raise ValueError("a time is no number")  # noqa: TRY004 - bad data, no bad call
        if kind == "boot":
            self._end_all(at_s)
        elif kind == "health" and place and method != "none" and fields[16] == "real":
            self._count((place, method), at_s)
            self._since[place, method] = (at_s, reason == READY)

    def end(self, at_s: int) -> Mapping[tuple[str, str], Uptime]:
        """Return the uptimes up to now: what was heard last still holds."""
        for key in list(self._since):
            self._count(key, at_s)
        return {key: Uptime(*pair) for key, pair in self._up.items()}

    def _end_all(self, at_s: int) -> None:
        for key in list(self._since):
            self._count(key, at_s)
        self._since.clear()

    def _count(self, key: tuple[str, str], at_s: int) -> None:
        known = self._since.get(key)
        if known is None:
            return
        since_s, was_ready = known
        low, high = max(since_s, self._from_s), min(at_s, self._until_s)
        if high > low:
            pair = self._up.setdefault(key, [0, 0])
            pair[0] += (high - low) * was_ready
            pair[1] += high - low
        self._since[key] = (at_s, was_ready)
