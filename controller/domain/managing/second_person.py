"""Say which endings of a credential need a second member of staff, a notice and a later date.

CR-07 (ours): an ending against the holder's will, for misuse or by order, is decided by two people;
the holder is told when, why and by whom it was decided, and how to object. Misuse ends 3 days after
the notice at the earliest, so that there is time to object; an order ends when it says. Everything
else the desk does at once, as the holder's own wish, loss or return.
"""

from dataclasses import dataclass

from controller.domain.credentials import EndReason
from controller.domain.moment import DAY_MS

__all__ = ["Course", "course_of", "may_approve"]

_NOTICE_MS = {EndReason.MISUSE: 3 * DAY_MS, EndReason.ORDER: 0}


@dataclass(frozen=True, slots=True)
class Course:
    """How an ending goes: by two people or one, and how long after the notice."""

    needs_second: bool
    notice_ms: int = 0


def course_of(reason: EndReason) -> Course:
    """Return the course of an ending for this reason."""
    if reason in _NOTICE_MS:
        return Course(needs_second=True, notice_ms=_NOTICE_MS[reason])
    return Course(needs_second=False)


def may_approve(asked_by: bytes, approver: bytes) -> bool:
    """Tell whether somebody may approve: never the one who asked."""
    return asked_by != approver
