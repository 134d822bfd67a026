"""Compare a list of residents with the register: what applying it would add, change and delete.

Deleting is counted only among dwellings that the list names: it says who lives there, and nothing
about the others.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import select

from controller.domain.cards import fits
from controller.domain.credentials import Carrier
from controller.domain.import_rows import (
    ImportRow,
    ParsedRows,
    RowFault,
    RowFaultKind,
    parse_rows,
)
from controller.domain.moment import Moment
from controller.domain.people import Relation, Residence
from controller.services.access import level_access_points
from controller.services.gates import card_formats_at
from controller.storage.models import CredentialRow, DwellingRow, HolderRow, ResidenceRow
from controller.storage.unit_of_work import UnitOfWork

__all__ = ["Change", "Counts", "ImportPreview", "Planned", "preview"]


class Change(StrEnum):
    """What applying a list does to one person."""

    ADD = "add"
    CHANGE = "change"
    DELETE = "delete"
    UNCHANGED = "unchanged"


@dataclass(frozen=True, slots=True)
class Counts:
    """How many people each change concerns."""

    add: int = 0
    change: int = 0
    delete: int = 0
    unchanged: int = 0


@dataclass(frozen=True, slots=True)
class Planned:
    """One person's change; `row` None for a deletion, `holder` None for an addition."""

    change: Change
    gates: tuple[str, ...]
    row: ImportRow | None = None
    holder: bytes | None = None
    dwelling: int | None = None

    def __repr__(self) -> str:
        return f"Planned({self.change.value})"


@dataclass(frozen=True, slots=True)
class ImportPreview:
    """What applying the list would do, in all and at each gate; `token` stands for exactly this."""

    total: Counts
    per_gate: Mapping[str, Counts]
    repeated: int
    faults: tuple[RowFault, ...]
    planned: tuple[Planned, ...]
    token: str


@dataclass(frozen=True, slots=True)
class _Known:
    holder: bytes
    dwelling: int
    phone: str
    relation: Relation
    fobs: frozenset[int]
    gates: tuple[str, ...]


def preview(uow: UnitOfWork, raw: bytes, levels: tuple[str, ...], moment: Moment) -> ImportPreview:
    """Read and compare; changes nothing. `levels` are what new residents get.

    Raises RefusedError(`not_found`) for an unknown level; faults of the list are in the answer.
    """
    parsed, known = parse_rows(raw), _register(uow, moment)
    points = level_access_points(uow, levels)
    gates = tuple(sorted(set(points.values())))
    planned = [_plan(row, known.get((row.dwelling, row.name)), gates) for row in parsed.rows]
    named = {(row.dwelling, row.name) for row in parsed.rows}
    dwellings = {row.dwelling for row in parsed.rows}
    for key, person in sorted(known.items()):
        if key[0] in dwellings and key not in named:
            gone = Planned(Change.DELETE, person.gates, None, person.holder, person.dwelling)
            planned.append(gone)
    faults = (*parsed.faults, *_card_faults(uow, parsed, known, frozenset(points)))
    return ImportPreview(
        _counted(planned),
        {
            gate: _counted(each for each in planned if gate in each.gates)
            for gate in sorted({gate for each in planned for gate in each.gates})
        },
        parsed.repeated,
        tuple(sorted(faults, key=lambda fault: (fault.row, fault.column))),
        tuple(planned),
        _token(raw, planned, levels),
    )


def _plan(row: ImportRow, known: _Known | None, gates: tuple[str, ...]) -> Planned:
    if known is None:
        return Planned(Change.ADD, gates, row)
    same_phone = not row.phone or row.phone == known.phone
    same_fob = row.fob is None or row.fob in known.fobs
    same = same_phone and same_fob and row.relation is known.relation
    change = Change.UNCHANGED if same else Change.CHANGE
    return Planned(change, known.gates or gates, row, known.holder, known.dwelling)


def _card_faults(
    uow: UnitOfWork,
    parsed: ParsedRows,
    known: Mapping[tuple[str, str], _Known],
    points: frozenset[str],
) -> list[RowFault]:
    formats = card_formats_at(uow, points)
    owners = dict(_fobs(uow))
    faults = []
    for row in parsed.rows:
        if row.fob is None:
            continue
        person = known.get((row.dwelling, row.name))
        owner = owners.get(row.fob)
        if owner is not None and (person is None or owner != person.holder):
            faults.append(RowFault(row.row, "fob", RowFaultKind.ASSIGNED))
        elif fits(row.fob, formats) is not None:
            faults.append(RowFault(row.row, "fob", RowFaultKind.DOES_NOT_FIT))
    return faults


def _register(uow: UnitOfWork, moment: Moment) -> dict[tuple[str, str], _Known]:
    rows = uow.session.execute(
        select(ResidenceRow, HolderRow.name, HolderRow.phone, DwellingRow.label)
        .join(HolderRow, HolderRow.id == ResidenceRow.holder_id)
        .join(DwellingRow, DwellingRow.id == ResidenceRow.dwelling_id)
        .where(ResidenceRow.ended_at_ms.is_(None))
    )
    fobs: dict[bytes, set[int]] = defaultdict(set)
    for number, holder in _fobs(uow):
        fobs[holder].add(number)
    reach = _reach(uow, moment)
    found = {}
    for row, name, phone, label in rows:
        until_ms, relation = row.until_ms, Relation(row.relation)
        right = Residence(row.holder_id, row.dwelling_id, relation, row.from_ms, until_ms)
        if right.is_current(moment.utc_ms):
            holder = row.holder_id
            found[label, name] = _Known(
                holder,
                row.dwelling_id,
                phone,
                relation,
                frozenset(fobs[holder]),
                tuple(sorted(reach.get(holder, ()))),
            )
    return found


def _fobs(uow: UnitOfWork) -> list[tuple[int, bytes]]:
    rows = uow.session.execute(
        select(CredentialRow.card_value, CredentialRow.holder_id).where(
            CredentialRow.carrier == Carrier.FOB.value, CredentialRow.ended_at_ms.is_(None)
        )
    )
    return [(int(row.card_value, 16), row.holder_id) for row in rows]


def _reach(uow: UnitOfWork, moment: Moment) -> dict[bytes, set[str]]:
    """Return the gates that each holder's working credentials lead through."""
    rows = uow.session.execute(
        select(CredentialRow.holder_id, CredentialRow.levels).where(
            CredentialRow.ended_at_ms.is_(None), CredentialRow.valid_until_ms > moment.utc_ms
        )
    )
    gates: dict[tuple[str, ...], set[str]] = {}
    found: dict[bytes, set[str]] = defaultdict(set)
    for row in rows:
        if row.levels not in gates:
            gates[row.levels] = set(level_access_points(uow, row.levels).values())
        found[row.holder_id] |= gates[row.levels]
    return found


def _counted(planned: Iterable[Planned]) -> Counts:
    found = [each.change for each in planned]
    return Counts(*(found.count(change) for change in Change))


def _token(raw: bytes, planned: Iterable[Planned], levels: tuple[str, ...]) -> str:
    digest = hashlib.sha256(hashlib.sha256(raw).digest() + " ".join(levels).encode())
    for each in planned:
        digest.update(f"{each.change.value} {each.row and each.row.row} ".encode())
        digest.update(each.holder or b"")
    return digest.hexdigest()
