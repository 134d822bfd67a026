"""Try everything on a single picture: nobody will hold it up again.

The order is by yield and cost. A text counts as soon as one attempt gives it, because the error
correction of the symbol has confirmed it; the attempts stop there, or when the time is up.
"""

from collections.abc import Callable, Iterator

import cv2
import numpy as np

from edge.workers.qr.decode import Decoder, Look
from edge.workers.qr.frames import Grey, to_working_size

__all__ = ["TIME_LIMIT_MS", "read_still"]

TIME_LIMIT_MS = 4000.0
_SMALL_PX = 800
_SCALES = (2.0, 3.0, 1.5)
_TURNS_DEG = (12.0, -12.0, 45.0)
_SHEARS = ((0.12, 0.0), (-0.12, 0.0), (0.0, 0.12), (0.0, -0.12))


def read_still(decoder: Decoder, grey: Grey, mono_ms: Callable[[], float]) -> Look:
    """Return what can be read in ``grey`` at any size, within ``TIME_LIMIT_MS`` of ``mono_ms``."""
    end_ms = mono_ms() + TIME_LIMIT_MS
    code_like = False
    for picture in _views(grey):
        look = decoder.thorough(picture)
        code_like = code_like or look.code_like
        if look.readings or mono_ms() > end_ms:
            return Look(look.readings, code_like)
    return Look((), code_like)


def _views(grey: Grey) -> Iterator[Grey]:
    """Yield the picture, then itself at other sizes, cleaned, turned and leaned."""
    yield grey
    working = to_working_size(grey)
    if working is not grey:
        yield working
    if max(grey.shape) <= _SMALL_PX:
        for scale in _SCALES:
            yield _array(cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC))
    yield _array(cv2.medianBlur(working, 3))
    yield _array(cv2.threshold(working, 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)[1])
    for turn in _TURNS_DEG:
        yield _moved(working, turn, (0.0, 0.0))
    for shear in _SHEARS:
        yield _moved(working, 0.0, shear)


def _moved(grey: Grey, turn_deg: float, shear: tuple[float, float]) -> Grey:
    """Return ``grey`` turned and leaned about its middle, with the border it had carried on."""
    height, width = grey.shape
    matrix = np.asarray(cv2.getRotationMatrix2D((width / 2, height / 2), turn_deg, 1.0))
    matrix = matrix + np.array(
        [[0.0, shear[0], -shear[0] * height / 2], [shear[1], 0.0, -shear[1] * width / 2]]
    )
    moved = cv2.warpAffine(
        grey, matrix, (width, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
    )
    return _array(moved)


def _array(picture: object) -> Grey:
    return np.asarray(picture, dtype=np.uint8)
