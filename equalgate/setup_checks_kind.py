"""Say what a finding about a machine is."""

from dataclasses import dataclass
from enum import StrEnum

__all__ = ["Check", "Need", "check"]


class Need(StrEnum):
    """What a missing thing stands in the way of."""

    DEMO = "demo"
    TEST = "test"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Check:
    """One finding about this machine; `cure` is empty when the thing is there."""

    name: str
    present: bool
    found: str
    needed_for: Need
    cure: str


def check(
    name: str, found: str | None, needed_for: Need, cure: str, *, good_enough: bool = True
) -> Check:
    """Return a finding; ``found`` is None where the thing is missing."""
    present = found is not None and good_enough
    return Check(
        name=name,
        present=present,
        found=found or "",
        needed_for=needed_for,
        cure="" if present else cure,
    )
