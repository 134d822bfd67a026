"""Compare an old system's list of fobs with the register: what taking it over would do.

Each fob of the list becomes one credential. It belongs at once to the resident whom the list names,
if exactly one lives in that dwelling under that name; every other one is unclaimed until its user
taps it. Nothing is dropped: numbers that two people share and fobs of nobody are listed and open.
"""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import select

from controller.domain.cards import Card
from controller.domain.credentials import Carrier
from controller.domain.fobs.forms import FobReading
from controller.domain.fobs.rows import FobRow, FobRowFault, parse_fobs
from controller.domain.moment import Moment
from controller.services.access import level_access_points
from controller.services.gates import card_formats_at
from controller.storage.models import (
    CredentialRow,
    DwellingRow,
    HolderRow,
    ResidenceRow,
    StaffRow,
)
from controller.storage.unit_of_work import UnitOfWork

__all__ = ["FobPlan", "FobPreview", "Origin", "preview_fobs"]


class Origin(StrEnum):
    """What the list knows about a fob."""

    PERSON = "person"
    DWELLING = "dwelling"
    ORPHAN = "orphan"
    SHARED = "shared"


@dataclass(frozen=True, slots=True)
class FobPlan:
    """One fob to take over. `rows` are the list's lines; `holder` is set for a known resident."""

    card: Card
    origin: Origin
    rows: tuple[int, ...]
    dwelling: str = ""
    holder: bytes | None = None

    def __repr__(self) -> str:
        return f"FobPlan({self.origin.value}, rows={self.rows})"


@dataclass(frozen=True, slots=True)
class FobPreview:
    """What taking the list over would do; `token` stands for exactly this.

    `known` are rows whose fob is registered already, `unread` rows whose fob no reader at the
    levels' access points carries. Neither stops the rest; `faults` do.
    """

    plans: tuple[FobPlan, ...]
    known: tuple[int, ...]
    unread: tuple[int, ...]
    faults: tuple[FobRowFault, ...]
    token: str

    def count(self, origin: Origin) -> int:
        """Return how many fobs have this origin."""
        return sum(plan.origin is origin for plan in self.plans)

    def of(self, origin: Origin) -> tuple[FobPlan, ...]:
        """Return the fobs of this origin, in the order of the list."""
        return tuple(plan for plan in self.plans if plan.origin is origin)


_People = Mapping[tuple[str, str], tuple[bytes, ...]]


def preview_fobs(
    uow: UnitOfWork, raw: bytes, reading: FobReading, levels: tuple[str, ...], moment: Moment
) -> FobPreview:
    """Read and compare; changes nothing. Raises RefusedError(`not_found`) for an unknown level."""
    listed = parse_fobs(raw, reading)
    points = frozenset(level_access_points(uow, levels))
    lengths = {form.data_bits for form in card_formats_at(uow, points)}
    taken = _taken(uow)
    by_card: dict[Card, list[FobRow]] = defaultdict(list)
    known, unread = [], []
    for row in listed.rows:
        if row.card.length not in lengths:
            unread.append(row.row)
        elif (row.card.stored, row.card.length) in taken:
            known.append(row.row)
        else:
            by_card[row.card].append(row)
    people, dwellings = _people(uow, moment), frozenset(_labels(uow))
    plans = tuple(_plan(card, rows, people, dwellings) for card, rows in by_card.items())
    token = _token(raw, reading, levels, plans)
    return FobPreview(plans, tuple(known), tuple(unread), listed.faults, token)


def _plan(card: Card, rows: list[FobRow], people: _People, dwellings: frozenset[str]) -> FobPlan:
    where = tuple(row.row for row in rows)
    users = Counter((row.dwelling, row.name) for row in rows)
    first = rows[0]
    if len(users) > 1:
        return FobPlan(card, Origin.SHARED, where, first.dwelling)
    residents = people.get((first.dwelling, first.name), ())
    if len(residents) == 1:
        return FobPlan(card, Origin.PERSON, where, first.dwelling, residents[0])
    origin = Origin.DWELLING if first.dwelling in dwellings else Origin.ORPHAN
    return FobPlan(card, origin, where, first.dwelling)


def _people(uow: UnitOfWork, moment: Moment) -> dict[tuple[str, str], tuple[bytes, ...]]:
    rows = uow.session.execute(
        select(DwellingRow.label, HolderRow.name, HolderRow.id)
        .join(ResidenceRow, ResidenceRow.dwelling_id == DwellingRow.id)
        .join(HolderRow, HolderRow.id == ResidenceRow.holder_id)
        .where(ResidenceRow.ended_at_ms.is_(None), ResidenceRow.from_ms <= moment.utc_ms)
    )
    found: dict[tuple[str, str], tuple[bytes, ...]] = {}
    for label, name, holder in rows:
        found[label, name] = (*found.get((label, name), ()), holder)
    return found


def _labels(uow: UnitOfWork) -> Iterable[str]:
    return uow.session.scalars(select(DwellingRow.label))


def _taken(uow: UnitOfWork) -> set[tuple[str, int]]:
    fobs = select(CredentialRow.card_value, CredentialRow.card_length).where(
        CredentialRow.carrier == Carrier.FOB.value, CredentialRow.ended_at_ms.is_(None)
    )
    staff = select(StaffRow.card_value, StaffRow.card_length).where(
        StaffRow.ended_at_ms.is_(None), StaffRow.card_value != ""
    )
    rows = [*uow.session.execute(fobs), *uow.session.execute(staff)]
    return {(value, length) for value, length in rows}


def _token(
    raw: bytes, reading: FobReading, levels: tuple[str, ...], plans: tuple[FobPlan, ...]
) -> str:
    digest = hashlib.sha256(hashlib.sha256(raw).digest())
    digest.update(" ".join((reading.word, *levels)).encode())
    for plan in plans:
        digest.update(f"{plan.origin.value} {plan.rows} ".encode() + (plan.holder or b""))
    return digest.hexdigest()
