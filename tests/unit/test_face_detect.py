import json
import math
from collections.abc import Mapping

import cv2
import numpy as np
import pytest

from edge.workers.face.detect import STRIDES, Detector
from edge.workers.face.engine import EngineError, Tensor, TensorSpec
from edge.workers.face.engine_fake import FakeEngine
from edge.workers.face.models_input import Picture
from tests.support.face_assets import (
    face_picture,
    faces_folder,
    models_folder,
    real_models,
    shipped,
)

YUNET = shipped()["yunet-2026may"]
WIDTHS = {"cls": 1, "obj": 1, "bbox": 4, "kps": 10}
Cell = tuple[int, int, int, float]  # step, column, row, score


def detector(*cells: Cell) -> Detector:
    """Return a detector whose network sees a face two cells wide at each of ``cells``."""

    def answer(feeds: Mapping[str, Tensor]) -> dict[str, Tensor]:
        height, width = feeds["input"].shape[2:]
        made = {
            f"{kind}_{step}": np.zeros((1, (height // step) * (width // step), size), np.float32)
            for step in STRIDES
            for kind, size in WIDTHS.items()
        }
        for step, column, row, score in cells:
            at = row * (width // step) + column
            made[f"cls_{step}"][0, at] = made[f"obj_{step}"][0, at] = score
            made[f"bbox_{step}"][0, at] = (0.5, 0.5, math.log(2), math.log(2))
            made[f"kps_{step}"][0, at] = np.arange(10) / 10
        return made

    outputs = tuple(
        TensorSpec(name, (1, None, WIDTHS[name.split("_")[0]])) for name in YUNET.outputs
    )
    inputs = (TensorSpec("input", (1, 3, None, None)),)
    return Detector(FakeEngine(inputs, outputs, answer), YUNET)


def blank(width: int, height: int) -> Picture:
    return np.zeros((height, width, 3), np.uint8)


@pytest.mark.parametrize("step", STRIDES)
def test_a_cell_decodes_to_box_and_points(step: int) -> None:
    [face] = detector((step, 3, 2, 0.9)).find(blank(320, 256))
    assert face.score == pytest.approx(0.9)
    assert face.centre == pytest.approx((3.5 * step, 2.5 * step))
    assert (face.width, face.height) == pytest.approx((2 * step, 2 * step))
    expected = (np.arange(10).reshape(5, 2) / 10 + (3, 2)) * step
    np.testing.assert_allclose(face.points, expected, rtol=1e-5)


def test_places_are_those_of_the_picture_that_was_given() -> None:
    # 1000 x 500 is searched as 640 x 320; 100 x 70 is padded to multiples of 32, never enlarged.
    [face] = detector((16, 3, 2, 0.9)).find(blank(1000, 500))
    assert face.centre == pytest.approx((3.5 * 16 / 0.64, 2.5 * 16 / 0.64))
    [face] = detector((8, 3, 2, 0.9)).find(blank(100, 70))
    assert face.centre == pytest.approx((28.0, 20.0))


def test_only_scores_from_the_limit_on_count() -> None:
    search = detector((8, 3, 2, 0.8), (8, 20, 20, 0.7))
    assert [face.score for face in search.find(blank(320, 256), score=0.75)] == pytest.approx([0.8])
    assert len(search.find(blank(320, 256), score=0.69)) == 2
    assert detector().find(blank(320, 256)) == ()


def test_of_faces_that_overlap_the_best_stays() -> None:
    found = detector((16, 3, 3, 0.8), (16, 4, 3, 0.9), (16, 12, 3, 0.85)).find(blank(320, 256))
    assert [face.score for face in found] == pytest.approx([0.9, 0.85])


def test_a_network_with_other_outputs_is_refused() -> None:
    one = (TensorSpec("input", (1, 3, None, None)),)
    with pytest.raises(EngineError):
        Detector(FakeEngine(one, one, dict), YUNET).check()


def test_our_decoding_agrees_with_opencv_on_every_picture() -> None:
    models, network = real_models(), models_folder() / YUNET.file
    compared = 0
    for entry in json.loads((faces_folder() / "MANIFEST.json").read_text()):
        picture = face_picture(entry["file"], long_side_px=640)
        height, width = picture.shape[:2]
        oracle = cv2.FaceDetectorYN.create(str(network), "", (width, height), 0.6, 0.3, 5000)
        rows = oracle.detect(picture)[1]
        theirs = sorted(getattr(rows, "tolist", list)(), key=lambda row: -row[14])  # None: no face
        found = models.detector.find(picture, score=0.6)
        ours = [
            [f.left, f.top, f.width, f.height, *f.points.reshape(-1).tolist(), f.score]
            for f in found
        ]
        assert len(ours) == len(theirs), entry["file"]
        if ours:
            np.testing.assert_allclose(ours, theirs, atol=1e-3, err_msg=entry["file"])
            compared += len(ours)
    assert compared > 90


def test_all_29_people_of_the_crowd_are_found_and_nobody_in_an_empty_picture() -> None:
    find = real_models().detector.find
    assert len(find(face_picture("historic/solvay1927_crowd.png"))) == 29
    assert find(face_picture("compreface/017_0.jpg")) == ()
