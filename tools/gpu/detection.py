"""Compare decisions, not tensors: faces found and people told apart, engine against reference."""

from pathlib import Path

import numpy as np

from edge.workers.face.detect import Detector, Face
from edge.workers.face.embed import Embedder
from edge.workers.face.engine import Engine, EngineError
from edge.workers.face.models_scene import SCENE_COUNT, draw_scene
from edge.workers.face.trt.api import load_tensorrt
from edge.workers.face.trt.engine import open_plan
from edge.workers.face.trt.precision import Precision
from tools.gpu.device import opened
from tools.gpu.record import ImpossibleError, Models, need, words_of

__all__ = ["detection"]

SCORE, OVERLAP, POINT_PX = 5e-3, 0.98, 0.5


def detection(models: Models, cache: Path) -> dict[str, object]:
    """Find the faces of all scenes with both engines; the limits are those of the builds."""
    try:
        from edge.workers.face.engine_onnx import open_onnx
    except ImportError as error:
        raise ImpossibleError(str(error)) from None
    found: dict[str, object] = {}
    for precision in ("float32", "float16"):
        worst = {"score": 0.0, "overlap": 1.0, "point_px": 0.0, "cosine": 1.0}
        for manifest, content in models.known:
            if manifest.kind not in {"detect", "embed"} or not manifest.is_default:
                continue
            reference = open_onnx(content)
            engine = _loaded(cache / f"{manifest.name}.{precision}.plan", precision)
            if manifest.kind == "detect":
                _faces(Detector(reference, manifest), Detector(engine, manifest), worst)
                continue
            pair = Embedder(reference, manifest), Embedder(engine, manifest)
            for number in range(SCENE_COUNT):
                scene = draw_scene(number)
                chip = pair[0].chip(scene.picture, scene.points)
                one, other = pair[0].embed([chip])[0], pair[1].embed([chip])[0]
                worst["cosine"] = min(worst["cosine"], float(one @ other))
        found[precision] = {key: round(value, 6) for key, value in worst.items()}
        need(worst["score"] <= SCORE and worst["overlap"] >= OVERLAP, f"{precision}: {worst}")
        need(worst["point_px"] <= POINT_PX, f"{precision}: {worst}")
    return found


def _loaded(path: Path, precision: Precision) -> Engine:
    if not path.is_file():
        raise ImpossibleError("no engine was built")
    try:
        trt = load_tensorrt(allow_rtx=True)
        return open_plan(trt, opened(), path.read_bytes(), precision=precision)
    except EngineError as error:
        raise ImpossibleError(words_of(error)) from None


def _faces(reference: Detector, engine: Detector, worst: dict[str, float]) -> None:
    for number in range(SCENE_COUNT):
        picture = draw_scene(number).picture
        known, given = reference.find(picture, score=0.5), engine.find(picture, score=0.5)
        need(len(known) == len(given), f"scene {number}: {len(known)} and {len(given)} faces")
        for one, other in zip(known, given, strict=True):
            worst["score"] = max(worst["score"], abs(one.score - other.score))
            worst["overlap"] = min(worst["overlap"], _overlap(one, other))
            apart = float(np.max(np.abs(one.points - other.points)))
            worst["point_px"] = max(worst["point_px"], apart)


def _overlap(one: Face, other: Face) -> float:
    right = min(one.left + one.width, other.left + other.width)
    low = min(one.top + one.height, other.top + other.height)
    shared = max(0.0, right - max(one.left, other.left)) * max(0.0, low - max(one.top, other.top))
    return shared / (one.area + other.area - shared)
