"""Prove that nothing opens for a face only, from a configuration alone (rules NS-03, EQ-06).

For every class of equal access (people who hold the same things are one class; nobody is named)
and every access point with face, the intervals in which the face would open are compared with
those in which something else that the person holds opens there. Interval boundaries are compared,
not samples: for each weekday and each kind of it and of the day before (plain, public holiday,
make-up workday), because a window may run past midnight.

Records are as decoded from CBOR, so that the offline verifier replays the proof with this very
module, which needs only the standard library. How windows count: `edge.domain.schedule`, which a
test compares with this module minute by minute.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

__all__ = ["PROOF_VERSION", "AccessClass", "prove", "week_minutes"]

PROOF_VERSION = 1
MOST_SHOWN = 100
"""How many places beyond are named; their number is always exact."""
_DAY_MIN = 1_440
_WORKDAYS = frozenset(range(5))
_WEEKEND = frozenset({5, 6})
_KINDS = ("plain", "holiday", "workday")
_AUTOMATED = frozenset({"qr", "fob"})

Interval = tuple[int, int]
Records = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True, order=True)
class AccessClass:
    """What people of one class hold: the levels that face would have, and their other credentials.

    `held` are (method, levels) of credentials that last at least as long as the face would.
    """

    face_levels: tuple[str, ...]
    held: tuple[tuple[str, tuple[str, ...]], ...]

    def plain(self) -> list[Any]:
        """Return it as it stands in a proof."""
        return [list(self.face_levels), [[method, list(levels)] for method, levels in self.held]]

    @classmethod
    def from_plain(cls, value: Sequence[Any]) -> "AccessClass":
        """Read it from a proof. Raises ValueError, TypeError for another form."""
        face, held = value
        others = tuple((str(method), _texts(levels)) for method, levels in held)
        return cls(_texts(face), others)


def prove(config: Records, policy: Records, classes: Iterable[AccessClass]) -> dict[str, Any]:
    """Return the proof as plain values; `beyond` counts the places where face reaches further.

    `points` lists for each access point with face: name, ways in, and for each class the minutes
    of a plain week in which face and in which another way opens.
    """
    ordered = sorted(set(classes))
    points: list[Any] = []
    found: list[Any] = []
    for key, record in sorted(config.items()):
        methods = record.get("methods", ())
        if not key.startswith("ap:") or "face" not in methods:
            continue
        name, rows = key[3:], []
        for index, one in enumerate(ordered):
            face, other = _reach(policy, name, one, frozenset(methods))
            rows.append([week_minutes(face), week_minutes(other)])
            found += [[name, index, *where] for where in _beyond(face, other)]
        points.append([name, sorted(str(method) for method in methods), rows])
    return {
        "version": PROOF_VERSION,
        "classes": [one.plain() for one in ordered],
        "points": points,
        "beyond": len(found),
        "witnesses": found[:MOST_SHOWN],
    }


def week_minutes(windows: Sequence[Mapping[str, Any]]) -> int:
    """Return how many minutes of a plain week windows cover."""
    return sum(
        end - start
        for day in range(7)
        for start, end in _day_intervals(windows, day, "plain", "plain")
    )


def _reach(
    policy: Records, point: str, one: AccessClass, fitted: frozenset[str]
) -> tuple[list[Mapping[str, Any]], list[Mapping[str, Any]]]:
    """Return the windows of face and of everything else that the class holds at a point."""
    face = _windows(policy, point, one.face_levels)
    other = [
        window
        for method, levels in one.held
        if method in _AUTOMATED & fitted
        for window in _windows(policy, point, levels)
    ]
    return face, other


def _windows(policy: Records, point: str, levels: Iterable[str]) -> list[Mapping[str, Any]]:
    found: list[Mapping[str, Any]] = []
    for level in levels:
        for grant in policy.get(f"level:{level}", {}).get("grants", ()):
            if point not in grant["access_points"]:
                continue
            schedule = policy.get(f"schedule:{grant['schedule']}", {})
            if schedule.get("always", False):
                found.append(_ALWAYS)
            found += schedule.get("windows", ())
    return found


_ALWAYS: Mapping[str, Any] = {
    "days": tuple(range(7)),
    "start_min": 0,
    "end_min": _DAY_MIN,
    "on_holidays": True,
    "always": True,
}


def _beyond(
    face: Sequence[Mapping[str, Any]], other: Sequence[Mapping[str, Any]]
) -> list[list[Any]]:
    """Return [weekday, kind of the day before, kind of the day, from, to] of what is not covered.

    Only where one window is in use on its own kind of day does a kind matter, but all are walked.
    """
    found: list[list[Any]] = []
    for day in range(7):
        for before in _KINDS:
            for kind in _KINDS:
                asked = _day_intervals(face, day, before, kind)
                given = _day_intervals(other, day, before, kind)
                found += [[day, before, kind, start, end] for start, end in _minus(asked, given)]
    return found


def _day_intervals(
    windows: Sequence[Mapping[str, Any]], day: int, before: str, kind: str
) -> list[Interval]:
    """Return the merged minutes [start, end) of one day that windows cover."""
    found: list[Interval] = []
    for window in windows:
        start, end = window["start_min"], window["end_min"]
        end = end if end > start else end + _DAY_MIN
        if _counts(window, day, kind):
            found.append((start, min(end, _DAY_MIN)))
        if end > _DAY_MIN and _counts(window, (day - 1) % 7, before):
            found.append((0, end - _DAY_MIN))
    return _merged(found)


def _counts(window: Mapping[str, Any], day: int, kind: str) -> bool:
    if window.get("always", False):
        return True
    days = frozenset(window["days"])
    if kind == "holiday":
        return bool(window.get("on_holidays", True)) and day in days
    if kind == "workday":
        return days >= _WORKDAYS or (day in days and not days <= _WEEKEND)
    return day in days


def _merged(intervals: Iterable[Interval]) -> list[Interval]:
    found: list[Interval] = []
    for start, end in sorted(intervals):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        elif end > start:
            found.append((start, end))
    return found


def _minus(asked: Sequence[Interval], given: Sequence[Interval]) -> list[Interval]:
    """Return the parts of `asked` that `given` does not cover; both are merged."""
    left: list[Interval] = []
    for start, end in asked:
        at = start
        for low, high in given:
            if high <= at or low >= end:
                continue
            if low > at:
                left.append((at, low))
            at = max(at, high)
        if at < end:
            left.append((at, end))
    return left


def _texts(values: Iterable[Any]) -> tuple[str, ...]:
    return tuple(str(value) for value in values)
