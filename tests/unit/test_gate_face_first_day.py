"""On the first day devices speak before the first configuration has come."""

from mqtt.contract.events import Method
from tests.support.face_gate import FaceRun, face_papers
from tests.support.gate_factories import IN, Papers


def test_ways_heard_before_the_first_configuration_count_after_it() -> None:
    nothing_yet = Papers()
    nothing_yet.access_points, nothing_yet.portals, nothing_yet.levels = {}, {}, {}
    gate = FaceRun(nothing_yet)
    known = face_papers()
    known.version = nothing_yet.version + 1
    gate.papers = known
    gate.relearn()
    gate.wait(10_000)
    assert gate.state.ways[IN, Method.FACE] == "ready"
    assert gate.enter() is not None
