"""Judge whether a person's ways through the zones fit together. Pure.

A person is known to be inside or outside each zone, or unknown there. Going into a zone in which
one is, or out of one in which one is not, does not fit. Two rules keep this from hurting people:
1. What is unknown fits: after a reset, a restart without memory, or a clock that cannot be trusted,
   the first pass is forgiven (C05).
2. Everything is forgotten every night at 04:00 local time, so nobody is inside for ever (I12).
Whether a misfit is only noted or refused is decided in `authorise`; an exit is never refused.

The modes of the UT0311 boards are zones (C06): (1:2)(3:4) is two zones with one door in and one out
each, (1,3):(2,4) one zone with two of each, 1:(2,3) and 1:(2,3,4) one zone with one door in.
"""

from datetime import timedelta, tzinfo
from enum import StrEnum

import msgspec

from edge.domain.schedule import local_time

__all__ = [
    "RESET_HOUR",
    "Fit",
    "Position",
    "Positions",
    "judge",
    "last_reset_ms",
    "moved",
]

RESET_HOUR = 4
"""Local hour at which every position is forgotten: the fewest people are on their way then."""


class Position(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """Whether a person was last seen going into (`inside`) or out of `zone`, at `at_ms` UTC."""

    zone: str
    inside: bool
    at_ms: int


Positions = tuple[Position, ...]
"""One person's positions, at most one for each zone."""


class Fit(StrEnum):
    """How an attempt fits with what is known."""

    FITS = "fits"
    UNKNOWN = "unknown"
    MISFIT = "misfit"


def judge(positions: Positions, zone_from: str, zone_to: str, since_ms: int) -> Fit:
    """Say how going from `zone_from` to `zone_to` fits; `""` is the world outside every zone.

    Positions older than `since_ms` (UTC) are forgotten.
    """
    known = {entry.zone: entry.inside for entry in positions if entry.at_ms >= since_ms}
    wanted = [(zone, inside) for zone, inside in ((zone_from, True), (zone_to, False)) if zone]
    if any(known.get(zone, inside) is not inside for zone, inside in wanted):
        return Fit.MISFIT
    return Fit.FITS if all(zone in known for zone, _ in wanted) else Fit.UNKNOWN


def moved(positions: Positions, zone_from: str, zone_to: str, at_ms: int) -> Positions:
    """Return the positions after the person went from `zone_from` to `zone_to`."""
    others = tuple(entry for entry in positions if entry.zone not in {zone_from, zone_to})
    out = (Position(zone_from, inside=False, at_ms=at_ms),) if zone_from else ()
    into = (Position(zone_to, inside=True, at_ms=at_ms),) if zone_to else ()
    return (*others, *out, *into)


def last_reset_ms(at_ms: int, zone: tzinfo) -> int:
    """Return the UTC instant in ms of the newest nightly reset at or before `at_ms`."""
    now = local_time(at_ms, zone)
    reset = now.replace(hour=RESET_HOUR, minute=0, second=0, microsecond=0)
    if reset > now:
        reset -= timedelta(days=1)
    return int(reset.timestamp()) * 1_000
