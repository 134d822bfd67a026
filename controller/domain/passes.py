"""Compute how long passes live: phone windows, paper, slips, visitors.

All instants are UTC in whole seconds, as they stand in a pass; both ends are included.
"""

from dataclasses import dataclass

from controller.domain.refusal import Refusal
from mqtt.contract.reasons import ReasonCode

__all__ = [
    "MAX_USES",
    "PAGE_S",
    "PAPER_S",
    "SUCCESSOR_AHEAD_S",
    "WINDOW_S",
    "VisitorTerms",
    "check_slip",
    "check_visitor",
    "phone_windows",
    "successor_is_due",
]

_DAY_S = 86_400
WINDOW_S = 60
PAGE_S = _DAY_S
"""An open resident page works for 24 h without any link (promise 5)."""
PAPER_S = 2 * 365 * _DAY_S
SUCCESSOR_AHEAD_S = 30 * _DAY_S
SLIP_MOST_S = 31 * _DAY_S
VISITOR_MOST_S = 366 * _DAY_S
MAX_USES = 255


@dataclass(frozen=True, slots=True)
class VisitorTerms:
    """When and how often a visitor pass works. `uses` 0 is not counted and needs no home gate."""

    not_before_s: int
    not_after_s: int
    uses: int = 1
    hours_from_first_use: int = 0
    home_gate: str = ""


def phone_windows(now_s: int, length_s: int = PAGE_S) -> tuple[tuple[int, int], ...]:
    """Return the windows that a phone page loaded now needs, each 60 s, aligned to the minute.

    The first is the current one; 24 h make 1441, because the first has already begun.
    """
    first = now_s - now_s % WINDOW_S
    return tuple(
        (start, start + WINDOW_S - 1) for start in range(first, now_s + length_s + 1, WINDOW_S)
    )


def check_slip(not_before_s: int, not_after_s: int) -> Refusal | None:
    """Return a refusal unless a slip is for at most 31 days."""
    if not 0 < not_after_s - not_before_s <= SLIP_MOST_S:
        return Refusal(ReasonCode.CONFIG_INVALID, "PA-01", detail="slip: 1 s to 31 d")
    return None


def check_visitor(terms: VisitorTerms) -> Refusal | None:
    """Return a refusal unless the terms can be kept by a gate that is alone.

    Counted uses need a home gate: gates that do not hear each other cannot count together.
    """
    if not 0 < terms.not_after_s - terms.not_before_s <= VISITOR_MOST_S:
        return Refusal(ReasonCode.CONFIG_INVALID, "PA-02", detail="visitor: 1 s to 366 d")
    if not 0 <= terms.uses <= MAX_USES or not 0 <= terms.hours_from_first_use <= MAX_USES:
        return Refusal(ReasonCode.CONFIG_INVALID, "PA-02", detail=f"uses, hours: 0 to {MAX_USES}")
    if terms.uses and not terms.home_gate:
        return Refusal(ReasonCode.CONFIG_INVALID, "PA-02", detail="home_gate")
    return None


def successor_is_due(not_after_s: int, now_s: int) -> bool:
    """Tell whether a paper pass's successor should be printed: 30 days ahead."""
    return now_s >= not_after_s - SUCCESSOR_AHEAD_S
