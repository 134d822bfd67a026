"""Pictures of any size through the kernel's reference, against OpenCV and against itself."""

import cv2
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.workers.face.manifest import InputForm
from edge.workers.face.trt.picture import place, shrunk, warped

FORM = InputForm("data", None, None, "bgr", (0.0, 0.0, 0.0), 1.0)
SIDES = st.integers(1, 120)


@settings(max_examples=60, deadline=None)
@given(SIDES, SIDES, st.floats(0.1, 1.0), st.integers(0, 2**32 - 1))
def test_any_picture_is_shrunk_as_opencv_does(
    height: int, width: int, share: float, seed: int
) -> None:
    picture = np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)
    inside = (max(1, round(width * share)), max(1, round(height * share)))
    tensor = place(picture, shrunk((width, height), inside, FORM))
    assert tensor.shape[2] % 32 == tensor.shape[3] % 32 == 0
    known = cv2.resize(picture, inside, interpolation=cv2.INTER_AREA)
    given_back = tensor[0].transpose(1, 2, 0)[: inside[1], : inside[0]]
    # Half-way grey levels may round to either side.
    assert np.abs(given_back - known).max() <= 1
    assert not tensor[:, :, inside[1] :].any()
    assert not tensor[:, :, :, inside[0] :].any()


@settings(max_examples=40, deadline=None)
@given(st.floats(-3.2, 3.2), st.floats(0.2, 6.0), st.floats(-1e6, 1e6), st.floats(-1e6, 1e6), SIDES)
def test_any_similarity_gives_grey_levels_of_the_picture(
    turn: float, scale: float, right: float, down: float, side: int
) -> None:
    picture = np.full((side, side, 3), 200, np.uint8)
    cos, sin = scale * np.cos(turn), scale * np.sin(turn)
    chip = place(picture, warped(np.array([[cos, -sin, right], [sin, cos, down]]), (32, 32), FORM))
    assert np.isfinite(chip).all()
    assert chip.min() >= 0
    assert chip.max() <= 200
