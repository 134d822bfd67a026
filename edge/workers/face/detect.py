"""Find faces: YuNet from its raw ONNX outputs, decoded here.

The network answers for each cell of three grids (8, 16 and 32 pixels wide): cls and obj, whose
geometric mean is the score, a box relative to the cell, and five points relative to the cell.
Source: Wu, Peng and Yu, "YuNet: A Tiny Millisecond-level Face Detector" (2023), and the decoding of
OpenCV's FaceDetectorYN, against which tests compare this code.
"""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from edge.workers.face.engine import Engine, Tensor, check_specs
from edge.workers.face.manifest import InputForm, ModelManifest
from edge.workers.face.models_input import Picture, to_tensor
from edge.workers.face.trt.picture import placing_engine, shrunk

__all__ = ["GATE_SCORE", "LONG_SIDE_PX", "REPORT_SCORE", "Detector", "Face"]

STRIDES = (8, 16, 32)
# Faces of 10 to 300 px are what the network knows; at 640 a person at a gate has 60 to 300.
LONG_SIDE_PX = 640
# Measured on 46 annotated faces: 0.8 finds all with one extra, 0.9 misses close ones.
GATE_SCORE = 0.75
# The score of the published accuracy figures.
REPORT_SCORE = 0.6
OVERLAP_LIMIT = 0.3
_MOST_CANDIDATES = 5000

Points = npt.NDArray[np.float32]
Boxes = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Face:
    """Locate one face in a picture, in pixels.

    ``points`` is 5 x 2: image-left eye, image-right eye, nose, image-left and image-right corner of
    the mouth.
    """

    left: float
    top: float
    width: float
    height: float
    score: float
    points: Points

    @property
    def area(self) -> float:
        """Return the area of the box in square pixels."""
        return self.width * self.height

    @property
    def centre(self) -> tuple[float, float]:
        """Return the middle of the box."""
        return self.left + self.width / 2, self.top + self.height / 2


class Detector:
    """Find the faces of a picture, best score first."""

    def __init__(self, engine: Engine, manifest: ModelManifest) -> None:
        self._engine = engine
        self._form: InputForm = manifest.input
        self._outputs = manifest.outputs

    def check(self) -> None:
        """Raise ``EngineError`` when the network is not one that this class can read."""
        check_specs(self._engine, input_name=self._form.tensor, outputs=self._outputs)

    def close(self) -> None:
        """Let go of the network."""
        self._engine.close()

    def find(
        self, picture: Picture, *, score: float = GATE_SCORE, long_side_px: int = LONG_SIDE_PX
    ) -> tuple[Face, ...]:
        """Return the faces of ``picture`` (height x width x BGR) with at least ``score``.

        A picture larger than ``long_side_px`` is shrunk for the search; none is ever enlarged.
        """
        height, width = picture.shape[:2]
        shrink = min(1.0, long_side_px / max(height, width))
        size = (max(1, round(width * shrink)), max(1, round(height * shrink)))
        rows = self._rows(picture, size, score)
        scale_x, scale_y = width / size[0], height / size[1]
        return tuple(_face(row, scale_x, scale_y) for row in rows[_kept(rows)])

    def _rows(
        self, picture: Picture, size: tuple[int, int], score: float
    ) -> npt.NDArray[np.float32]:
        """Return the candidates as rows of score, left, top, width, height and ten coordinates."""
        answers, columns = self._answers(picture, size)
        found = np.concatenate([_decode(answers, step, columns, score) for step in STRIDES])
        order = np.argsort(-found[:, 0], kind="stable")
        return np.asarray(found[order[:_MOST_CANDIDATES]])

    def _answers(self, picture: Picture, size: tuple[int, int]) -> tuple[dict[str, Tensor], int]:
        """Return the outputs for the picture as ``size``, and how wide its padded form is."""
        placer = placing_engine(self._engine)
        if placer is not None:
            placing = shrunk((picture.shape[1], picture.shape[0]), size, self._form)
            return placer.run_picture(picture, placing), placing.width
        if size != (picture.shape[1], picture.shape[0]):
            picture = np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA))
        padded = cv2.copyMakeBorder(
            picture, 0, -size[1] % 32, 0, -size[0] % 32, cv2.BORDER_CONSTANT, value=(0, 0, 0)
        )
        feeds = {self._form.tensor: to_tensor(np.asarray(padded, np.uint8), self._form)}
        return self._engine.run(feeds), padded.shape[1]


def _decode(
    answers: dict[str, Tensor], step: int, width: int, score: float
) -> npt.NDArray[np.float32]:
    cls, obj = answers[f"cls_{step}"].reshape(-1), answers[f"obj_{step}"].reshape(-1)
    scores = np.sqrt(np.clip(cls, 0, 1) * np.clip(obj, 0, 1))
    (cells,) = np.nonzero(scores >= score)
    corner = np.stack([cells % (width // step), cells // (width // step)], axis=1)
    corner = corner.astype(np.float32)
    box = answers[f"bbox_{step}"].reshape(-1, 4)[cells]
    centre = (corner + box[:, :2]) * step
    size = np.exp(box[:, 2:]) * step
    points = answers[f"kps_{step}"].reshape(-1, 5, 2)[cells]
    points = (points + corner[:, np.newaxis]) * step
    rows = [scores[cells, np.newaxis], centre - size / 2, size, points.reshape(-1, 10)]
    return np.concatenate(rows, axis=1, dtype=np.float32)


def _kept(rows: npt.NDArray[np.float32]) -> list[int]:
    """Return the indices that survive non-maximum suppression; rows are sorted by score."""
    kept: list[int] = []
    waiting = np.arange(len(rows))
    low, high = rows[:, 1:3], rows[:, 1:3] + rows[:, 3:5]
    area = rows[:, 3] * rows[:, 4]
    while waiting.size:
        best, rest = int(waiting[0]), waiting[1:]
        kept.append(best)
        shared = np.minimum(high[best], high[rest]) - np.maximum(low[best], low[rest])
        overlap = np.prod(np.clip(shared, 0, None), axis=1)
        union = area[best] + area[rest] - overlap
        waiting = rest[overlap <= OVERLAP_LIMIT * union]
    return kept


def _face(row: npt.NDArray[np.float32], scale_x: float, scale_y: float) -> Face:
    points = row[5:].reshape(5, 2) * np.array([scale_x, scale_y], np.float32)
    left, top, width, height = (float(value) for value in row[1:5])
    return Face(
        left * scale_x,
        top * scale_y,
        width * scale_x,
        height * scale_y,
        float(row[0]),
        points.astype(np.float32),
    )
