"""Say how far a request to erase somebody's face data has come; it is never done early.

WD-03  a request closes only when every gate in scope has signed a receipt, or is lost and every
       lease that it can hold has ended (PIPL Art. 47; 法释〔2021〕15号 Art. 12);
WD-04  alarm at 24 h, breach of our own term at 72 h (ours).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from controller.domain.consent import ConsentEnd
from controller.domain.moment import HOUR_MS
from mqtt.contract.lease import MAX_LEASE_MS
from mqtt.contract.reasons import ReasonCode

__all__ = [
    "ALARM_MS",
    "BREACH_MS",
    "GateErasure",
    "How",
    "Progress",
    "closes_as_lost",
    "is_answered_by",
    "progress_of",
    "reason_for",
]

ALARM_MS = 24 * HOUR_MS
BREACH_MS = 72 * HOUR_MS

_REASONS = {
    ConsentEnd.EXPIRED: ReasonCode.CONSENT_EXPIRED,
    ConsentEnd.NOTICE_CHANGED: ReasonCode.NOTICE_CHANGED,
    ConsentEnd.MOVED_OUT: ReasonCode.MOVED_OUT,
    # A gate needs not know more of a death than of a move.
    ConsentEnd.DEATH: ReasonCode.MOVED_OUT,
    ConsentEnd.ORDER: ReasonCode.COURT_ORDER,
    ConsentEnd.FACE_REMOVED: ReasonCode.FACE_SWITCHED_OFF,
}


class How(StrEnum):
    """How a gate of a request stands."""

    OUTSTANDING = ""
    RECEIPT = "receipt"
    GATE_LOST = "gate_lost"


@dataclass(frozen=True, slots=True)
class GateErasure:
    """One gate in the scope of a request; `done_at_ms` is UTC, None while it is outstanding."""

    gate: str
    how: How = How.OUTSTANDING
    done_at_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Progress:
    """What is left of a request; `is_late` after 24 h, `is_breach` after 72 h."""

    outstanding: tuple[str, ...]
    is_late: bool
    is_breach: bool

    @property
    def is_closed(self) -> bool:
        """Tell whether every gate is done."""
        return not self.outstanding


def progress_of(gates: Iterable[GateErasure], opened_at_ms: int, now_ms: int) -> Progress:
    """Return how far a request has come at `now_ms`."""
    outstanding = tuple(sorted(each.gate for each in gates if each.how is How.OUTSTANDING))
    age_ms = now_ms - opened_at_ms
    return Progress(
        outstanding,
        is_late=bool(outstanding) and age_ms >= ALARM_MS,
        is_breach=bool(outstanding) and age_ms >= BREACH_MS,
    )


def is_answered_by(request: bytes, opened_at_ms: int, note: str, receipt_at_ms: int) -> bool:
    """Tell whether a gate's signed receipt answers a request: by its number, or by its time.

    Receipts of one gate are learned in the order of its log, so that one later than the request
    says that nothing is left there. Gates tell whole seconds.
    """
    return note == request.hex() or receipt_at_ms >= opened_at_ms


def closes_as_lost(revoked_at_ms: int | None, opened_at_ms: int, now_ms: int) -> bool:
    """Tell whether a gate counts as lost: its key is revoked and no lease can stand there.

    No lease is issued for the person after the request, nor to the gate after its revocation.
    """
    if revoked_at_ms is None:
        return False
    return now_ms >= min(revoked_at_ms, opened_at_ms) + MAX_LEASE_MS and now_ms >= revoked_at_ms


def reason_for(end: ConsentEnd) -> ReasonCode:
    """Return the reason that gates are told."""
    return _REASONS.get(end, ReasonCode.CONSENT_WITHDRAWN)
