"""Prove at start, with the camera closed, that each model still answers as it did when measured.

A wrong colour order, scale or landmark order does not fail loudly: strangers then match at 0.8 to
0.99 and the gate opens for everybody. So every network answers drawn scenes, and face stays
disarmed unless all answers agree with those in the manifests:

1. detector: one face, score within 0.03, box and points within 1.5 px;
2. embedder: cosine to the known embedding over 0.999, after our own alignment;
3. PAD: each logit, and the vote for bona fide, within 0.06 + 2 % of the known one;
4. gallery: the mean cosine between different people is below 0.35.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from edge.workers.face.analysis import Inferences
from edge.workers.face.detect import Detector, Face
from edge.workers.face.embed import Embedder
from edge.workers.face.engine import Engine, EngineError, Tensor
from edge.workers.face.manifest import KnownAnswer, ModelKind, ModelManifest
from edge.workers.face.models_scene import SCENE_COUNT, Scene, draw_scene
from edge.workers.face.models_set import FaceModels
from edge.workers.face.pad import PadNetwork

__all__ = [
    "STRANGER_LIMIT", "SelfTestFinding", "SelfTestResult", "check_model", "measured",
    "run_self_test", "strangers_look_alike",
]  # fmt: skip

SCORE_TOLERANCE = 0.03
PLACE_TOLERANCE_PX = 1.5
COSINE_FLOOR = 0.999
LOGIT_TOLERANCE = 0.06
LOGIT_SHARE = 0.02
_RUN_OF = {
    "detect": Inferences(detections=1),
    "embed": Inferences(embeddings=1),
    "pad": Inferences(pad_votes=1),
}
STRANGER_LIMIT = 0.35


@dataclass(frozen=True, slots=True)
class SelfTestFinding:
    """Name the model and what it did: ``engine_failed``, ``no_answer`` or ``wrong_answer``."""

    model: str
    code: str


@dataclass(frozen=True, slots=True)
class SelfTestResult:
    """Hold the result; ``ran`` counts the runs, which are apart from those for people."""

    findings: tuple[SelfTestFinding, ...]
    ran: Inferences

    @property
    def passed(self) -> bool:
        """Tell whether face may be armed."""
        return not self.findings


def run_self_test(models: FaceModels) -> SelfTestResult:
    """Ask every network in use its known questions; never raises for a failing network."""
    networks: list[tuple[ModelManifest, Detector | Embedder | PadNetwork]] = []
    pad = models.pad.networks if models.pad else ()
    networks += zip(models.manifests, (models.detector, models.embedder, *pad), strict=True)
    findings, ran = [], Inferences()
    for manifest, network in networks:
        for answer in manifest.known_answers:
            ran += _RUN_OF[manifest.kind]
            code = _finding(network, answer)
            if code:
                findings.append(SelfTestFinding(manifest.name, code))
    return SelfTestResult(tuple(findings), ran)


def check_model(manifest: ModelManifest, engine: Engine) -> str:
    """Return how the network of one manifest fails its known answers, empty when it does not."""
    kinds: dict[ModelKind, type[Detector | Embedder | PadNetwork]] = {
        "detect": Detector, "embed": Embedder, "pad": PadNetwork,
    }  # fmt: skip
    if manifest.kind not in kinds:
        return "no_reader"
    network = kinds[manifest.kind](engine, manifest)
    try:
        network.check()
    except EngineError:
        return "wrong_tensors"
    codes = (_finding(network, answer) for answer in manifest.known_answers)
    return next((code for code in codes if code), "")


def measured(network: Detector | Embedder | PadNetwork, number: int) -> tuple[float, ...]:
    """Return what ``network`` answers to a scene; for manifests of new models, and for checks.

    Empty where it finds no face or several. Raises ``EngineError``.
    """
    scene = draw_scene(number)
    if isinstance(network, Detector):
        faces = network.find(scene.picture, score=0.5)
        if len(faces) != 1:
            return ()
        face = faces[0]
        box = (face.score, face.left, face.top, face.width, face.height)
        return (*box, *(float(value) for value in face.points.reshape(-1)))
    if isinstance(network, Embedder):
        vector = network.embed([network.chip(scene.picture, scene.points)])[0]
        return tuple(float(value) for value in vector)
    face = _drawn_face(scene)
    logits = network.logits(scene.picture, face)
    return (*(float(value) for value in logits), network.vote_of(logits))


def strangers_look_alike(people: Sequence[Tensor]) -> bool:
    """Tell whether the unit vectors of different people are as near as one person's should be.

    One vector per person. With fewer than two people there is nothing to compare.
    """
    count = len(people)
    if count < 2:
        return False
    total = np.sum(np.stack(people).astype(np.float64), axis=0)
    return float(total @ total - count) / (count * (count - 1)) >= STRANGER_LIMIT


def _finding(network: Detector | Embedder | PadNetwork, answer: KnownAnswer) -> str:
    if not 0 <= answer.scene < SCENE_COUNT:
        return "unknown_scene"
    try:
        given = np.asarray(measured(network, answer.scene))
    except (EngineError, ValueError):
        return "engine_failed"
    known = np.asarray(answer.values)
    if given.shape != known.shape or not np.all(np.isfinite(given)):
        return "no_answer"
    return "" if _agrees(network, given, known) else "wrong_answer"


def _agrees(network: Detector | Embedder | PadNetwork, given: Tensor, known: Tensor) -> bool:
    distance = np.abs(given - known)
    if isinstance(network, Detector):
        near = distance[1:] <= PLACE_TOLERANCE_PX
        return bool(distance[0] <= SCORE_TOLERANCE and near.all())
    if isinstance(network, Embedder):
        norms = float(np.linalg.norm(given) * np.linalg.norm(known))
        return norms > 0 and float(given @ known) / norms > COSINE_FLOOR
    return bool(np.all(distance <= LOGIT_TOLERANCE + LOGIT_SHARE * np.abs(known)))


def _drawn_face(scene: Scene) -> Face:
    left, top, width, height = scene.box
    return Face(left, top, width, height, 1.0, scene.points)
