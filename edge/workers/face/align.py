"""Bring a face to the position that the embedding network was trained on.

A similarity (rotation, one scale, shift: four degrees of freedom) is fitted by least squares to the
five points. It has a closed form over the complex numbers (Umeyama 1991, without reflection). Six
degrees of freedom would bend faces alike: measured equal error rate 13 % instead of 0.03 %.
"""

import cv2
import numpy as np
import numpy.typing as npt

from edge.workers.face.detect import Points
from edge.workers.face.manifest import Point
from edge.workers.face.models_input import Picture

__all__ = ["aligned", "share_inside", "similarity", "to_chip"]

Matrix = npt.NDArray[np.float64]
# A face that is shrunk further than this by one bilinear step loses pixels instead of averaging.
_MOST_SHRINK = 0.5
_PROBES = 16


def similarity(points: npt.NDArray[np.floating], target: npt.NDArray[np.floating]) -> Matrix:
    """Return the 2 x 3 matrix of the similarity that brings ``points`` nearest to ``target``.

    Both are N x 2 with N >= 2, in pixels. Raises ``ValueError`` when all points are one.
    """
    origin = points[:, 0] + 1j * points[:, 1].astype(np.complex128)
    wanted = target[:, 0] + 1j * target[:, 1].astype(np.complex128)
    spread = origin - origin.mean()
    weight = float(np.sum(np.abs(spread) ** 2))
    if weight == 0:
        raise ValueError("points coincide")
    turn = np.sum((wanted - wanted.mean()) * spread.conj()) / weight
    shift = wanted.mean() - turn * origin.mean()
    return np.array([[turn.real, -turn.imag, shift.real], [turn.imag, turn.real, shift.imag]])


def aligned(
    picture: Picture, points: Points, template: tuple[Point, ...], size: tuple[int, int]
) -> Picture:
    """Return the face with the five ``points`` as a picture of ``size`` (width, height).

    ``template`` holds where the points belong, as shares of width and height. Raises
    ``ValueError`` for points that coincide.
    """
    matrix = to_chip(points, template, size)
    shrink = float(np.hypot(matrix[0, 0], matrix[1, 0]))
    if shrink < _MOST_SHRINK:
        picture, matrix = _reduced(picture, matrix, shrink)
    warped = cv2.warpAffine(picture, matrix, size, flags=cv2.INTER_LINEAR)
    return np.asarray(warped, dtype=np.uint8)


def share_inside(
    frame_size: tuple[int, int], points: Points, template: tuple[Point, ...], size: tuple[int, int]
) -> float:
    """Return how much of the aligned face, 0 to 1, lies inside a frame of (width, height)."""
    whole = np.vstack([to_chip(points, template, size), [0.0, 0.0, 1.0]])
    steps = (np.arange(_PROBES) + 0.5) / _PROBES
    across, down = np.meshgrid(steps * size[0], steps * size[1])
    chip = np.stack([across.ravel(), down.ravel(), np.ones(_PROBES**2)])
    x, y, _ = np.linalg.inv(whole) @ chip
    return float(np.mean((x >= 0) & (y >= 0) & (x < frame_size[0]) & (y < frame_size[1])))


def to_chip(points: Points, template: tuple[Point, ...], size: tuple[int, int]) -> Matrix:
    """Return the similarity that brings a face's points to where the template has them."""
    target = np.asarray(template, np.float64) * np.asarray(size, np.float64)
    return similarity(points.astype(np.float64), target)


def _reduced(picture: Picture, matrix: Matrix, shrink: float) -> tuple[Picture, Matrix]:
    """Average the picture down first, keeping twice the detail that the result can show."""
    height, width = picture.shape[:2]
    ratio = 2 * shrink
    size = (max(1, round(width * ratio)), max(1, round(height * ratio)))
    smaller = np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
    # Pixel centres: x' = (x + 0.5) * ratio - 0.5 in each direction.
    step = np.array([width / size[0], height / size[1]])
    back = np.diag([*step, 1.0])
    back[:2, 2] = 0.5 * step - 0.5
    return smaller, np.asarray(matrix @ back)
