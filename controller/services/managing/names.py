"""Find people by name as it is typed: characters, pinyin with or without tones, initials.

A character with several readings is found under each of them (曾 as zeng and ceng, 单 as dan, shan
and chan). Only names are searched, never telephone numbers; a dwelling is found by its label.
"""

from collections.abc import Iterable
from itertools import islice, product

from pypinyin import Style, pinyin
from sqlalchemy import delete, insert, or_, select

from controller.domain.people import HolderKind
from controller.domain.table_text import clean_cell
from controller.storage.models import DwellingRow, HolderRow, NameKeyRow, ResidenceRow
from controller.storage.unit_of_work import UnitOfWork

__all__ = ["find_residents", "index_missing", "index_names", "keys_of"]

_MOST_KEYS = 32
_KEY_LENGTH = 80
_AT_ONCE = 2_000


def keys_of(name: str) -> tuple[str, ...]:
    """Return everything under which a name is found: itself, each pinyin, each set of initials."""
    plain = _plain(name)
    readings = [
        sorted({each for each in per_character if each})
        for per_character in pinyin(plain, style=Style.NORMAL, heteronym=True, strict=False)
    ]
    spoken = [list(each) for each in islice(product(*readings), _MOST_KEYS)]
    keys = {plain, *("".join(each) for each in spoken)}
    keys |= {"".join(part[0] for part in each) for each in spoken}
    return tuple(sorted(key[:_KEY_LENGTH] for key in keys if key))


def index_names(uow: UnitOfWork, holders: Iterable[tuple[bytes, str]]) -> None:
    """Index these people anew; the caller commits."""
    people = list(holders)
    for start in range(0, len(people), 500):
        part = [holder for holder, _ in people[start : start + 500]]
        uow.session.execute(delete(NameKeyRow).where(NameKeyRow.holder_id.in_(part)))
    rows = [{"holder_id": holder, "key": key} for holder, name in people for key in keys_of(name)]
    if rows:
        uow.session.execute(insert(NameKeyRow), rows)


def index_missing(uow: UnitOfWork) -> int:
    """Index the residents who are not indexed yet; return how many. The caller commits."""
    found = (
        select(HolderRow.id, HolderRow.name)
        .where(HolderRow.kind == HolderKind.RESIDENT.value)
        .where(HolderRow.id.not_in(select(NameKeyRow.holder_id)))
        .limit(_AT_ONCE)
    )
    people = [(row.id, row.name) for row in uow.session.execute(found)]
    index_names(uow, people)
    return len(people)


def find_residents(uow: UnitOfWork, typed: str, limit: int = 50) -> tuple[HolderRow, ...]:
    """Return residents whose name or dwelling begins with what was typed, newest first for none."""
    found = select(HolderRow).where(HolderRow.kind == HolderKind.RESIDENT.value)
    wanted = _plain(typed)
    if not wanted:
        rows = found.order_by(HolderRow.created_at_ms.desc(), HolderRow.id).limit(limit)
        return tuple(uow.session.scalars(rows))
    by_name = select(NameKeyRow.holder_id).where(NameKeyRow.key.startswith(wanted, autoescape=True))
    at_home = (
        select(ResidenceRow.holder_id)
        .join(DwellingRow, DwellingRow.id == ResidenceRow.dwelling_id)
        .where(
            DwellingRow.label.startswith(typed.strip(), autoescape=True),
            ResidenceRow.ended_at_ms.is_(None),
        )
    )
    found = found.where(or_(HolderRow.id.in_(by_name), HolderRow.id.in_(at_home)))
    return tuple(uow.session.scalars(found.order_by(HolderRow.name, HolderRow.id).limit(limit)))


def _plain(text: str) -> str:
    return "".join(clean_cell(text).lower().replace("ü", "v").split())
