"""Building on the stand-in that fails in every way; real builds: tests/integration."""

import pytest

from edge.workers.face.trt import api_fake_builder
from edge.workers.face.trt.api_fake import fake_tensorrt
from edge.workers.face.trt.builder import BuildError, build_engine
from edge.workers.face.trt.driver_fake import FakeDriver
from tests.contract.test_face_engine_port import tiny_network

CODES = {
    "builder": "no_builder",
    "network": "no_builder",
    "parser": "no_builder",
    "parse": "model_refused",
    "type": "wrong_type",
    "profile": "build_failed",
    "build": "build_failed",
}


@pytest.mark.parametrize("fault", api_fake_builder.FAILURES)
def test_every_failure_of_a_build_has_its_code(fault: str) -> None:
    with pytest.raises(BuildError) as caught:
        build_engine(fake_tensorrt(FakeDriver(), {fault}), tiny_network())
    assert caught.value.code == CODES[fault]


def test_a_refused_model_repeats_the_parsers_words_and_those_before_them() -> None:
    with pytest.raises(BuildError) as caught:
        build_engine(fake_tensorrt(FakeDriver()), b"no model")
    assert caught.value.words == "Failed to parse the ONNX model.\nwarning: fake builder"
    assert str(caught.value) == "model_refused: Failed to parse the ONNX model."


def test_progress_is_told_to_the_end() -> None:
    steps: list[tuple[str, int, int]] = []
    built = build_engine(
        fake_tensorrt(FakeDriver()), tiny_network(), lambda *step: steps.append(step)
    )
    assert steps == [("Building", 0, 2), ("Building", 1, 2), ("Building", 2, 2)]
    assert built.profiles == {"x": ((1, 3, 4), (1, 3, 4), (4, 3, 4))}
    assert built.layer_types == ("FLOAT",)
