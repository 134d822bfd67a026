"""Stand in for TensorRT's module: a plan is the ONNX file behind a mark, ONNX Runtime runs it.

It reads and writes the memory of a ``FakeDriver`` by address, late, as a stream does, and fails in
every way that the real one reports: by None, by False, by names that are missing, and by
writing nothing. Sizes and types are the network's own.
"""

import enum
from typing import ClassVar

import numpy as np

from edge.workers.face.engine import EngineError
from edge.workers.face.engine_onnx import OnnxEngine, open_onnx
from edge.workers.face.trt.api import TensorRt
from edge.workers.face.trt.api_fake_builder import MARK, FakeType, builder_of
from edge.workers.face.trt.builder import profile_of
from edge.workers.face.trt.driver_fake import FakeDriver

__all__ = ["FAILURES", "fake_plan", "fake_tensorrt"]

FAILURES = (
    "runtime", "plan", "context", "input_shape", "infer_shapes", "address", "execute",
    "writes_nothing", "open_output",
)  # fmt: skip
"""What can be made to fail; `writes_nothing` succeeds without an answer."""


class _Mode(enum.Enum):
    INPUT = 1
    OUTPUT = 2


class _Logger:
    def log(self, severity: object, text: str) -> None:
        """Take a line."""


def fake_plan(content: bytes) -> bytes:
    """Return the plan of an ONNX file."""
    return MARK + content


def fake_tensorrt(driver: FakeDriver, failing: set[str] | None = None) -> TensorRt:
    """Return a module that runs on ``driver``; ``failing`` names what fails from now on."""
    faults = failing if failing is not None else set()

    class Runtime:
        def __init__(self, logger: _Logger) -> None:
            self.logger = logger
            logger.log("ERROR", "fake runtime")
            if "runtime" in faults:
                raise TypeError("pybind11::init(): factory function returned nullptr")

        def deserialize_cuda_engine(self, plan: bytes) -> "_Engine | None":
            if "plan" in faults or not plan.startswith(MARK):
                self.logger.log("ERROR", "the engine plan file is not compatible")
                return None
            try:
                return _Engine(driver, faults, open_onnx(plan[len(MARK) :], threads=1))
            except EngineError:
                return None

    class Module:
        __version__ = "10.3.0"
        ILogger = _Logger
        TensorIOMode = _Mode
        DataType = FakeType

    Module.Runtime = Runtime  # type: ignore[attr-defined]  # a module is open
    for name, kind in builder_of(faults).items():
        setattr(Module, name, kind)
    return TensorRt(Module, "fake", Module.__version__)


class _Engine:
    """Describe a network by what ONNX Runtime says of it."""

    profile: ClassVar[int] = 0

    def __init__(self, driver: FakeDriver, faults: set[str], network: OnnxEngine) -> None:
        self.network = network
        self.driver = driver
        self.faults = faults
        self._specs = {spec.name: spec for spec in (*network.inputs, *network.outputs)}
        self._inputs = {spec.name for spec in network.inputs}
        self.num_io_tensors = len(self._specs)

    def get_tensor_name(self, index: int) -> str:
        return list(self._specs)[index]

    def get_tensor_mode(self, name: str) -> _Mode:
        return _Mode.INPUT if name in self._inputs else _Mode.OUTPUT

    def get_tensor_dtype(self, name: str) -> FakeType:
        return FakeType.FLOAT if name in self._specs else FakeType.HALF

    def get_tensor_shape(self, name: str) -> tuple[int, ...]:
        return tuple(-1 if axis is None else axis for axis in self._specs[name].shape)

    def get_tensor_profile_shape(self, name: str, profile: int) -> list[tuple[int, ...]]:
        return list(profile_of(self.get_tensor_shape(name))) if profile == self.profile else []

    def create_execution_context(self) -> "_Context | None":
        return None if "context" in self.faults else _Context(self)


class _Context:
    """Run the network on addresses."""

    def __init__(self, engine: _Engine) -> None:
        self._engine = engine
        self._shapes: dict[str, tuple[int, ...]] = {}
        self._addresses: dict[str, int] = {}
        self._sizes: dict[tuple[tuple[str, tuple[int, ...]], ...], dict[str, tuple[int, ...]]] = {}

    def set_input_shape(self, name: str, shape: tuple[int, ...]) -> bool:
        self._shapes[name] = tuple(shape)
        return "input_shape" not in self._engine.faults

    def infer_shapes(self) -> list[str]:
        names = {spec.name for spec in self._engine.network.inputs}
        return ["x"] if "infer_shapes" in self._engine.faults else sorted(names - set(self._shapes))

    def get_tensor_shape(self, name: str) -> tuple[int, ...]:
        if name in self._shapes:
            return self._shapes[name]
        if "open_output" in self._engine.faults:
            return self._engine.get_tensor_shape(name)
        # A network's sizes follow from its arithmetic; ONNX Runtime is asked with black pictures.
        key = tuple(sorted(self._shapes.items()))
        if key not in self._sizes:
            feeds = {key: np.zeros(shape, np.float32) for key, shape in self._shapes.items()}
            answer = self._engine.network.run(feeds)
            self._sizes[key] = {name: tuple(value.shape) for name, value in answer.items()}
        return self._sizes[key][name]

    def set_tensor_address(self, name: str, address: int) -> bool:
        self._addresses[name] = address
        return "address" not in self._engine.faults

    def execute_async_v3(self, stream_handle: int) -> bool:
        driver, network = self._engine.driver, self._engine.network
        if "execute" in self._engine.faults or stream_handle != driver.stream:
            return False

        def run() -> None:
            feeds = {}
            for name, shape in self._shapes.items():
                size = int(np.prod(shape)) * 4
                held = driver.at(self._addresses[name])[:size]
                feeds[name] = held.view(np.float32).reshape(shape).copy()
            for name, value in network.run(feeds).items():
                answer = np.ascontiguousarray(value).reshape(-1).view(np.uint8)
                if "writes_nothing" not in self._engine.faults:
                    driver.at(self._addresses[name])[: answer.size] = answer

        driver.enqueue(run)
        return True
