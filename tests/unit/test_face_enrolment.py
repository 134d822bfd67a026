from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from edge import worker_wire as wire
from edge.workers.face.analysis_fake import FakePipeline, drawn_embedding
from edge.workers.face.enrolment import EnrolmentSpec, Gathering, choose_references
from tests.support.face_lane import LaneBench
from tests.support.face_people import cohort

ANN, BEN = 1, 2


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[LaneBench]:
    bench = LaneBench(tmp_path)
    yield bench
    bench.close()


def test_five_frames_make_three_references_of_one_model(bench: LaneBench) -> None:
    bench.view(ANN)
    bench.enrol_press("ANN")
    frames = [bench.run_until(wire.FaceEnrolProgress).frames for _ in range(6)]
    assert frames == [0, 1, 2, 3, 4, 5]
    enrolled = bench.run_until(wire.FaceEnrolled)
    assert (enrolled.person, enrolled.references) == ("ANN", 3)
    assert enrolled.model == FakePipeline().model_sha256
    assert len(set(enrolled.commitments)) == 3
    stored = bench.store.unseal("ANN", enrolled.model)
    takes = np.stack([drawn_embedding(ANN, take) for take in range(6)])
    assert all(np.isclose(takes @ row, 1, atol=1e-6).any() for row in stored)
    assert bench.counts("enrolment").armed == 1
    assert bench.counts("entry").armed == 0


def test_an_enrolment_goes_on_with_the_next_press(bench: LaneBench) -> None:
    bench.view(ANN)
    bench.enrol_press("ANN", for_ms=500)
    while bench.run_until(wire.FaceEnrolProgress).camera == "open":
        assert bench.lane.is_armed
    assert bench.lane.feed.is_closed or not bench.lane.is_armed
    begun = bench.lane._gathering
    assert begun is not None
    assert 0 < begun.count < 5
    bench.enrol_press("ANN")
    assert bench.run_until(wire.FaceEnrolProgress).frames == begun.count
    assert bench.run_until(wire.FaceEnrolled).references == 3
    assert bench.counts("enrolment").armed == 2


def test_an_enrolment_that_nobody_continues_is_forgotten(bench: LaneBench) -> None:
    bench.view(ANN)
    bench.enrol_press("ANN", for_ms=500)
    while bench.run_until(wire.FaceEnrolProgress).camera == "open":
        pass
    gathering = bench.lane._gathering
    assert gathering is not None
    taken = list(gathering._taken)
    bench.skip(61_000)
    assert bench.run_until(wire.FaceEnrolEnded) == wire.FaceEnrolEnded("ap-1", "ANN", "timeout")
    assert not any(np.any(embedding) for embedding in taken)
    assert bench.store.people == ()


@pytest.mark.parametrize(
    ("command", "reason"),
    [(wire.FaceEnrolStop("ap-1"), "stopped"), (wire.FaceArm("ap-1", 2**40), "stopped")],
)
def test_an_enrolment_can_be_given_up(bench: LaneBench, command: wire.Message, reason: str) -> None:
    bench.view(ANN)
    bench.enrol_press("ANN")
    bench.run_until(wire.FaceEnrolProgress)
    bench.tell(command)
    assert bench.run_until(wire.FaceEnrolEnded) == wire.FaceEnrolEnded("ap-1", "ANN", reason)
    assert bench.store.people == ()


def test_a_picture_of_a_person_is_not_enrolled(bench: LaneBench) -> None:
    bench.view(ANN, "attack")
    bench.enrol_press("ANN")
    assert bench.run_until(wire.FaceEnrolEnded).reason == "pad_failed"
    bench.enrol_press("ANN")
    assert bench.run_until(wire.FaceEnrolEnded).reason == "pad_failed"
    bench.view(ANN)
    bench.enrol_press("ANN")
    assert bench.run_until(wire.FaceEnrolEnded).reason == "resting"
    assert bench.store.people == ()


def test_poor_frames_are_not_taken_and_say_why(bench: LaneBench) -> None:
    bench.view(ANN, "poor")
    bench.enrol_press("ANN")
    assert bench.run_until(wire.FaceHint) == wire.FaceHint("ap-1", "hold_still")
    bench.view(ANN)
    assert bench.run_until(wire.FaceEnrolled).references == 3


def test_somebody_else_who_steps_in_ends_the_enrolment(bench: LaneBench) -> None:
    bench.view(ANN)
    bench.enrol_press("ANN")
    while bench.run_until(wire.FaceEnrolProgress).frames < 2:
        pass
    bench.view(BEN)
    assert bench.run_until(wire.FaceEnrolEnded).reason == "faces_differ"
    assert bench.store.people == ()


def test_enrolling_anew_replaces_the_references(bench: LaneBench) -> None:
    bench.know("ANN", ANN)
    bench.allow("ANN")
    assert bench.press(ANN).person == "ANN"
    bench.enrol("ANN", BEN)
    assert bench.press(BEN).person == "ANN"
    assert bench.press(ANN).reason == "no_match"


def test_an_enrolment_alone_lets_nobody_in(bench: LaneBench) -> None:
    bench.know("ANN", ANN)
    assert bench.press(ANN).reason == "no_match"


def test_J05_nobody_is_enrolled_beyond_what_the_site_allows(tmp_path: Path) -> None:
    bench = LaneBench(tmp_path, most_people=1)
    bench.know("ANN", ANN)
    bench.view(BEN)
    bench.enrol_press("BEN")
    assert bench.run_until(wire.FaceEnrolEnded).reason == "gallery_full"
    # Whoever is enrolled already may do it anew.
    bench.enrol("ANN", BEN)
    bench.close()


def test_frames_of_one_movement_are_one_frame() -> None:
    gathering = Gathering("ANN", EnrolmentSpec(apart_ms=250))
    for at_ms in (0, 100, 249, 250, 499, 600):
        assert gathering.take(drawn_embedding(ANN, int(at_ms)), at_ms)
    assert gathering.count == 3


def test_the_references_are_the_usual_one_and_the_most_different_ones() -> None:
    (rows,) = cohort(1, seed=3, references=5, genuine=0.9)
    alike = rows @ rows.T
    usual = int(np.argmax(alike.sum(axis=1)))
    furthest = int(np.argmin(alike[usual]))
    kept = rows.copy()
    chosen = choose_references(rows, 3)
    np.testing.assert_array_equal(chosen[0], kept[usual])
    np.testing.assert_array_equal(chosen[1], kept[furthest])
    assert not rows.any()
    assert choose_references(kept[:2], 3).shape == (2, kept.shape[1])
