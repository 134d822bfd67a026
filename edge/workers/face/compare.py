"""Compare a probe with everybody in the gallery: the best person and the best other person.

The gallery is stored as length x references in float32, so that one product gives all scores; two
``argmax`` give the two people. Measured with 5,000 references of 256 numbers: about 0.1 ms.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edge.workers.face.analysis import Embedding, wipe

__all__ = ["Gallery", "Hidden", "Match", "centred", "unit"]

Hidden = npt.NDArray[np.bool_]
_NO_SCORE = -2.0


@dataclass(frozen=True, slots=True, repr=False)
class Match:
    """Hold the nearest person, None in an empty gallery, and the scores of the nearest two.

    A score is the cosine of the best of a person's references; it is no probability and leaves the
    process in no form, ``repr`` included. ``second`` is -1 where there is no other person.
    """

    person: str | None
    score: float
    second: float


class Gallery:
    """Hold the references of ``people`` for comparison, with the site mean taken off where given.

    ``references`` has one array of count x length for each person, which is copied.
    """

    def __init__(
        self,
        people: Sequence[str],
        references: Sequence[Embedding],
        mean: Embedding | None = None,
    ) -> None:
        counts = [len(rows) for rows in references]
        ends = np.cumsum(counts, dtype=np.intp)
        self.people = tuple(people)
        self._mean = mean
        self._spans = [(int(end - n), int(end)) for end, n in zip(ends, counts, strict=True)]
        self._owner = np.repeat(np.arange(len(counts)), counts)
        self._matrix = _columns(references, mean)
        self._scores = np.zeros(self._matrix.shape[1], np.float32)

    def hiding(self, among: Collection[str]) -> Hidden:
        """Return what hides everybody but ``among`` from a comparison."""
        shown = np.fromiter((person in among for person in self.people), bool, len(self.people))
        return np.asarray(~shown[self._owner])

    def best_two(self, probe: Embedding, hidden: Hidden | None = None) -> Match:
        """Return the match of ``probe``, a unit vector, among all people or those not hidden."""
        if not self._scores.size:
            return Match(None, -1.0, -1.0)
        looked = probe if self._mean is None else centred(probe, self._mean)
        scores = self._scores
        np.dot(looked, self._matrix, out=scores)
        if hidden is not None:
            scores[hidden] = _NO_SCORE
        best = int(np.argmax(scores))
        owner, score = int(self._owner[best]), float(scores[best])
        begin, end = self._spans[owner]
        scores[begin:end] = _NO_SCORE
        second = float(np.max(scores))
        scores.fill(0)
        if looked is not probe:
            wipe(looked)
        if score <= _NO_SCORE or not np.isfinite(score):
            return Match(None, -1.0, -1.0)
        return Match(self.people[owner], score, max(second, -1.0))

    def wipe(self) -> None:
        """Overwrite the references; the gallery is empty afterwards."""
        wipe(self._matrix)
        self.people = ()
        self._spans = []
        self._matrix = self._matrix[:, :0]
        self._scores = self._scores[:0]


def unit(vectors: npt.NDArray[np.floating]) -> Embedding:
    """Return ``vectors`` (rows, or one) with unit length; a zero vector stays zero."""
    scaled = np.array(vectors, dtype=np.float32)
    norms = np.linalg.norm(scaled, axis=-1, keepdims=True)
    scaled /= np.where(norms > 0, norms, 1)
    return scaled


def centred(vectors: Embedding, mean: Embedding) -> Embedding:
    """Return ``vectors`` with the site ``mean`` taken off, at unit length again."""
    shifted = np.subtract(vectors, mean, dtype=np.float32)
    norms = np.linalg.norm(shifted, axis=-1, keepdims=True)
    # In place: a copy that nobody owns would stay in memory.
    shifted /= np.where(norms > 0, norms, 1)
    return shifted


def _columns(references: Sequence[Embedding], mean: Embedding | None) -> Embedding:
    if not references:
        return np.zeros((0, 0), np.float32)
    rows = np.concatenate(references)
    shifted = rows if mean is None else centred(rows, mean)
    columns = np.ascontiguousarray(shifted.T, dtype=np.float32)
    wipe(rows)
    if shifted is not rows:
        wipe(shifted)
    return columns
