"""Say what a face camera is, whatever delivers its frames.

Rules that every camera keeps:

1. Before ``open`` and after ``close`` no frame can be had, and ``close`` drops what is on its way.
2. A frame belongs to its caller, who overwrites it; the camera keeps no other reference to it.
3. What fails is a ``CameraError`` whose code names no address.
"""

from typing import Literal, Protocol

from edge.workers.face.analysis import Frame

__all__ = ["CameraError", "FaceCamera", "Standby"]

Standby = Literal["closed", "valve"]
"""What the sensor does between attempts: closed, or running behind a closed valve."""


class CameraError(Exception):
    """Report a camera that cannot be used; ``code`` is stable, ``cure`` says what to do."""

    def __init__(self, code: str, cure: str = "") -> None:
        super().__init__(f"{code}: {cure}" if cure else code)
        self.code = code
        self.cure = cure


class FaceCamera(Protocol):
    """Deliver frames between ``open`` and ``close``; used by one thread at a time."""

    @property
    def is_simulated(self) -> bool:
        """Tell whether the frames come from files."""

    @property
    def standby(self) -> Standby:
        """Tell what the sensor does between attempts."""

    def stand_by(self) -> None:
        """Begin to wait for the first attempt; does nothing where the sensor is closed."""

    def open(self) -> None:
        """Open the device; raises ``CameraError``."""

    def read(self) -> Frame:
        """Return a frame of the caller's own; blocks up to 3 s; raises ``CameraError``."""

    def close(self) -> None:
        """Let go of the device, or close the valve; harmless when it is not open."""

    def shut(self) -> None:
        """End for good: no sensor of ours runs afterwards."""
