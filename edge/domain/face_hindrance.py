"""Say why face cannot be used at an access point now, and what that makes of it as a way in."""

from edge.domain.gate_turn import Turn
from edge.domain.model import ClockTrust
from mqtt.contract.events import Method
from mqtt.contract.reasons import ReasonCode

__all__ = ["hindrance", "status_of"]

_FAULTS = frozenset(
    {
        ReasonCode.WORKER_LOST,
        ReasonCode.FACE_OFF,
        ReasonCode.FACE_SELF_TEST_FAILED,
        ReasonCode.CAMERA_FAULT,
    }
)


def hindrance(turn: Turn, access_point: str) -> ReasonCode | None:
    """Return why no camera may be opened at an access point, or None.

    Order: what is not there, what is broken, what the site has not settled, what stops it now.
    """
    worker, state = turn.state.face.worker, turn.state
    fitted = turn.knowledge.fitted.get(access_point, frozenset())
    settings = turn.knowledge.face.get(access_point)
    if worker is None or settings is None or Method.FACE not in fitted:
        return ReasonCode.METHOD_NOT_INSTALLED
    if turn.knowledge.settings.shadow:
        return ReasonCode.SHADOW_MODE
    if not worker.is_here:
        return ReasonCode.WORKER_LOST
    if not worker.is_ready:
        return worker.reason
    if not (worker.has_pad or settings.pad_accepted):
        return ReasonCode.PAD_NOT_ACCEPTED
    if state.on_battery:
        return ReasonCode.ON_BATTERY
    if turn.at.trust is ClockTrust.UNKNOWN:
        return ReasonCode.CLOCK_UNTRUSTED
    if turn.knowledge.consents.switched_off(access_point) is not None:
        return ReasonCode.FACE_SWITCHED_OFF
    return state.face.suspended.get(access_point)


def status_of(reason: ReasonCode | None) -> str:
    """Return the status of the way in that a hindrance makes."""
    if reason is None:
        return "ready"
    if reason is ReasonCode.METHOD_NOT_INSTALLED:
        return "not_installed"
    return "fault" if reason in _FAULTS else "suspended"
