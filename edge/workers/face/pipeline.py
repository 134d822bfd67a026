"""Look at one frame: detect, judge quality, vote on presentation attacks, and only then embed.

The order is the rule of the design: nobody but the nearest person in the zone is looked at closer,
two people of about one size are refused, and no embedding exists of a face that was refused.
"""

import logging
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from edge.workers.face.analysis import Analysis, Box, Frame, Hint, Inferences, SelfTestReport, wipe
from edge.workers.face.detect import GATE_SCORE, Face
from edge.workers.face.engine import OpenEngine
from edge.workers.face.engine_onnx import open_onnx
from edge.workers.face.models_set import FaceModels, open_models
from edge.workers.face.quality import ENROLMENT, ENTRY, Limits, hints_for
from edge.workers.face.selftest import run_self_test

__all__ = ["SIMILAR_SHARE", "WHOLE_FRAME", "ModelPipeline", "Zone", "open_pipeline"]

_log = logging.getLogger(__name__)
# A second face with more of the nearest one's area stands beside it, not behind.
SIMILAR_SHARE = 0.6


@dataclass(frozen=True, slots=True)
class Zone:
    """Say where in the frame a person at the gate stands, as shares of width and height."""

    left: float = 0.0
    top: float = 0.0
    right: float = 1.0
    bottom: float = 1.0

    def holds(self, face: Face, width: int, height: int) -> bool:
        """Tell whether the middle of the face lies in the zone."""
        x, y = face.centre
        return (
            self.left * width <= x <= self.right * width
            and self.top * height <= y <= self.bottom * height
        )


WHOLE_FRAME = Zone()


class ModelPipeline:
    """Look at frames with real networks; the port is ``analysis.FacePipeline``."""

    def __init__(
        self, models: FaceModels, *, zone: Zone = WHOLE_FRAME, limits: Limits = ENTRY
    ) -> None:
        self._models = models
        self._zone = zone
        self._limits = limits

    @property
    def model_sha256(self) -> str:
        """Return the hash of the embedding model: 64 hexadecimal digits."""
        return self._models.embedder.model_sha256

    @property
    def embedding_length(self) -> int:
        """Return how many numbers an embedding has."""
        return self._models.embedder.length

    @property
    def has_pad(self) -> bool:
        """Tell whether PAD votes are cast."""
        return self._models.pad is not None

    def for_enrolment(self) -> "ModelPipeline":
        """Return a pipeline on the same networks that asks for better frames, for references."""
        return ModelPipeline(self._models, zone=self._zone, limits=ENROLMENT)

    def self_test(self) -> SelfTestReport:
        """Run the known answers; raises nothing: an error of an engine is a failed test."""
        result = run_self_test(self._models)
        for finding in result.findings:
            _log.error("self_test_failed", extra={"model": finding.model, "code": finding.code})
        return SelfTestReport(result.findings[0].code if result.findings else "", result.ran)

    def analyse(self, frame_bgr: Frame) -> Analysis:
        """Say what the frame shows; raises ``EngineError`` when a network fails."""
        found = self._models.detector.find(frame_bgr, score=GATE_SCORE)
        ran = Inferences(detections=1)
        height, width = frame_bgr.shape[:2]
        inside = [face for face in found if self._zone.holds(face, width, height)]
        if not inside:
            return Analysis("no_face", ran=ran)
        face = max(inside, key=lambda one: one.area)
        box = Box(face.left, face.top, face.width, face.height)
        if any(other.area > SIMILAR_SHARE * face.area for other in found if other is not face):
            return Analysis("two_faces", hints=("one_person",), box=box, ran=ran)
        return self._look_closer(frame_bgr, face, box, ran)

    def close(self) -> None:
        """Let go of the networks."""
        self._models.close()

    def _look_closer(self, frame: Frame, face: Face, box: Box, ran: Inferences) -> Analysis:
        try:
            chip = self._models.embedder.chip(frame, face.points)
        except ValueError:
            return _poor(("look_here",), box, ran)
        try:
            size = (frame.shape[1], frame.shape[0])
            inside = self._models.embedder.share_inside(size, face.points)
            hints = hints_for(face, chip, inside, self._limits)
            if hints:
                return _poor(hints, box, ran)
            voters = self._models.pad
            is_bona_fide = None
            if voters is not None:
                ran = replace(ran, pad_votes=len(voters.networks))
                is_bona_fide = voters.vote(frame, face).passes
                if not is_bona_fide:
                    return Analysis("attack", pad=False, box=box, ran=ran)
            vector = self._models.embedder.embed_face(frame, face.points, chip).copy()
            return Analysis("face", vector, is_bona_fide, (), box, replace(ran, embeddings=1))
        finally:
            wipe(chip)


def open_pipeline(
    models: Path,
    *,
    threads: int = 2,
    zone: Zone = WHOLE_FRAME,
    open_engine: OpenEngine | None = None,
) -> ModelPipeline:
    """Open the default models of the folder ``models``, on the processor or by ``open_engine``.

    Raises ``ManifestError`` (`not_installed`, `wrong_size`, `wrong_hash`) and ``EngineError``.
    """
    opened = open_models(models, open_engine or partial(open_onnx, threads=threads))
    return ModelPipeline(opened, zone=zone)


def _poor(hints: tuple[Hint, ...], box: Box, ran: Inferences) -> Analysis:
    return Analysis("poor", hints=hints, box=box, ran=ran)
