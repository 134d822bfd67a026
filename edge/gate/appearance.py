"""Say how the gate looks from outside, for heartbeats and screens."""

from edge.domain.gate_state import GateState
from edge.domain.knowledge import Knowledge
from edge.gate.presence import Appearance
from mqtt.contract.events import Method

__all__ = ["appearance_of"]

_WORST_FIRST = ("fault", "suspended", "not_installed", "ready")


def appearance_of(state: GateState, knowledge: Knowledge) -> Appearance:
    """Return door phases by portal, the worst status of each fitted way in, and the supply."""
    doors = {portal: door.phase.value for portal, door in state.doors.items()}
    methods: dict[str, str] = {}
    for access_point, fitted in knowledge.fitted.items():
        for method in fitted:
            status = state.ways.get((access_point, method), _unheard(method))
            methods[method.value] = _worse(status, methods.get(method.value, "ready"))
    return Appearance(doors, methods, "battery" if state.on_battery else "mains")


def _unheard(method: Method) -> str:
    """Return the status of a way whose adapter never spoke: face has to be installed first."""
    return "not_installed" if method is Method.FACE else "ready"


def _worse(one: str, other: str) -> str:
    return next((status for status in _WORST_FIRST if status in {one, other}), one)
