"""Stand in for a GPU: memory in two places, a stream that runs late, and every kind of failure.

Device memory is apart from the host's unless ``shares_memory``, so code that forgets a copy fails
here as it would there. The kernel is the NumPy reference.
"""

import contextlib
import time
from collections.abc import Callable, Iterator, Sequence

import numpy as np
import numpy.typing as npt

from edge.workers.face.trt.driver import (
    Argument,
    Buffer,
    CudaError,
    DeviceFacts,
    DeviceLostError,
    Kernel,
)
from edge.workers.face.trt.picture import Placing, place

__all__ = ["FAILURES", "FakeDriver"]

FAILURES = ("allocate", "current", "upload", "download", "kernel", "launch", "wait", "deadline")
"""What can be made to fail; `wait` and `deadline` lose the device."""

_BASE = 0x7000_0000_0000
_STEP = 0x1_0000_0000
Bytes = npt.NDArray[np.uint8]


class FakeDriver:
    """Keep the port of ``driver.CudaDriver``; ``failing`` names what fails from now on."""

    def __init__(
        self, *, shares_memory: bool = False, capability: tuple[int, int] = (8, 7)
    ) -> None:
        self.failing: set[str] = set()
        self.facts = DeviceFacts("Fake GPU", capability, "13.0", shares_memory, 1 << 33)
        self.stream = 0x57
        self.memory: dict[int, Bytes] = {}
        self.is_closed = False
        self._is_lost = False
        self._queue: list[Callable[[], None]] = []
        self._next = _BASE

    @contextlib.contextmanager
    def current(self) -> Iterator[None]:
        """Refuse after a loss or after the end."""
        if self.is_closed:
            raise CudaError("closed")
        if self._is_lost:
            raise DeviceLostError("context")
        self._may("current")
        yield

    def allocate(self, size: int) -> Buffer:
        """Return memory at an address that no host has."""
        self._may("allocate", "no_memory")
        host = np.zeros(size, np.uint8)
        device = host if self.facts.shares_memory else np.zeros(size, np.uint8)
        address, self._next = self._next, self._next + _STEP
        self.memory[address] = device
        return Buffer(host, address, self.facts.shares_memory, device)

    def free(self, buffer: Buffer) -> None:
        """Forget an address."""
        buffer.host.fill(0)
        held = self.memory.pop(buffer.device, None)
        if held is not None:
            held.fill(0)

    def upload(self, buffer: Buffer, size: int) -> None:
        """Copy when the stream runs."""
        self._may("upload")
        if not buffer.is_mapped:
            self.enqueue(lambda: self._copy(self.at(buffer.device), buffer.host, size))

    def download(self, buffer: Buffer, size: int) -> None:
        """Copy back when the stream runs."""
        self._may("download")
        if not buffer.is_mapped:
            self.enqueue(lambda: self._copy(buffer.host, self.at(buffer.device), size))

    def kernel(self, image: bytes, name: str, signature: str) -> Kernel:
        """Return the reference in the place of compiled code."""
        self._may("kernel")
        if not image or not name:
            raise CudaError("cuda_failed", "cuModuleLoadDataEx")
        return _FakeKernel(self, signature)

    def wait(self, deadline_s: float) -> None:
        """Run what is in the stream."""
        for name in ("wait", "deadline"):
            if name in self.failing:
                self._is_lost = True
                raise DeviceLostError(name)
        queue, self._queue = self._queue, []
        for step in queue:
            step()
        if time.monotonic() > deadline_s:
            self._is_lost = True
            raise DeviceLostError("deadline")

    def close(self) -> None:
        """Let go of everything."""
        self.is_closed = True
        self.memory.clear()

    def enqueue(self, step: Callable[[], None]) -> None:
        """Put a step into the stream: it runs in ``wait``, as late as it can."""
        self._queue.append(step)

    def at(self, address: int) -> Bytes:
        """Return the device memory at an address; an unknown one loses the device."""
        if address not in self.memory:
            self._is_lost = True
            raise DeviceLostError("an illegal memory access was encountered")
        return self.memory[address]

    def may_launch(self) -> None:
        """Fail a launch when asked to."""
        self._may("launch")

    @staticmethod
    def _copy(target: Bytes, source: Bytes, size: int) -> None:
        target[:size] = source[:size]

    def _may(self, name: str, code: str = "cuda_failed") -> None:
        if name in self.failing:
            raise CudaError(code, name)


class _FakeKernel:
    """Read the arguments as the kernel's signature has them and compute with the reference."""

    def __init__(self, driver: FakeDriver, signature: str) -> None:
        self._driver = driver
        self._signature = signature

    def launch(
        self, grid: tuple[int, int, int], block: tuple[int, int, int], arguments: Sequence[Argument]
    ) -> None:
        """Put the computation into the stream."""
        self._driver.may_launch()
        if len(arguments) != len(self._signature):
            raise CudaError("cuda_failed", "arguments")
        whole = [int(value) for value in arguments[:15]]
        m0, m1, m2, m3, m4, m5, mean0, mean1, mean2, scale, spread = map(float, arguments[15:])
        source, target, width, height, pitch, channels, first = whole[:7]
        placing = Placing(
            (m0, m1, m2, m3, m4, m5), whole[8], whole[9], whole[10], whole[11], bool(whole[12]),
            whole[13], spread, bool(whole[14]), first == 0, (mean0, mean1, mean2), scale,
        )  # fmt: skip
        if grid[0] * block[0] < placing.width or grid[1] * block[1] < placing.height:
            raise CudaError("cuda_failed", "grid")

        def run() -> None:
            rows = self._driver.at(source)[: height * pitch].reshape(height, pitch)
            picture = rows[:, : width * channels].reshape(height, width, channels)[:, :, :3]
            answer = place(np.ascontiguousarray(picture), placing).reshape(-1).view(np.uint8)
            self._driver.at(target)[: answer.size] = answer

        self._driver.enqueue(run)
