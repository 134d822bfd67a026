"""Hold every pipeline to the rules of ``edge.workers.face.analysis``: the drawn and the real."""

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
import pytest

from edge.workers.face.analysis import FacePipeline, Frame, wipe
from edge.workers.face.analysis_fake import FakePipeline, drawn_frame
from edge.workers.face.pipeline import ModelPipeline
from tests.support.face_assets import face_picture, real_models


@dataclass(frozen=True, slots=True)
class Case:
    pipeline: FacePipeline
    face: Callable[[], Frame]
    another: Callable[[], Frame]
    two_faces: Callable[[], Frame]
    nobody: Callable[[], Frame]
    poor: Callable[[], Frame]
    attack: Callable[[], Frame]


def drawn() -> Case:
    return Case(
        FakePipeline(),
        lambda: drawn_frame(1),
        lambda: drawn_frame(2),
        lambda: drawn_frame(1, "two_faces"),
        lambda: drawn_frame(1, "no_face"),
        lambda: drawn_frame(1, "poor"),
        lambda: drawn_frame(1, "attack"),
    )


def real() -> Case:
    officials = "public_officials/"
    return Case(
        ModelPipeline(real_models()),
        lambda: face_picture(officials + "obama_1.jpg"),
        lambda: face_picture(officials + "biden_1.jpg"),
        lambda: face_picture(officials + "obama_biden_two.jpg"),
        lambda: np.full((480, 640, 3), 128, np.uint8),
        lambda: np.asarray(cv2.blur(face_picture(officials + "obama_1.jpg"), (31, 31)), np.uint8),
        lambda: face_picture("pad/attack_screen_F2.jpg"),
    )


@pytest.fixture(params=[drawn, real])
def case(request: pytest.FixtureRequest) -> Case:
    made: Case = request.param()
    return made


def test_a_face_has_an_embedding_of_unit_length_that_is_the_callers(case: Case) -> None:
    first, second = case.pipeline.analyse(case.face()), case.pipeline.analyse(case.face())
    assert first.outcome == "face"
    assert first.embedding is not None
    assert second.embedding is not None
    assert first.embedding.dtype == np.float32
    assert first.embedding.shape == (case.pipeline.embedding_length,)
    assert np.linalg.norm(first.embedding) == pytest.approx(1, abs=1e-5)
    np.testing.assert_array_equal(first.embedding, second.embedding)
    wipe(first.embedding)
    assert second.embedding.any()
    assert not first.embedding.any()


def test_strangers_are_not_alike(case: Case) -> None:
    one, other = case.pipeline.analyse(case.face()), case.pipeline.analyse(case.another())
    assert one.embedding is not None
    assert other.embedding is not None
    assert float(one.embedding @ other.embedding) < 0.35


@pytest.mark.parametrize("which", ["two_faces", "nobody", "poor", "attack"])
def test_whoever_is_refused_is_never_embedded(case: Case, which: str) -> None:
    frame: Frame = getattr(case, which)()
    analysis = case.pipeline.analyse(frame)
    assert analysis.outcome == ("no_face" if which == "nobody" else which)
    assert analysis.embedding is None
    assert analysis.ran.embeddings == 0
    assert analysis.ran.detections == 1
    assert (analysis.box is None) == (which == "nobody")
    assert (analysis.pad is False) == (which == "attack")
    assert bool(analysis.hints) == (which in {"two_faces", "poor"})


def test_quality_comes_before_pad_and_pad_before_the_embedding(case: Case) -> None:
    assert case.pipeline.analyse(case.poor()).ran.pad_votes == 0
    assert case.pipeline.analyse(case.attack()).ran.pad_votes > 0
    seen = case.pipeline.analyse(case.face())
    assert seen.pad is True
    assert (seen.ran.detections, seen.ran.embeddings) == (1, 1)
    assert seen.ran.pad_votes > 0


def test_a_frame_is_not_changed(case: Case) -> None:
    frame = case.face()
    kept = frame.copy()
    case.pipeline.analyse(frame)
    np.testing.assert_array_equal(frame, kept)


def test_an_analysis_shows_nothing_of_a_person(case: Case) -> None:
    assert repr(case.pipeline.analyse(case.face())) == "Analysis(face)"


def test_enrolment_looks_with_the_same_model(case: Case) -> None:
    stricter = case.pipeline.for_enrolment()
    assert stricter.model_sha256 == case.pipeline.model_sha256
    assert len(stricter.model_sha256) == 64
    assert stricter.analyse(case.nobody()).outcome == "no_face"


def test_the_self_test_passes_and_says_what_it_cost(case: Case) -> None:
    report = case.pipeline.self_test()
    assert report.passes
    assert report.ran.detections > 0
    assert report.ran.embeddings > 0
