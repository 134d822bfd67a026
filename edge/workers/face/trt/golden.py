"""Keep what ONNX Runtime answers to fixed pictures, and hold an engine to it at every start.

The inputs are drawn scenes, brought to the size of the network and prepared as its manifest says,
and one picture of noise. The file beside an engine holds the reference's answers, so the test
costs a gate no second network in memory.
"""

import io
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from edge.workers.face.engine import Engine, EngineError, Tensor
from edge.workers.face.manifest import ModelManifest
from edge.workers.face.models_input import Picture, to_tensor
from edge.workers.face.models_scene import draw_scene
from edge.workers.face.trt.precision import COSINE_FLOORS, Precision, agreement

__all__ = ["Golden", "golden_feeds", "make_golden", "read_golden", "worst_cosine", "write_golden"]

_SCENES = (0, 1, 2)
# Where a network takes any size: what the drawn scenes have, a multiple of 32.
_WIDTH, _HEIGHT = 320, 256
_MOST_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Golden:
    """Hold the reference's answers in the order of ``golden_feeds``, and which engine gave them."""

    made_by: str
    answers: tuple[dict[str, Tensor], ...]


def golden_feeds(manifest: ModelManifest) -> tuple[dict[str, Tensor], ...]:
    """Return the inputs; the same on every machine to within one grey level of the scenes."""
    form = manifest.input
    size = (form.width or _WIDTH, form.height or _HEIGHT)
    pictures: list[Picture] = []
    for number in _SCENES:
        scene = draw_scene(number).picture
        pictures.append(np.asarray(cv2.resize(scene, size, interpolation=cv2.INTER_AREA), np.uint8))
    noise = np.random.default_rng(20250601).integers(0, 256, (size[1], size[0], 3), np.uint8)
    return tuple({form.tensor: to_tensor(one, form)} for one in (*pictures, noise))


def make_golden(manifest: ModelManifest, reference: Engine) -> Golden:
    """Return what ``reference`` answers; raises ``EngineError``."""
    made_by = f"{reference.info.backend} {reference.info.version}"
    return Golden(made_by, tuple(reference.run(feed) for feed in golden_feeds(manifest)))


def worst_cosine(manifest: ModelManifest, golden: Golden, engine: Engine) -> tuple[float, str]:
    """Return how far ``engine`` is from the known answers: the worst cosine and its output.

    Run twice, because an engine whose second answer differs from its first cannot be trusted
    either. Raises ``EngineError``.
    """
    worst, place = 1.0, ""
    for feed, known in zip(golden_feeds(manifest), golden.answers, strict=True):
        first = engine.run(feed)
        if min(agreement(first, engine.run(feed)).values()) < COSINE_FLOORS["float32"]:
            return -1.0, "unsteady"
        found = agreement(known, first)
        name = min(found, key=lambda one: found[one])
        if found[name] < worst:
            worst, place = found[name], name
    return worst, place


def passes(cosine: float, precision: Precision) -> bool:
    """Tell whether an engine of ``precision`` is near enough to the reference."""
    return cosine >= COSINE_FLOORS[precision]


def write_golden(golden: Golden) -> bytes:
    """Return the file: a ZIP of NumPy arrays, without pickles."""
    arrays: dict[str, Tensor | np.ndarray[tuple[int, ...], np.dtype[np.uint8]]] = {
        f"{place}/{name}": value
        for place, answer in enumerate(golden.answers)
        for name, value in answer.items()
    }
    arrays["made_by"] = np.frombuffer(golden.made_by.encode(), np.uint8)
    held = io.BytesIO()
    np.savez_compressed(held, **arrays)  # type: ignore[arg-type]  # its stub wants keywords
    return held.getvalue()


def read_golden(content: bytes) -> Golden:
    """Read a file of ``write_golden``; raises ``EngineError`` with `bad_golden`."""
    if len(content) > _MOST_BYTES:
        raise EngineError("bad_golden")
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as held:
            made_by = bytes(held["made_by"]).decode()
            parts = {key: np.asarray(held[key], np.float32) for key in held if "/" in key}
    except (OSError, EOFError, ValueError, KeyError, zipfile.BadZipFile, UnicodeDecodeError):
        raise EngineError("bad_golden") from None
    return Golden(made_by, _in_order(parts))


def _in_order(parts: Mapping[str, Tensor]) -> tuple[dict[str, Tensor], ...]:
    answers: Sequence[dict[str, Tensor]] = [{} for _ in range(len(_SCENES) + 1)]
    for key, value in parts.items():
        number, _, name = key.partition("/")
        if not number.isdigit() or int(number) >= len(answers):
            raise EngineError("bad_golden", key)
        answers[int(number)][name] = value
    if not all(answers):
        raise EngineError("bad_golden")
    return tuple(answers)
