"""Measure how well the installed models compare faces, on labelled pairs: raw scores, 1:1.

Each picture goes the way a frame goes at the gate, with three differences: the detector's score is
0.6, that of the published figures, and stays there (a face that is not found counts as an error,
lower scores are never tried quietly); of several faces the one nearest the centre is taken, because
such pictures are cut around it; and neither quality nor PAD refuses any. Embeddings stay in memory.
"""

import math
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from edge.workers.face.detect import REPORT_SCORE, Detector, Face
from edge.workers.face.embed import Embedder
from edge.workers.face.engine import Tensor
from edge.workers.face.models_input import Picture
from edge.workers.face.report_metrics import (
    accuracy_over_folds,
    comparisons,
    equal_error_rate,
    true_accepts_at,
)
from edge.workers.face.report_pairs import LabelledPair, PairsError

__all__ = ["AccuracyReport", "central_face", "embed_file", "embed_files", "summarise"]

MAX_FILE_BYTES = 64 * 1024 * 1024
FALSE_ACCEPT_RATE = 1e-3

EmbedOne = Callable[[Path], "Tensor | None"]


@dataclass(frozen=True, slots=True)
class AccuracyReport:
    """Hold the figures, all as shares; ``not_detected`` counts pairs, ``threshold`` is the mean."""

    pairs: int
    same: int
    accuracy: float
    eer: float
    tar_at_far_1e_3: float
    threshold: float
    not_detected: int


def central_face(faces: Sequence[Face], picture: Picture) -> Face | None:
    """Return the face whose middle is nearest to the middle of the picture."""
    middle = (picture.shape[1] / 2, picture.shape[0] / 2)
    return min(faces, key=lambda face: math.dist(face.centre, middle), default=None)


def embed_file(path: Path, detector: Detector, embedder: Embedder) -> Tensor | None:
    """Return the embedding of the picture's central face, None where no face is found.

    Raises ``PairsError`` for a file that is no picture.
    """
    picture = _read(path)
    face = central_face(detector.find(picture, score=REPORT_SCORE), picture)
    if face is None:
        return None
    try:
        chip = embedder.chip(picture, face.points)
    except ValueError:
        return None
    return np.asarray(embedder.embed([chip])[0])


def embed_files(
    paths: Sequence[Path], embed_one: EmbedOne, workers: int, progress: Callable[[int], None]
) -> dict[Path, Tensor | None]:
    """Return the embedding of each file, each computed once, on ``workers`` threads.

    ``progress`` is told how many are done. The networks release the interpreter while they run, so
    threads use all cores.
    """
    unique = list(dict.fromkeys(paths))
    found: dict[Path, Tensor | None] = {}
    with ThreadPoolExecutor(workers) as pool:
        try:
            for path, vector in zip(unique, pool.map(embed_one, unique), strict=True):
                found[path] = vector
                progress(len(found))
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    return found


def summarise(
    pairs: Sequence[LabelledPair], embeddings: dict[Path, Tensor | None]
) -> AccuracyReport:
    """Return the figures; raises ``PairsError`` where the list is too short for them."""
    scores = [_score(embeddings[pair.left], embeddings[pair.right]) for pair in pairs]
    table = comparisons(scores, [p.is_same for p in pairs], [p.line for p in pairs])
    try:
        accuracy, thresholds = accuracy_over_folds(table)
        eer = equal_error_rate(table)
        accepts = true_accepts_at(table, FALSE_ACCEPT_RATE)
    except ValueError:
        raise PairsError(
            "配对太少，无法计算 / too few pairs to measure",
            "需要同一人和不同人的配对，分布在至少两行 / give pairs of one person and of two people",
        ) from None
    threshold = sum(thresholds) / len(thresholds)
    missing = sum(score is None for score in scores)
    same = int(table.is_same.sum())
    return AccuracyReport(len(pairs), same, accuracy, eer, accepts, threshold, missing)


def _score(left: Tensor | None, right: Tensor | None) -> float | None:
    return None if left is None or right is None else float(left @ right)


def _read(path: Path) -> Picture:
    """Return the picture upright by its EXIF note."""
    try:
        content = path.read_bytes() if path.stat().st_size <= MAX_FILE_BYTES else b""
        packed = np.frombuffer(content, np.uint8)
        picture = cv2.imdecode(packed, cv2.IMREAD_COLOR) if packed.size else None
    except (OSError, cv2.error):
        picture = None
    if picture is None:
        raise PairsError("图片无法读取 / a picture cannot be read", "请检查文件 / check the files")
    return np.asarray(picture, dtype=np.uint8)
