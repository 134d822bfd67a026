"""Render grey camera frames of a QR code as a gate's camera sees it on a bad day.

Twenty-two degraded conditions and one frame without a code, 640x480, the same bytes for the same
text, condition and seed. Two conditions (a finder pattern drowned in glare, and motion of more
than two modules) no single-frame reader is known to read: they keep the score honest.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt
import segno

__all__ = ["HEIGHT", "NEGATIVE", "WIDTH", "Grey", "conditions", "render"]

WIDTH = 640
HEIGHT = 480
NEGATIVE = "no_code"
Grey = npt.NDArray[np.uint8]
Real = npt.NDArray[np.float32]


def conditions() -> tuple[str, ...]:
    """Return the names of the degraded conditions; ``NEGATIVE`` is rendered too, but not listed."""
    return tuple(_CONDITIONS)


def render(text: str, condition: str, seed: int) -> Grey:
    """Return a 640x480 grey frame of ``text`` under ``condition``.

    Raises ``KeyError`` for an unknown condition. The text does not matter for ``NEGATIVE``.
    """
    chance = random.Random(f"{condition}/{seed}")
    if condition == NEGATIVE:
        return _finish(_street(chance), chance, noise=4.0)
    return _CONDITIONS[condition](_symbol(text), chance)


@dataclass(frozen=True, slots=True)
class _Placed:
    scene: Real
    corners: npt.NDArray[np.float64]

    def point(self, right: float, down: float) -> tuple[float, float]:
        """Return the pixel at a share of the symbol's width and height, quiet zone included."""
        top = self.corners[0] * (1 - right) + self.corners[1] * right
        low = self.corners[3] * (1 - right) + self.corners[2] * right
        x, y = top * (1 - down) + low * down
        return float(x), float(y)


def _symbol(text: str) -> Grey:
    code = segno.make(text, error="m", micro=False, boost_error=False)
    rows = [[255 - 255 * module for module in row] for row in code.matrix_iter(border=4)]
    return np.array(rows, dtype=np.uint8)


def _street(chance: random.Random) -> Real:
    """Return a background: a slow gradient with boxes, as walls, doors and signs make them."""
    x = np.linspace(0, 1, WIDTH, dtype=np.float32)[None, :]
    y = np.linspace(0, 1, HEIGHT, dtype=np.float32)[:, None]
    scene = np.asarray(
        90 + 60 * (chance.uniform(-1, 1) * x + chance.uniform(-1, 1) * y), dtype=np.float32
    )
    for _ in range(12):
        left, top = chance.randrange(WIDTH), chance.randrange(HEIGHT)
        right, low = left + chance.randrange(20, 200), top + chance.randrange(20, 150)
        cv2.rectangle(scene, (left, top), (right, low), (chance.uniform(40, 200),), -1)
    return scene


def _place(
    symbol: Grey,
    chance: random.Random,
    *,
    module_px: float = 4.5,
    angle_deg: float | None = None,
    tilt: float = 0.03,
) -> _Placed:
    """Return the street with the symbol in it; ``tilt`` moves corners by that share of a side."""
    side = symbol.shape[0] * module_px
    turn = np.deg2rad(chance.uniform(-8, 8) if angle_deg is None else angle_deg)
    rotation = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    corners = (np.array([[0, 0], [1, 0], [1, 1], [0, 1]]) - 0.5) * side
    jitter = np.array([[chance.uniform(-tilt, tilt) * side for _ in range(2)] for _ in range(4)])
    target = (corners + jitter) @ rotation.T
    low, high = target.min(axis=0), target.max(axis=0)
    room = np.maximum(np.array([WIDTH, HEIGHT]) - (high - low), 0)
    shift = np.array([chance.random(), chance.random()]) * room - low
    # Drawn at four times the size and shrunk, as a lens averages over a pixel.
    zoom, scale = 8, 2
    drawn = np.kron(symbol, np.ones((zoom, zoom), dtype=np.uint8))
    edge = float(drawn.shape[0])
    source = np.array([[0, 0], [edge, 0], [edge, edge], [0, edge]], dtype=np.float32)
    matrix = cv2.getPerspectiveTransform(source, ((target + shift) * scale).astype(np.float32))
    size = (WIDTH * scale, HEIGHT * scale)
    code = cv2.warpPerspective(drawn, matrix, size, flags=cv2.INTER_LINEAR)
    mask = cv2.warpPerspective(np.full_like(drawn, 255), matrix, size, flags=cv2.INTER_LINEAR)
    code = cv2.resize(code, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA)
    share = cv2.resize(mask, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    paper = 30 + code.astype(np.float32) * (190 / 255)
    scene = np.asarray(_street(chance) * (1 - share) + paper * share, dtype=np.float32)
    return _Placed(scene, target + shift)


def _finish(
    scene: Real,
    chance: random.Random,
    *,
    blur_px: float = 0.6,
    light: float = 1.0,
    noise: float = 4.0,
) -> Grey:
    """Return what a sensor makes of ``scene``: lens blur, exposure, read and shot noise, 8 bits."""
    seen = cv2.GaussianBlur(scene, (0, 0), blur_px) * light
    normal = np.random.default_rng(chance.getrandbits(64)).standard_normal(seen.shape)
    seen = seen + normal * np.sqrt(noise**2 * (0.3 + 0.7 * np.clip(seen, 0, 255) / 128))
    return np.asarray(np.clip(np.rint(seen), 0, 255), dtype=np.uint8)


def _motion(scene: Real, length_px: int, angle_deg: float) -> Real:
    kernel = np.zeros((length_px, length_px), dtype=np.float32)
    kernel[length_px // 2, :] = 1
    turn = cv2.getRotationMatrix2D(((length_px - 1) / 2, (length_px - 1) / 2), angle_deg, 1)
    kernel = np.asarray(cv2.warpAffine(kernel, turn, (length_px, length_px)), dtype=np.float32)
    return np.asarray(cv2.filter2D(scene, -1, kernel / kernel.sum()), dtype=np.float32)


def _spot(chance: random.Random, centre: tuple[float, float], radius_px: float) -> Real:
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
    reach = ((x - centre[0]) ** 2 + (y - centre[1]) ** 2) / (
        radius_px * chance.uniform(0.9, 1.1)
    ) ** 2
    return np.asarray(np.exp(-reach), dtype=np.float32)


def _with(**optics: float) -> Callable[[Grey, random.Random], Grey]:
    """Return a condition whose only fault is in the optics: blur_px, light, noise."""

    def condition(symbol: Grey, chance: random.Random) -> Grey:
        return _finish(_place(symbol, chance).scene, chance, **optics)

    return condition


def _at(**pose: float) -> Callable[[Grey, random.Random], Grey]:
    """Return a condition whose only fault is the pose: module_px, angle_deg, tilt."""

    def condition(symbol: Grey, chance: random.Random) -> Grey:
        return _finish(_place(symbol, chance, **pose).scene, chance)

    return condition


def _moved(length_px: int) -> Callable[[Grey, random.Random], Grey]:
    def condition(symbol: Grey, chance: random.Random) -> Grey:
        scene = _motion(_place(symbol, chance).scene, length_px, chance.uniform(0, 180))
        return _finish(scene, chance)

    return condition


def _inverted(symbol: Grey, chance: random.Random) -> Grey:
    return _finish(_place(255 - symbol, chance).scene, chance)


def _soft_glare(symbol: Grey, chance: random.Random) -> Grey:
    placed = _place(symbol, chance)
    centre = placed.point(chance.uniform(0.3, 0.7), chance.uniform(0.3, 0.7))
    return _finish(placed.scene + 150 * _spot(chance, centre, 70), chance)


def _hard_glare(symbol: Grey, chance: random.Random) -> Grey:
    placed = _place(symbol, chance)
    centre = placed.point(*chance.choice([(0.15, 0.15), (0.85, 0.15), (0.15, 0.85)]))
    return _finish(placed.scene + 900 * _spot(chance, centre, 30), chance)


def _low_contrast(symbol: Grey, chance: random.Random) -> Grey:
    return _finish(120 + (_place(symbol, chance).scene - 120) * 0.16, chance, noise=3.0)


def _shadow(symbol: Grey, chance: random.Random) -> Grey:
    placed = _place(symbol, chance)
    x, y = placed.point(chance.uniform(0.35, 0.65), chance.uniform(0.35, 0.65))
    lean = chance.uniform(-0.5, 0.5)
    across = (np.arange(WIDTH)[None, :] - x) + lean * (np.arange(HEIGHT)[:, None] - y)
    return _finish(placed.scene * np.where(across > 0, 0.22, 1.0).astype(np.float32), chance)


def _dirt(symbol: Grey, chance: random.Random) -> Grey:
    placed = _place(symbol, chance)
    scene = placed.scene.copy()
    for _ in range(5):
        x, y = placed.point(chance.uniform(0.35, 0.65), chance.uniform(0.35, 0.8))
        cv2.circle(scene, (int(x), int(y)), chance.randrange(4, 8), (chance.uniform(20, 230),), -1)
    return _finish(scene, chance)


def _mixed_hard(symbol: Grey, chance: random.Random) -> Grey:
    placed = _place(symbol, chance, module_px=4.0, angle_deg=chance.uniform(0, 360), tilt=0.06)
    scene = _motion(placed.scene, 3, chance.uniform(0, 180))
    return _finish(scene, chance, blur_px=1.2, light=0.3, noise=5.0)


_CONDITIONS: dict[str, Callable[[Grey, random.Random], Grey]] = {
    "clean": _with(),
    "noise": _with(noise=28.0),
    "defocus_slight": _with(blur_px=1.4),
    "defocus": _with(blur_px=1.8),
    "defocus_strong": _with(blur_px=2.2),
    "motion_short": _moved(5),
    "motion_long": _moved(11),
    "dim": _with(light=0.25),
    "low_light": _with(light=0.12, noise=4.0),
    "dark": _with(light=0.08, noise=4.0),
    "inverted": _inverted,
    "glare_soft": _soft_glare,
    "glare_hard": _hard_glare,
    "perspective": _at(tilt=0.14),
    "turned": _at(angle_deg=37.0),
    "upside_down": _at(angle_deg=180.0),
    "small": _at(module_px=2.6),
    "far": _at(module_px=2.1),
    "low_contrast": _low_contrast,
    "shadow": _shadow,
    "dirt": _dirt,
    "mixed_hard": _mixed_hard,
}
