"""Use a CUDA device through a small port: memory, a stream, kernels and a clock that runs out.

Rules that every adapter keeps; the contract tests run them on the fake and, where there is a GPU,
on pycuda:

1. Everything happens in the device's primary context, which TensorRT and jetson-utils share.
2. Every failure is a ``CudaError``; after ``DeviceLostError`` the process must end, because what
   CUDA holds for it is gone.
3. A buffer has one host and one device view; on a board whose memory is shared they are the same
   bytes and copies cost nothing.
"""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from edge.workers.face.engine import EngineError

__all__ = [
    "Argument",
    "Buffer",
    "CudaDriver",
    "CudaError",
    "DeviceFacts",
    "DeviceLostError",
    "Kernel",
]

Bytes = npt.NDArray[np.uint8]
Argument = int | float
"""A kernel argument: ints are addresses or whole numbers as the signature says."""


class CudaError(EngineError):
    """Report a call to CUDA that failed; ``code`` is stable, ``name`` is the call."""


class DeviceLostError(CudaError):
    """Report a device on which nothing can run any more for this process."""

    def __init__(self, name: str = "") -> None:
        super().__init__("device_lost", name)


@dataclass(frozen=True, slots=True)
class DeviceFacts:
    """Describe a GPU; all of it goes into the key of an engine.

    ``capability`` is (major, minor); ``shares_memory`` tells a Jetson from a card.
    """

    name: str
    capability: tuple[int, int]
    driver_version: str
    shares_memory: bool
    memory_bytes: int

    @property
    def architecture(self) -> str:
        """Return the name for compilers: ``sm_87`` on Orin."""
        return f"sm_{self.capability[0]}{self.capability[1]}"


@dataclass(frozen=True, slots=True, eq=False)
class Buffer:
    """Hold memory with a host view and a device address; ``owner`` keeps both alive."""

    host: Bytes
    device: int
    is_mapped: bool
    owner: object


class Kernel(Protocol):
    """Run one compiled function on the device."""

    def launch(
        self, grid: tuple[int, int, int], block: tuple[int, int, int], arguments: Sequence[Argument]
    ) -> None:
        """Put one launch into the driver's stream; raises ``CudaError``."""


class CudaDriver(Protocol):
    """Own the primary context of one device, one stream and what was allocated."""

    @property
    def facts(self) -> DeviceFacts:
        """Describe the device."""

    @property
    def stream(self) -> int:
        """Return the handle of the stream, for TensorRT."""

    def current(self) -> AbstractContextManager[None]:
        """Make the context current on this thread while the block runs."""

    def allocate(self, size: int) -> Buffer:
        """Return zeroed memory of ``size`` bytes, 1 or more."""

    def free(self, buffer: Buffer) -> None:
        """Overwrite and give back; harmless after a loss."""

    def upload(self, buffer: Buffer, size: int) -> None:
        """Bring the first ``size`` bytes of the host view to the device, in the stream."""

    def download(self, buffer: Buffer, size: int) -> None:
        """Bring them back, in the stream."""

    def kernel(self, image: bytes, name: str, signature: str) -> Kernel:
        """Load a compiled kernel; ``signature`` has P, i or f per argument."""

    def wait(self, deadline_s: float) -> None:
        """Wait for the stream, at most until ``deadline_s`` of the monotonic clock.

        Raises ``DeviceLostError`` when it fails or does not come to an end: memory that a run
        still writes to cannot be used again.
        """

    def close(self) -> None:
        """Let go of everything; closing twice does nothing."""
