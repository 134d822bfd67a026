"""Run a network through one small port, whatever executes it: ONNX Runtime, TensorRT or a fake.

An engine takes and gives named float32 tensors. Names, shapes and types are checked on the way in
and on the way out, so that a wrong file or a wrong crop is an error here and not a strange score
at the door. Every adapter keeps these rules; `tests/contract` runs them on each.

1. The same feeds give the same answer, bit for bit, on one machine.
2. Missing, unknown, misshapen and non-float32 feeds are refused before anything runs.
3. An open first axis takes 1 to 4 pictures; more may be refused as ``wrong_shape``.
4. After ``close`` every run is refused; closing twice does nothing.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

__all__ = [
    "Engine", "EngineError", "EngineInfo", "OpenEngine", "Tensor", "TensorSpec", "check_feeds",
    "check_specs",
]  # fmt: skip

Tensor = npt.NDArray[np.float32]


class EngineError(Exception):
    """Report a network that cannot be loaded or run; ``code`` is stable, ``name`` is a tensor's."""

    def __init__(self, code: str, name: str = "") -> None:
        super().__init__(f"{code}: {name}" if name else code)
        self.code = code
        self.name = name


@dataclass(frozen=True, slots=True)
class TensorSpec:
    """Name a tensor and give its shape; None stands for an axis that may have any length."""

    name: str
    shape: tuple[int | None, ...]

    def fits(self, shape: tuple[int, ...]) -> bool:
        """Tell whether a tensor of ``shape`` can be this one."""
        return len(shape) == len(self.shape) and all(
            wanted is None or wanted == given
            for wanted, given in zip(self.shape, shape, strict=True)
        )


@dataclass(frozen=True, slots=True)
class EngineInfo:
    """Say what runs a network: for logs, engines' manifests and reports; no personal data."""

    backend: str
    version: str
    precision: str


class Engine(Protocol):
    """Run one network."""

    @property
    def inputs(self) -> tuple[TensorSpec, ...]:
        """Return what the network takes."""

    @property
    def outputs(self) -> tuple[TensorSpec, ...]:
        """Return what the network gives."""

    @property
    def info(self) -> EngineInfo:
        """Say what runs it."""

    def run(self, feeds: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Return every output for ``feeds``; raises ``EngineError``."""

    def close(self) -> None:
        """Let go of memory and device."""


OpenEngine = Callable[[bytes], Engine]


def check_feeds(specs: tuple[TensorSpec, ...], feeds: Mapping[str, Tensor]) -> None:
    """Raise ``EngineError`` unless ``feeds`` are exactly the tensors of ``specs``."""
    unknown = feeds.keys() - {spec.name for spec in specs}
    if unknown:
        raise EngineError("unknown_tensor", min(unknown))
    for spec in specs:
        if spec.name not in feeds:
            raise EngineError("missing_tensor", spec.name)
        if feeds[spec.name].dtype != np.float32:
            raise EngineError("wrong_type", spec.name)
        if not spec.fits(feeds[spec.name].shape):
            raise EngineError("wrong_shape", spec.name)


def check_specs(engine: Engine, *, input_name: str, outputs: tuple[str, ...]) -> None:
    """Raise ``EngineError`` unless the network has the one input and the outputs that are named."""
    if [spec.name for spec in engine.inputs] != [input_name]:
        raise EngineError("wrong_input", input_name)
    missing = sorted(set(outputs) - {spec.name for spec in engine.outputs})
    if missing:
        raise EngineError("missing_output", missing[0])
