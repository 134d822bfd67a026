"""Build, keep and open the engines of a gate's models, each held to its known answers.

Building is done ahead of time by a process of its own (``equalgate edge engine build``, or the one
that a starting worker begins). Opening never builds: an engine that is missing, stale, foreign or
wrong is an error with a code, and the worker is then not ready.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from edge.workers.face.engine import Engine, EngineError
from edge.workers.face.engine_onnx import open_onnx
from edge.workers.face.manifest import ModelManifest
from edge.workers.face.trt.api import TensorRt
from edge.workers.face.trt.builder import Progress, build_engine
from edge.workers.face.trt.cache import EngineCache, EngineFiles
from edge.workers.face.trt.cache_key import EngineKey, key_of
from edge.workers.face.trt.compiling import compile_kernels
from edge.workers.face.trt.driver import CudaDriver
from edge.workers.face.trt.engine import TrtEngine, open_plan
from edge.workers.face.trt.golden import (
    golden_feeds,
    make_golden,
    passes,
    read_golden,
    worst_cosine,
    write_golden,
)
from edge.workers.face.trt.placing import PicturePlacer
from edge.workers.face.trt.precision import COSINE_FLOORS, Precision, disagrees, half_precision

__all__ = ["Model", "TrtBackend"]

Compile = Callable[[str], tuple[bytes, str]]


@dataclass(frozen=True, slots=True)
class Model:
    """Pair a manifest with the bytes that it describes."""

    manifest: ModelManifest
    content: bytes


class TrtBackend:
    """Own the way from a model to an engine on one device."""

    def __init__(
        self,
        trt: TensorRt,
        driver: CudaDriver,
        cache: EngineCache,
        models: Sequence[Model],
        *,
        precision: Precision = "float16",
        compile_code: Compile = compile_kernels,
    ) -> None:
        self._trt = trt
        self._driver = driver
        self._cache = cache
        self._models = {model.content: model for model in models}
        self._precision = precision
        self._compile = compile_code

    def engine_keys(self) -> dict[str, EngineKey]:
        """Return the key of every model, by the model's name, as this machine is now."""
        return {one.manifest.name: self._key(content) for content, one in self._models.items()}

    def missing(self) -> dict[str, str]:
        """Return the models whose engines cannot be used as they are, with the reason's code."""
        found = {}
        for content, model in self._models.items():
            try:
                self._cache.get(self._key(content))
            except EngineError as error:
                found[model.manifest.name] = error.code
        return found

    def build(self, name: str, progress: Progress | None = None) -> EngineKey:
        """Build, test and keep the engine of one model; raises ``EngineError``.

        `precision_refused` where half precision changes the answers beyond our limits, and
        `wrong_answers` where the finished engine does.
        """
        model = next(one for one in self._models.values() if one.manifest.name == name)
        key = self._key(model.content)
        self._cache.begin(key)
        try:
            self._build(model, key, progress)
        except EngineError as error:
            self._cache.mark_failed(key, error.code)
            raise
        return key

    def open(self, content: bytes) -> Engine:
        """Return the engine for the bytes of a model, tested; raises ``EngineError``.

        One that fails its known answers is set aside. ``DeviceLostError`` is not caught.
        """
        model = self._models.get(content)
        if model is None:
            raise EngineError("unknown_model")
        key = self._key(content)
        engine = self._opened(self._cache.get(key))
        golden = read_golden(self._cache.get(key).golden)
        cosine, output = worst_cosine(model.manifest, golden, engine)
        if not passes(cosine, self._precision):
            engine.close()
            self._cache.quarantine(key)
            raise EngineError("wrong_answers", f"{model.manifest.name} {output} {cosine:.6f}")
        return engine

    def close(self) -> None:
        """Let go of the device; engines that were opened are not closed."""
        self._driver.close()

    def _key(self, content: bytes) -> EngineKey:
        return key_of(content, self._precision, self._trt, self._driver.facts)

    def _build(self, model: Model, key: EngineKey, progress: Progress | None) -> None:
        begin_s = time.monotonic()
        content = model.content
        reference = open_onnx(content)
        golden = make_golden(model.manifest, reference)
        if self._precision == "float16":
            content = half_precision(content)
            feeds = golden_feeds(model.manifest)
            floor = COSINE_FLOORS["float16"]
            if disagrees(reference, open_onnx(content), feeds, floor):
                raise EngineError("precision_refused", model.manifest.name)
        kernels, made_by = self._compile(self._driver.facts.architecture)
        built = build_engine(self._trt, content, progress)
        files = EngineFiles(built.plan, kernels, write_golden(golden))
        engine = self._opened(files)
        cosine, output = worst_cosine(model.manifest, golden, engine)
        engine.close()
        if not passes(cosine, self._precision):
            raise EngineError("wrong_answers", f"{model.manifest.name} {output} {cosine:.6f}")
        known: dict[str, object] = {
            "model": model.manifest.name,
            "reference": golden.made_by,
            "worst_cosine": round(cosine, 7),
            "kernels_by": made_by,
            "seconds": round(time.monotonic() - begin_s, 1),
            "layer_types": list(built.layer_types),
            "words": built.words,
        }
        self._cache.put(key, files, known)

    def _opened(self, files: EngineFiles) -> TrtEngine:
        placer = PicturePlacer(self._driver, files.kernels)
        return open_plan(
            self._trt, self._driver, files.plan, precision=self._precision, placer=placer
        )
