"""Hold the calibration to its rules over many sites, shifted ones included."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.workers.face.calibrate import CalibrationSpec, calibrate
from edge.workers.face.compare import Gallery
from edge.workers.face.identify import Attempt, seen_in
from tests.support.face_people import cohort, drift

SITES = st.tuples(
    st.integers(0, 90), st.integers(0, 10_000), st.sampled_from([0.0, 0.006, 0.17, 0.25])
)


@settings(max_examples=40)
@given(SITES)
def test_the_operating_point_follows_the_rules(site: tuple[int, int, float]) -> None:
    count, seed, shift = site
    point = calibrate(cohort(count, seed=seed, shift=shift, genuine=0.8))
    assert point.people == count
    assert point.doubled == 0
    assert not point.is_alike
    assert point.threshold >= point.floor
    assert point.floor == (0.62 if point.mean is None else 0.50)
    if count < 10:
        assert point.mean is None
    if count >= 40:
        assert point.mean is not None
    assert point.expected_fpir is None


@settings(max_examples=25)
@given(SITES)
def test_the_order_of_the_people_does_not_matter(site: tuple[int, int, float]) -> None:
    count, seed, shift = site
    people = cohort(count, seed=seed, shift=shift)
    other = list(people)
    np.random.default_rng(seed).shuffle(other)
    first, second = calibrate(people), calibrate(other)
    assert (first.mean is None) == (second.mean is None)
    assert abs(first.threshold - second.threshold) < 1e-5


@settings(max_examples=15)
@given(st.integers(0, 10_000), st.sampled_from([0.0, 0.17]))
def test_the_stricter_of_floor_and_quantile_holds_where_people_resolve_it(
    seed: int, shift: float
) -> None:
    spec = CalibrationSpec(target_fpir=0.05, raw_floor=0.1, centred_floor=0.1)
    people = cohort(80, seed=seed, shift=shift)
    point = calibrate(people, spec)
    reached = int(np.sum(point.best_scores >= point.threshold))
    assert point.threshold > 0.1
    assert reached <= int(80 * spec.target_fpir)
    assert point.expected_fpir == reached / 80


@settings(max_examples=15)
@given(st.integers(0, 10_000), st.sampled_from([0.0, 0.17]), st.integers(3, 80))
def test_residents_are_found_and_strangers_are_not(seed: int, shift: float, count: int) -> None:
    people = cohort(count, seed=seed, shift=shift, genuine=0.9)
    point = calibrate(people)
    gallery = Gallery([f"P{i}" for i in range(count)], people, point.mean)
    for index in range(0, count, 7):
        match = gallery.best_two(drift(people[index], seed=index, genuine=0.9))
        assert seen_in(match, point.threshold, point.margin) == f"P{index}"
    for rows in cohort(20, seed=seed, shift=shift, references=1, first=5000):
        assert seen_in(gallery.best_two(rows[0]), point.threshold, point.margin) == "/stranger"


FRAME = st.tuples(
    st.sampled_from(["face", "no_face", "two_faces", "poor", "attack"]),
    st.sampled_from(["P", "Q", "/stranger", "/ambiguous"]),
    st.integers(1, 2000),
)


@given(st.lists(FRAME, max_size=30))
def test_nobody_is_named_without_two_frames_that_say_so(
    frames: list[tuple[str, str, int]],
) -> None:
    attempt, at_ms, named = Attempt(), 0, []
    for outcome, whom, wait_ms in frames:
        at_ms += wait_ms
        said = whom if outcome == "face" else None
        named.append((said, at_ms))
        verdict = attempt.frame(outcome, said, at_ms)  # type: ignore[arg-type]  # drawn from the outcomes
        if verdict is None:
            continue
        assert (verdict.person is None) == (verdict.reason != "ok")
        if verdict.person is not None:
            times = [at for who, at in named if who == verdict.person]
            assert len(times) >= 2
            assert times[-1] - times[-2] <= 1500
            assert "attack" not in [frame[0] for frame in frames[: len(named)]]
        return
    assert attempt.expired().person is None
