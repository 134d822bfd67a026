"""Count working days as the State Council's calendar has them, and time the 100,000-person filing.

Order 19 Art. 15: a processor that stores the faces of 100,000 people files with the provincial
cyberspace administration within 30 working days.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from mqtt.contract.records import DayKind

__all__ = ["FILING_AT", "WARN_AT", "FilingState", "filing_state", "working_days_after"]

FILING_AT = 100_000
WARN_AT = 80_000
"""Our number, so that nobody is surprised."""
_DAYS = 30


@dataclass(frozen=True, slots=True)
class FilingState:
    """How many distinct people are enrolled, and by when to file; `due` None while not reached."""

    people: int
    warns: bool
    due: date | None


def working_days_after(day: date, count: int, calendar: Mapping[str, DayKind]) -> date:
    """Return the `count`-th working day after `day`; holidays and make-up workdays count as such.

    A year that the calendar does not know yet is counted by weekdays.
    """
    while count > 0:
        day += timedelta(days=1)
        kind = calendar.get(day.isoformat())
        is_work = kind is DayKind.WORKDAY if kind is not None else day.weekday() < 5
        count -= is_work
    return day


def filing_state(people: int, reached: date | None, calendar: Mapping[str, DayKind]) -> FilingState:
    """Return the state; `reached` is the day on which 100,000 people were first enrolled."""
    due = None if reached is None else working_days_after(reached, _DAYS, calendar)
    return FilingState(people, people >= WARN_AT, due)
