import hashlib
from pathlib import Path

import numpy as np
import pytest

from edge.workers.face.engine_onnx import open_onnx
from edge.workers.face.models_openvino import IrError, onnx_from_ir
from tests.support.face_assets import models_folder, shipped

MANIFEST = shipped()["face-reidentification-retail-0095"]


def parts() -> tuple[bytes, bytes]:
    folder: Path = models_folder() / "openvino_ir"
    return (
        (folder / "face-reidentification-retail-0095.xml").read_bytes(),
        (folder / "face-reidentification-retail-0095.bin").read_bytes(),
    )


def converted() -> bytes:
    xml, blob = parts()
    return onnx_from_ir(xml, blob, input_name="data", output_name="embedding")


def test_the_conversion_is_exact_to_the_byte_and_repeatable() -> None:
    content = converted()
    assert hashlib.sha256(content).hexdigest() == MANIFEST.sha256
    assert content == converted()


def test_the_converted_network_answers_as_the_published_conversion_does() -> None:
    ours, golden = open_onnx(converted()), open_onnx((models_folder() / MANIFEST.file).read_bytes())
    noise = np.random.default_rng(1).uniform(0, 255, (4, 3, 128, 128)).astype(np.float32)
    given = ours.run({"data": noise})["embedding"].reshape(4, -1)
    known = golden.run({"data": noise})["embedding"].reshape(4, -1)
    assert np.abs(given - known).max() < 1e-5
    cosines = np.sum(given * known, axis=1)
    cosines /= np.linalg.norm(given, axis=1) * np.linalg.norm(known, axis=1)
    assert cosines.min() > 0.99999


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        (b'type="Sigmoid"', b'type="Mystery"', "unknown layer"),
        (b'element_type="f16"', b'element_type="i8"', "unknown element type"),
        (b'auto_pad="explicit"', b'auto_pad="same_upper"', "unknown p"),
        (b'type="Result"', b'type="Add"', "one result"),
        (b'offset="0" size="6"', b'offset="0" size="8"', "outside"),
        (b'offset="0" size="6"', b'offset="-6" size="6"', "outside"),
        (b"<edges>", b"<edges", "broken"),
    ],
)
def test_what_the_converter_does_not_know_is_refused_by_name(
    old: bytes, new: bytes, problem: str
) -> None:
    xml, blob = parts()
    assert old in xml
    with pytest.raises(IrError, match=problem):
        onnx_from_ir(xml.replace(old, new), blob, input_name="data", output_name="embedding")


def test_weights_that_are_cut_off_are_refused() -> None:
    xml, blob = parts()
    with pytest.raises(IrError, match="outside"):
        onnx_from_ir(xml, blob[:-2], input_name="data", output_name="embedding")
