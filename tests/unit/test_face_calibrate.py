import numpy as np
import pytest

from edge.workers.face.calibrate import CalibrationSpec, calibrate
from edge.workers.face.calibrate_scores import best_of_others, doubles, genuine, strangers_mean
from edge.workers.face.compare import Gallery, centred, unit
from edge.workers.face.worker_desk import calibration_report
from tests.support.face_people import cohort, drift

EAST_ASIAN = 0.17


def test_below_ten_people_scores_are_raw_with_the_high_floor() -> None:
    for count in (0, 1, 2, 9):
        point = calibrate(cohort(count, seed=1, shift=EAST_ASIAN))
        assert (point.mean, point.floor, point.threshold) == (None, 0.62, 0.62)
        assert point.expected_fpir is None


def test_from_forty_people_on_the_site_mean_is_taken_off() -> None:
    people = cohort(40, seed=2, shift=EAST_ASIAN)
    point = calibrate(people)
    assert point.mean is not None
    assert (point.floor, point.threshold) == (0.50, 0.50)
    assert point.strangers_mean == pytest.approx(EAST_ASIAN, abs=0.05)
    after = [centred(rows, point.mean) for rows in people]
    assert abs(strangers_mean(after)) < 0.03


def test_between_ten_and_forty_the_mean_is_taken_off_only_where_nobody_loses() -> None:
    assert calibrate(cohort(20, seed=3, shift=EAST_ASIAN)).mean is not None
    # Two near-equal halves: the mean of ten people is mostly what makes each of them themselves.
    near = cohort(10, seed=4, shift=0.6, genuine=0.7)
    point = calibrate(near, CalibrationSpec(double_score=0.99))
    assert (point.mean, point.threshold) == (None, 0.62)


def test_each_person_weighs_once_in_the_mean() -> None:
    people = cohort(40, seed=5)
    many = [np.repeat(people[0], 5, axis=0), *people[1:]]
    once, often = calibrate(people).mean, calibrate(many).mean
    assert once is not None
    assert often is not None
    np.testing.assert_allclose(once, often, atol=1e-6)


def test_the_threshold_is_the_stricter_of_floor_and_quantile_where_people_resolve_it() -> None:
    people = cohort(1000, seed=6, shift=0.02)
    for index in range(0, 40, 2):  # twenty pairs of relatives
        people[index + 1] = unit(0.9 * people[index] + 0.75 * people[index + 1])
    point = calibrate(people, CalibrationSpec(double_score=0.9))
    assert point.threshold > point.floor == 0.50
    allowed = int(1000 * point.target_fpir)
    assert int(np.sum(point.best_scores >= point.threshold)) <= allowed
    assert point.expected_fpir is not None
    assert point.expected_fpir <= point.target_fpir
    few = calibrate(people[:999], CalibrationSpec(double_score=0.9))
    assert (few.threshold, few.expected_fpir) == (0.50, None)


def test_J05_the_threshold_rises_with_the_number_of_people() -> None:
    spec = CalibrationSpec(target_fpir=0.015, centred_floor=0.0)
    points = [calibrate(cohort(count, seed=7), spec) for count in (200, 600, 1800)]
    found = [point.threshold for point in points]
    assert found == sorted(set(found))
    for point in points:
        # What this threshold lets through, of all the strangers that this gallery has met.
        assert point.expected_fpir is not None
        assert point.expected_fpir <= spec.target_fpir


def test_a_person_enrolled_twice_is_found_and_hides_nothing() -> None:
    people = cohort(60, seed=8)
    twice = [*people, unit(people[7] + 0.05)]
    assert [group for group in doubles(twice, 0.62) if len(group) > 1] == [[7, 60]]
    point = calibrate(twice)
    assert point.doubled == 2
    assert point.best_scores.max() < 0.5
    assert len(point.best_scores) == 60


def test_strangers_who_look_alike_disarm_and_are_not_taken_for_doubles() -> None:
    broken = cohort(12, seed=9, shift=0.95, genuine=0.98)
    assert calibrate(broken).is_alike
    assert not calibrate(cohort(12, seed=9, shift=EAST_ASIAN)).is_alike
    # Three people, two of whom are one: no broken pipeline.
    pair = cohort(2, seed=10)
    assert not calibrate([pair[0], pair[0], pair[1]]).is_alike


def test_scores_are_those_of_a_slow_reference() -> None:
    people = cohort(150, seed=11, shift=0.1)
    slow = sorted(
        max(float((one @ other.T).max()) for j, other in enumerate(people) if j != i)
        for i, one in enumerate(people)
    )
    np.testing.assert_allclose(best_of_others(people), slow, atol=1e-5)
    own = [
        max(float(rows[a] @ rows[b]) for b in range(3) if b != a)
        for rows in people
        for a in range(3)
    ]
    np.testing.assert_allclose(genuine(people), own, atol=1e-5)
    means = [unit(rows.mean(axis=0)) for rows in people]
    pairs = [float(a @ b) for i, a in enumerate(means) for b in means[:i]]
    assert strangers_mean(people) == pytest.approx(float(np.mean(pairs)), abs=1e-5)


def test_people_with_different_numbers_of_references_are_scored_alike() -> None:
    people = [*cohort(5, seed=12, references=1), *cohort(70, seed=13, references=4)]
    slow = sorted(
        max(float((one @ other.T).max()) for j, other in enumerate(people) if j != i)
        for i, one in enumerate(people)
    )
    np.testing.assert_allclose(best_of_others(people), slow, atol=1e-5)


def test_the_report_shows_aggregates_only() -> None:
    model = "a" * 64
    report = calibration_report(calibrate(cohort(40, seed=14, shift=EAST_ASIAN)), model)
    assert (report.people, report.references, report.method) == (40, 120, "centred")
    assert report.mean is not None
    # Ten people lie beyond the median of forty; beyond the others lie fewer.
    assert report.median_e4 is not None
    assert (report.quantile_90_e4, report.quantile_99_e4) == (None, None)
    many = calibration_report(calibrate(cohort(1000, seed=15)), model)
    assert many.quantile_99_e4 is not None
    assert many.expected_fpir_ppm is not None
    assert many.expected_fpir_ppm <= many.target_fpir_ppm == 3000


def test_calibrating_changes_no_reference() -> None:
    people = cohort(45, seed=16)
    before = [rows.copy() for rows in people]
    calibrate(people)
    for rows, kept in zip(people, before, strict=True):
        np.testing.assert_array_equal(rows, kept)


def test_a_shifted_site_finds_its_people_and_refuses_strangers() -> None:
    people = cohort(100, seed=17, shift=EAST_ASIAN)
    point = calibrate(people)
    gallery = Gallery([f"P{i}" for i in range(100)], people, point.mean)
    for index, rows in enumerate(people):
        match = gallery.best_two(drift(rows, seed=index))
        assert match.person == f"P{index}"
        assert match.score >= point.threshold
    strangers = cohort(300, seed=17, shift=EAST_ASIAN, references=1, first=1000)
    scores = [gallery.best_two(rows[0]).score for rows in strangers]
    assert max(scores) < point.threshold
