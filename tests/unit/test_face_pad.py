import json
from collections.abc import Mapping
from dataclasses import replace

import cv2
import numpy as np
import pytest

from edge.workers.face.detect import Face
from edge.workers.face.engine import EngineError, Tensor, TensorSpec
from edge.workers.face.engine_fake import FakeEngine
from edge.workers.face.engine_onnx import open_onnx
from edge.workers.face.manifest import PadForm, read_model
from edge.workers.face.models_input import Picture
from edge.workers.face.pad import PadNetwork, PadVote, PadVoters, pad_crop
from tests.support.face_assets import (
    face_picture,
    faces_folder,
    models_folder,
    real_models,
    shipped,
)

SQUARE = PadForm("square_reflect", 1.5, 0, "primary")
FITTED = PadForm("fitted_box", 2.7, 1, "pair")


def face(left: float, top: float, width: float, height: float) -> Face:
    return Face(left, top, width, height, 0.9, np.zeros((5, 2), np.float32))


def slope(width: int, height: int) -> Picture:
    """Return a picture whose first two channels are the column and the row."""
    rows, columns = np.mgrid[0:height, 0:width]
    return np.stack([columns, rows, rows * 0], axis=2).astype(np.uint8)


@pytest.mark.parametrize(
    ("primary", "pair", "passes"),
    [
        (0.5, 0.3, True),
        (0.499, 1.0, False),
        (1.0, 0.299, False),
        (0.0, 0.0, False),
        (1.0, 1.0, True),
    ],
)
def test_both_votes_must_pass(primary: float, pair: float, passes: bool) -> None:
    assert PadVote(primary, pair).passes is passes


def test_the_square_crop_keeps_scale_and_middle() -> None:
    crop = pad_crop(slope(200, 200), face(80, 70, 40, 60), SQUARE, (90, 90))
    assert crop.shape == (90, 90, 3)
    assert crop[0, 0, :2].tolist() == [55, 55]
    assert crop[-1, -1, :2].tolist() == [144, 144]


def test_outside_the_picture_the_square_crop_is_mirrored_without_the_edge() -> None:
    picture = slope(60, 60)
    crop = pad_crop(picture, face(0, 0, 40, 40), SQUARE, (60, 60))
    expected = cv2.copyMakeBorder(picture, 10, 0, 10, 0, cv2.BORDER_REFLECT_101)[:60, :60]
    np.testing.assert_array_equal(crop, expected)
    whole = pad_crop(
        slope(3, 3), face(0, 0, 3, 3), PadForm("square_reflect", 5.0, 0, "primary"), (15, 15)
    )
    assert set(whole[0, :, 0].tolist()) == {0, 1, 2}


def test_the_fitted_crop_shrinks_to_the_picture_and_moves_inside() -> None:
    inside = pad_crop(slope(250, 250), face(100, 100, 20, 20), FITTED, (54, 54))
    assert abs(int(inside[0, 0, 0]) - 83) <= 1
    assert abs(int(inside[-1, -1, 0]) - 137) <= 1
    moved = pad_crop(slope(100, 100), face(0, 0, 30, 30), FITTED, (81, 81))
    assert moved[0, 0, :2].tolist() == [0, 0]
    shrunk = pad_crop(slope(100, 50), face(40, 5, 20, 40), FITTED, (40, 40))
    assert shrunk[-1, 0, 1] >= 48


def network(logits: list[float]) -> PadNetwork:
    def answer(feeds: Mapping[str, Tensor]) -> dict[str, Tensor]:
        return {"output": np.array([logits], np.float32)}

    manifest = shipped()["pad-minifasnet-v2"]
    inputs = (TensorSpec("input", (1, 3, 80, 80)),)
    return PadNetwork(FakeEngine(inputs, (TensorSpec("output", (1, None)),), answer), manifest)


def test_a_vote_is_the_share_of_the_bona_fide_class() -> None:
    picture, where = slope(100, 100), face(30, 30, 40, 40)
    for logits, share in (([0.0, 0.0, 0.0], 1 / 3), ([0, 900, 0], 1.0), ([900, 0, 0], 0.0)):
        net = network([float(value) for value in logits])
        assert net.vote_of(net.logits(picture, where)) == pytest.approx(share)
    voters = PadVoters(network([0, 9, 0]), (network([0, 9, 0]), network([9, 0, 0])))
    assert voters.vote(picture, where).pair_mean == pytest.approx(0.5, abs=0.01)


@pytest.mark.parametrize("logits", [[float("nan"), 0.0, 0.0], [1.0], [float("inf"), 0.0, 0.0]])
def test_a_broken_answer_is_no_vote(logits: list[float]) -> None:
    net = network(logits)
    with pytest.raises(EngineError):
        net.vote_of(net.logits(slope(100, 100), face(30, 30, 40, 40)))


def test_scores_of_the_samples_are_those_on_record() -> None:
    networks = {
        name: PadNetwork(open_onnx(read_model(models_folder(), manifest)), manifest)
        for name, manifest in shipped().items()
        if name.startswith("pad-minifasv2se")
    }
    checked = 0
    for entry in json.loads((faces_folder() / "MANIFEST.json").read_text()):
        for known in entry.get("faces", []):
            picture = face_picture(entry["file"])
            where = face(*known["box_xywh"])
            for version, score in known["reference_scores"].items():
                net = networks[f"pad-minifasv2se-{version}"]
                assert net.vote_of(net.logits(picture, where)) == pytest.approx(score, abs=0.02)
                checked += 1
    assert checked == 36


def test_the_live_sample_passes_and_both_attacks_are_refused() -> None:
    models = real_models()
    assert models.pad is not None
    passes = {}
    for name in ("live_T1", "attack_print_F1", "attack_screen_F2"):
        picture = face_picture(f"pad/{name}.jpg")
        [found] = models.detector.find(picture)
        vote = models.pad.vote(picture, found)
        passes[name] = vote.passes
    assert passes == {"live_T1": True, "attack_print_F1": False, "attack_screen_F2": False}


def test_each_vote_alone_in_the_wrong_colours_would_accept_an_attack() -> None:
    # The measured reason for the self-test: the pair sees bona fide people in both attacks.
    manifest = shipped()["pad-minifasnet-v1se"]
    wrong = replace(manifest, input=replace(manifest.input, colour_order="rgb"))
    engine = open_onnx(read_model(models_folder(), manifest))
    [found] = real_models().detector.find(face_picture("pad/attack_screen_F2.jpg"))
    votes = [
        net.vote_of(net.logits(face_picture("pad/attack_screen_F2.jpg"), found))
        for net in (PadNetwork(engine, manifest), PadNetwork(engine, wrong))
    ]
    assert votes[0] < 0.3 < votes[1]
