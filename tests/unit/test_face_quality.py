from dataclasses import replace

import cv2
import numpy as np
import pytest

from edge.workers.face.analysis import Hint
from edge.workers.face.detect import Face, Points
from edge.workers.face.embed import Embedder
from edge.workers.face.models_input import Picture
from edge.workers.face.quality import ENROLMENT, ENTRY, Limits, hints_for, measure, pose_of
from tests.support.face_assets import face_picture, real_models

FRONTAL: Points = np.array([[0, 0], [60, 0], [30, 32], [8, 62], [52, 62]], np.float32) + 100
GOOD = "compreface/004_A.jpg"


def turned(points: Points, degrees: float) -> Points:
    angle = np.radians(degrees)
    matrix = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return np.asarray((points - 130) @ matrix.T + 130, np.float32)


@pytest.mark.parametrize("degrees", [-40.0, -5.0, 0.0, 12.0, 80.0])
def test_roll_is_measured_and_does_not_change_yaw_or_pitch(degrees: float) -> None:
    straight, pose = pose_of(FRONTAL), pose_of(turned(FRONTAL, degrees))
    assert pose.roll_degrees == pytest.approx(degrees, abs=0.01)
    assert pose.eye_distance_px == pytest.approx(60, abs=0.01)
    assert pose.yaw == pytest.approx(straight.yaw, abs=1e-4)
    assert pose.pitch == pytest.approx(straight.pitch, abs=1e-4)


def test_a_turned_head_moves_the_nose_off_the_middle() -> None:
    moved = FRONTAL.copy()
    moved[2, 0] += 24
    assert pose_of(moved).yaw == pytest.approx(0.4)


def test_points_that_coincide_are_no_pose_that_any_limit_takes() -> None:
    same = np.ones((5, 2), np.float32)
    hints = hints_for(Face(0, 0, 200, 200, 0.9, same), blank_chip(), 1.0)
    assert "look_here" in hints


def blank_chip() -> Picture:
    return np.full((128, 128, 3), 128, np.uint8)


def found(picture: Picture) -> tuple[Face, Embedder]:
    models = real_models()
    [face] = models.detector.find(picture)
    return face, models.embedder


def hints_of(picture: Picture, limits: Limits = ENTRY) -> tuple[Hint, ...]:
    face, embedder = found(picture)
    chip = embedder.chip(picture, face.points)
    size = (picture.shape[1], picture.shape[0])
    return hints_for(face, chip, embedder.share_inside(size, face.points), limits)


def good() -> Picture:
    return face_picture(GOOD, long_side_px=1280)


def test_a_good_face_gets_no_hint_at_entry_and_at_enrolment() -> None:
    assert hints_of(good()) == ()
    assert hints_of(good(), ENROLMENT) == ()


def blurred_by_motion(picture: Picture) -> Picture:
    length = int(found(picture)[0].width / 15) | 1
    kernel = np.full((1, length), 1 / length, np.float32)
    return np.asarray(cv2.filter2D(picture, -1, kernel), np.uint8)


def out_of_focus(picture: Picture) -> Picture:
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), found(picture)[0].width / 60), np.uint8)


def darkened(picture: Picture) -> Picture:
    return np.asarray(255 * (picture / 255.0) ** 3.5, np.uint8)


def glaring(picture: Picture) -> Picture:
    return np.asarray(np.clip(picture * 2.6 + 30, 0, 255), np.uint8)


def noisy(picture: Picture) -> Picture:
    grain = np.random.default_rng(2).normal(0, 14, picture.shape)
    return np.asarray(np.clip(picture + grain, 0, 255), np.uint8)


def masked(colour: tuple[int, int, int], picture: Picture) -> Picture:
    points = found(picture)[0].points
    eye = float(np.linalg.norm(points[1] - points[0]))
    middle = points[:2].mean(axis=0)
    shape = [
        (-0.95, 0.45),
        (0, 0.38),
        (0.95, 0.45),
        (0.85, 1.3),
        (0.4, 1.75),
        (-0.4, 1.75),
        (-0.85, 1.3),
    ]
    corners = np.array([middle + np.array(place) * eye for place in shape], np.int32)
    covered = picture.copy()
    cv2.fillPoly(covered, [corners], colour)
    return covered


@pytest.mark.parametrize(
    ("disturb", "hint"),
    [
        (blurred_by_motion, "hold_still"),
        (out_of_focus, "hold_still"),
        (darkened, "more_light"),
        (glaring, "less_light"),
        (noisy, "more_light"),
    ],
)
def test_each_disturbance_gets_its_hint(disturb: object, hint: Hint) -> None:
    assert callable(disturb)
    assert hint in hints_of(disturb(good()))


@pytest.mark.parametrize(
    "colour", [(128, 128, 128), (200, 160, 110), (235, 235, 235), (25, 25, 25), (140, 170, 210)]
)
def test_a_covered_lower_face_is_asked_to_uncover(colour: tuple[int, int, int]) -> None:
    assert "uncover_face" in hints_of(masked(colour, good()))


def test_a_real_mask_is_seen() -> None:
    assert "uncover_face" in hints_of(face_picture("pad/webcam_demo_15_live_mask.png"))


def test_half_a_face_at_the_edge_of_the_frame_is_refused() -> None:
    assert "step_back" in hints_of(face_picture("public_officials/obama_6_half_face.jpg"))


def test_a_face_under_64_pixels_is_asked_to_come_closer() -> None:
    assert "come_closer" in hints_of(face_picture("public_officials/obama_5_lowres.jpg"))


def test_J18_enrolment_refuses_a_tilted_head_and_eyes_under_60_pixels_with_advice() -> None:
    face, embedder = found(good())
    chip = embedder.chip(good(), face.points)
    tilted = replace(face, points=turned(face.points, 21 - pose_of(face.points).roll_degrees))
    assert hints_for(tilted, chip, 1.0, ENROLMENT) == ("look_here",)
    assert hints_for(tilted, chip, 1.0, ENTRY) == ()
    eyes = pose_of(face.points).eye_distance_px
    near = replace(face, points=(face.points * (59 / eyes)).astype(np.float32))
    assert hints_for(near, chip, 1.0, ENROLMENT) == ("come_closer",)
    assert hints_for(near, chip, 1.0, ENTRY) == ()


def test_measures_do_not_depend_on_how_near_the_person_stands() -> None:
    seen = []
    for side in (700, 1400):
        picture = face_picture(GOOD, long_side_px=side)
        face, embedder = found(picture)
        seen.append(measure(embedder.chip(picture, face.points)))
    assert seen[0].mean_light == pytest.approx(seen[1].mean_light, abs=3)
    assert seen[0].mouth == pytest.approx(seen[1].mouth, rel=0.2)
    assert seen[0].sharpness == pytest.approx(seen[1].sharpness, rel=0.5)
