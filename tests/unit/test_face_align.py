import math

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.workers.face.align import aligned, share_inside, similarity
from edge.workers.face.models_scene import draw_scene
from tests.support.face_assets import shipped

TEMPLATE = shipped()["face-reidentification-retail-0095"].template_points
TARGET = np.asarray(TEMPLATE) * 128
SIZE = (128, 128)


@given(
    st.floats(-math.pi, math.pi),
    st.floats(0.05, 20),
    st.tuples(st.floats(-500, 500), st.floats(-500, 500)),
)
def test_an_exact_similarity_is_found_again(
    angle: float, scale: float, shift: tuple[float, float]
) -> None:
    turn = scale * np.array(
        [[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]]
    )
    found = similarity(TARGET, TARGET @ turn.T + shift)
    np.testing.assert_allclose(found[:, :2], turn, atol=1e-6)
    np.testing.assert_allclose(found[:, 2], shift, atol=1e-4)


def test_no_other_similarity_lies_nearer() -> None:
    random = np.random.default_rng(3)
    points = TARGET * 1.7 + random.normal(0, 4, TARGET.shape)
    best = similarity(points, TARGET)

    def distance(matrix: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> float:
        moved = points @ matrix[:, :2].T + matrix[:, 2]
        return float(np.sum((moved - TARGET) ** 2))

    for _ in range(200):
        a, b, x, y = random.normal(0, [0.01, 0.01, 1, 1])
        other = best + np.array([[a, -b, x], [b, a, y]])
        assert distance(other) >= distance(best)
    # Least squares over all points, as OpenCV finds it without dropping outliers.
    by_cv2, _ = cv2.estimateAffinePartial2D(
        points, TARGET, method=cv2.RANSAC, ransacReprojThreshold=1e6, refineIters=100
    )
    np.testing.assert_allclose(best, by_cv2, atol=1e-2)


def test_points_that_coincide_are_refused() -> None:
    with pytest.raises(ValueError, match="coincide"):
        similarity(np.ones((5, 2)), TARGET)


def test_the_points_of_a_face_come_to_lie_on_the_template() -> None:
    scene = draw_scene(0)
    marked = np.zeros_like(scene.picture)
    for x, y in scene.points:
        cv2.circle(marked, (round(float(x)), round(float(y))), 2, (255, 255, 255), -1)
    chip = aligned(marked, scene.points, TEMPLATE, SIZE)
    matrix = similarity(scene.points.astype(np.float64), TARGET)
    moved = scene.points @ matrix[:, :2].T + matrix[:, 2]
    for x, y in moved:
        assert chip[round(float(y)), round(float(x))].min() > 128


def test_a_large_face_is_averaged_down_to_the_same_chip() -> None:
    scene = draw_scene(1)
    large = cv2.resize(scene.picture, None, fx=6, fy=6, interpolation=cv2.INTER_CUBIC)
    points = ((scene.points + 0.5) * 6 - 0.5).astype(np.float32)
    near = aligned(np.asarray(large, np.uint8), points, TEMPLATE, SIZE).astype(np.float64)
    plain = aligned(scene.picture, scene.points, TEMPLATE, SIZE).astype(np.float64)
    assert np.abs(near - plain).mean() < 2.5


def test_the_share_inside_the_frame_falls_at_its_edge() -> None:
    scene = draw_scene(0)
    height, width = scene.picture.shape[:2]
    assert share_inside((width, height), scene.points, TEMPLATE, SIZE) == 1.0
    cut = (int(scene.points[:, 0].mean()), height)
    assert 0.3 < share_inside(cut, scene.points, TEMPLATE, SIZE) < 0.7
