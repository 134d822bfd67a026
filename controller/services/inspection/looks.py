"""Log every look that an inspector takes (rule IN-02), in a transaction of its own."""

from sqlalchemy import select

from controller.domain.moment import Moment
from controller.domain.roles import Actor
from controller.storage.models import InspectorLookRow
from controller.storage.unit_of_work import UnitOfWork

__all__ = ["looks_of", "note_look"]

_PAGE_CHARACTERS = 80


def note_look(uow: UnitOfWork, actor: Actor, page: str, moment: Moment) -> None:
    """Log one page. The caller commits."""
    uow.session.add(
        InspectorLookRow(at_ms=moment.utc_ms, inspector=actor.id, page=page[:_PAGE_CHARACTERS])
    )
    uow.session.flush()


def looks_of(uow: UnitOfWork, actor: Actor, limit: int = 200) -> tuple[InspectorLookRow, ...]:
    """Return an inspector's own looks, the newest first."""
    found = select(InspectorLookRow).where(InspectorLookRow.inspector == actor.id)
    return tuple(uow.session.scalars(found.order_by(InspectorLookRow.id.desc()).limit(limit)))
