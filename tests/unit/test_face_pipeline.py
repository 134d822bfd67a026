import logging
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.workers.face.analysis import Analysis, FacePipeline, Inferences
from edge.workers.face.detect import Detector
from edge.workers.face.embed import Embedder
from edge.workers.face.engine import EngineError
from edge.workers.face.engine_onnx import open_onnx
from edge.workers.face.manifest import ManifestError, read_model
from edge.workers.face.models_input import Picture
from edge.workers.face.pipeline import ModelPipeline, Zone, open_pipeline
from tests.support.face_assets import face_picture, models_folder, real_models, shipped

DETECTED = Inferences(detections=1)
EVERYTHING = Inferences(detections=1, pad_votes=3, embeddings=1)
RESIDENT = "public_officials/obama_1.jpg"


def look(picture: Picture, *, zone: Zone | None = None) -> Analysis:
    return ModelPipeline(real_models(), zone=zone or Zone()).analyse(picture)


def beside(left: Picture, right: Picture) -> Picture:
    """Return both pictures side by side, the shorter one above grey."""
    height = max(left.shape[0], right.shape[0])
    padded = [
        cv2.copyMakeBorder(
            p, 0, height - p.shape[0], 0, 0, cv2.BORDER_CONSTANT, value=(120, 120, 120)
        )
        for p in (left, right)
    ]
    return np.asarray(np.hstack(padded), np.uint8)


def test_the_pipeline_is_one() -> None:
    pipeline: FacePipeline = ModelPipeline(real_models())
    assert pipeline.model_sha256 == shipped()["face-reidentification-retail-0095"].sha256
    assert pipeline.embedding_length == 256
    assert pipeline.has_pad


def test_a_good_frame_gives_a_unit_embedding_that_the_caller_owns() -> None:
    seen = look(face_picture(RESIDENT))
    assert (seen.outcome, seen.pad, seen.hints, seen.ran) == ("face", True, (), EVERYTHING)
    assert seen.embedding is not None
    assert seen.embedding.shape == (256,)
    assert seen.embedding.flags.owndata
    assert seen.embedding.flags.writeable
    assert float(np.linalg.norm(seen.embedding)) == pytest.approx(1, abs=1e-5)
    assert seen.box is not None
    assert "0." not in repr(seen)


def test_the_frame_itself_is_left_as_it_was() -> None:
    picture = face_picture(RESIDENT)
    before = picture.copy()
    look(picture)
    np.testing.assert_array_equal(picture, before)


def test_the_same_person_twice_is_nearer_than_another_person() -> None:
    known, again, other = (
        look(face_picture(name)).embedding
        for name in (RESIDENT, "public_officials/obama_3.jpg", "public_officials/biden_1.jpg")
    )
    assert known is not None
    assert again is not None
    assert other is not None
    assert float(known @ again) > 0.6
    assert float(known @ other) < 0.3


def test_an_empty_frame_costs_one_detection() -> None:
    seen = look(face_picture("compreface/017_0.jpg"))
    assert (seen.outcome, seen.embedding, seen.box, seen.ran) == ("no_face", None, None, DETECTED)


@pytest.mark.parametrize(
    "name",
    ["public_officials/obama_biden_two.jpg", "compreface/010_2.jpg", "compreface/016_8.jpg"],
)
def test_J03_two_people_of_about_one_size_are_refused_and_neither_is_embedded(name: str) -> None:
    seen = look(face_picture(name))
    assert (seen.outcome, seen.hints, seen.ran) == ("two_faces", ("one_person",), DETECTED)
    assert seen.embedding is None


def test_a_bystander_behind_is_neither_embedded_nor_in_the_way() -> None:
    near = face_picture(RESIDENT, long_side_px=900)
    far = face_picture("public_officials/biden_1.jpg", long_side_px=500)
    alone, crowded = look(near), look(beside(near, far))
    assert crowded.outcome == "face"
    assert crowded.ran == EVERYTHING
    assert alone.embedding is not None
    assert crowded.embedding is not None
    assert float(alone.embedding @ crowded.embedding) > 0.9


def test_a_person_outside_the_zone_is_no_face_and_one_beside_it_still_refuses() -> None:
    picture = face_picture(RESIDENT)
    assert look(picture, zone=Zone(right=0.1)).outcome == "no_face"
    pair = face_picture("public_officials/obama_biden_two.jpg")
    assert look(pair, zone=Zone(right=0.5)).outcome == "two_faces"


def test_a_poor_frame_runs_neither_pad_nor_embedding() -> None:
    seen = look(face_picture("public_officials/obama_5_lowres.jpg"))
    assert (seen.outcome, seen.hints, seen.ran) == ("poor", ("come_closer",), DETECTED)
    assert seen.pad is None
    assert seen.embedding is None


@pytest.mark.parametrize("name", ["attack_print_F1.jpg", "attack_screen_F2.jpg"])
def test_J06_a_print_and_a_screen_are_refused_before_any_embedding(name: str) -> None:
    seen = look(face_picture(f"pad/{name}"))
    assert (seen.outcome, seen.pad, seen.embedding) == ("attack", False, None)
    assert seen.ran == Inferences(detections=1, pad_votes=3)


@pytest.mark.parametrize(
    "number", ["39_screen", "42_screen", "45_screen", "54_print", "57_print", "63_print"]
)
def test_no_frame_with_an_artefact_beside_a_person_opens(number: str) -> None:
    seen = look(face_picture(f"pad/webcam_demo_{number}.png"))
    assert seen.outcome in {"two_faces", "poor", "attack"}
    assert seen.embedding is None


def test_enrolment_asks_for_a_nearer_and_straighter_face_on_the_same_networks() -> None:
    pipeline = ModelPipeline(real_models())
    enrolling = pipeline.for_enrolment()
    small = face_picture(RESIDENT, long_side_px=400)
    assert pipeline.analyse(small).outcome == "face"
    assert enrolling.analyse(small).hints == ("come_closer",)
    assert enrolling.analyse(face_picture(RESIDENT)).outcome == "face"
    assert enrolling.model_sha256 == pipeline.model_sha256


def test_without_pad_files_no_vote_is_cast_and_that_is_said() -> None:
    models = real_models()
    pipeline = ModelPipeline(replace(models, pad=None, manifests=models.manifests[:2]))
    seen = pipeline.analyse(face_picture("pad/attack_print_F1.jpg"))
    assert not pipeline.has_pad
    assert (seen.outcome, seen.pad) == ("face", None)
    assert pipeline.self_test().passes


def test_a_network_that_fails_ends_the_frame_with_an_error() -> None:
    models, manifest = real_models(), shipped()["face-reidentification-retail-0095"]
    closed = open_onnx(read_model(models_folder(), manifest))
    closed.close()
    pipeline = ModelPipeline(replace(models, embedder=Embedder(closed, manifest)))
    with pytest.raises(EngineError):
        pipeline.analyse(face_picture(RESIDENT))


def test_the_self_test_passes_and_counts_apart() -> None:
    report = ModelPipeline(real_models()).self_test()
    assert (report.passes, report.failed) == (True, "")
    assert report.ran == Inferences(detections=3, pad_votes=9, embeddings=2)


def test_a_wrong_model_fails_the_self_test_and_is_named(caplog: pytest.LogCaptureFixture) -> None:
    models, yunet = real_models(), shipped()["yunet-2026may"]
    wrong = replace(yunet, input=replace(yunet.input, scale=1 / 255))
    detector = Detector(open_onnx(read_model(models_folder(), yunet)), wrong)
    with caplog.at_level(logging.ERROR):
        report = ModelPipeline(replace(models, detector=detector)).self_test()
    assert report.failed == "no_answer"
    assert {record.getMessage() for record in caplog.records} == {"self_test_failed"}
    assert {record.__dict__["model"] for record in caplog.records} == {"yunet-2026may"}


def test_it_opens_from_a_folder_closes_and_says_when_models_are_missing(tmp_path: Path) -> None:
    pipeline = open_pipeline(models_folder(), threads=1)
    pipeline.close()
    with pytest.raises(EngineError):
        pipeline.analyse(face_picture(RESIDENT))
    with pytest.raises(ManifestError) as caught:
        open_pipeline(tmp_path)
    assert caught.value.code == "not_installed"
