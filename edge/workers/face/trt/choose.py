"""Choose what runs the networks: TensorRT where all of it is there and tested, else ONNX Runtime.

The choice and its reason are logged at every start and go into the worker's state. ``auto`` takes
TensorRT only with its module, pycuda, a device and engines of this gate that pass their known
answers; ``tensorrt`` says why it is not ready instead of taking another. Nothing is built here.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from edge.workers.face.engine import EngineError, OpenEngine
from edge.workers.face.keys import FileCabinet
from edge.workers.face.manifest import ManifestError, read_model
from edge.workers.face.models_manifests import manifests_folder, read_manifests
from edge.workers.face.trt.api import TensorRt, load_tensorrt
from edge.workers.face.trt.backend import Model, TrtBackend
from edge.workers.face.trt.cache import EngineCache
from edge.workers.face.trt.driver import CudaDriver, CudaError
from edge.workers.face.trt.losses import DeviceLosses
from edge.workers.face.trt.precision import Precision

__all__ = ["Choice", "EngineWish", "Wanted", "choose", "default_models", "open_backend"]

_log = logging.getLogger(__name__)
Wanted = Literal["auto", "tensorrt", "onnxruntime"]
OpenDriver = Callable[[], CudaDriver]
LoadTensorRt = Callable[[], TensorRt]


@dataclass(frozen=True, slots=True)
class EngineWish:
    """Say what the configuration asks for. ``engines`` is the folder of built engines."""

    wanted: Wanted = "auto"
    precision: Precision = "float16"
    engines: Path | None = None

    def folder(self, models: Path) -> Path:
        """Return where engines lie: `engines` beside the models unless named."""
        return self.engines or models.parent / "engines"

    def losses_file(self, models: Path) -> Path:
        """Return where losses of the device are counted."""
        return self.folder(models) / "losses.json"


@dataclass(frozen=True, slots=True)
class Choice:
    """Say what runs the networks and why.

    ``open_engine`` is None for ONNX Runtime, which the pipeline opens itself. ``off_code`` is why
    face cannot run now, empty where it can; `preparing` asks for a build.
    """

    backend: Literal["tensorrt", "onnxruntime"]
    reason: str
    open_engine: OpenEngine | None = None
    off_code: str = ""


def choose(
    wish: EngineWish,
    models: Path,
    now_s: float,
    *,
    load: LoadTensorRt = load_tensorrt,
    open_driver: OpenDriver | None = None,
) -> Choice:
    """Return what to run ``models`` with; never raises for what is missing or broken.

    ``now_s`` is in seconds since 1970.
    """
    choice = _chosen(wish, models, now_s, load, open_driver)
    _log.info(
        "engine_chosen",
        extra={"backend": choice.backend, "reason": choice.reason, "wanted": wish.wanted},
    )
    return choice


def open_backend(
    wish: EngineWish,
    models: Path,
    *,
    load: LoadTensorRt = load_tensorrt,
    open_driver: OpenDriver | None = None,
) -> tuple[TrtBackend, EngineCache]:
    """Return the way to engines for the models of a folder; raises ``EngineError``."""
    trt = load()
    driver = open_driver() if open_driver is not None else _pycuda()
    cache = engine_cache(wish, models)
    backend = TrtBackend(trt, driver, cache, default_models(models), precision=wish.precision)
    return backend, cache


def engine_cache(wish: EngineWish, models: Path) -> EngineCache:
    """Return the cache of a wish; without a folder it is `engines` beside the models."""
    folder = wish.folder(models)
    return EngineCache(folder, FileCabinet(folder / "keys"))


def default_models(folder: Path) -> tuple[Model, ...]:
    """Return the default models that a folder has; raises ``ManifestError`` for a changed one."""
    found = []
    for manifest in read_manifests(manifests_folder(folder)):
        if manifest.is_default:
            try:
                found.append(Model(manifest, read_model(folder, manifest)))
            except ManifestError as error:
                if error.code != "not_installed":
                    raise
    return tuple(found)


def _chosen(
    wish: EngineWish,
    models: Path,
    now_s: float,
    load: LoadTensorRt,
    open_driver: OpenDriver | None,
) -> Choice:
    if wish.wanted == "onnxruntime":
        return Choice("onnxruntime", "asked_for")
    if DeviceLosses(wish.losses_file(models)).rests(now_s):
        return _without(wish, "device_lost_often")
    try:
        backend, cache = open_backend(wish, models, load=load, open_driver=open_driver)
        missing = backend.missing()
        failed = [code for key in backend.engine_keys().values() if (code := cache.failure(key))]
    except (EngineError, ManifestError) as error:
        return _without(wish, error.code)
    except OSError:
        return _without(wish, "disk_failed")
    if not missing:
        return Choice("tensorrt", "engines_ready", backend.open)
    # Whoever builds needs the device, and nothing runs on it meanwhile.
    backend.close()
    if failed:
        return _without(wish, "engine_build_failed")
    return Choice("tensorrt", min(missing.values()), off_code="preparing")


def _without(wish: EngineWish, code: str) -> Choice:
    if wish.wanted == "tensorrt":
        return Choice("tensorrt", code, off_code=code)
    return Choice("onnxruntime", code)


def _pycuda() -> CudaDriver:
    try:
        from edge.workers.face.trt.driver_pycuda import open_pycuda
    except ImportError:
        raise CudaError("no_pycuda") from None
    return open_pycuda()
