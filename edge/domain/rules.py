"""Hold the rules that `authorise` judges by; nothing here tells one way in from another.

The policy as published also says which ways in are fitted where. That part stays out of this view
by construction, so that no rule can depend on it (promise 1).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from edge.domain.schedule import is_active
from mqtt.contract.events import Direction
from mqtt.contract.policy import CompiledPolicy
from mqtt.contract.records import DayKind, LevelRecord, PortalRecord, ScheduleRecord

__all__ = ["Place", "Rules", "rules_of"]

_CHINA = timezone(timedelta(hours=8))
"""The zone of the compound where the machine has no zone data; it has had no other since 1991."""


@dataclass(frozen=True, slots=True)
class Place:
    """One access point as the rules see it; zones are `""` outside every anti-passback zone."""

    portal: str
    direction: Direction
    zone_from: str = ""
    zone_to: str = ""
    entry_confirmed: bool = False


@dataclass(frozen=True, slots=True)
class Rules:
    """What may be done where and when. `passback` is `off`, `soft` or `hard`."""

    version: int = 0
    zone: tzinfo = _CHINA
    passback: str = "off"
    places: Mapping[str, Place] = field(default_factory=dict)
    portals: Mapping[str, PortalRecord] = field(default_factory=dict)
    schedules: Mapping[str, ScheduleRecord] = field(default_factory=dict)
    levels: Mapping[str, LevelRecord] = field(default_factory=dict)
    calendar: Mapping[str, DayKind] = field(default_factory=dict)

    def is_active(self, schedule: str, at_ms: int) -> bool:
        """Tell whether the named schedule is active at `at_ms` (UTC); an unknown one never is."""
        found = self.schedules.get(schedule)
        return found is not None and is_active(found, at_ms, self.zone, self.calendar)

    def portal(self, name: str) -> PortalRecord:
        """Return the settings of a portal; the defaults for one that is not configured."""
        return self.portals.get(name) or PortalRecord()


def rules_of(policy: CompiledPolicy) -> Rules:
    """Take the rules out of a compiled policy and leave the ways in behind."""
    return Rules(
        version=policy.version,
        zone=_zone(policy.gate.zone),
        passback=policy.gate.passback,
        places={
            name: Place(
                record.portal,
                record.direction,
                record.zone_from,
                record.zone_to,
                record.entry_confirmed,
            )
            for name, record in policy.access_points.items()
        },
        portals=policy.portals,
        schedules=policy.schedules,
        levels=policy.levels,
        calendar=policy.calendar,
    )


def _zone(name: str) -> tzinfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return _CHINA
