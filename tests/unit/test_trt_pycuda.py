"""The pycuda adapter against a stand-in of its module: context, memory, loss, deadline."""

import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from edge.workers.face.trt import driver_pycuda
from edge.workers.face.trt.driver import CudaError, DeviceLostError
from edge.workers.face.trt.driver_pycuda import PyCudaDriver


class Error(Exception):
    pass


class LogicError(Error):
    pass


class OutOfMemoryError(Error):
    pass


class Cuda:
    """What of `pycuda.driver` is used, with its own words for errors."""

    Error, LogicError, MemoryError = Error, LogicError, OutOfMemoryError
    device_attribute = SimpleNamespace(INTEGRATED=18, CAN_MAP_HOST_MEMORY=19)
    host_alloc_flags = SimpleNamespace(DEVICEMAP=2)

    def __init__(self, *, shares: bool = False) -> None:
        self.shares = shares
        self.stack: list[str] = []
        self.released = 0
        self.freed: list[int] = []
        self.fails: dict[str, Error] = {}
        self.poison: Error | None = None
        self.is_done = True
        self.launched: list[tuple[Any, ...]] = []
        self.Context = SimpleNamespace(pop=self._pop, synchronize=self._synchronize)

    def Device(self, index: int) -> SimpleNamespace:
        assert index == 0
        context = SimpleNamespace(push=lambda: self._may("push", self._push), detach=self._detach)
        return SimpleNamespace(
            retain_primary_context=lambda: context,
            get_attribute=lambda which: int(self.shares) if which == 18 else 1,
            name=lambda: "Orin",
            compute_capability=lambda: (8, 7),
            total_memory=lambda: 8 << 30,
        )

    def get_driver_version(self) -> int:
        return 12_060

    def Stream(self) -> SimpleNamespace:
        self._inside()
        return SimpleNamespace(handle=77, is_done=lambda: self._may("is_done", self._is_done))

    def pagelocked_empty(self, shape: tuple[int], dtype: Any, *, mem_flags: int) -> Any:
        self._inside()
        assert mem_flags == (2 if self.shares else 0)
        return self._may("pagelocked", lambda: np.full(shape, 7, dtype)).view(Pinned)

    def mem_alloc(self, size: int) -> "Memory":
        self._inside()
        self._may("mem_alloc", self._inside)
        return Memory(self, size)

    def memset_d8(self, memory: Any, value: int, size: int) -> None:
        self._inside()

    def memcpy_htod_async(self, device: int, host: Any, stream: Any) -> None:
        self._may("upload", self._inside)

    def memcpy_dtoh_async(self, host: Any, device: int, stream: Any) -> None:
        self._may("download", self._inside)

    def module_from_buffer(self, image: bytes) -> SimpleNamespace:
        self._inside()
        return SimpleNamespace(get_function=lambda name: self._may(name, self._function))

    def _function(self) -> SimpleNamespace:
        def call(*arguments: Any) -> None:
            self._may("launch", lambda: self.launched.append(arguments))

        return SimpleNamespace(prepare=lambda signature: None, prepared_async_call=call)

    def _may(self, name: str, run: Callable[[], Any]) -> Any:
        if name in self.fails:
            raise self.fails[name]
        return run()

    def _push(self) -> None:
        self.stack.append("primary")

    def _pop(self) -> None:
        if not self.stack:
            raise LogicError("cuCtxPopCurrent failed: invalid device context")
        self.stack.pop()

    def _synchronize(self) -> None:
        if self.poison is not None:
            raise self.poison
        if not self.stack:
            raise LogicError("cuCtxSynchronize failed: invalid device context")

    def _detach(self) -> None:
        self.released += 1

    def _is_done(self) -> bool:
        return self.is_done

    def _inside(self) -> None:
        assert self.stack, "no context is current"


class Pinned(np.ndarray):
    @property
    def base(self) -> SimpleNamespace:  # type: ignore[override]  # pycuda puts its allocation here
        return SimpleNamespace(get_device_pointer=lambda: 0x5000)


class Memory:
    def __init__(self, cuda: Cuda, size: int) -> None:
        self._cuda, self.size = cuda, size

    def __int__(self) -> int:
        return 0x7000

    def free(self) -> None:
        self._cuda.freed.append(self.size)


ILLEGAL = LogicError("cuStreamQuery failed: an illegal memory access was encountered")


def soon() -> float:
    return time.monotonic() + 0.05


def test_it_describes_the_device_and_leaves_no_context_behind() -> None:
    cuda = Cuda(shares=True)
    driver = PyCudaDriver(cuda, 0)
    assert (driver.facts.name, driver.facts.architecture) == ("Orin", "sm_87")
    assert driver.facts.driver_version == "12.6"
    assert driver.facts.shares_memory
    assert driver.stream == 77
    assert cuda.stack == []
    driver.close()
    driver.close()
    assert cuda.released == 1
    with pytest.raises(CudaError, match="closed"), driver.current():
        pass


def test_a_jetson_maps_its_memory_and_a_card_copies() -> None:
    shared = PyCudaDriver(Cuda(shares=True), 0).allocate(8)
    assert (shared.device, shared.is_mapped) == (0x5000, True)
    assert not shared.host.any()
    cuda = Cuda()
    driver = PyCudaDriver(cuda, 0)
    apart = driver.allocate(8)
    assert (apart.device, apart.is_mapped) == (0x7000, False)
    driver.free(apart)
    assert cuda.freed == [8]


def test_a_refused_call_is_no_loss_and_no_memory_is_named() -> None:
    cuda = Cuda()
    driver = PyCudaDriver(cuda, 0)
    cuda.fails["mem_alloc"] = OutOfMemoryError("cuMemAlloc failed: out of memory")
    with pytest.raises(CudaError, match="no_memory"):
        driver.allocate(8)
    cuda.fails = {"place": LogicError("cuModuleGetFunction failed: named symbol not found")}
    with pytest.raises(CudaError, match=r"cuda_failed: cuModuleGetFunction$"):
        driver.kernel(b"code", "place", "P")
    cuda.fails = {}
    driver.allocate(8)
    assert cuda.stack == []


@pytest.mark.parametrize(
    "poison",
    [
        LogicError("cuCtxSynchronize failed: an illegal memory access was encountered"),
        LogicError("cuCtxSynchronize failed: invalid program counter"),
        Error("cuCtxSynchronize failed: unknown error"),
    ],
)
def test_a_poisoned_context_is_a_loss_for_good(poison: Error) -> None:
    cuda = Cuda()
    driver = PyCudaDriver(cuda, 0)
    buffer = driver.allocate(8)
    cuda.fails["is_done"], cuda.poison = ILLEGAL, poison
    with pytest.raises(DeviceLostError, match="cuStreamQuery"), driver.current():
        driver.wait(soon())
    cuda.fails, cuda.poison = {}, None
    with pytest.raises(DeviceLostError, match="context"), driver.current():
        pass
    driver.free(buffer)
    driver.close()
    assert (cuda.freed, cuda.released) == ([], 0), "nothing of a lost device is touched"


def test_a_call_without_a_context_is_not_taken_for_a_loss() -> None:
    cuda = Cuda()
    driver = PyCudaDriver(cuda, 0)
    cuda.fails["push"] = LogicError("cuCtxPushCurrent failed: invalid device context")
    with pytest.raises(CudaError) as caught, driver.current():
        pass
    assert not isinstance(caught.value, DeviceLostError)


def test_waiting_ends_at_the_deadline_and_the_device_counts_as_lost() -> None:
    cuda = Cuda()
    driver = PyCudaDriver(cuda, 0)
    cuda.is_done = False
    begin_s = time.monotonic()
    with pytest.raises(DeviceLostError, match="deadline"), driver.current():
        driver.wait(soon())
    assert time.monotonic() - begin_s < 5
    with pytest.raises(DeviceLostError), driver.current():
        pass


def test_a_launch_hands_over_stream_grid_and_arguments() -> None:
    cuda = Cuda()
    driver = PyCudaDriver(cuda, 0)
    kernel = driver.kernel(b"code", "place", "Pif")
    with driver.current():
        kernel.launch((2, 1, 1), (16, 16, 1), (5, 6, 7.0))
    ((grid, block, stream, *arguments),) = cuda.launched
    assert (grid, block, arguments) == ((2, 1, 1), (16, 16, 1), [5, 6, 7.0])
    assert stream.handle == 77
    cuda.fails["launch"] = LogicError("cuLaunchKernel failed: invalid value")
    with pytest.raises(CudaError, match="cuLaunchKernel"), driver.current():
        kernel.launch((1, 1, 1), (1, 1, 1), ())


@pytest.mark.parametrize("name", ["upload", "download"])
def test_copies_that_fail_are_errors_and_mapped_ones_need_none(name: str) -> None:
    cuda = Cuda()
    driver = PyCudaDriver(cuda, 0)
    buffer = driver.allocate(8)
    cuda.fails[name] = LogicError(f"cuMemcpy failed: {name}")
    with pytest.raises(CudaError, match="cuMemcpy"), driver.current():
        getattr(driver, name)(buffer, 8)
    mapped = PyCudaDriver(Cuda(shares=True), 0)
    held = mapped.allocate(8)
    mapped.upload(held, 8)
    mapped.download(held, 8)


def test_where_pycuda_is_absent_that_is_the_reason() -> None:
    try:
        import pycuda.driver  # noqa: F401
    except (ImportError, OSError):
        with pytest.raises(CudaError, match="no_pycuda"):
            driver_pycuda.open_pycuda()
