"""Use a CUDA device through pycuda: the only module that imports it.

``pycuda.autoinit`` would make a context of its own; TensorRT and jetson-utils use the primary one,
so that one is retained here. pycuda raises for every result that is not success, and a failed run
poisons the context: a probe tells such a loss from a call that merely was refused.
"""

import contextlib
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

import numpy as np

from edge.workers.face.trt.driver import (
    Argument,
    Buffer,
    CudaError,
    DeviceFacts,
    DeviceLostError,
    Kernel,
)

__all__ = ["PyCudaDriver", "open_pycuda"]

_T = TypeVar("_T")
_SPIN_S = 0.001
_NAP_S = 0.0001


def open_pycuda(index: int = 0) -> "PyCudaDriver":
    """Return a driver for a device.

    Raises ``CudaError``: `no_pycuda` where it or libcuda is missing, `no_device`, or `cuda_failed`.
    """
    try:
        import pycuda.driver as cuda
    except (ImportError, OSError):
        raise CudaError("no_pycuda") from None
    try:
        cuda.init()
        if cuda.Device.count() <= index:
            raise CudaError("no_device")
        return PyCudaDriver(cuda, index)
    except cuda.Error as error:
        raise CudaError("no_device", _call_of(error)) from None


class PyCudaDriver:
    """Hold the primary context of one device; ``cuda`` is the module ``pycuda.driver``."""

    def __init__(self, cuda: Any, index: int) -> None:  # noqa: ANN401 - publishes no types
        self._cuda = cuda
        device = cuda.Device(index)
        self._context = device.retain_primary_context()
        attribute = cuda.device_attribute
        self._shares = bool(device.get_attribute(attribute.INTEGRATED)) and bool(
            device.get_attribute(attribute.CAN_MAP_HOST_MEMORY)
        )
        number = cuda.get_driver_version()
        self.facts = DeviceFacts(
            str(device.name()),
            tuple(device.compute_capability()),
            f"{number // 1000}.{number % 1000 // 10}",
            self._shares,
            int(device.total_memory()),
        )
        self._is_lost = self._is_closed = False
        with self.current():
            self._stream = cuda.Stream()

    @property
    def stream(self) -> int:
        """Return the handle of the stream, for TensorRT."""
        return int(self._stream.handle)

    @contextlib.contextmanager
    def current(self) -> Iterator[None]:
        """Make the context current on this thread while the block runs."""
        if self._is_closed:
            raise CudaError("closed")
        if self._is_lost:
            raise DeviceLostError("context")
        self._call("push", self._context.push)
        try:
            yield
        finally:
            # After a loss the stack is worth nothing either.
            with contextlib.suppress(self._cuda.Error):
                self._cuda.Context.pop()

    def allocate(self, size: int) -> Buffer:
        """Return zeroed memory: mapped where the board shares its memory, else a pinned pair."""
        flags = self._cuda.host_alloc_flags.DEVICEMAP if self._shares else 0
        with self.current():
            host = self._call(
                "allocate", self._cuda.pagelocked_empty, (size,), np.uint8, mem_flags=flags
            )
            host.fill(0)
            if self._shares:
                device = int(self._call("map", host.base.get_device_pointer))
                return Buffer(host, device, True, host.base)
            memory = self._call("allocate", self._cuda.mem_alloc, size)
            self._call("clear", self._cuda.memset_d8, memory, 0, size)
        return Buffer(host, int(memory), False, memory)

    def free(self, buffer: Buffer) -> None:
        """Overwrite and give back; harmless after a loss."""
        buffer.host.fill(0)
        if self._is_lost or self._is_closed or buffer.is_mapped:
            return  # mapped memory goes with its last view
        with contextlib.suppress(CudaError), self.current():
            self._call("clear", self._cuda.memset_d8, buffer.device, 0, buffer.host.size)
            owner: Any = buffer.owner
            self._call("free", owner.free)

    def upload(self, buffer: Buffer, size: int) -> None:
        """Bring the host view to the device; nothing to do where they are the same."""
        if not buffer.is_mapped:
            self._call(
                "upload", self._cuda.memcpy_htod_async, buffer.device, buffer.host[:size],
                self._stream,
            )  # fmt: skip

    def download(self, buffer: Buffer, size: int) -> None:
        """Bring the device's bytes to the host view; nothing to do where they are the same."""
        if not buffer.is_mapped:
            self._call(
                "download", self._cuda.memcpy_dtoh_async, buffer.host[:size], buffer.device,
                self._stream,
            )  # fmt: skip

    def kernel(self, image: bytes, name: str, signature: str) -> Kernel:
        """Load a compiled kernel."""
        with self.current():
            module = self._call("load", self._cuda.module_from_buffer, image)
            function = self._call("find", module.get_function, name)
            self._call("prepare", function.prepare, signature)
        return _PyCudaKernel(self, module, function)

    def launch(self, function: Any, grid: Sequence[int], block: Sequence[int],  # noqa: ANN401
               arguments: Sequence[Argument]) -> None:  # fmt: skip
        """Put a launch of a prepared function into the stream."""
        self._call(
            "launch", function.prepared_async_call, tuple(grid), tuple(block), self._stream,
            *arguments,
        )  # fmt: skip

    def wait(self, deadline_s: float) -> None:
        """Wait for the stream: briefly awake, then in naps, so that other ways keep the cores."""
        begin_s = time.monotonic()
        while not self._call("wait", self._stream.is_done):
            now_s = time.monotonic()
            if now_s >= deadline_s:
                self._is_lost = True
                raise DeviceLostError("deadline")
            if now_s - begin_s > _SPIN_S:
                time.sleep(_NAP_S)

    def close(self) -> None:
        """Let go of the context; after a loss nothing is touched, because the process ends."""
        if self._is_closed:
            return
        self._is_closed = True
        if not self._is_lost:
            with contextlib.suppress(self._cuda.Error):
                self._context.detach()

    def _call(self, name: str, function: Callable[..., _T], *args: Any, **named: Any) -> _T:  # noqa: ANN401
        """Call into pycuda; raise ``CudaError``, or ``DeviceLostError`` when nothing works now."""
        try:
            return function(*args, **named)
        except self._cuda.Error as error:
            if isinstance(error, self._cuda.MemoryError):
                raise CudaError("no_memory", name) from None
            if self._is_poisoned():
                raise DeviceLostError(_call_of(error) or name) from None
            raise CudaError("cuda_failed", _call_of(error) or name) from None

    def _is_poisoned(self) -> bool:
        """Ask for something that only fails when the whole context has failed."""
        try:
            self._cuda.Context.synchronize()
        except self._cuda.LogicError as error:
            # No context is current: then this says nothing about the device.
            self._is_lost = "invalid device context" not in str(error)
        except self._cuda.Error:
            self._is_lost = True
        return self._is_lost


class _PyCudaKernel:
    """Hold one prepared function and the module that it lives in."""

    def __init__(self, driver: PyCudaDriver, module: object, function: object) -> None:
        self._driver = driver
        self._module = module
        self._function = function

    def launch(
        self, grid: tuple[int, int, int], block: tuple[int, int, int], arguments: Sequence[Argument]
    ) -> None:
        """Put one launch into the driver's stream."""
        self._driver.launch(self._function, grid, block, arguments)


def _call_of(error: Exception) -> str:
    """Return the name of the CUDA function that failed; its other words stay out of records."""
    return str(error).split(" ", 1)[0][:40]
