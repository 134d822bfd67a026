"""Say what somebody who walks up to an access point should know before trying anything."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from edge.domain.gate_state import GateState
from edge.domain.knowledge import Knowledge
from mqtt.contract.events import Method

__all__ = ["Outlook", "outlook_at"]


@dataclass(frozen=True, slots=True)
class Outlook:
    """How one access point stands: each way's status, the door's phase, the age of the list.

    `ways` holds the ways that are fitted here, as `ready`, `fault`, `suspended` or `not_installed`;
    `door` is a DoorPhase or empty; `is_armed` while the face camera is open; `waiting` counts
    events that the controller has not signed for.
    """

    ways: Mapping[str, str] = field(default_factory=dict)
    door: str = ""
    list_age_s: int = 0
    is_armed: bool = False
    waiting: int = 0


def outlook_at(
    state: GateState, knowledge: Knowledge, access_point: str, list_age_s: int, waiting: int = 0
) -> Outlook:
    """Return the outlook of one access point; nothing in it says who stands there."""
    ways = {
        method.value: state.ways.get((access_point, method), _unheard(method))
        for method in sorted(knowledge.fitted.get(access_point, ()))
    }
    place = knowledge.rules.places.get(access_point)
    door = None if place is None else state.doors.get(place.portal)
    phase = "" if door is None else door.phase.value
    return Outlook(ways, phase, list_age_s, access_point in state.face.armed, waiting)


def _unheard(method: Method) -> str:
    """Return the status of a way whose adapter never spoke: face has to be installed first."""
    return "not_installed" if method is Method.FACE else "ready"
