"""Invent the people of the example compound 同行苑; none of them exists.

Deterministic by seed: dwellings, names, ages and fob numbers. Ids, PINs, passwords and keys are
random at every call.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from controller.domain.people import Relation

__all__ = ["Invented", "Means", "invent"]

_SURNAMES = "王李张刘陈杨黄赵周吴徐孙马朱胡郭何高林罗"
_GIVEN = (
    "秀英",
    "建国",
    "桂兰",
    "志强",
    "淑珍",
    "海燕",
    "国庆",
    "晓明",
    "玉梅",
    "文博",
    "思远",
    "雨桐",
)
_BUILDINGS, _FLOORS = 5, 4
_LONGEST_FOB = 1 << 32


@dataclass(frozen=True, slots=True)
class Means:
    """What somebody carries."""

    fob: bool = True
    phone: bool = True
    paper: bool = False
    pin: bool = False


@dataclass(frozen=True, slots=True)
class Invented:
    """One invented resident. `key` names the role in the story, or is empty."""

    key: str
    name: str
    dwelling: str
    relation: Relation
    means: Means
    fob_number: int
    adult_from: date | None = None
    longer_opening: bool = False
    lease_days: int | None = None

    def __repr__(self) -> str:
        return f"Invented({self.key or 'resident'})"


def invent(seed: int, today: date) -> tuple[Invented, ...]:
    """Return about 40 residents of 20 dwellings; the first ones have a part in the story."""
    draw = random.Random(seed)  # noqa: S311  # a story, no secret
    dwellings = [
        f"{building}-1-{floor}01"
        for building in range(1, _BUILDINGS + 1)
        for floor in range(1, _FLOORS + 1)
    ]
    numbers = iter(draw.sample(range(1 << 24, _LONGEST_FOB), 100))
    people = [
        *_family(dwellings[0], numbers, today),
        *_others_in_the_story(dwellings[1:3], numbers),
    ]
    for dwelling in dwellings[3:]:
        relation = draw.choice((Relation.OWNER, Relation.OWNER, Relation.TENANT))
        for _ in range(draw.randint(1, 3)):
            name = draw.choice(_SURNAMES) + draw.choice(_GIVEN)
            means = Means(phone=draw.randint(0, 3) > 0, paper=draw.randint(0, 3) == 0)
            people.append(Invented("", name, dwelling, relation, means, next(numbers)))
    return tuple(people)


def _family(dwelling: str, numbers: Iterator[int], today: date) -> list[Invented]:
    """Return an owner of 81 without a telephone, her daughter's family, and a child of ten."""
    grown = date(today.year + 8, 6, 1)
    return [
        Invented(
            "elder",
            "王秀英",
            dwelling,
            Relation.OWNER,
            Means(phone=False, paper=True),
            next(numbers),
            longer_opening=True,
        ),
        Invented("owner", "陈海燕", dwelling, Relation.OCCUPANT, Means(pin=True), next(numbers)),
        Invented("father", "周志强", dwelling, Relation.OCCUPANT, Means(), next(numbers)),
        Invented(
            "child",
            "周雨桐",
            dwelling,
            Relation.OCCUPANT,
            Means(phone=False),
            next(numbers),
            adult_from=grown,
        ),
    ]


def _others_in_the_story(dwellings: list[str], numbers: Iterator[int]) -> list[Invented]:
    """Return a tenant for a year, one who has just lost her fob, and one who moves out."""
    let, own = dwellings
    return [
        Invented(
            "tenant", "何文博", let, Relation.TENANT, Means(pin=True), next(numbers), lease_days=365
        ),
        Invented("lost", "林晓明", own, Relation.OWNER, Means(phone=False), next(numbers)),
        Invented("leaver", "高思远", own, Relation.OCCUPANT, Means(), next(numbers)),
    ]
