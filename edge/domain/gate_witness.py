"""Take an inspector's one-time code: it opens nothing, is recorded, and the gate answers it."""

from edge.domain.effects import AnswerWitness
from edge.domain.gate_attempt import within_budget
from edge.domain.gate_turn import Turn
from edge.domain.model import AccessAttempt, PassClaim
from mqtt.contract.errors import ContractError
from mqtt.contract.events import EventKind
from mqtt.contract.reasons import ReasonCode
from mqtt.contract.witness import NONCE_PREFIX, read_nonce

__all__ = ["is_nonce", "take_nonce"]


def is_nonce(attempt: AccessAttempt) -> bool:
    """Tell whether a one-time code was shown; one that cannot be read is an invalid pass."""
    claim = attempt.claim
    if not isinstance(claim, PassClaim) or not claim.text.startswith(NONCE_PREFIX):
        return False
    try:
        read_nonce(claim.text)
    except ContractError:
        return False
    return True


def take_nonce(turn: Turn, attempt: AccessAttempt) -> None:
    """Record the request and ask for the answer, within the budget of the reader."""
    assert isinstance(attempt.claim, PassClaim)
    if not within_budget(turn, attempt):
        return
    turn.record(
        EventKind.HEALTH,
        ReasonCode.WITNESSED,
        access_point=attempt.access_point,
        method=attempt.method,
    )
    turn.effects.append(AnswerWitness(attempt.access_point, read_nonce(attempt.claim.text)))
