"""Score enrolled people against each other, in blocks that fit the memory of a small machine."""

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from edge.workers.face.analysis import Embedding, wipe
from edge.workers.face.compare import unit

__all__ = ["best_of_others", "doubles", "genuine", "strangers_mean"]

Scores = npt.NDArray[np.float32]
_BLOCK_PEOPLE = 64


def best_of_others(people: Sequence[Embedding]) -> Scores:
    """Return each person's best score against all others, sorted: rising, and in no one's order."""
    if len(people) < 2:
        return np.zeros(0, np.float32)
    best = np.sort(np.concatenate(list(_blocks(people))))
    return np.asarray(best, dtype=np.float32)


def genuine(people: Sequence[Embedding]) -> Scores:
    """Return, for each reference, the best score against the same person's others."""
    found = []
    for rows in people:
        if len(rows) > 1:
            own = np.einsum("id,jd->ij", rows, rows, optimize=False)
            np.fill_diagonal(own, -2)
            found.append(np.max(own, axis=1))
    return np.concatenate(found) if found else np.zeros(0, np.float32)


def strangers_mean(people: Sequence[Embedding]) -> float:
    """Return the mean cosine between different people, one vector each; 0 with nobody to compare.

    The sum over all pairs is the square of the sum's length, less everybody with themselves.
    """
    count = len(people)
    if count < 2:
        return 0.0
    means = np.stack([unit(rows.mean(axis=0)) for rows in people]).astype(np.float64)
    total = means.sum(axis=0)
    return float(total @ total - count) / (count * (count - 1))


def doubles(people: Sequence[Embedding], limit: float) -> list[list[int]]:
    """Group the indices of ``people`` who are one person enrolled more than once, by their order.

    Two are one when the mean over all pairs of their references reaches ``limit``. That mean is the
    product of their mean vectors, so one product finds all.
    """
    if not people:
        return []
    means = np.stack([rows.mean(axis=0) for rows in people])
    group = list(range(len(people)))
    for begin in range(0, len(people), 1024):
        alike = means[begin : begin + 1024] @ means.T >= limit
        for row, other in zip(*np.nonzero(alike), strict=True):
            _join(group, begin + int(row), int(other))
    _scrub(means[:1024], means)
    wipe(means)
    gathered: dict[int, list[int]] = {}
    for index in range(len(people)):
        gathered.setdefault(_root(group, index), []).append(index)
    return list(gathered.values())


def _join(group: list[int], one: int, other: int) -> None:
    first, second = sorted((_root(group, one), _root(group, other)))
    group[second] = first


def _root(group: list[int], index: int) -> int:
    while group[index] != index:
        group[index] = group[group[index]]
        index = group[index]
    return index


def _blocks(people: Sequence[Embedding]) -> Iterator[Scores]:
    """Yield, for some people at a time, each one's best score against everybody else."""
    rows = np.concatenate(people)
    begins = np.cumsum([0, *(len(vectors) for vectors in people)])
    for first in range(0, len(people), _BLOCK_PEOPLE):
        last = min(first + _BLOCK_PEOPLE, len(people))
        begin, end = begins[first], begins[last]
        # Everybody down, the block across: the reduction then runs over whole lines of memory.
        scores = rows @ rows[begin:end].T
        by_other = np.maximum.reduceat(scores, begins[:-1], axis=0)
        best = np.maximum.reduceat(by_other, begins[first:last] - begin, axis=1)
        best[np.arange(first, last), np.arange(last - first)] = -2
        yield np.max(best, axis=0)
    _scrub(rows, rows[: begins[min(_BLOCK_PEOPLE, len(people))]])
    wipe(rows)


def _scrub(left: Embedding, right: Embedding) -> None:
    """Multiply zeros in the shapes of the product before.

    BLAS packs its operands into buffers of its own, which hold them until others are packed there.
    """
    np.dot(np.zeros_like(left), np.zeros_like(right).T)
