"""Say what a household can give to guests, couriers and carers, in the terms that gates keep."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from pydantic import BaseModel, Field

from controller.domain.local_time import day_bounds_ms, local_date
from controller.domain.moment import DAY_MS, Moment
from controller.domain.passes import VisitorTerms
from controller.services.access import ensure_plan, level_access_points
from controller.storage.unit_of_work import UnitOfWork
from mqtt.contract.errors import RefusedError
from mqtt.contract.reasons import ReasonCode
from mqtt.contract.records import WindowRecord

__all__ = ["HOURS", "KINDS", "LENGTHS", "Guest", "Hours", "Kind", "Length", "terms_of"]

_DAILY = tuple(range(7))


class Guest(BaseModel, extra="forbid"):
    """What the form asks: who, how long; hours, uses and gate for who wants to say more."""

    kind: Annotated[str, Field(max_length=10)] = "guest"
    name: Annotated[str, Field(max_length=40)] = ""
    length: Annotated[str, Field(max_length=10)] = ""
    hours: Annotated[str, Field(max_length=10)] = ""
    uses: Annotated[int, Field(ge=0, le=99)] = 0
    gate: Annotated[str, Field(max_length=40)] = ""


@dataclass(frozen=True, slots=True)
class Length:
    """How long a pass works: `days` to the end of the last day; 1 is today."""

    said: tuple[str, str]
    days: int


@dataclass(frozen=True, slots=True)
class Hours:
    """When it works on these days, in minutes after midnight; no days mean always."""

    said: tuple[str, str]
    days: tuple[int, ...] = ()
    start_min: int = 0
    end_min: int = 0


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of pass. A household's pass is ended by any adult of it, a guest's by his host."""

    said: tuple[str, str]
    lengths: tuple[str, ...]
    hours: str
    is_households: bool
    is_nameless: bool


LENGTHS: Mapping[str, Length] = {
    "today": Length(("今天", "Today"), 1),
    "3d": Length(("三天", "3 days"), 3),
    "7d": Length(("七天", "7 days"), 7),
    "30d": Length(("一个月", "A month"), 30),
    "90d": Length(("三个月", "Three months"), 90),
}
HOURS: Mapping[str, Hours] = {
    "any": Hours(("全天", "All day")),
    "day": Hours(("每天 8 点到 20 点", "Daily, 8:00 to 20:00"), _DAILY, 480, 1200),
    "mwf": Hours(("周一三五 8 点到 12 点", "Mon, Wed, Fri, 8:00 to 12:00"), (0, 2, 4), 480, 720),
    "tts": Hours(("周二四六 8 点到 12 点", "Tue, Thu, Sat, 8:00 to 12:00"), (1, 3, 5), 480, 720),
    "am": Hours(("每天 8 点到 12 点", "Daily, 8:00 to 12:00"), _DAILY, 480, 720),
    "pm": Hours(("每天 12 点到 18 点", "Daily, 12:00 to 18:00"), _DAILY, 720, 1080),
}
KINDS: Mapping[str, Kind] = {
    "guest": Kind(("客人", "Guest"), ("today", "3d", "7d"), "any", False, False),
    "courier": Kind(("快递", "Courier"), ("today", "30d", "90d"), "day", True, True),
    "carer": Kind(("护工", "Carer"), ("30d", "90d", "7d"), "mwf", True, False),
}


def terms_of(
    uow: UnitOfWork,
    guest: Guest,
    own_levels: tuple[str, ...],
    own_gates: Mapping[str, str],
    now: tuple[str, Moment],
) -> tuple[VisitorTerms, tuple[str, ...]]:
    """Return the terms and levels of the pass from `now`, the compound's zone and the moment.

    Raises RefusedError(`config_invalid`).

    Counted uses need one gate that counts them: without a choice it is the first of the own ones.
    """
    zone, moment = now
    kind = KINDS[guest.kind]
    length = LENGTHS.get(guest.length or kind.lengths[0])
    hours = HOURS.get(guest.hours or kind.hours)
    gate = guest.gate or (next(iter(own_gates), "") if guest.uses else "")
    if length is None or hours is None or (gate and gate not in own_gates):
        raise RefusedError(ReasonCode.CONFIG_INVALID, rule="PA-04", detail="length, hours, gate")
    last_ms = moment.utc_ms + (length.days - 1) * DAY_MS
    end_ms = day_bounds_ms(local_date(last_ms, zone), zone)[1]
    terms = VisitorTerms(moment.utc_s, end_ms // 1000 - 1, guest.uses, 0, gate)
    reached = level_access_points(uow, own_levels)
    points = tuple(sorted(point for point, at in reached.items() if gate in {"", at}))
    if not hours.days and not gate:
        return terms, own_levels
    window = WindowRecord(hours.days or _DAILY, hours.start_min, hours.end_min or 1440)
    return terms, (ensure_plan(uow, (window,), points),)
