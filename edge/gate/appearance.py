"""Say how the gate looks from outside, for heartbeats and screens."""

from edge.domain.face_inputs import FaceCounts
from edge.domain.face_reports import summed
from edge.domain.face_state import FaceState
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
    power = "battery" if state.on_battery else "mains"
    face = {} if state.face.worker is None else _face_counters(state.face)
    return Appearance(doors, methods, power, face, _face_state(state, knowledge))


def _face_counters(face: FaceState) -> dict[str, int]:
    """Return what was done since the daemon's start, by what caused it."""
    has_valve = face.worker is not None and face.worker.has_valve
    found = {"presses": face.pressed_count, "valve": int(has_valve)}
    for cause in ("entry", "enrolment", "self_test"):
        counts = summed(face.counted.get(cause), face.counts.get(cause, FaceCounts()))
        for what in ("armed", "frames", "detections", "pad_votes", "embeddings", "unknown"):
            found[f"{cause}_{what}"] = getattr(counts, what)
    return found


def _face_state(state: GateState, knowledge: Knowledge) -> str:
    worker = state.face.worker
    places = [name for name, fitted in knowledge.fitted.items() if Method.FACE in fitted]
    if worker is None or not places:
        return "not_installed"
    if not worker.is_here:
        return "lost"
    if not worker.is_ready:
        return "off"
    ready = all(state.ways.get((name, Method.FACE)) == "ready" for name in places)
    return "ready" if ready else "suspended"


def _unheard(method: Method) -> str:
    """Return the status of a way whose adapter never spoke: face has to be installed first."""
    return "not_installed" if method is Method.FACE else "ready"


def _worse(one: str, other: str) -> str:
    return next((status for status in _WORST_FIRST if status in {one, other}), one)
