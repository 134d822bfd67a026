"""Say how a picture becomes an input tensor, and do it in NumPy: the reference of the kernel.

The same steps in the same order as ``kernels/preproc.cu``, so that a test on any machine with a
GPU can hold one against the other, and a test without one can hold this against OpenCV.
"""

import math
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from edge.workers.face.engine import Engine, Tensor
from edge.workers.face.manifest import InputForm
from edge.workers.face.models_input import Picture

__all__ = ["MOST_TAPS", "PictureEngine", "Placing", "place", "placing_engine", "shrunk", "warped"]

Matrix = npt.NDArray[np.float64]
MOST_TAPS = 8


@dataclass(frozen=True, slots=True)
class Placing:
    """Describe one pass from a picture (BGR, 0-255) to a 1 x 3 x ``height`` x ``width`` tensor.

    ``matrix`` gives for an output pixel its place in the picture: x = m0*u + m1*v + m2 and
    y = m3*u + m4*v + m5, pixel centres on whole numbers. Outputs from ``inside_width`` and
    ``inside_height`` on are black; ``clamps`` repeats the picture's edge instead of black around
    it; ``taps`` x ``taps`` points are averaged; ``rounds`` keeps whole grey levels.
    """

    matrix: tuple[float, float, float, float, float, float]
    width: int
    height: int
    inside_width: int
    inside_height: int
    clamps: bool
    taps: int
    rounds: bool
    is_bgr: bool
    mean: tuple[float, float, float]
    scale: float


@runtime_checkable
class PictureEngine(Protocol):
    """An engine that can place a picture into its only input by itself."""

    @property
    def can_place(self) -> bool:
        """Tell whether its kernels are loaded."""

    def run_picture(self, picture: Picture, placing: Placing) -> dict[str, Tensor]:
        """Return every output for a picture; raises ``EngineError``."""


def placing_engine(engine: Engine) -> PictureEngine | None:
    """Return the engine where it places pictures itself."""
    return engine if isinstance(engine, PictureEngine) and engine.can_place else None


def shrunk(picture: tuple[int, int], inside: tuple[int, int], form: InputForm) -> Placing:
    """Return how a picture of (width, height) is brought to ``inside``, padded to 32 pixels."""
    across, down = picture[0] / inside[0], picture[1] / inside[1]
    matrix = (across, 0.0, 0.5 * across - 0.5, 0.0, down, 0.5 * down - 0.5)
    width, height = (side + -side % 32 for side in inside)
    return Placing(
        matrix, width, height, *inside, clamps=True, taps=_taps(max(across, down)), rounds=True,
        is_bgr=form.colour_order == "bgr", mean=form.mean, scale=form.scale,
    )  # fmt: skip


def warped(to_chip: Matrix, size: tuple[int, int], form: InputForm) -> Placing:
    """Return how ``to_chip``, a 2 x 3 similarity from picture to chip, is carried out."""
    back = np.linalg.inv(np.vstack([to_chip, [0.0, 0.0, 1.0]]))[:2].reshape(-1)
    taps = _taps(math.hypot(back[0], back[3]))
    m0, m1, m2, m3, m4, m5 = (float(value) for value in back)
    return Placing(
        (m0, m1, m2, m3, m4, m5), *size, *size, clamps=False, taps=taps, rounds=True,
        is_bgr=form.colour_order == "bgr", mean=form.mean, scale=form.scale,
    )  # fmt: skip


def place(picture: Picture, placing: Placing) -> Tensor:
    """Return the tensor, computed as the kernel does, in float32."""
    one = np.float32
    offsets = [(i + one(0.5)) / one(placing.taps) - one(0.5) for i in range(placing.taps)]
    columns = np.arange(placing.width, dtype=np.float32)[np.newaxis, :]
    rows = np.arange(placing.height, dtype=np.float32)[:, np.newaxis]
    m = [one(value) for value in placing.matrix]
    total = np.zeros((placing.height, placing.width, 3), np.float32)
    for down in offsets:
        for right in offsets:
            u, v = columns + right, rows + down
            x, y = m[0] * u + m[1] * v + m[2], m[3] * u + m[4] * v + m[5]
            total += _sampled(picture, x, y, clamps=placing.clamps)
    total /= one(placing.taps**2)
    if placing.rounds:
        total = np.rint(total)
    total[placing.inside_height :] = 0
    total[:, placing.inside_width :] = 0
    ordered = total if placing.is_bgr else total[:, :, ::-1]
    tensor = (ordered - np.asarray(placing.mean, np.float32)) * one(placing.scale)
    return np.ascontiguousarray(tensor.transpose(2, 0, 1)[np.newaxis], np.float32)


def _taps(step: float) -> int:
    """Return how many points per axis cover ``step`` source pixels."""
    return min(MOST_TAPS, max(1, math.ceil(step - 0.01)))


def _sampled(picture: Picture, x: Tensor, y: Tensor, *, clamps: bool) -> Tensor:
    height, width = picture.shape[:2]
    left, top = np.floor(x), np.floor(y)
    right_share, low_share = (x - left)[..., np.newaxis], (y - top)[..., np.newaxis]
    x0 = np.clip(left, -2, width + 1).astype(np.int64)
    y0 = np.clip(top, -2, height + 1).astype(np.int64)

    def read(columns: npt.NDArray[np.int64], rows: npt.NDArray[np.int64]) -> Tensor:
        pixels = picture[np.clip(rows, 0, height - 1), np.clip(columns, 0, width - 1)]
        values = pixels.astype(np.float32)
        if not clamps:
            outside = (columns < 0) | (rows < 0) | (columns >= width) | (rows >= height)
            values[np.broadcast_to(outside, values.shape[:2])] = 0
        return values

    a, b, c, d = read(x0, y0), read(x0 + 1, y0), read(x0, y0 + 1), read(x0 + 1, y0 + 1)
    upper, lower = a + (b - a) * right_share, c + (d - c) * right_share
    return np.asarray(upper + (lower - upper) * low_share, np.float32)
