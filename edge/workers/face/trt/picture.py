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
    ``inside_height`` on are black. ``is_area`` takes the mean of exactly the area under an output
    pixel, without turning; else ``taps`` x ``taps`` points over ``spread`` of an output pixel are
    read bilinearly, black around the picture. ``rounds`` keeps whole grey levels.
    """

    matrix: tuple[float, float, float, float, float, float]
    width: int
    height: int
    inside_width: int
    inside_height: int
    is_area: bool
    taps: int
    spread: float
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
        matrix, width, height, *inside, is_area=True, taps=1, spread=1.0, rounds=True,
        is_bgr=form.colour_order == "bgr", mean=form.mean, scale=form.scale,
    )  # fmt: skip


def warped(to_chip: Matrix, size: tuple[int, int], form: InputForm) -> Placing:
    """Return how ``to_chip``, a 2 x 3 similarity from picture to chip, is carried out."""
    back = np.linalg.inv(np.vstack([to_chip, [0.0, 0.0, 1.0]]))[:2].reshape(-1)
    # As ``align.aligned``: averaged down to twice the detail of the chip, then read bilinearly.
    taps = _taps(math.hypot(back[0], back[3]) / 2)
    m0, m1, m2, m3, m4, m5 = (float(value) for value in back)
    return Placing(
        (m0, m1, m2, m3, m4, m5), *size, *size, is_area=False, taps=taps, spread=0.5, rounds=True,
        is_bgr=form.colour_order == "bgr", mean=form.mean, scale=form.scale,
    )  # fmt: skip


def place(picture: Picture, placing: Placing) -> Tensor:
    """Return the tensor, computed as the kernel does, in float32."""
    total = np.zeros((placing.height, placing.width, 3), np.float32)
    inside = total[: placing.inside_height, : placing.inside_width]
    inside[:] = (_averaged if placing.is_area else _sampled)(picture, placing)
    if placing.rounds:
        np.rint(inside, out=inside)
    ordered = total if placing.is_bgr else total[:, :, ::-1]
    tensor = (ordered - np.asarray(placing.mean, np.float32)) * np.float32(placing.scale)
    return np.ascontiguousarray(tensor.transpose(2, 0, 1)[np.newaxis], np.float32)


def _averaged(picture: Picture, placing: Placing) -> Tensor:
    rows = _shares(placing.matrix[4], placing.inside_height, picture.shape[0])
    columns = _shares(placing.matrix[0], placing.inside_width, picture.shape[1])
    narrow = np.einsum("hwc,uw->huc", picture.astype(np.float32), columns, optimize=True)
    return np.asarray(np.einsum("vh,huc->vuc", rows, narrow, optimize=True), np.float32)


def _shares(step: float, count: int, length: int) -> Tensor:
    """Return how much of each source pixel is in each output pixel; the rows sum to 1."""
    one = np.float32(step)
    low = (np.arange(count, dtype=np.float32) * one)[:, np.newaxis]
    high = (np.arange(1, count + 1, dtype=np.float32) * one)[:, np.newaxis]
    pixel = np.arange(length, dtype=np.float32)[np.newaxis]
    shares = np.clip(np.minimum(pixel + 1, high) - np.maximum(pixel, low), 0, None)
    return np.asarray(shares / shares.sum(axis=1, keepdims=True), np.float32)


def _sampled(picture: Picture, placing: Placing) -> Tensor:
    one = np.float32
    steps = [(i + one(0.5)) / one(placing.taps) - one(0.5) for i in range(placing.taps)]
    offsets = [step * one(placing.spread) for step in steps]
    columns = np.arange(placing.inside_width, dtype=np.float32)[np.newaxis, :]
    rows = np.arange(placing.inside_height, dtype=np.float32)[:, np.newaxis]
    m = [one(value) for value in placing.matrix]
    total = np.zeros((placing.inside_height, placing.inside_width, 3), np.float32)
    for down in offsets:
        for right in offsets:
            u, v = columns + right, rows + down
            x, y = m[0] * u + m[1] * v + m[2], m[3] * u + m[4] * v + m[5]
            total += _bilinear(picture, x, y)
    return total / one(placing.taps**2)


def _taps(step: float) -> int:
    """Return how many points per axis cover ``step`` source pixels."""
    return min(MOST_TAPS, max(1, math.ceil(step - 0.01)))


def _bilinear(picture: Picture, x: Tensor, y: Tensor) -> Tensor:
    height, width = picture.shape[:2]
    left, top = np.floor(x), np.floor(y)
    right_share, low_share = (x - left)[..., np.newaxis], (y - top)[..., np.newaxis]
    x0 = np.clip(left, -2, width + 1).astype(np.int64)
    y0 = np.clip(top, -2, height + 1).astype(np.int64)

    def read(columns: npt.NDArray[np.int64], rows: npt.NDArray[np.int64]) -> Tensor:
        pixels = picture[np.clip(rows, 0, height - 1), np.clip(columns, 0, width - 1)]
        values = pixels.astype(np.float32)
        outside = (columns < 0) | (rows < 0) | (columns >= width) | (rows >= height)
        values[np.broadcast_to(outside, values.shape[:2])] = 0
        return values

    a, b, c, d = read(x0, y0), read(x0 + 1, y0), read(x0, y0 + 1), read(x0 + 1, y0 + 1)
    upper, lower = a + (b - a) * right_share, c + (d - c) * right_share
    return np.asarray(upper + (lower - upper) * low_share, np.float32)
