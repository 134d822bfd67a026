from collections.abc import Mapping

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from edge.workers.face.engine import Engine, EngineError, Tensor, TensorSpec, check_specs
from edge.workers.face.engine_fake import FakeEngine
from edge.workers.face.engine_onnx import open_onnx
from edge.workers.face.trt.api_fake import fake_plan, fake_tensorrt
from edge.workers.face.trt.driver_fake import FakeDriver
from edge.workers.face.trt.engine import open_plan

SHAPE = (None, 3, 4)


def tiny_network(*, element: int = TensorProto.FLOAT) -> bytes:
    nodes = [
        helper.make_node("Add", ["x", "x"], ["double"]),
        helper.make_node("Neg", ["x"], ["minus"]),
    ]
    tensors = [
        helper.make_tensor_value_info(n, element, ["N", 3, 4]) for n in ("x", "double", "minus")
    ]
    graph = helper.make_graph(nodes, "tiny", tensors[:1], tensors[1:])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)])
    model.ir_version = 8
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())


def answer(feeds: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {"double": feeds["x"] + feeds["x"], "minus": -feeds["x"]}


@pytest.fixture(params=["onnx", "fake", "tensorrt"])
def engine(request: pytest.FixtureRequest) -> Engine:
    if request.param == "onnx":
        return open_onnx(tiny_network(), threads=1)
    if request.param == "tensorrt":
        driver = FakeDriver()
        plan = fake_plan(tiny_network())
        return open_plan(fake_tensorrt(driver), driver, plan, precision="float32")
    outputs = (TensorSpec("double", SHAPE), TensorSpec("minus", SHAPE))
    return FakeEngine((TensorSpec("x", SHAPE),), outputs, answer)


def feed(count: int = 2) -> Tensor:
    return np.arange(count * 12, dtype=np.float32).reshape(count, 3, 4)


def test_tensors_have_names_and_shapes(engine: Engine) -> None:
    assert engine.inputs == (TensorSpec("x", SHAPE),)
    assert {spec.name for spec in engine.outputs} == {"double", "minus"}
    assert engine.info.backend
    check_specs(engine, input_name="x", outputs=("minus",))


def test_every_output_comes_back_the_same_each_time(engine: Engine) -> None:
    first, second = engine.run({"x": feed()}), engine.run({"x": feed()})
    assert first.keys() == {"double", "minus"}
    for name, value in first.items():
        assert value.dtype == np.float32
        np.testing.assert_array_equal(value, second[name])
    np.testing.assert_array_equal(first["double"], 2 * feed())


@pytest.mark.parametrize("count", [1, 4])
def test_an_open_axis_takes_one_to_four(engine: Engine, count: int) -> None:
    assert engine.run({"x": feed(count)})["minus"].shape == (count, 3, 4)


@pytest.mark.parametrize(
    ("feeds", "code"),
    [
        ({}, "missing_tensor"),
        ({"x": feed(), "y": feed()}, "unknown_tensor"),
        ({"x": feed()[:, :2]}, "wrong_shape"),
        ({"x": feed()[0]}, "wrong_shape"),
        ({"x": feed().astype(np.float64)}, "wrong_type"),
    ],
)
def test_wrong_feeds_are_refused_before_anything_runs(
    engine: Engine, feeds: dict[str, Tensor], code: str
) -> None:
    with pytest.raises(EngineError) as caught:
        engine.run(feeds)
    assert caught.value.code == code


def test_a_network_with_other_tensors_is_refused(engine: Engine) -> None:
    for name, outputs in (("other", ("minus",)), ("x", ("absent",))):
        with pytest.raises(EngineError):
            check_specs(engine, input_name=name, outputs=outputs)


def test_after_close_nothing_runs_and_closing_twice_is_harmless(engine: Engine) -> None:
    engine.close()
    engine.close()
    with pytest.raises(EngineError) as caught:
        engine.run({"x": feed()})
    assert caught.value.code == "closed"


@pytest.mark.parametrize("content", [b"", b"no network", tiny_network()[:-20]])
def test_bytes_that_are_no_network_are_refused(content: bytes) -> None:
    with pytest.raises(EngineError) as caught:
        open_onnx(content)
    assert caught.value.code == "load_failed"


def test_a_network_of_another_type_is_refused() -> None:
    with pytest.raises(EngineError) as caught:
        open_onnx(tiny_network(element=TensorProto.DOUBLE))
    assert caught.value.code == "wrong_type"


def test_a_fake_that_answers_the_wrong_shape_is_refused() -> None:
    spec = (TensorSpec("x", SHAPE),)
    fake = FakeEngine(spec, spec, lambda feeds: {"x": feeds["x"][0]})
    with pytest.raises(EngineError):
        fake.run({"x": feed()})
