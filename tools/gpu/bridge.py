"""Let the fake of TensorRT work on the memory of a real device, by address."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from edge.workers.face.trt.driver_fake import FakeDriver
from edge.workers.face.trt.driver_pycuda import PyCudaDriver

__all__ = ["Bridge"]


class Bridge(FakeDriver):
    """Read and write device memory for ``api_fake``; what it queues runs when it is put in."""

    def __init__(self, driver: PyCudaDriver) -> None:
        super().__init__()
        self._driver = driver
        self.stream = driver.stream

    def enqueue(self, step: Callable[[], None]) -> None:
        """Run at once, after everything that is in the stream."""
        self._driver._stream.synchronize()  # noqa: SLF001
        step()

    def at(self, address: int) -> "npt.NDArray[np.uint8]":
        """Return something that reads and writes like an array."""
        return _Bytes(self._driver, address)  # type: ignore[return-value]  # stands in for one


class _Bytes:
    def __init__(self, driver: PyCudaDriver, address: int) -> None:
        self._cuda = driver._cuda  # noqa: SLF001
        self._address = address

    def __getitem__(self, part: slice) -> "npt.NDArray[np.uint8]":
        held = np.empty(part.stop, np.uint8)
        self._cuda.memcpy_dtoh(held, self._address)
        return held

    def __setitem__(self, part: slice, value: "npt.NDArray[np.uint8]") -> None:
        self._cuda.memcpy_htod(self._address, np.ascontiguousarray(value[: part.stop]))
