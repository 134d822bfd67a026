"""Search bytes for biometric data in every form in which they could have leaked."""

import base64
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from edge.workers.face.pipeline import ModelPipeline

__all__ = ["Needles", "float_vectors", "leaks_in", "needles_of"]

_RUN = 64
_PICTURES = (b"\xff\xd8\xff\xe0", b"\xff\xd8\xff\xe1", b"\xff\xd8\xff\xdb", b"\x89PNG\r\n\x1a\n")


@dataclass(frozen=True)
class Needles:
    """Parts of embeddings and pictures, as raw bytes, hex and base64."""

    parts: tuple[bytes, ...]


def needles_of(pipeline: ModelPipeline, pictures: Iterable[Path]) -> Needles:
    """Return what must be found nowhere: embeddings and rows of pixels of these pictures."""
    parts: list[bytes] = []
    for path in pictures:
        picture = np.asarray(cv2.imread(str(path)), np.uint8)
        embedding = pipeline.analyse(picture).embedding
        assert embedding is not None, path
        middle = picture[picture.shape[0] // 2, picture.shape[1] // 3 :][:30]
        for raw in (embedding[:8].tobytes(), embedding[100:108].tobytes(), middle.tobytes()):
            parts += [raw, raw.hex().encode()]
            # Whatever stands before it, one of three alignments shows in base64.
            parts += [base64.b64encode(raw[shift:])[4:36] for shift in range(3)]
    return Needles(tuple(parts))


def leaks_in(name: str, data: bytes, needles: Needles) -> Iterator[str]:
    """Say what of biometric kind is in `data`: a known part, a picture, a vector of numbers."""
    for number, part in enumerate(needles.parts):
        if part in data:
            yield f"{name}: needle {number}"
    if any(head in data for head in _PICTURES):
        yield f"{name}: a picture"
    if float_vectors(data):
        yield f"{name}: a vector of floats"


def float_vectors(data: bytes) -> bool:
    """Tell whether 64 or more float32 of an embedding's size stand in a row, at any alignment."""
    for shift in range(4):
        usable = (len(data) - shift) // 4 * 4
        if usable < _RUN * 4:
            continue
        values = np.frombuffer(data, "<f4", usable // 4, shift)
        with np.errstate(invalid="ignore"):
            size = np.abs(values)
            fits = (size > 1e-7) & (size < 1.0)
        ends = np.flatnonzero(~fits)
        edges = np.concatenate(([-1], ends, [len(fits)]))
        if np.diff(edges).max() > _RUN:
            return True
    return False
