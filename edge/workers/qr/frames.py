"""Say what a lane reads: grey frames from a camera, or texts from a code engine."""

from dataclasses import dataclass
from typing import Literal, Protocol

import cv2
import numpy as np
import numpy.typing as npt

__all__ = [
    "WORKING_HEIGHT",
    "WORKING_WIDTH",
    "CodeText",
    "Feed",
    "Frame",
    "Grey",
    "SourceError",
    "SourceState",
    "to_grey",
    "to_working_size",
]

WORKING_WIDTH = 640
WORKING_HEIGHT = 480
Grey = npt.NDArray[np.uint8]
SourceState = Literal["opening", "live", "waiting", "faulted", "ended"]


class SourceError(Exception):
    """Report a source that cannot be opened or has stopped.

    ``code`` is a stable lower-case word for the daemon, ``cure`` says what to do. Neither repeats
    the source's address, which may hold a password.
    """

    def __init__(self, code: str, cure: str = "") -> None:
        super().__init__(f"{code}: {cure}" if cure else code)
        self.code = code
        self.cure = cure


@dataclass(frozen=True, slots=True)
class Frame:
    """Hold one grey picture (height x width, 0-255) and the monotonic ms at which it was taken.

    ``full`` is the picture before it was made small, for stills only. A still is seen once, so
    everything is tried on it; of a live camera the next frame comes anyway.
    """

    grey: Grey
    mono_ms: float
    full: Grey | None = None
    is_still: bool = False


@dataclass(frozen=True, slots=True)
class CodeText:
    """Hold what a code engine read: a text, or why its content can be no pass."""

    text: str
    refusal: Literal["too_long", "charset"] | None
    first_mono_ms: float
    mono_ms: float


class Feed(Protocol):
    """Deliver what one lane's reader sees to the main loop, without ever blocking it."""

    @property
    def is_simulated(self) -> bool:
        """Tell whether the frames come from files, never from a sensor."""

    @property
    def state(self) -> SourceState:
        """Return how the source is now."""

    @property
    def dropped(self) -> int:
        """Return how many frames or texts gave way to newer ones."""

    def start(self) -> None:
        """Begin to read."""

    def take(self) -> Frame | CodeText | None:
        """Return the next item, or None when there is none now."""

    def take_fault(self) -> str | None:
        """Return the code of a fault that began since the last call."""

    def close(self) -> None:
        """Stop reading and let go of the device."""


def to_grey(picture: npt.NDArray[np.integer]) -> Grey:
    """Return a decoded camera picture as one grey plane."""
    if picture.ndim == 2:
        return np.asarray(picture, dtype=np.uint8)
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), dtype=np.uint8)


def to_working_size(grey: Grey) -> Grey:
    """Return ``grey`` shrunk to fit 640x480, its shape kept; smaller pictures stay as they are."""
    height, width = grey.shape
    scale = min(WORKING_WIDTH / width, WORKING_HEIGHT / height)
    if scale >= 1:
        return grey
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return np.asarray(cv2.resize(grey, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
