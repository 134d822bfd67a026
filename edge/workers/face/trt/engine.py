"""Run one built engine: buffers allocated once, addresses set once, a deadline for every run.

TensorRT tells failures by values, so every one is looked at. Inputs lie in buffers of the largest
shape that the profile allows; a run uploads, executes and downloads in one stream and waits for
it with a deadline. A device that does not come back is lost for this process.
"""

import contextlib
import time
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from edge.workers.face.engine import (
    EngineError,
    EngineInfo,
    Tensor,
    TensorSpec,
    check_feeds,
)
from edge.workers.face.models_input import Picture
from edge.workers.face.trt.api import (
    CudaEngine,
    ExecutionContext,
    LogTail,
    TensorRt,
    construct,
    make_logger,
)
from edge.workers.face.trt.driver import Buffer, CudaDriver
from edge.workers.face.trt.picture import Placing
from edge.workers.face.trt.placing import PicturePlacer
from edge.workers.face.trt.precision import Precision

__all__ = ["RUN_LIMIT_S", "TrtEngine", "open_plan"]

RUN_LIMIT_S = 2.0
"""A run takes milliseconds; after this long the device will not come back."""


@dataclass(frozen=True, slots=True)
class _Port:
    spec: TensorSpec
    least: tuple[int, ...]
    greatest: tuple[int, ...]
    buffer: Buffer


class TrtEngine:
    """Hold one execution context; used by one thread at a time. ``open_plan`` makes it."""

    def __init__(
        self,
        trt: TensorRt,
        driver: CudaDriver,
        parts: tuple[object, CudaEngine, ExecutionContext],
        *,
        precision: Precision,
        placer: PicturePlacer | None = None,
        limit_s: float = RUN_LIMIT_S,
    ) -> None:
        self._trt = trt
        self._driver = driver
        # The runtime has to outlive what it made.
        self._runtime, self._engine, context = parts
        self._context: ExecutionContext | None = context
        self._placer = placer
        self._limit_s = limit_s
        self._inputs: dict[str, _Port] = {}
        self._outputs: dict[str, _Port] = {}
        self.info = EngineInfo(trt.flavour, trt.version, precision)
        try:
            self._allocate(context)
        except EngineError:
            self.close()
            raise
        self.inputs = tuple(port.spec for port in self._inputs.values())
        self.outputs = tuple(port.spec for port in self._outputs.values())

    @property
    def can_place(self) -> bool:
        """Tell whether ``run_picture`` works: kernels are loaded and there is one input."""
        return self._placer is not None and len(self._inputs) == 1

    def run(self, feeds: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Return every output for ``feeds``; raises ``EngineError``, ``DeviceLostError``."""
        context = self._open_context()
        check_feeds(self.inputs, feeds)
        for name, value in feeds.items():
            self._check_range(name, value.shape)
        with self._driver.current():
            for name, value in feeds.items():
                port = self._inputs[name]
                port.buffer.host[: value.nbytes] = (
                    np.ascontiguousarray(value).reshape(-1).view(np.uint8)
                )
                self._driver.upload(port.buffer, value.nbytes)
            shapes = {name: value.shape for name, value in feeds.items()}
            answers = self._execute(context, shapes)
            self._wipe_inputs({name: value.nbytes for name, value in feeds.items()})
            return answers

    def run_picture(self, picture: Picture, placing: Placing) -> dict[str, Tensor]:
        """Return every output for a picture that the kernel places into the only input.

        A picture with a ``device_pointer`` is read where it lies; others are copied once.
        """
        context = self._open_context()
        if self._placer is None or len(self._inputs) != 1:
            raise EngineError("no_kernels")
        (name, port), shape = *self._inputs.items(), (1, 3, placing.height, placing.width)
        if not port.spec.fits(shape):
            raise EngineError("wrong_shape", name)
        self._check_range(name, shape)
        with self._driver.current():
            self._placer.place(picture, placing, port.buffer.device)
            answers = self._execute(context, {name: shape})
            self._placer.wipe()
            self._wipe_inputs({name: int(np.prod(shape)) * 4})
            return answers

    def close(self) -> None:
        """Overwrite and give back all memory, that of the ``placer`` too."""
        self._context = None
        ports = [*self._inputs.values(), *self._outputs.values()]
        # What still overwrites these buffers must come to its end before they go.
        with contextlib.suppress(EngineError), self._driver.current():
            self._driver.wait(time.monotonic() + self._limit_s)
        self._inputs, self._outputs = {}, {}
        for port in ports:
            self._driver.free(port.buffer)
        if self._placer is not None:
            self._placer.close()
            self._placer = None
        self._engine = self._runtime = None  # type: ignore[assignment]  # closed for good

    def _open_context(self) -> ExecutionContext:
        if self._context is None:
            raise EngineError("closed")
        return self._context

    def _check_range(self, name: str, shape: tuple[int, ...]) -> None:
        port = self._inputs[name]
        bounds = zip(port.least, shape, port.greatest, strict=True)
        if not all(low <= axis <= high for low, axis, high in bounds):
            raise EngineError("wrong_shape", name)

    def _execute(
        self, context: ExecutionContext, shapes: Mapping[str, tuple[int, ...]]
    ) -> dict[str, Tensor]:
        """Run inputs that are on their way to the device, with the context current."""
        deadline_s = time.monotonic() + self._limit_s
        for name, shape in shapes.items():
            if not context.set_input_shape(name, tuple(shape)):
                raise EngineError("shape_refused", name)
        missing = context.infer_shapes()
        if missing:
            raise EngineError("missing_tensor", str(missing[0]))
        sizes = {name: self._size_of(context, name) for name in self._outputs}
        for name, (_, size) in sizes.items():
            # An engine that writes nothing must not give the last person's answer.
            self._outputs[name].buffer.host[:size] = 0xFF
            self._driver.upload(self._outputs[name].buffer, size)
        if not context.execute_async_v3(self._driver.stream):
            # What was uploaded may still be on its way; nothing may be overwritten before.
            self._driver.wait(deadline_s)
            raise EngineError("run_failed")
        for name, (_, size) in sizes.items():
            self._driver.download(self._outputs[name].buffer, size)
        self._driver.wait(deadline_s)
        return {name: self._taken(name, shape, size) for name, (shape, size) in sizes.items()}

    def _size_of(self, context: ExecutionContext, name: str) -> tuple[tuple[int, ...], int]:
        shape = tuple(int(axis) for axis in context.get_tensor_shape(name))
        size = int(np.prod(shape, dtype=np.int64)) * 4
        if min(shape, default=1) < 1 or size > self._outputs[name].buffer.host.size:
            raise EngineError("wrong_shape", name)
        return shape, size

    def _wipe_inputs(self, sizes: Mapping[str, int]) -> None:
        """Overwrite what the last person looked like, on both sides."""
        for name, size in sizes.items():
            self._inputs[name].buffer.host[:size] = 0
            self._driver.upload(self._inputs[name].buffer, size)

    def _taken(self, name: str, shape: tuple[int, ...], size: int) -> Tensor:
        host = self._outputs[name].buffer.host
        value = host[:size].view(np.float32).reshape(shape).copy()
        host[:size] = 0
        return value

    def _allocate(self, context: ExecutionContext) -> None:
        """Allocate for the greatest shapes and tell TensorRT where everything lies."""
        names = [self._engine.get_tensor_name(i) for i in range(self._engine.num_io_tensors)]
        modes = {name: self._engine.get_tensor_mode(name) for name in names}
        taken = [name for name in names if modes[name] == self._trt.module.TensorIOMode.INPUT]
        for name in names:
            if self._engine.get_tensor_dtype(name) != self._trt.module.DataType.FLOAT:
                raise EngineError("wrong_type", name)
        for name in taken:
            least, greatest = self._range_of(name)
            self._inputs[name] = self._port(name, least, greatest)
            if not context.set_input_shape(name, greatest):
                raise EngineError("shape_refused", name)
        if context.infer_shapes():
            raise EngineError("shape_refused")
        for name in names:
            if name not in self._inputs:
                shape = tuple(int(axis) for axis in context.get_tensor_shape(name))
                self._outputs[name] = self._port(name, shape, shape)
        for name, port in (*self._inputs.items(), *self._outputs.items()):
            if not context.set_tensor_address(name, port.buffer.device):
                raise EngineError("address_refused", name)

    def _range_of(self, name: str) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Return the least and greatest shape of an input; only open ones have a profile."""
        shape = tuple(int(axis) for axis in self._engine.get_tensor_shape(name))
        if -1 not in shape:
            return shape, shape
        profile = self._engine.get_tensor_profile_shape(name, 0)
        if len(profile) != 3:
            raise EngineError("shape_refused", name)
        return tuple(int(axis) for axis in profile[0]), tuple(int(axis) for axis in profile[2])

    def _port(self, name: str, least: tuple[int, ...], greatest: tuple[int, ...]) -> _Port:
        if not greatest or min(greatest) < 1:
            raise EngineError("wrong_shape", name)
        axes = tuple(int(axis) for axis in self._engine.get_tensor_shape(name))
        spec = TensorSpec(name, tuple(None if axis < 0 else axis for axis in axes))
        size = int(np.prod(greatest, dtype=np.int64)) * 4
        return _Port(spec, least, greatest, self._driver.allocate(size))


def open_plan(
    trt: TensorRt,
    driver: CudaDriver,
    plan: bytes,
    *,
    precision: Precision,
    placer: PicturePlacer | None = None,
    limit_s: float = RUN_LIMIT_S,
) -> TrtEngine:
    """Load a plan whose origin the caller has checked; raises ``EngineError``.

    `plan_refused` means that this TensorRT or this GPU cannot run it, with TensorRT's last words.
    """
    tail = LogTail()
    with driver.current():
        runtime = construct(trt.module.Runtime, make_logger(trt, tail))
        if runtime is None:
            raise EngineError("no_runtime", tail.text()[-200:])
        engine = runtime.deserialize_cuda_engine(plan)
        if engine is None:
            raise EngineError("plan_refused", tail.text()[-200:])
        context = engine.create_execution_context()
        if context is None:
            raise EngineError("no_memory", tail.text()[-200:])
        return TrtEngine(
            trt, driver, (runtime, engine, context), precision=precision, placer=placer,
            limit_s=limit_s,
        )  # fmt: skip
