"""Count how the ways in serve people, per access point, method and month (DESIGN §10).

The controller counts for its report and the offline verifier counts again from the same leaves;
both use this module, which needs only the standard library. A month is that of China Standard Time
(UTC+8, without summer time). Attempts at simulated hardware are counted apart and never compared.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

__all__ = ["FIRST_TRY_S", "MIN_SAMPLES", "UNDECODED", "ParityRow", "ParityTally"]

UNDECODED = frozenset({"read_parity", "read_unknown_format", "read_stale"})
"""Reasons of `reader` records that tell of somebody's try that could not be read: a failed try.

A code that was seen and not read is a denied decision by itself."""

FIRST_TRY_S = 30
"""A refusal of the same method at the same place within this time makes the next no first try."""
MIN_SAMPLES = 30
"""Fewer openings than this prove nothing: INSUFFICIENT DATA. Our number, not the law's."""
MAX_ROWS = 20_000
_ZONE = timedelta(hours=8)
_EXACT_MS = 10_000
_MOST_MS = 600_000
_Z = 1.959964


@dataclass(frozen=True, slots=True, order=True)
class ParityRow:
    """One access point, method and month; times in ms from first presence to unlock, -1 for none.

    `first_tries` and `first_granted` leave out what follows a refusal within 30 s; `low_permille`
    and `high_permille` are the 95 % interval of first-try success (Wilson).
    """

    access_point: str
    method: str
    month: str
    attempts: int
    granted: int
    first_tries: int
    first_granted: int
    simulated: int
    median_ms: int
    p90_ms: int
    p95_ms: int
    low_permille: int
    high_permille: int

    @property
    def is_enough(self) -> bool:
        """Tell whether there are samples enough to compare."""
        return self.granted >= MIN_SAMPLES


@dataclass(slots=True)
class _Cell:
    attempts: int = 0
    granted: int = 0
    first_tries: int = 0
    first_granted: int = 0
    simulated: int = 0
    times_ms: Counter[int] = field(default_factory=Counter)


class ParityTally:
    """Add decisions in the order of a gate's log, then ask for the rows."""

    def __init__(self) -> None:
        self._cells: dict[tuple[str, str, str], _Cell] = {}
        self._refused_s: dict[tuple[str, str], int] = {}
        self._months: dict[int, str] = {}

    def add_leaf(self, fields: Sequence[object]) -> None:
        """Count a leaf if it tells of a try; fields are in the order of `mqtt.contract.events`.

        Raises ValueError as `add` does, and for a time that is no number.
        """
        kind, place, method, outcome, reason = (str(value) for value in fields[5:10])
        counts = kind in {"decision", "passage"} or (kind == "reader" and reason in UNDECODED)
        if not counts:
            return
        at_s, intent_ms = fields[10], fields[14]
        if not isinstance(at_s, int) or not isinstance(intent_ms, int):
            raise ValueError("a time is no number")  # noqa: TRY004 - bad data, no bad call
        if kind == "passage":
            # A gate decides before it unlocks: the time is known in the record of the passage.
            if intent_ms >= 0 and fields[16] != "simulated":
                self._cell((place, method, self._month(at_s))).times_ms[_binned(intent_ms)] += 1
            return
        self.add(
            place,
            method,
            granted=outcome == "granted",
            at_s=at_s,
            intent_to_unlock_ms=intent_ms,
            simulated=fields[16] == "simulated",
        )

    def add(
        self,
        access_point: str,
        method: str,
        *,
        granted: bool,
        at_s: int,
        intent_to_unlock_ms: int,
        simulated: bool,
    ) -> None:
        """Count one decision. Raises ValueError for an instant or a variety beyond all bounds."""
        cell = self._cell((access_point, method, self._month(at_s)))
        if simulated:
            cell.simulated += 1
            return
        place = (access_point, method)
        refused_s = self._refused_s.get(place)
        is_first = refused_s is None or not 0 <= at_s - refused_s <= FIRST_TRY_S
        cell.attempts += 1
        cell.first_tries += is_first
        if granted:
            cell.granted += 1
            cell.first_granted += is_first
            if intent_to_unlock_ms >= 0:
                cell.times_ms[_binned(intent_to_unlock_ms)] += 1
        else:
            self._refused_s[place] = at_s

    def rows(self) -> tuple[ParityRow, ...]:
        """Return every row in the order of place, method and month."""
        return tuple(sorted(_row(key, cell) for key, cell in self._cells.items()))

    def _cell(self, key: tuple[str, str, str]) -> _Cell:
        found = self._cells.get(key)
        if found is None:
            if len(self._cells) >= MAX_ROWS:
                raise ValueError("too many rows")
            found = self._cells[key] = _Cell()
        return found

    def _month(self, at_s: int) -> str:
        day = at_s // 86_400
        found = self._months.get(day)
        # Days are cached; the month can only change at local midnight, 16:00 UTC.
        if found is None or at_s % 86_400 >= 57_600:
            if not 0 <= at_s < 250_000_000_000:
                raise ValueError("instant out of range")
            found = (datetime.fromtimestamp(at_s, UTC) + _ZONE).strftime("%Y-%m")
            if at_s % 86_400 < 57_600 and len(self._months) < MAX_ROWS:
                self._months[day] = found
        return found


def _binned(time_ms: int) -> int:
    if time_ms < _EXACT_MS:
        return time_ms
    return min(time_ms, _MOST_MS) // 100 * 100


def _row(key: tuple[str, str, str], cell: _Cell) -> ParityRow:
    low, high = _wilson(cell.first_granted, cell.first_tries)
    counts = (cell.attempts, cell.granted, cell.first_tries, cell.first_granted, cell.simulated)
    median, p90, p95 = (_quantile(cell.times_ms, share) for share in (50, 90, 95))
    return ParityRow(*key, *counts, median, p90, p95, low, high)


def _quantile(times_ms: Counter[int], percent: int) -> int:
    """Return the nearest-rank quantile, -1 without samples."""
    total = times_ms.total()
    wanted = -(-total * percent // 100)
    for time_ms in sorted(times_ms):
        wanted -= times_ms[time_ms]
        if wanted <= 0:
            return time_ms
    return -1


def _wilson(hits: int, total: int) -> tuple[int, int]:
    """Return the 95 % score interval of hits / total in parts per thousand, (0, 1000) for none."""
    if total == 0:
        return 0, 1000
    share, square = hits / total, _Z * _Z
    centre = share + square / (2 * total)
    spread = _Z * (share * (1 - share) / total + square / (4 * total * total)) ** 0.5
    scale = 1 + square / total
    return round(1000 * max(0.0, centre - spread) / scale), round(
        1000 * min(scale, centre + spread) / scale
    )
