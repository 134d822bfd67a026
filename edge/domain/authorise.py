"""Decide whether a bearer may pass here and now. Pure, total, and blind to the way in.

What this file gets to see has no way in in it: the bearer, the place, the time, the door and the
rules. An import contract and a test over the types of `authorise` keep it so (promise 1).

Order: the place, the lockdown (visitors only), levels and schedules, then the door itself. The
first reason that applies is the answer.
"""

from dataclasses import dataclass
from enum import Enum, auto

from edge.domain.antipassback import Fit, Positions, judge, last_reset_ms
from edge.domain.model import Bearer, ClockTrust, Decision, Moment
from edge.domain.rules import Place, Rules
from mqtt.contract.events import Direction, Outcome
from mqtt.contract.reasons import ReasonCode

__all__ = ["DoorView", "authorise"]


@dataclass(frozen=True, slots=True)
class DoorView:
    """The door and its surroundings as far as a decision depends on them.

    `interlocked`: another door of the same lock-chamber is open or unlocked. `positions` are the
    bearer's own. `all_gates_heard` tells whether those positions can be complete.
    """

    fire: bool = False
    tampered: bool = False
    lockdown: bool = False
    interlocked: bool = False
    positions: Positions = ()
    all_gates_heard: bool = False


class _Right(Enum):
    GIVEN = auto()
    OTHER_HOURS = auto()
    NONE = auto()


def authorise(
    bearer: Bearer, access_point: str, at: Moment, door: DoorView, rules: Rules
) -> Decision:
    """Return the decision; `unlock_ms` is the person's own opening time where it is a grant."""
    place = rules.places.get(access_point)
    if place is None:
        return _deny(ReasonCode.WRONG_ACCESS_POINT)
    reason = _reason_of_right(bearer, access_point, at, door, rules) or _reason_of_door(door)
    if reason is not None:
        return _deny(reason)
    fit = _fit(bearer, place, at, door, rules)
    hard = rules.passback == "hard" and door.all_gates_heard
    if fit is Fit.MISFIT and hard and place.direction is not Direction.OUT and not door.fire:
        return _deny(ReasonCode.ANTIPASSBACK)
    portal = rules.portal(place.portal)
    return Decision(
        Outcome.GRANTED,
        ReasonCode.GUARD_RELEASE if bearer.released else ReasonCode.GRANTED,
        portal.longer_unlock_ms if bearer.longer_opening else portal.unlock_ms,
        durable_first=bearer.durable_first or (hard and fit is not None),
        remark=None if fit is None else _REMARKS[fit],
    )


_REMARKS = {
    Fit.FITS: None,
    Fit.UNKNOWN: ReasonCode.PASSBACK_FORGIVEN,
    Fit.MISFIT: ReasonCode.ANTIPASSBACK,
}


def _deny(reason: ReasonCode) -> Decision:
    return Decision(Outcome.DENIED, reason)


def _reason_of_right(
    bearer: Bearer, access_point: str, at: Moment, door: DoorView, rules: Rules
) -> ReasonCode | None:
    if bearer.released:
        return None
    if door.lockdown and bearer.visitor and not door.fire:
        return ReasonCode.LOCKDOWN
    if bearer.carries_right:
        return None
    match _right(bearer.levels, access_point, at, rules):
        case _Right.GIVEN:
            return None
        case _Right.OTHER_HOURS:
            return ReasonCode.OUTSIDE_SCHEDULE
        case _Right.NONE:
            return ReasonCode.NO_ACCESS_LEVEL


def _right(levels: tuple[str, ...], access_point: str, at: Moment, rules: Rules) -> _Right:
    """Look for one level that covers this place now; an unknown clock counts in people's favour."""
    best = _Right.NONE
    for name in levels:
        level = rules.levels.get(name)
        for grant in () if level is None else level.grants:
            if access_point not in grant.access_points:
                continue
            if at.trust is ClockTrust.UNKNOWN or rules.is_active(grant.schedule, at.utc_ms):
                return _Right.GIVEN
            best = _Right.OTHER_HOURS
    return best


def _reason_of_door(door: DoorView) -> ReasonCode | None:
    if door.fire:
        return None
    if door.tampered:
        return ReasonCode.TAMPER
    return ReasonCode.INTERLOCK if door.interlocked else None


def _fit(bearer: Bearer, place: Place, at: Moment, door: DoorView, rules: Rules) -> Fit | None:
    """Judge anti-passback, or return None where it does not apply."""
    zones = place.zone_from or place.zone_to
    if rules.passback == "off" or not zones or bearer.released or not bearer.holder:
        return None
    if at.trust is ClockTrust.UNKNOWN:
        return Fit.UNKNOWN
    since_ms = last_reset_ms(at.utc_ms, rules.zone)
    return judge(door.positions, place.zone_from, place.zone_to, since_ms)
