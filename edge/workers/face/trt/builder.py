"""Build an engine from an ONNX file: ahead of time, on the unit that runs it, in its own process.

A failed build names what the parser refused and the last words of TensorRT; nothing is written.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from edge.workers.face.engine import EngineError
from edge.workers.face.trt.api import LogTail, TensorRt, construct, make_logger

__all__ = [
    "BUILDER_REVISION", "WORKSPACE_BYTES", "Axes", "BuildError", "BuiltEngine", "Progress",
    "build_engine", "profile_of",
]  # fmt: skip

# Raise when anything here changes what a build gives: every engine is then built anew.
BUILDER_REVISION = 1
WORKSPACE_BYTES = 256 * 1024 * 1024
OPTIMIZATION_LEVEL = 3
_MOST_PICTURES = 4
_SIDES = (32, 480, 640)

Axes = tuple[int, ...]
Profile = tuple[Axes, Axes, Axes]
Untyped = Any  # objects of TensorRT's module
Progress = Callable[[str, int, int], None]
"""Told the phase, the step and the number of steps."""


class BuildError(EngineError):
    """Report a network that TensorRT cannot build; ``words`` are the parser's and TensorRT's."""

    def __init__(self, code: str, words: str) -> None:
        super().__init__(code, words.splitlines()[0][:200] if words else "")
        self.words = words


@dataclass(frozen=True, slots=True)
class BuiltEngine:
    """Hold a plan; ``layer_types`` proves which precision reached the network."""

    plan: bytes
    profiles: dict[str, Profile]
    layer_types: tuple[str, ...]
    seconds: float
    words: str


def build_engine(trt: TensorRt, content: bytes, progress: Progress | None = None) -> BuiltEngine:
    """Return the engine for an ONNX file; raises ``BuildError``.

    Codes: `no_builder` (no driver), `model_refused` (not ONNX, or an operation that it lacks),
    `wrong_type` (inputs and outputs must be float32), `build_failed`.
    """
    begin_s = time.monotonic()
    tail, module = LogTail(), trt.module
    logger = make_logger(trt, tail)
    builder = construct(module.Builder, logger)
    if builder is None:
        raise BuildError("no_builder", tail.text())
    flags = 1 << int(module.NetworkDefinitionCreationFlag.STRONGLY_TYPED)
    network = builder.create_network(flags)
    config = builder.create_builder_config()
    if network is None or config is None:
        raise BuildError("no_builder", tail.text())
    parser = construct(module.OnnxParser, network, logger)
    if parser is None:
        raise BuildError("no_builder", tail.text())
    if not parser.parse(content):
        words = [str(parser.get_error(index).desc()) for index in range(parser.num_errors)]
        raise BuildError("model_refused", "\n".join([*words, tail.text()]))
    _check_types(module, network, tail)
    profiles = _configure(module, builder, network, config, tail)
    if progress is not None:
        config.progress_monitor = _monitor(module, progress)
    host = builder.build_serialized_network(network, config)
    if host is None:
        raise BuildError("build_failed", tail.text())
    seconds = time.monotonic() - begin_s
    return BuiltEngine(bytes(host), profiles, _layer_types(network), seconds, tail.text())


def profile_of(shape: Axes) -> Profile:
    """Return the least, best and greatest shape for an input whose open axes are -1.

    The first axis counts pictures, 1 to 4; height and width go from 32 to 640, best at 480 x 640.
    """
    least, best, greatest = [], [], []
    for place, axis in enumerate(shape):
        low, middle, high = (axis, axis, axis)
        if axis < 0 and place == 0:
            low, middle, high = 1, 1, _MOST_PICTURES
        elif axis < 0:
            low, high = _SIDES[0], _SIDES[2]
            middle = _SIDES[2] if place == len(shape) - 1 else _SIDES[1]
        least.append(low)
        best.append(middle)
        greatest.append(high)
    return tuple(least), tuple(best), tuple(greatest)


def _configure(
    module: Untyped, builder: Untyped, network: Untyped, config: Untyped, tail: LogTail
) -> dict[str, Profile]:
    config.set_memory_pool_limit(module.MemoryPoolType.WORKSPACE, WORKSPACE_BYTES)
    config.builder_optimization_level = OPTIMIZATION_LEVEL
    # Single precision means single: TF32 keeps ten bits and misses the parity limit.
    config.clear_flag(module.BuilderFlag.TF32)
    profiles = {}
    profile = builder.create_optimization_profile()
    for index in range(network.num_inputs):
        tensor = network.get_input(index)
        shape = tuple(int(axis) for axis in tensor.shape)
        profiles[str(tensor.name)] = profile_of(shape)
        if -1 in shape:
            profile.set_shape(tensor.name, *profiles[str(tensor.name)])
    is_open = any(low != high for low, _, high in profiles.values())
    # It answers the index of the profile, -1 when it is refused.
    if is_open and config.add_optimization_profile(profile) < 0:
        raise BuildError("build_failed", tail.text())
    return profiles


def _check_types(module: Untyped, network: Untyped, tail: LogTail) -> None:
    ends = [network.get_input(index) for index in range(network.num_inputs)]
    ends += [network.get_output(index) for index in range(network.num_outputs)]
    if not ends:
        raise BuildError("model_refused", tail.text())
    for tensor in ends:
        if tensor.dtype != module.DataType.FLOAT:
            raise BuildError("wrong_type", str(tensor.name))


def _layer_types(network: Untyped) -> tuple[str, ...]:
    found = set()
    for index in range(network.num_layers):
        layer = network.get_layer(index)
        for place in range(layer.num_outputs):
            found.add(str(layer.get_output(place).dtype).rsplit(".", 1)[-1])
    return tuple(sorted(found))


def _monitor(module: Untyped, progress: Progress) -> Untyped:
    """Return an ``IProgressMonitor`` that tells ``progress``; it never asks to stop."""
    base = module.IProgressMonitor
    steps: dict[str, int] = {}

    def begin(self: object) -> None:
        base.__init__(self)

    def phase_start(_self: object, name: str, _parent: str | None, count: int) -> None:
        steps[name] = count
        progress(name, 0, count)

    def phase_finish(_self: object, name: str) -> None:
        progress(name, steps.get(name, 0), steps.get(name, 0))

    def step_complete(_self: object, name: str, step: int) -> bool:
        progress(name, step + 1, steps.get(name, 0))
        return True

    members = {
        "__init__": begin, "phase_start": phase_start, "phase_finish": phase_finish,
        "step_complete": step_complete,
    }  # fmt: skip
    return type("BuildMonitor", (base,), members)()
