"""Say who people are to access control: holders, dwellings, households, guardians.

A dwelling is a place; a residence is one holder's right to live there, as owner, tenant or
occupant. No adult has power over another adult's access, whatever their relations are.
"""

import re
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

__all__ = ["HolderKind", "Relation", "Residence", "is_child", "mask_dwelling", "right_until"]

ADULT_AGE_YEARS = 18
"""Civil Code Art. 17."""


class HolderKind(StrEnum):
    """Kinds of people who hold credentials."""

    RESIDENT = "resident"
    VISITOR = "visitor"
    STAFF = "staff"


class Relation(StrEnum):
    """A resident's relation to the dwelling."""

    OWNER = "owner"
    TENANT = "tenant"
    OCCUPANT = "occupant"


@dataclass(frozen=True, slots=True)
class Residence:
    """One holder's right to live in one dwelling, in UTC ms; None means open-ended."""

    holder: bytes
    dwelling: int
    relation: Relation
    from_ms: int
    until_ms: int | None = None
    ended_at_ms: int | None = None

    def is_current(self, now_ms: int) -> bool:
        """Tell whether the right stands now."""
        if self.ended_at_ms is not None and self.ended_at_ms <= now_ms:
            return False
        return self.from_ms <= now_ms and (self.until_ms is None or now_ms < self.until_ms)


def right_until(residences: tuple[Residence, ...], now_ms: int) -> int | None:
    """Return until when somebody may live here by any current right.

    0 is nobody's right, None is open-ended.
    """
    current = [each for each in residences if each.is_current(now_ms)]
    if any(each.until_ms is None for each in current):
        return None
    return max((each.until_ms or 0 for each in current), default=0)


def is_child(adult_from: str, today: date) -> bool:
    """Tell whether somebody is under 18; `adult_from` is the 18th birthday, empty for adults.

    Dates only, without any zone: historic summer times move no birthday (acceptance case E10).
    """
    return bool(adult_from) and today < date.fromisoformat(adult_from)


def mask_dwelling(label: str) -> str:
    """Keep the building and hide the rest: `3-2-502` becomes `3-*-***`."""
    building, *rest = label.split("-")
    return "-".join([building if rest else "", *(re.sub(r"\w", "*", part) for part in rest)]) or "*"
