"""Stand in for the building half of TensorRT's module; what it builds, ``api_fake`` runs."""

import enum
from collections.abc import Callable
from typing import Any

from edge.workers.face.engine import EngineError
from edge.workers.face.engine_onnx import OnnxEngine, open_onnx

__all__ = ["FAILURES", "MARK", "FakeMonitor", "FakeType", "builder_of"]

MARK = b"fake-plan-1\n"
FAILURES = ("builder", "network", "parser", "parse", "type", "profile", "build")
"""What can be made to fail; `type` gives the network a half-precision output."""


class FakeType(enum.Enum):
    """Element types."""

    FLOAT = 0
    HALF = 1


class FakeFlag(enum.IntEnum):
    """Flags and pools that are named and do nothing."""

    STRONGLY_TYPED = 1
    TF32 = 2
    WORKSPACE = 3


class FakeMonitor:
    """The base of progress monitors."""

    def __init__(self) -> None:
        self.told = 0


class _Tensor:
    def __init__(self, name: str, shape: tuple[int | None, ...], kind: FakeType) -> None:
        self.name = name
        self.shape = tuple(-1 if axis is None else axis for axis in shape)
        self.dtype = kind


class _Layer:
    num_outputs = 1

    def __init__(self, tensor: _Tensor) -> None:
        self._tensor = tensor

    def get_output(self, _index: int) -> _Tensor:
        return self._tensor


class _Network:
    def __init__(self) -> None:
        self.content = b""
        self.inputs: list[_Tensor] = []
        self.outputs: list[_Tensor] = []

    def take(self, content: bytes, parsed: OnnxEngine, last: FakeType) -> None:
        self.content = content
        self.inputs = [_Tensor(one.name, one.shape, FakeType.FLOAT) for one in parsed.inputs]
        self.outputs = [_Tensor(one.name, one.shape, FakeType.FLOAT) for one in parsed.outputs]
        self.outputs[-1].dtype = last

    num_inputs = property(lambda self: len(self.inputs))
    num_outputs = property(lambda self: len(self.outputs))
    num_layers = property(lambda self: len(self.outputs))

    def get_input(self, index: int) -> _Tensor:
        return self.inputs[index]

    def get_output(self, index: int) -> _Tensor:
        return self.outputs[index]

    def get_layer(self, index: int) -> _Layer:
        return _Layer(self.outputs[index])


class _Config:
    builder_optimization_level = 0
    progress_monitor: Any = None

    def __init__(self, faults: set[str]) -> None:
        self._faults = faults

    def set_memory_pool_limit(self, pool: FakeFlag, size: int) -> None:
        """Take a limit."""

    def clear_flag(self, flag: FakeFlag) -> None:
        """Take a flag away."""

    def add_optimization_profile(self, profile: "_Profile") -> int:
        return -1 if "profile" in self._faults or not profile.shapes else 0


class _Profile:
    def __init__(self) -> None:
        self.shapes: dict[str, tuple[tuple[int, ...], ...]] = {}

    def set_shape(self, name: str, *shapes: tuple[int, ...]) -> None:
        self.shapes[name] = shapes


class _Error:
    def desc(self) -> str:
        return "Failed to parse the ONNX model."


def builder_of(faults: set[str]) -> dict[str, Callable[..., Any]]:
    """Return the classes of the module, by name; ``faults`` names what fails from now on."""
    return {
        "Builder": _builder(faults), "OnnxParser": _parser(faults), "IProgressMonitor": FakeMonitor,
        "NetworkDefinitionCreationFlag": FakeFlag, "BuilderFlag": FakeFlag,
        "MemoryPoolType": FakeFlag,
    }  # fmt: skip


def _builder(faults: set[str]) -> type:
    class Builder:
        def __init__(self, logger: Any) -> None:  # noqa: ANN401 - a logger of any make
            logger.log("WARNING", "fake builder")
            if "builder" in faults:
                raise TypeError("pybind11::init(): factory function returned nullptr")

        def create_network(self, _flags: int) -> _Network | None:
            return None if "network" in faults else _Network()

        def create_builder_config(self) -> _Config:
            return _Config(faults)

        def create_optimization_profile(self) -> _Profile:
            return _Profile()

        def build_serialized_network(self, network: _Network, config: _Config) -> bytes | None:
            monitor = config.progress_monitor
            if monitor is not None:
                monitor.phase_start("Building", None, 2)
                monitor.step_complete("Building", 0)
                monitor.phase_finish("Building")
            return None if "build" in faults else MARK + network.content

    return Builder


def _parser(faults: set[str]) -> type:
    class OnnxParser:
        num_errors = 1

        def __init__(self, network: _Network, _logger: object) -> None:
            if "parser" in faults:
                raise TypeError("pybind11::init(): factory function returned nullptr")
            self._network = network

        def parse(self, content: bytes) -> bool:
            try:
                parsed = open_onnx(content, threads=1)
            except EngineError:
                return False
            last = FakeType.HALF if "type" in faults else FakeType.FLOAT
            self._network.take(content, parsed, last)
            return "parse" not in faults

        def get_error(self, _index: int) -> _Error:
            return _Error()

    return OnnxParser
