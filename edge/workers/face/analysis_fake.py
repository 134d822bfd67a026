"""Analyse drawn frames without networks: for tests, the simulator and machines without models.

A drawn frame carries its meaning in its first pixel: whom it shows, what is wrong with it, and how
much this frame differs from others of the same person. It looks like nobody.
"""

import hashlib

import numpy as np

from edge.workers.face.analysis import (
    Analysis,
    Box,
    Embedding,
    Frame,
    Hint,
    Inferences,
    Outcome,
    SelfTestReport,
)

__all__ = ["FakePipeline", "drawn_embedding", "drawn_frame"]

_OUTCOMES: tuple[Outcome, ...] = ("face", "no_face", "two_faces", "poor", "attack")
_HINTS: dict[Outcome, tuple[Hint, ...]] = {"poor": ("hold_still",), "two_faces": ("one_person",)}
# Two frames of one person then agree to about 0.8, strangers to about 0.
_SPREAD = 0.03


def drawn_frame(person: int, outcome: Outcome = "face", take: int = 0) -> Frame:
    """Return a frame for ``FakePipeline``; ``person`` and ``take`` are 0 to 255."""
    frame = np.full((48, 64, 3), 128, np.uint8)
    frame[0, 0] = (person, _OUTCOMES.index(outcome), take)
    return frame


def drawn_embedding(person: int, take: int = 0, *, length: int = 256) -> Embedding:
    """Return the embedding that ``FakePipeline`` makes of such a frame."""
    base = np.random.default_rng(person).standard_normal(length)
    own = np.random.default_rng((person, take)).standard_normal(length)
    vector = base / np.linalg.norm(base) + _SPREAD * own
    return np.asarray(vector / np.linalg.norm(vector), dtype=np.float32)


class FakePipeline:
    """Read drawn frames; ``failed`` is the code with which the self-test fails, empty for none."""

    def __init__(
        self, *, embedding_length: int = 256, model: str = "drawn", failed: str = ""
    ) -> None:
        self.embedding_length = embedding_length
        self.model_sha256 = hashlib.sha256(model.encode()).hexdigest()
        self.has_pad = True
        self._failed = failed

    def self_test(self) -> SelfTestReport:
        """Pass, or fail as told."""
        return SelfTestReport(self._failed, Inferences(1, 3, 2))

    def analyse(self, frame_bgr: Frame) -> Analysis:
        """Say what the drawn frame was drawn to show."""
        person, code, take = (int(value) for value in frame_bgr[0, 0])
        outcome = _OUTCOMES[code]
        if outcome == "no_face":
            return Analysis(outcome, ran=Inferences(detections=1))
        box = Box(16, 8, 32, 32)
        if outcome in ("two_faces", "poor"):
            return Analysis(outcome, hints=_HINTS[outcome], box=box, ran=Inferences(detections=1))
        if outcome == "attack":
            return Analysis(outcome, pad=False, box=box, ran=Inferences(1, 3, 0))
        vector = drawn_embedding(person, take, length=self.embedding_length)
        return Analysis(outcome, vector, True, (), box, Inferences(1, 3, 1))

    def for_enrolment(self) -> "FakePipeline":
        """Ask for nothing better: a drawn frame is good or it is not."""
        return self

    def close(self) -> None:
        """Hold nothing."""
