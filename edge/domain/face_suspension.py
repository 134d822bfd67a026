"""Suspend face where the other ways are not known to work (DESIGN promise 1, rule NS-05).

At one access point face is suspended
1. while no non-biometric automated way fitted there works (`no_way_works`);
2. while any of them has had a detected fault for 4 h (`way_fault_long`);
3. while any of them had no real read for 24 h of running time since face was enabled, 72 h where
   fewer than 20 people pass a day (`way_unproven`): a heartbeat alone proves nothing. A walk test
   is a real read of somebody's own fob or pass.

Simulated reads prove something in a simulated unit only; the caller decides. All times are running
time of the gate in ms: a gate without power proves nothing and is not blamed either.
"""

from collections.abc import Collection, Mapping

import msgspec

from mqtt.contract.containment import AUTOMATED_METHODS
from mqtt.contract.events import Method
from mqtt.contract.reasons import ReasonCode

__all__ = [
    "FAULT_LIMIT_MS",
    "FEW_PEOPLE",
    "UNPROVEN_FEW_LIMIT_MS",
    "UNPROVEN_LIMIT_MS",
    "Watch",
    "WayWatch",
    "advanced",
    "judged",
    "proven",
]

_HOUR_MS = 3_600_000
FAULT_LIMIT_MS = 4 * _HOUR_MS
UNPROVEN_LIMIT_MS = 24 * _HOUR_MS
UNPROVEN_FEW_LIMIT_MS = 72 * _HOUR_MS
FEW_PEOPLE = 20
_DAY_MS = 24 * _HOUR_MS
_START_MS = 60_000


class WayWatch(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """One way: how long it has been faulty without a break, and without a real read."""

    fault_ms: int = 0
    unproven_ms: int = 0


class Watch(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """One access point since face was enabled there.

    `passed` counts the people let in during the current day of running time, of which `day_ms` are
    over; `few` tells that fewer than 20 passed in the day before.
    """

    ways: dict[Method, WayWatch] = {}
    passed: int = 0
    day_ms: int = 0
    few: bool = False


def advanced(
    watch: Watch, fitted: Collection[Method], statuses: Mapping[Method, str], elapsed_ms: int
) -> Watch:
    """Return the watch after `elapsed_ms` in which the ways had these statuses.

    A way that was never heard of counts as faulty, whatever is missing.
    """
    ways = {}
    for method in sorted(AUTOMATED_METHODS.intersection(fitted)):
        way = watch.ways.get(method, WayWatch())
        works = statuses.get(method) == "ready"
        fault_ms = 0 if works else way.fault_ms + elapsed_ms
        ways[method] = WayWatch(fault_ms, way.unproven_ms + elapsed_ms)
    day_ms = watch.day_ms + elapsed_ms
    if day_ms < _DAY_MS:
        return Watch(ways, watch.passed, day_ms, watch.few)
    return Watch(ways, 0, day_ms % _DAY_MS, watch.passed < FEW_PEOPLE)


def proven(watch: Watch, method: Method, *, let_in: bool, is_proof: bool) -> Watch:
    """Return the watch after a read: of a known credential (`is_proof`), by somebody `let_in`."""
    ways = watch.ways
    if is_proof and method in ways:
        ways = {**ways, method: WayWatch(ways[method].fault_ms, 0)}
    return Watch(ways, watch.passed + let_in, watch.day_ms, watch.few)


def judged(
    watch: Watch, fitted: Collection[Method], statuses: Mapping[Method, str]
) -> ReasonCode | None:
    """Return why face is suspended there now, or None.

    `boot` is the reason for as long as no way has been heard of, at most 60 s after a start.
    """
    automated = AUTOMATED_METHODS.intersection(fitted)
    if not any(statuses.get(method) == "ready" for method in automated):
        waited_ms = max((watch.ways[m].fault_ms for m in automated if m in watch.ways), default=0)
        is_starting = automated.isdisjoint(statuses) and waited_ms < _START_MS
        return ReasonCode.BOOT if is_starting else ReasonCode.NO_WAY_WORKS
    if any(watch.ways.get(method, WayWatch()).fault_ms >= FAULT_LIMIT_MS for method in automated):
        return ReasonCode.WAY_FAULT_LONG
    limit_ms = UNPROVEN_FEW_LIMIT_MS if watch.few else UNPROVEN_LIMIT_MS
    if any(watch.ways.get(method, WayWatch()).unproven_ms >= limit_ms for method in automated):
        return ReasonCode.WAY_UNPROVEN
    return None
