import numpy as np
import pytest

from edge.workers.face.compare import Gallery, Match, centred, unit
from edge.workers.face.identify import Attempt, AttemptSpec, Verdict, seen_in
from tests.support.face_people import LENGTH, cohort, drift

STRANGER = "/stranger"
AMBIGUOUS = "/ambiguous"


def test_the_best_and_the_best_other_person() -> None:
    people = cohort(20, seed=1)
    gallery = Gallery([f"P{i}" for i in range(20)], people)
    probe = drift(people[4], seed=2)
    slow = sorted(((float((rows @ probe).max()), f"P{i}") for i, rows in enumerate(people)))
    match = gallery.best_two(probe)
    assert match.person == "P4" == slow[-1][1]
    assert match.score == pytest.approx(slow[-1][0], abs=1e-5)
    assert match.second == pytest.approx(slow[-2][0], abs=1e-5)


def test_a_hidden_person_is_not_compared() -> None:
    people = cohort(5, seed=3)
    gallery = Gallery([f"P{i}" for i in range(5)], people)
    probe = people[2][0]
    hidden = gallery.hiding({"P0", "P1"})
    match = gallery.best_two(probe, hidden)
    assert match.person in {"P0", "P1"}
    assert match.score < 0.4
    assert gallery.best_two(probe, gallery.hiding(())).person is None
    assert gallery.best_two(probe).person == "P2"
    alone = gallery.best_two(probe, gallery.hiding({"P2"}))
    assert (alone.person, alone.second) == ("P2", -1.0)


def test_an_empty_gallery_names_nobody() -> None:
    assert Gallery((), ()).best_two(np.ones(LENGTH, np.float32)).person is None


def test_a_gallery_is_a_copy_and_can_be_overwritten() -> None:
    people = cohort(3, seed=4)
    gallery = Gallery(["A", "B", "C"], people)
    matrix = gallery._matrix
    gallery.wipe()
    assert not matrix.any()
    assert people[0].any()
    assert gallery.best_two(people[0][0]).person is None


def test_a_probe_that_is_no_number_names_nobody() -> None:
    gallery = Gallery(["A", "B"], cohort(2, seed=5))
    match = gallery.best_two(np.full(LENGTH, np.nan, np.float32))
    assert seen_in(match, 0.5, 0.08) == STRANGER


def test_the_mean_is_taken_off_probe_and_references() -> None:
    people = cohort(50, seed=6, shift=0.3)
    mean = np.asarray(np.mean([unit(p.mean(axis=0)) for p in people], axis=0), np.float32)
    gallery = Gallery([str(i) for i in range(50)], people, mean)
    probe = drift(people[9], seed=1)
    kept = probe.copy()
    match = gallery.best_two(probe)
    expected = max(float(row @ centred(kept, mean)) for row in centred(people[9], mean))
    assert match.score == pytest.approx(expected, abs=1e-5)
    np.testing.assert_array_equal(probe, kept)


@pytest.mark.parametrize(
    ("score", "second", "said"),
    [
        (0.62, 0.10, "P"),
        (0.6199, 0.10, STRANGER),
        (0.80, 0.7199, "P"),
        (0.80, 0.7201, AMBIGUOUS),
        (0.99, 0.99, AMBIGUOUS),
        (float("nan"), 0.0, STRANGER),
    ],
)
def test_what_a_frame_says(score: float, second: float, said: str) -> None:
    assert seen_in(Match("P", score, second), 0.62, 0.08) == said


def test_two_frames_that_agree_within_the_time_identify() -> None:
    attempt = Attempt()
    assert attempt.frame("face", "P", 0) is None
    assert attempt.frame("face", "P", 1500) == Verdict("P", "ok")


def test_frames_too_far_apart_do_not_agree() -> None:
    attempt = Attempt()
    assert attempt.frame("face", "P", 0) is None
    assert attempt.frame("face", "P", 1501) is None
    assert attempt.frame("face", "P", 1601) == Verdict("P", "ok")


@pytest.mark.parametrize("between", [STRANGER, AMBIGUOUS, "Q"])
def test_what_says_otherwise_in_between_begins_anew(between: str) -> None:
    attempt = Attempt()
    attempt.frame("face", "P", 0)
    assert attempt.frame("face", between, 100) is None
    assert attempt.frame("face", "P", 200) is None
    assert attempt.frame("face", "P", 300) == Verdict("P", "ok")


def test_an_empty_view_in_between_begins_anew_and_a_poor_frame_does_not() -> None:
    attempt = Attempt()
    attempt.frame("face", "P", 0)
    attempt.frame("no_face", None, 50)
    assert attempt.frame("face", "P", 100) is None
    attempt.frame("poor", None, 150)
    assert attempt.frame("face", "P", 200) == Verdict("P", "ok")


def test_one_failed_pad_vote_refuses() -> None:
    attempt = Attempt()
    attempt.frame("face", "P", 0)
    assert attempt.frame("attack", None, 50) == Verdict(None, "pad_failed")


@pytest.mark.parametrize(("outcome", "whom"), [("two_faces", None), ("face", AMBIGUOUS)])
def test_ambiguity_that_lasts_refuses(outcome: str, whom: str | None) -> None:
    attempt = Attempt()
    for at_ms in range(0, 400, 100):
        assert attempt.frame(outcome, whom, at_ms) is None  # type: ignore[arg-type]  # two of the outcomes
    assert attempt.frame(outcome, whom, 400) == Verdict(None, "ambiguous")  # type: ignore[arg-type]  # as above


def test_a_neighbour_who_walks_past_does_not_refuse() -> None:
    attempt = Attempt()
    attempt.frame("two_faces", None, 0)
    attempt.frame("two_faces", None, 300)
    attempt.frame("face", "P", 400)
    assert attempt.frame("face", "P", 500) == Verdict("P", "ok")


def test_a_stranger_is_refused_before_the_camera_closes() -> None:
    attempt = Attempt(AttemptSpec(most_compared=3))
    assert attempt.frame("face", STRANGER, 0) is None
    assert attempt.frame("face", STRANGER, 100) is None
    assert attempt.frame("face", STRANGER, 200) == Verdict(None, "no_match")
    assert attempt.unknown == 3


def test_an_attempt_that_expires_says_the_most_useful_thing() -> None:
    assert Attempt().expired() == Verdict(None, "no_face")
    attempt = Attempt()
    attempt.frame("poor", None, 0)
    attempt.frame("no_face", None, 100)
    assert attempt.expired() == Verdict(None, "low_quality")
    attempt.frame("face", STRANGER, 200)
    assert attempt.expired() == Verdict(None, "no_match")
    # One frame names nobody.
    single = Attempt()
    single.frame("face", "P", 0)
    assert single.expired() == Verdict(None, "no_match")


def test_no_score_is_shown() -> None:
    assert "0.7" not in repr(Match("P", 0.71, 0.72))
