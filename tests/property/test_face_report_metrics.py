import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.workers.face.report_metrics import (
    FOLDS,
    Comparisons,
    accuracy_over_folds,
    best_threshold,
    comparisons,
    equal_error_rate,
    true_accepts_at,
)

Row = tuple[float | None, bool]

# A coarse grid of scores makes ties, which is where a fast count goes wrong.
scores = st.one_of(st.none(), st.integers(-20, 20).map(lambda tick: tick / 20))
tables = st.lists(st.tuples(scores, st.booleans()), min_size=20, max_size=60).filter(
    lambda rows: len({same for score, same in rows if score is not None}) == 2
)


def table(rows: list[Row]) -> Comparisons:
    return comparisons([r[0] for r in rows], [r[1] for r in rows], list(range(1, len(rows) + 1)))


def accepts(score: float | None, same: bool, threshold: float) -> bool:
    """Say one comparison at a time what the threshold does; undetected pairs always err."""
    return (not same) if score is None else score >= threshold


def errors(rows: list[Row], threshold: float) -> int:
    return sum(accepts(score, same, threshold) != same for score, same in rows)


def rates(rows: list[Row], threshold: float) -> tuple[float, float]:
    others = [row for row in rows if not row[1]]
    genuine = [row for row in rows if row[1]]
    return (
        sum(accepts(*row, threshold) for row in others) / len(others),
        sum(not accepts(*row, threshold) for row in genuine) / len(genuine),
    )


def every_threshold(rows: list[Row]) -> list[float]:
    found = sorted({score for score, _ in rows if score is not None})
    return [found[0] - 1, *found, found[-1] + 1]


@given(tables)
def test_rates_equal_those_of_a_slow_count(rows: list[Row]) -> None:
    both = [rates(rows, threshold) for threshold in every_threshold(rows)]
    assert equal_error_rate(table(rows)) == pytest.approx(min(max(pair) for pair in both))
    for limit in (0.001, 0.1, 0.5):
        kept = [1 - frr for far, frr in both if far <= limit]
        assert true_accepts_at(table(rows), limit) == pytest.approx(max(kept, default=0.0))


@given(tables)
def test_no_threshold_has_fewer_errors_than_the_best(rows: list[Row]) -> None:
    best = errors(rows, best_threshold(table(rows)))
    assert best == min(errors(rows, threshold) for threshold in every_threshold(rows))


@given(tables)
def test_each_fold_is_judged_by_the_other_nine(rows: list[Row]) -> None:
    numbered = list(enumerate(rows, start=1))
    right = 0
    for fold in range(FOLDS):
        tested = [row for number, row in numbered if number % FOLDS == fold]
        learnt = [(number, row) for number, row in numbered if number % FOLDS != fold]
        if not any(row[0] is not None for _, row in learnt):
            return
        threshold = best_threshold(
            comparisons(
                [r[0] for _, r in learnt], [r[1] for _, r in learnt], [n for n, _ in learnt]
            )
        )
        right += len(tested) - errors(tested, threshold)
    accuracy, thresholds = accuracy_over_folds(table(rows))
    assert accuracy == pytest.approx(right / len(rows))
    assert len(thresholds) == FOLDS


@given(tables, st.floats(0.1, 5), st.floats(-3, 3))
def test_scale_and_shift_of_scores_change_no_figure(
    rows: list[Row], scale: float, shift: float
) -> None:
    moved: list[Row] = [(s if s is None else s * scale + shift, same) for s, same in rows]
    assert equal_error_rate(table(moved)) == equal_error_rate(table(rows))
    assert true_accepts_at(table(moved), 0.1) == true_accepts_at(table(rows), 0.1)


@given(tables)
def test_a_pair_that_is_not_detected_makes_every_figure_worse_or_equal(rows: list[Row]) -> None:
    missing: list[Row] = [(None, rows[0][1]), *rows[1:]]
    if len({same for score, same in missing if score is not None}) < 2:
        return
    whole, cut = table(rows), table(missing)
    assert equal_error_rate(cut) >= equal_error_rate(whole)
    assert true_accepts_at(cut, 0.1) <= true_accepts_at(whole, 0.1)


def test_separable_scores_have_no_errors() -> None:
    rows: list[Row] = [(0.9, True), (0.1, False)] * 20
    assert accuracy_over_folds(table(rows))[0] == 1.0
    assert equal_error_rate(table(rows)) == 0.0
    assert true_accepts_at(table(rows), 0.001) == 1.0
    assert best_threshold(table(rows)) == pytest.approx(0.5)


def test_undetected_pairs_are_errors_in_every_figure() -> None:
    rows: list[Row] = [(0.9, True), (0.1, False)] * 19 + [(None, True), (None, False)]
    assert accuracy_over_folds(table(rows))[0] == pytest.approx(38 / 40)
    assert equal_error_rate(table(rows)) == pytest.approx(1 / 20)
    assert true_accepts_at(table(rows), 0.001) == 0.0
    assert true_accepts_at(table(rows), 0.05) == pytest.approx(19 / 20)


def test_a_large_table_is_counted_at_once() -> None:
    random = np.random.default_rng(1)
    same = random.random(6000) < 0.5
    score = np.where(same, random.normal(0.6, 0.12, 6000), random.normal(0.02, 0.09, 6000))
    big = comparisons([float(s) for s in score], [bool(s) for s in same], list(range(1, 6001)))
    assert accuracy_over_folds(big)[0] > 0.98
    assert math.isclose(equal_error_rate(big), 0.003, abs_tol=0.004)


def test_figures_that_cannot_be_told_are_refused() -> None:
    one_label: list[Row] = [(0.5, True)] * 20
    for figure in (equal_error_rate, lambda it: true_accepts_at(it, 0.1)):
        with pytest.raises(ValueError, match="of two"):
            figure(table(one_label))
    undetected: list[Row] = [(None, True), (None, False)] * 10
    for rows in (undetected, []):
        with pytest.raises(ValueError, match="no scores"):
            best_threshold(table(rows))
    with pytest.raises(ValueError, match="no scores"):
        accuracy_over_folds(table([(0.5, True)]))
