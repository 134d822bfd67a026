"""Say where people live who were searched for, so that two of one name are told apart."""

from collections.abc import Iterable

from sqlalchemy import select

from controller.storage.models import DwellingRow, HolderRow, ResidenceRow
from controller.storage.unit_of_work import UnitOfWork

__all__ = ["homes_of"]


def homes_of(uow: UnitOfWork, people: Iterable[HolderRow]) -> dict[bytes, str]:
    """Return the present dwellings of these people; nobody's is an empty text."""
    homes = dict.fromkeys((person.id for person in people), "")
    found = (
        select(ResidenceRow.holder_id, DwellingRow.label)
        .join(DwellingRow, DwellingRow.id == ResidenceRow.dwelling_id)
        .where(ResidenceRow.holder_id.in_(list(homes)), ResidenceRow.ended_at_ms.is_(None))
        .order_by(DwellingRow.label)
    )
    for holder, label in uow.session.execute(found):
        homes[holder] = f"{homes[holder]} {label}".strip()
    return homes
