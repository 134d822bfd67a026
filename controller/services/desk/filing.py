"""Count the people enrolled with the processor, and note the day on which filing falls due."""

from datetime import date

from sqlalchemy import func, select

from controller.domain.desk.filing import FILING_AT, FilingState, filing_state
from controller.domain.moment import Moment
from controller.services.access import calendar
from controller.services.site import Site
from controller.storage.models import FaceEnrolmentRow, SiteValueRow
from controller.storage.unit_of_work import UnitOfWork

__all__ = ["elsewhere", "filing", "note_elsewhere", "watch_filing"]

_REACHED = "filing_reached"
_ELSEWHERE = "filing_elsewhere"


def filing(uow: UnitOfWork) -> FilingState:
    """Return how many distinct people are enrolled, other compounds of the processor included."""
    here = select(func.count(FaceEnrolmentRow.holder_id.distinct())).where(
        FaceEnrolmentRow.erased_at_ms.is_(None)
    )
    people = (uow.session.scalar(here) or 0) + elsewhere(uow)
    row = uow.find(SiteValueRow, _REACHED)
    reached = None if row is None else date.fromisoformat(row.value.decode())
    return filing_state(people, reached, calendar(uow))


def watch_filing(uow: UnitOfWork, site: Site, moment: Moment) -> None:
    """Note the first day with 100,000 people; runs every minute and changes it never again."""
    if filing(uow).people >= FILING_AT and uow.find(SiteValueRow, _REACHED) is None:
        day = site.today(moment).isoformat().encode()
        uow.session.add(SiteValueRow(name=_REACHED, value=day))
        uow.session.flush()


def elsewhere(uow: UnitOfWork) -> int:
    """Return how many people the processor has enrolled in its other compounds, as entered."""
    row = uow.find(SiteValueRow, _ELSEWHERE)
    return int(row.value) if row is not None else 0


def note_elsewhere(uow: UnitOfWork, people: int) -> None:
    """Enter that number: the limit counts for the company, not for one compound (rule PI-03)."""
    uow.session.merge(SiteValueRow(name=_ELSEWHERE, value=str(max(0, people)).encode()))
    uow.session.flush()
