"""Name an engine by everything that it depends on: another of any of these needs another engine."""

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path

from edge.workers.face.trt.api import TensorRt
from edge.workers.face.trt.builder import (
    BUILDER_REVISION,
    OPTIMIZATION_LEVEL,
    WORKSPACE_BYTES,
    profile_of,
)
from edge.workers.face.trt.compiling import kernel_sha256
from edge.workers.face.trt.driver import DeviceFacts
from edge.workers.face.trt.precision import Precision

__all__ = ["EngineKey", "key_of", "l4t_release"]

_TEGRA = Path("/etc/nv_tegra_release")
# The rule by which a profile follows from a network, written out for the key.
_PROFILE = [profile_of((-1, 3, -1, -1)), profile_of((-1,))]


@dataclass(frozen=True, slots=True)
class EngineKey:
    """Hold what an engine depends on. ``name`` is its folder; ``model`` its model's SHA-256."""

    model: str
    precision: Precision
    tensorrt: str
    capability: str
    gpu: str
    driver: str
    l4t: str
    kernels: str
    builder: str

    @property
    def name(self) -> str:
        """Return the hash of all of it: 64 hexadecimal digits."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()


def key_of(content: bytes, precision: Precision, trt: TensorRt, device: DeviceFacts) -> EngineKey:
    """Return the key for the bytes of an ONNX model on this machine, as it is now."""
    rules = [BUILDER_REVISION, WORKSPACE_BYTES, OPTIMIZATION_LEVEL, _PROFILE]
    return EngineKey(
        hashlib.sha256(content).hexdigest(),
        precision,
        f"{trt.flavour} {trt.version}",
        device.architecture,
        device.name,
        device.driver_version,
        l4t_release(),
        kernel_sha256(),
        hashlib.sha256(json.dumps(rules).encode()).hexdigest()[:16],
    )


def l4t_release(path: Path = _TEGRA) -> str:
    """Return the release of Jetson Linux, empty elsewhere."""
    try:
        return path.read_text("ascii", errors="replace").splitlines()[0][:80]
    except (OSError, IndexError):
        return ""
