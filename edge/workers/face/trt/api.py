"""Know TensorRT's Python module: which one is there, and every name of it that we use.

One code base for 10.3 to 11: strongly typed networks whose precision is that of the ONNX file,
named tensors and ``execute_async_v3``. ``NAMES`` is held against the real bindings of 10.3, 10.16
and 11.4 by a test. TensorRT-RTX has the same API and builds without a GPU, which the tests use.
"""

import importlib
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from edge.workers.face.engine import EngineError

__all__ = [
    "NAMES", "CudaEngine", "ExecutionContext", "Flavour", "LogTail", "TensorRt", "construct",
    "load_tensorrt", "make_logger",
]  # fmt: skip

_log = logging.getLogger(__name__)
Flavour = Literal["tensorrt", "tensorrt_rtx", "fake"]
_MODULES: tuple[Flavour, ...] = ("tensorrt", "tensorrt_rtx")
_OLDEST = (10, 3)
_OLDEST_RTX = (1, 0)
_TAIL_LINES = 20

NAMES: dict[str, tuple[str, ...]] = {
    "": ("__version__", "float32", "float16"),
    "Builder": (
        "create_network",
        "create_builder_config",
        "create_optimization_profile",
        "build_serialized_network",
    ),
    "DataType": ("FLOAT", "HALF"),
    "IBuilderConfig": (
        "add_optimization_profile",
        "builder_optimization_level",
        "clear_flag",
        "progress_monitor",
        "set_memory_pool_limit",
    ),
    "BuilderFlag": ("TF32",),
    "ICudaEngine": (
        "create_execution_context",
        "device_memory_size_v2",
        "get_tensor_dtype",
        "get_tensor_mode",
        "get_tensor_name",
        "get_tensor_profile_shape",
        "get_tensor_shape",
        "num_io_tensors",
    ),
    "IExecutionContext": (
        "execute_async_v3",
        "get_tensor_shape",
        "infer_shapes",
        "set_input_shape",
        "set_tensor_address",
    ),
    "IHostMemory": ("nbytes",),
    "ILayer": ("get_output", "num_outputs"),
    "ILogger": ("log",),
    "INetworkDefinition": (
        "get_input",
        "get_layer",
        "get_output",
        "num_inputs",
        "num_layers",
        "num_outputs",
    ),
    "IOptimizationProfile": ("set_shape",),
    "IProgressMonitor": ("phase_start", "phase_finish", "step_complete"),
    "ITensor": ("dtype", "name", "shape"),
    "MemoryPoolType": ("WORKSPACE",),
    "NetworkDefinitionCreationFlag": ("STRONGLY_TYPED",),
    "OnnxParser": ("get_error", "num_errors", "parse"),
    "ParserError": ("desc",),
    "Runtime": ("deserialize_cuda_engine",),
    "TensorIOMode": ("INPUT", "OUTPUT"),
}
"""Every class of TensorRT that we touch and what of it; "" is the module itself."""


class ExecutionContext(Protocol):
    """The part of ``IExecutionContext`` that runs a network; failures come back as values."""

    def set_input_shape(self, name: str, shape: tuple[int, ...]) -> bool:
        """Choose the shape of an input within its profile."""

    def get_tensor_shape(self, name: str) -> tuple[int, ...]:
        """Return the shape of a tensor for the chosen inputs."""

    def infer_shapes(self) -> list[str]:
        """Return the names of inputs that are still missing."""

    def set_tensor_address(self, name: str, address: int) -> bool:
        """Say where a tensor lies on the device."""

    def execute_async_v3(self, stream_handle: int) -> bool:
        """Put one run into a stream."""


class CudaEngine(Protocol):
    """The part of ``ICudaEngine`` that describes a network."""

    num_io_tensors: int

    def get_tensor_name(self, index: int) -> str:
        """Return the name of one of the inputs and outputs."""

    def get_tensor_mode(self, name: str) -> object:
        """Return whether it is an input."""

    def get_tensor_dtype(self, name: str) -> object:
        """Return its element type."""

    def get_tensor_shape(self, name: str) -> tuple[int, ...]:
        """Return its shape, -1 for axes that a profile leaves open."""

    def get_tensor_profile_shape(self, name: str, profile: int) -> list[tuple[int, ...]]:
        """Return the least, best and greatest shape of an input."""

    def create_execution_context(self) -> ExecutionContext | None:
        """Return a context, None when there is no memory for one."""


@dataclass(frozen=True, slots=True)
class TensorRt:
    """Hold the module that was found. ``module`` is untyped: two vendors' stubs disagree."""

    module: Any
    flavour: Flavour
    version: str

    @property
    def is_runtime(self) -> bool:
        """Tell whether gates may run on it; TensorRT-RTX is a stand-in for tests and servers."""
        return self.flavour != "tensorrt_rtx"


class LogTail:
    """Keep the last lines that TensorRT wrote, for the error that follows them."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def add(self, severity: str, text: str) -> None:
        """Take one line; warnings and errors are kept, the rest is dropped."""
        if severity in {"INTERNAL_ERROR", "ERROR", "WARNING"}:
            self.lines = [*self.lines, f"{severity.lower()}: {text}"][-_TAIL_LINES:]
            _log.debug("tensorrt_says", extra={"severity": severity.lower(), "text": text})

    def text(self) -> str:
        """Return what was kept."""
        return "\n".join(self.lines)


def load_tensorrt(
    *, allow_rtx: bool = False, load: Callable[[str], Any] = importlib.import_module
) -> TensorRt:
    """Return the TensorRT that is installed.

    ``allow_rtx`` takes TensorRT-RTX as well. Raises ``EngineError``: `no_tensorrt`, or
    `old_tensorrt` before 10.3, with the version found.
    """
    for name in _MODULES if allow_rtx else _MODULES[:1]:
        try:
            module = load(name)
            version = str(module.__version__)
        except (ImportError, OSError, AttributeError):
            # A module without its libraries fails in as many ways.
            continue
        numbers = tuple(int(part) for part in version.split(".")[:2] if part.isdigit())
        if numbers < (_OLDEST if name == "tensorrt" else _OLDEST_RTX):
            raise EngineError("old_tensorrt", version)
        return TensorRt(module, name, version)
    raise EngineError("no_tensorrt")


def construct(factory: Callable[..., Any], *arguments: object) -> Any:  # noqa: ANN401
    """Return a new object of TensorRT, None when it cannot make one.

    Its library answers null without a driver or memory, and the bindings turn that into a
    TypeError; both are the same to us.
    """
    try:
        return factory(*arguments)
    except (TypeError, RuntimeError):
        return None


def make_logger(trt: TensorRt, tail: LogTail) -> Any:  # noqa: ANN401 - TensorRT's own class
    """Return a logger for TensorRT that keeps its words in ``tail`` and prints nothing."""
    base = trt.module.ILogger

    def begin(self: object) -> None:
        base.__init__(self)

    def take(self: object, severity: Any, text: str) -> None:  # noqa: ANN401, ARG001
        tail.add(str(getattr(severity, "name", severity)), str(text))

    return type("TensorRtLogger", (base,), {"__init__": begin, "log": take})()
