"""A resident's whole way with face, at a simulated unit with the real worker and real models."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.domain.effects import Signal
from edge.gate.appearance import appearance_of
from mqtt.contract.events import EventKind, Method, Outcome
from mqtt.contract.reasons import ReasonCode
from tests.support.face_assets import faces_folder, models_folder
from tests.support.face_gate import NOTICE, WHO
from tests.support.face_unit import PLACE, FaceUnit, config_in, face_unit


@pytest.fixture
def unit(tmp_path: Path) -> Iterator[FaceUnit]:
    with face_unit(tmp_path, models_folder()) as unit:
        yield unit


def official(name: str) -> Path:
    return faces_folder() / "public_officials" / f"{name}.jpg"


def face_counters(unit: FaceUnit) -> dict[str, int]:
    return dict(appearance_of(unit.gate.state, unit.gate.knowledge).face)


def test_opt_in_enter_be_refused_and_opt_out(unit: FaceUnit) -> None:
    client = unit.client

    # Nobody pressed: the camera sees a resident and looks at nothing.
    client.show_face(PLACE, official("obama_1"))
    unit.fob()
    shown = client.wait_shown(PLACE)
    assert shown is not None
    counters = face_counters(unit)
    assert counters["entry_frames"] == counters["enrolment_frames"] == 0
    assert counters["self_test_embeddings"] > 0

    # The own fob showed the notice; a press says yes, and the camera takes the references.
    asked = client.wait_shown(PLACE, shown.mono_ms + 1)
    assert asked is not None, "the notice comes after the answer to the fob, and stays"
    assert asked.signal == Signal.ASKING.value
    assert asked.detail[0].startswith(NOTICE.zh)
    client.press_face(PLACE)
    unit.until(ReasonCode.CONSENT_GIVEN)
    unit.until(ReasonCode.ENROLLED)

    # Without a lease nobody is compared with; with one, face opens like the fob.
    client.press_face(PLACE)
    unit.until(ReasonCode.NO_MATCH)
    unit.lease()
    client.show_face(PLACE, official("obama_2"))
    unit.until_locked()
    since_ms = client.press_face(PLACE)
    unit.until(ReasonCode.GRANTED)
    assert client.wait_unlocked("main", since_ms) is not None
    granted = next(
        (leaf, personal)
        for leaf, personal in unit.events()
        if leaf.kind is EventKind.DECISION and leaf.method is Method.FACE
        if leaf.outcome is Outcome.GRANTED
    )
    assert granted[1] is not None
    assert granted[1].holder == WHO

    # A stranger is not found; two people are not told apart.
    client.show_face(PLACE, official("biden_1"))
    client.press_face(PLACE)
    unit.until(ReasonCode.NO_MATCH, count=2)
    client.show_face(PLACE, official("obama_biden_two"))
    client.press_face(PLACE)
    unit.until(ReasonCode.AMBIGUOUS)

    # Own fob, then the button for 3 s: erased here, at once, with a receipt.
    unit.fob()
    client.press_face(PLACE, 3_500)
    unit.until(ReasonCode.CONSENT_WITHDRAWN)
    unit.until(ReasonCode.FACE_ERASED)
    receipt = next(p for leaf, p in unit.events() if leaf.reason is ReasonCode.FACE_ERASED)
    assert receipt is not None
    assert (receipt.holder, receipt.note) == (WHO, "at_gate")
    time.sleep(1.0)  # the button is let go half a second after the receipt
    client.show_face(PLACE, official("obama_2"))
    client.press_face(PLACE)
    unit.until(ReasonCode.NO_MATCH, count=3)
    unit.fob()
    assert unit.reasons(Method.FOB).count(ReasonCode.GRANTED) == 3
    presses = face_counters(unit)["presses"]
    assert presses == unit.reasons().count(ReasonCode.FACE_ARMED) + 1


def test_without_models_face_is_not_installed_and_everything_else_is(tmp_path: Path) -> None:
    empty = tmp_path / "models"
    empty.mkdir()
    unit = FaceUnit(config_in(tmp_path, empty))
    unit.start()
    try:
        unit.until(ReasonCode.WAY_READY, method=Method.FOB)
        unit.fob()
        unit.client.press_face(PLACE)
        unit.until_locked()
        unit.fob()
        assert unit.reasons(Method.FOB).count(ReasonCode.GRANTED) == 2
        assert set(unit.reasons()) == {ReasonCode.METHOD_NOT_INSTALLED}
        appearance = appearance_of(unit.gate.state, unit.gate.knowledge)
        assert (appearance.face_state, appearance.face) == ("not_installed", {})
    finally:
        unit.stop()
