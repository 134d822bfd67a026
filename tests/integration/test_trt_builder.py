"""Real engines, built without a GPU by the product's own builder through TensorRT-RTX."""

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from edge.workers.face.engine import EngineError
from edge.workers.face.engine_onnx import open_onnx
from edge.workers.face.trt.api import TensorRt, load_tensorrt
from edge.workers.face.trt.builder import BuildError, build_engine, profile_of
from edge.workers.face.trt.golden import golden_feeds
from edge.workers.face.trt.precision import COSINE_FLOORS, disagrees, half_precision
from tests.contract.test_face_engine_port import tiny_network
from tests.support.face_assets import models_folder, shipped

DEFAULTS = sorted(name for name, one in shipped().items() if one.is_default)


@pytest.fixture(scope="module")
def rtx() -> TensorRt:
    try:
        return load_tensorrt(allow_rtx=True)
    except EngineError:
        pytest.skip("no TensorRT: pip install '.[trt-ci]' for TensorRT-RTX, which needs no GPU")


def network(name: str) -> bytes:
    return (models_folder() / shipped()[name].file).read_bytes()


def one_convolution(*, kind: str = "Conv", element: int = TensorProto.FLOAT) -> bytes:
    weights = numpy_helper.from_array(np.ones((2, 3, 3, 3), np.float32), "w")
    node = helper.make_node(kind, ["x", "w"], ["y"])
    ends = [
        helper.make_tensor_value_info("x", element, [1, 3, 8, 8]),
        helper.make_tensor_value_info("y", element, [1, 2, 6, 6]),
    ]
    graph = helper.make_graph([node], "one", ends[:1], ends[1:], [weights])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)])
    return bytes(model.SerializeToString())


@pytest.mark.parametrize("precision", ["float32", "float16"])
def test_a_real_engine_is_built_and_its_layers_have_the_precision(
    rtx: TensorRt, precision: str
) -> None:
    content = network("face-reidentification-retail-0095")
    steps: list[tuple[str, int, int]] = []
    if precision == "float16":
        content = half_precision(content)
    built = build_engine(rtx, content, lambda *step: steps.append(step))
    assert len(built.plan) > 1_000_000
    assert ("HALF" in built.layer_types) is (precision == "float16")
    assert built.profiles == {"data": ((1, 3, 128, 128), (1, 3, 128, 128), (4, 3, 128, 128))}
    assert built.seconds > 0
    assert all(0 <= done <= most for _, done, most in steps)


def test_the_detector_is_built_for_every_size_of_frame(rtx: TensorRt) -> None:
    built = build_engine(rtx, network("yunet-2026may"))
    assert built.profiles == {"input": ((1, 3, 32, 32), (1, 3, 480, 640), (1, 3, 640, 640))}


def test_bytes_that_are_no_model_are_refused_in_the_parsers_words(rtx: TensorRt) -> None:
    for content in (b"", b"no model", network("yunet-2026may")[:5000]):
        with pytest.raises(BuildError, match="model_refused") as caught:
            build_engine(rtx, content)
        assert content == b"" or "parse" in caught.value.words.lower()


def test_an_operation_that_tensorrt_lacks_is_named(rtx: TensorRt) -> None:
    with pytest.raises(BuildError, match="model_refused") as caught:
        build_engine(rtx, one_convolution(kind="NoSuchOperation"))
    assert "NoSuchOperation" in caught.value.words


def test_a_network_of_another_type_is_refused(rtx: TensorRt) -> None:
    halved = onnx.load_from_string(half_precision(one_convolution()))
    for value in (*halved.graph.input, *halved.graph.output):
        value.type.tensor_type.elem_type = TensorProto.FLOAT16
    kept = [node for node in halved.graph.node if node.op_type != "Cast"]
    kept[0].input[0], kept[0].output[0] = "x", "y"
    del halved.graph.node[:]
    halved.graph.node.extend(kept)
    with pytest.raises(BuildError, match="wrong_type"):
        build_engine(rtx, halved.SerializeToString())


def test_the_smallest_network_builds(rtx: TensorRt) -> None:
    assert build_engine(rtx, tiny_network()).layer_types == ("FLOAT",)


@pytest.mark.parametrize(
    ("shape", "least", "greatest"),
    [
        ((-1, 3, 128, 128), (1, 3, 128, 128), (4, 3, 128, 128)),
        ((1, 3, -1, -1), (1, 3, 32, 32), (1, 3, 640, 640)),
        ((1, 3, 80, 80), (1, 3, 80, 80), (1, 3, 80, 80)),
    ],
)
def test_a_profile_leaves_open_what_the_network_does(
    shape: tuple[int, ...], least: tuple[int, ...], greatest: tuple[int, ...]
) -> None:
    assert profile_of(shape)[::2] == (least, greatest)


@pytest.mark.parametrize("name", DEFAULTS)
def test_the_half_precision_file_answers_like_the_model(name: str) -> None:
    content = network(name)
    halved = half_precision(content)
    assert len(halved) < 0.7 * len(content)
    feeds = golden_feeds(shipped()[name])
    assert not disagrees(open_onnx(content), open_onnx(halved), feeds, COSINE_FLOORS["float16"])


def test_what_is_no_model_cannot_be_converted() -> None:
    with pytest.raises(EngineError, match="not_convertible"):
        half_precision(b"\xff no model")
