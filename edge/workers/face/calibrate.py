"""Derive the site's threshold from the people enrolled there, never from a public data set.

A fixed threshold accepts strangers: at the same one, false matches are 47 to 263 times more
frequent on East Asian faces than on the rest of LFW (measured). Rules:

1. Fewer than 10 people: raw cosines, floor 0.62. From 40: the site mean is taken off, floor 0.50,
   and each person weighs once in the mean. From 10 to 39 the mean is taken off only if the
   leave-one-out genuine scores do not fall; see ``_keeps_genuine``.
2. For each person the best score against all others is what a stranger like them would get. Where
   the count resolves the target false-positive identification rate (people x target >= 3), the
   threshold also exceeds that quantile; the stricter of floor and quantile holds.
3. People who seem to be enrolled twice count as one, or they would hide the quantile. Relatives
   stay in and raise it: the safe direction.
4. Different people who are alike on average prove a broken pipeline, not a family: ``is_alike``
   disarms face. It is looked at before anybody is taken for a double.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from edge.workers.face.analysis import Embedding, wipe
from edge.workers.face.calibrate_scores import best_of_others, doubles, genuine, strangers_mean
from edge.workers.face.compare import centred, unit

__all__ = ["Calibration", "CalibrationSpec", "calibrate"]

Scores = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class CalibrationSpec:
    """Hold every number of the calibration; cosines, except counts and the target share."""

    raw_floor: float = 0.62
    centred_floor: float = 0.50
    may_centre_from: int = 10
    centres_from: int = 40
    target_fpir: float = 0.003
    resolved_from: float = 3.0
    margin: float = 0.08
    # The mean over all pairs of two people's references. Single photographs of two strangers reach
    # it once in a million pairs (LFW); all nine on average, one and the same person does, or
    # twins, whom the margin keeps apart.
    double_score: float = 0.62
    strangers_limit: float = 0.35
    # With fewer people one who is enrolled twice would look like a broken pipeline.
    alike_from: int = 4


@dataclass(frozen=True, slots=True, repr=False)
class Calibration:
    """Hold the operating point of a gallery. ``people`` are those it was derived from.

    ``expected_fpir`` is the share of them whose best score against all others reaches the
    threshold, None where they are too few to tell. ``best_scores`` are those scores, in no order
    that follows the people.
    """

    people: int
    references: int
    doubled: int
    mean: Embedding | None
    floor: float
    threshold: float
    margin: float
    target_fpir: float
    expected_fpir: float | None
    strangers_mean: float
    is_alike: bool
    best_scores: Scores

    @property
    def mean_sha256(self) -> str | None:
        """Return the hash of the site mean, None without centring."""
        return None if self.mean is None else hashlib.sha256(self.mean.tobytes()).hexdigest()

    def quantile(self, share: float, *, beyond: int = 10) -> float | None:
        """Return a quantile of the best scores; None where fewer than ``beyond`` lie above it."""
        if len(self.best_scores) * (1 - share) < beyond:
            return None
        return float(np.quantile(self.best_scores, share, method="higher"))


def calibrate(people: Sequence[Embedding], spec: CalibrationSpec | None = None) -> Calibration:
    """Return the operating point for ``people``, one array of count x length unit vectors each."""
    spec = spec or CalibrationSpec()
    groups = doubles(people, spec.double_score)
    grouped = [np.concatenate([people[index] for index in group]) for group in groups]
    chosen = _chosen(people, grouped, spec)
    for rows in grouped:
        wipe(rows)
    alike = strangers_mean(people)
    is_alike = len(people) >= spec.alike_from and alike >= spec.strangers_limit
    doubled = sum(len(group) for group in groups if len(group) > 1)
    return replace(chosen, doubled=doubled, strangers_mean=alike, is_alike=is_alike)


def _chosen(
    people: Sequence[Embedding], grouped: Sequence[Embedding], spec: CalibrationSpec
) -> Calibration:
    count = len(grouped)
    raw = None
    if count < spec.centres_from:
        raw = _operating_point(people, grouped, None, spec)
        if count < spec.may_centre_from:
            return raw
    mean = _site_mean(grouped)
    shifted = [centred(rows, mean) for rows in grouped]
    point = _operating_point(people, shifted, mean, spec)
    keeps = raw is None or _keeps_genuine(grouped, raw, shifted, point)
    for rows in shifted:
        wipe(rows)
    return point if raw is None or keeps else raw


def _site_mean(grouped: Sequence[Embedding]) -> Embedding:
    """Return the mean of the people's own means, so that many references of one weigh as one."""
    means = np.stack([unit(rows.mean(axis=0)) for rows in grouped])
    return np.asarray(means.mean(axis=0), dtype=np.float32)


def _operating_point(
    people: Sequence[Embedding],
    grouped: Sequence[Embedding],
    mean: Embedding | None,
    spec: CalibrationSpec,
) -> Calibration:
    floor = spec.raw_floor if mean is None else spec.centred_floor
    best = best_of_others(grouped)
    threshold, expected = floor, None
    if len(grouped) * spec.target_fpir >= spec.resolved_from:
        # At most this many of them may reach the threshold.
        allowed = int(len(grouped) * spec.target_fpir)
        above = np.nextafter(best[-1 - allowed], np.float32(2))
        threshold = max(floor, float(above))
        expected = float(np.mean(best >= threshold))
    return Calibration(
        people=len(people),
        references=sum(len(rows) for rows in people),
        doubled=0,
        mean=mean,
        floor=floor,
        threshold=threshold,
        margin=spec.margin,
        target_fpir=spec.target_fpir,
        expected_fpir=expected,
        strangers_mean=0.0,
        is_alike=False,
        best_scores=best,
    )


def _keeps_genuine(
    raw: Sequence[Embedding],
    raw_point: Calibration,
    shifted: Sequence[Embedding],
    shifted_point: Calibration,
) -> bool:
    """Tell whether taking the mean off costs no resident anything.

    Compared is how far each reference, left out and compared with the person's others, clears the
    threshold that would hold: what strangers and oneself have in common lifts both, so cosines
    from before and after say nothing side by side. Both the middle and the worst tenth must not
    fall.
    """
    before = genuine(raw) - raw_point.threshold
    after = genuine(shifted) - shifted_point.threshold
    if not before.size:
        return False
    shares = [0.1, 0.5]
    return bool(np.all(np.quantile(after, shares) >= np.quantile(before, shares)))
