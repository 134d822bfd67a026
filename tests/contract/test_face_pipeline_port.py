from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest

from edge.workers.face.analysis import FacePipeline, Frame, Outcome, wipe
from edge.workers.face.analysis_fake import FakePipeline, drawn_frame
from edge.workers.face.pipeline import ModelPipeline
from tests.support.face_assets import face_picture, real_models

REAL: dict[Outcome, str] = {
    "face": "public_officials/obama_1.jpg",
    "no_face": "compreface/017_0.jpg",
    "two_faces": "public_officials/obama_biden_two.jpg",
    "poor": "public_officials/obama_5_lowres.jpg",
    "attack": "pad/attack_screen_F2.jpg",
}


@dataclass(frozen=True)
class Bench:
    pipeline: FacePipeline
    frame_of: Callable[[Outcome], Frame]


@pytest.fixture(params=["networks", "fake"])
def bench(request: pytest.FixtureRequest) -> Bench:
    if request.param == "fake":
        return Bench(FakePipeline(), lambda outcome: drawn_frame(3, outcome))
    return Bench(ModelPipeline(real_models()), lambda outcome: face_picture(REAL[outcome]))


@pytest.mark.parametrize("outcome", sorted(REAL))
def test_each_outcome_comes_with_what_it_promises(bench: Bench, outcome: Outcome) -> None:
    seen = bench.pipeline.analyse(bench.frame_of(outcome))
    assert seen.outcome == outcome
    assert (seen.embedding is not None) is (outcome == "face")
    assert (seen.box is None) is (outcome == "no_face")
    assert bool(seen.hints) is (outcome in {"two_faces", "poor"})
    assert seen.pad is {"face": True, "attack": False}.get(outcome)


@pytest.mark.parametrize("outcome", sorted(REAL))
def test_networks_run_in_order_and_are_counted(bench: Bench, outcome: Outcome) -> None:
    ran = bench.pipeline.analyse(bench.frame_of(outcome)).ran
    assert ran.detections == 1
    assert (ran.pad_votes > 0) is (outcome in {"face", "attack"})
    assert ran.embeddings == int(outcome == "face")


def test_an_embedding_is_a_fresh_unit_vector_that_can_be_overwritten(bench: Bench) -> None:
    first, second = (bench.pipeline.analyse(bench.frame_of("face")).embedding for _ in range(2))
    assert first is not None
    assert second is not None
    assert first.dtype == np.float32
    assert first.shape == (bench.pipeline.embedding_length,)
    assert float(np.linalg.norm(first)) == pytest.approx(1, abs=1e-5)
    np.testing.assert_array_equal(first, second)
    wipe(first)
    assert not first.any()
    assert second.any()


def test_a_text_about_it_holds_no_face_data(bench: Bench) -> None:
    seen = bench.pipeline.analyse(bench.frame_of("face"))
    assert repr(seen) == "Analysis(face)"


def test_the_self_test_passes_and_counts_every_kind(bench: Bench) -> None:
    report = bench.pipeline.self_test()
    assert report.passes
    assert min(report.ran.detections, report.ran.pad_votes, report.ran.embeddings) > 0


def test_the_model_is_named_by_its_hash(bench: Bench) -> None:
    assert len(bytes.fromhex(bench.pipeline.model_sha256)) == 32
    assert bench.pipeline.has_pad
