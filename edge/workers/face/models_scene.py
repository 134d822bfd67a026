"""Draw faces that never existed, for known answers: no photograph is stored for a self-test.

A scene is a function of its number alone, computed in integers and smooth functions, so every
machine draws the same picture to within one grey level. The faces are plain, but a detector finds
them and an embedding network tells them apart; what the right model answers is in its manifest.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edge.workers.face.models_input import Picture

__all__ = ["SCENE_COUNT", "SCENE_HEIGHT_PX", "SCENE_WIDTH_PX", "Scene", "draw_scene"]

SCENE_WIDTH_PX = 320
SCENE_HEIGHT_PX = 256

Field = npt.NDArray[np.float64]
Colour = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class _Look:
    """Describe a drawn person; colours are BGR, lengths are in head radii."""

    centre: tuple[float, float]
    radius_px: float
    tilt: float
    tall: float
    skin: Colour
    hair: Colour
    eye_gap: float
    eye_height: float
    brow_gap: float
    nose_length: float
    mouth_height: float
    mouth_width: float
    fringe: float
    seed: int
    light: float = 1.0


@dataclass(frozen=True, slots=True)
class Scene:
    """Hold a picture (height x width x BGR) with one face.

    ``points`` and ``box`` (left, top, width, height) say where the face was drawn, in pixels.
    """

    picture: Picture
    points: npt.NDArray[np.float32]
    box: tuple[float, float, float, float]


_LOOKS = (
    _Look((150.0, 118.0), 52.0, 0.06, 1.32, (150.0, 180.0, 224.0), (40.0, 46.0, 62.0),
          0.42, -0.12, 0.26, 0.42, 0.72, 0.40, 0.62, 7),
    _Look((176.0, 124.0), 56.0, -0.09, 1.22, (92.0, 124.0, 176.0), (18.0, 20.0, 24.0),
          0.46, -0.05, 0.20, 0.36, 0.62, 0.52, 0.80, 11),
    # Small and dark: tells wrong crop factors and black levels apart.
    _Look((158.0, 112.0), 21.0, 0.02, 1.28, (130.0, 160.0, 206.0), (30.0, 34.0, 48.0),
          0.44, -0.09, 0.24, 0.40, 0.68, 0.44, 0.70, 5, 0.45),
)  # fmt: skip
SCENE_COUNT = len(_LOOKS)


def draw_scene(number: int) -> Scene:
    """Return the scene of ``number``, 0 to ``SCENE_COUNT`` - 1."""
    return _draw(_LOOKS[number])


def _draw(look: _Look) -> Scene:
    rows, columns = np.mgrid[0:SCENE_HEIGHT_PX, 0:SCENE_WIDTH_PX].astype(np.float64)
    x, y = _turned(look, columns, rows)
    canvas = _background(look, columns, rows)
    _body(canvas, look, x, y)
    _head(canvas, look, x, y)
    _eyes(canvas, look, x, y)
    _nose_and_mouth(canvas, look, x, y)
    canvas = canvas * look.light + _grain(look.seed)[:, :, np.newaxis]
    picture = np.clip(np.rint(canvas), 0, 255).astype(np.uint8)
    places = [(-look.eye_gap, look.eye_height), (look.eye_gap, look.eye_height),
              (0.0, look.eye_height + look.nose_length),
              (-look.mouth_width * 0.85, look.mouth_height),
              (look.mouth_width * 0.85, look.mouth_height)]  # fmt: skip
    points = np.array([_place(look, *place) for place in places], np.float32)
    half = look.radius_px
    left, top = look.centre[0] - half * 0.95, look.centre[1] - half * look.tall * 0.85
    return Scene(picture, points, (left, top, half * 1.9, half * look.tall * 1.9))


def _turned(look: _Look, columns: Field, rows: Field) -> tuple[Field, Field]:
    """Return the coordinates of every pixel in head radii, upright with the head."""
    across, down = columns - look.centre[0], rows - look.centre[1]
    cos, sin = np.cos(look.tilt), np.sin(look.tilt)
    x, y = across * cos + down * sin, down * cos - across * sin
    return x / look.radius_px, y / look.radius_px


def _place(look: _Look, x: float, y: float) -> tuple[float, float]:
    cos, sin = np.cos(look.tilt), np.sin(look.tilt)
    across = (x * cos - y * sin) * look.radius_px
    down = (x * sin + y * cos) * look.radius_px
    return float(look.centre[0] + across), float(look.centre[1] + down)


def _background(look: _Look, columns: Field, rows: Field) -> Field:
    canvas = np.empty((*columns.shape, 3))
    for channel in range(3):
        wave = np.sin(columns / (37.0 + 9 * channel) + look.seed) * np.cos(rows / 29.0 + channel)
        canvas[:, :, channel] = 128 + 22 * wave + 0.18 * (rows - 128) - 14 * channel
    return canvas


def _body(canvas: Field, look: _Look, x: Field, y: Field) -> None:
    shade = 1 - 0.15 * np.abs(x)
    _paint(canvas, _oval(x, y, (0, 2.75), (1.9, 1.25), 0.05), (120.0, 84.0, 60.0), shade)
    _paint(canvas, _oval(x, y, (0, 1.25), (0.48, 0.75), 0.08), look.skin, 0.80 - 0.1 * x)


def _head(canvas: Field, look: _Look, x: Field, y: Field) -> None:
    tall = look.tall
    _paint(canvas, _oval(x, y, (0, -0.22), (1.08, tall * 0.98), 0.05), look.hair, 1 + 0.1 * x)
    for side in (-1, 1):
        _paint(
            canvas, _oval(x, y, (side * 0.98, 0.08), (0.13, 0.26), 0.15), look.skin, 0.85 - 0 * x
        )
    light = 1.04 - 0.16 * x - 0.30 * x * x - 0.10 * (y / tall) ** 2
    _paint(canvas, _oval(x, y, (0, 0.12), (0.92, tall * 0.88), 0.05), look.skin, light)
    brow_line = -look.fringe + 0.20 * x * x - 0.06 * x
    fringe = _oval(x, y, (0, -0.22), (1.02, tall * 0.96), 0.05) * _step(brow_line - y, 0.04)
    _paint(canvas, fringe, look.hair, 1.1 + 0.15 * x)
    for side in (-1, 1):
        cheek = np.exp(-((x - side * 0.48) ** 2 + (y - 0.42) ** 2) / 0.06)
        canvas[:, :, 2] += 10 * cheek
        canvas[:, :, 0] -= 6 * cheek


def _eyes(canvas: Field, look: _Look, x: Field, y: Field) -> None:
    for side in (-1, 1):
        cx, cy = side * look.eye_gap, look.eye_height
        socket = np.exp(-(((x - cx) / 0.26) ** 2 + ((y - cy + 0.02) / 0.17) ** 2))
        canvas *= 1 - 0.22 * socket[:, :, np.newaxis]
        white = _oval(x, y, (cx, cy), (0.185, 0.085), 0.18)
        _paint(canvas, white, (226.0, 230.0, 232.0), 1 - 0 * x)
        _paint(
            canvas, white * _oval(x, y, (cx, cy), (0.09, 0.09), 0.2), (44.0, 62.0, 84.0), 1 - 0 * x
        )
        _paint(canvas, _oval(x, y, (cx, cy), (0.04, 0.04), 0.3), (14.0, 14.0, 16.0), 1 - 0 * x)
        lid = _oval(x, y, (cx, cy - 0.085), (0.205, 0.030), 0.4)
        _paint(canvas, 0.8 * lid, (34.0, 36.0, 46.0), 1 - 0 * x)
        arch = y - 0.14 * (x - cx) ** 2 / 0.09
        brow = _oval(x, arch, (cx, cy - look.brow_gap), (0.255, 0.045), 0.35)
        _paint(canvas, 0.85 * brow, look.hair, 1 - 0 * x)


def _nose_and_mouth(canvas: Field, look: _Look, x: Field, y: Field) -> None:
    tip = look.eye_height + look.nose_length
    ridge = np.exp(-((x / 0.07) ** 2)) * _step(y - look.eye_height, 0.1) * _step(tip - y, 0.1)
    canvas *= (1 + 0.07 * ridge)[:, :, np.newaxis]
    flank = np.exp(-(((x - 0.15) / 0.06) ** 2 + ((y - tip + 0.10) / 0.16) ** 2))
    canvas *= (1 - 0.16 * flank)[:, :, np.newaxis]
    for side in (-1, 1):
        hole = _oval(x, y, (side * 0.085, tip + 0.055), (0.050, 0.028), 0.4)
        _paint(canvas, 0.75 * hole, (40.0, 46.0, 70.0), 1 - 0 * x)
    under = np.exp(-((x / 0.20) ** 2 + ((y - tip - 0.10) / 0.05) ** 2))
    canvas *= (1 - 0.15 * under)[:, :, np.newaxis]
    curve = y + 0.10 * (x / max(look.mouth_width, 0.1)) ** 2
    lips = _oval(x, curve, (0, look.mouth_height + 0.02), (look.mouth_width, 0.105), 0.2)
    _paint(canvas, 0.85 * lips, (88.0, 84.0, 168.0), 1 - 0 * x)
    line = _oval(x, curve, (0, look.mouth_height), (look.mouth_width * 1.02, 0.022), 0.4)
    _paint(canvas, 0.9 * line, (40.0, 34.0, 66.0), 1 - 0 * x)
    chin = np.exp(-((x / 0.26) ** 2 + ((y - look.mouth_height - 0.24) / 0.06) ** 2))
    canvas *= (1 - 0.10 * chin)[:, :, np.newaxis]


def _paint(canvas: Field, cover: Field, colour: Colour, light: Field) -> None:
    for channel in range(3):
        layer = canvas[:, :, channel]
        layer += cover * (colour[channel] * light - layer)


def _oval(
    x: Field, y: Field, centre: tuple[float, float], radii: tuple[float, float], soft: float
) -> Field:
    """Return 1 inside an ellipse, 0 outside, with an edge as soft as ``soft`` of its radius."""
    return _step(1 - np.hypot((x - centre[0]) / radii[0], (y - centre[1]) / radii[1]), soft)


def _step(distance: Field, soft: float) -> Field:
    return np.asarray(np.clip(0.5 + distance / soft, 0.0, 1.0))


def _grain(seed: int) -> Field:
    """Return camera-like noise of a few grey levels from a counter hash, in integers only."""
    count = SCENE_HEIGHT_PX * SCENE_WIDTH_PX
    mixed = np.arange(count, dtype=np.uint64) + np.uint64(seed * 0x9E3779B9)
    for shift, factor in ((15, 0x2C1B3C6D), (12, 0x297A2D39)):
        mixed = ((mixed ^ (mixed >> np.uint64(shift))) * np.uint64(factor)) & np.uint64(0xFFFFFFFF)
    noise = (mixed >> np.uint64(8)).astype(np.float64) % 7 - 3
    return noise.reshape(SCENE_HEIGHT_PX, SCENE_WIDTH_PX)
