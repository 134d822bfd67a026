"""Count errors over labelled comparison scores, in the terms of ISO/IEC 19795-1.

A pair whose face was not found on either side is an error in every figure: a pair of one person
scores below every threshold, a pair of two people above every threshold. A comparison says "same"
when its score is at least the threshold.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = [
    "FOLDS", "Comparisons", "accuracy_over_folds", "best_threshold", "comparisons",
    "equal_error_rate", "true_accepts_at",
]  # fmt: skip

FOLDS = 10

Scores = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Comparisons:
    """Hold labelled scores: one row per pair, ``fold`` from 0 to 9."""

    score: Scores
    is_same: npt.NDArray[np.bool_]
    fold: npt.NDArray[np.int64]


def comparisons(
    scores: list[float | None], is_same: list[bool], line_numbers: list[int]
) -> Comparisons:
    """Return the table; a score of None stands for a pair that was not detected."""
    filled = [
        score if score is not None else (-np.inf if same else np.inf)
        for score, same in zip(scores, is_same, strict=True)
    ]
    return Comparisons(
        np.asarray(filled, np.float64),
        np.asarray(is_same, np.bool_),
        np.asarray(line_numbers, np.int64) % FOLDS,
    )


def best_threshold(table: Comparisons) -> float:
    """Return the threshold with the fewest errors, midway between two scores.

    Of several equally good ones the middle one. Raises ``ValueError`` without a finite score.
    """
    found = np.unique(table.score[np.isfinite(table.score)])
    if not found.size:
        raise ValueError("no scores")
    between = (found[1:] + found[:-1]) / 2
    candidates = np.concatenate([[found[0] - 1e-6], between, [found[-1] + 1e-6]])
    same = np.sort(table.score[table.is_same])
    other = np.sort(table.score[~table.is_same])
    errors = np.searchsorted(same, candidates) + other.size - np.searchsorted(other, candidates)
    (best,) = np.nonzero(errors == errors.min())
    return float(candidates[best[len(best) // 2]])


def accuracy_over_folds(table: Comparisons) -> tuple[float, list[float]]:
    """Return the share of right answers, and the threshold of each fold that has pairs.

    Each fold is judged with the threshold that is best on all others. Raises ``ValueError`` when
    fewer than two folds have pairs, or nothing to learn a threshold from.
    """
    right, thresholds = 0, []
    for fold in np.unique(table.fold):
        tested = table.fold == fold
        learnt = Comparisons(table.score[~tested], table.is_same[~tested], table.fold[~tested])
        threshold = best_threshold(learnt)
        thresholds.append(threshold)
        says_same = table.score[tested] >= threshold
        right += int(np.sum(says_same == table.is_same[tested]))
    return right / len(table.score), thresholds


def equal_error_rate(table: Comparisons) -> float:
    """Return the smallest rate that both error rates can be held to by one threshold.

    Raises ``ValueError`` without pairs of both labels.
    """
    false_accepts, false_rejects = _rates(table)
    return float(np.min(np.maximum(false_accepts, false_rejects)))


def true_accepts_at(table: Comparisons, false_accept_rate: float) -> float:
    """Return the share of genuine pairs accepted at the threshold that keeps to the given rate.

    Zero when undetected pairs alone exceed the rate. Raises ``ValueError`` without pairs of both
    labels.
    """
    false_accepts, false_rejects = _rates(table)
    kept = false_accepts <= false_accept_rate
    return float(1 - false_rejects[kept].min()) if kept.any() else 0.0


def _rates(table: Comparisons) -> tuple[Scores, Scores]:
    """Return false accept and false reject rate at every threshold that makes a difference."""
    same = np.sort(table.score[table.is_same])
    other = np.sort(table.score[~table.is_same])
    if not same.size or not other.size:
        raise ValueError("need pairs of one person and of two")
    finite = np.unique(table.score[np.isfinite(table.score)])
    thresholds = np.concatenate([finite, [np.inf]])
    # Counted, not subtracted from 1: 3 of 3,000 must be exactly 0.001.
    false_accepts = (other.size - np.searchsorted(other, thresholds)) / other.size
    false_rejects = np.searchsorted(same, thresholds) / same.size
    return false_accepts, false_rejects
