"""A TensorRT back end that runs anywhere: the stand-ins of module and device, real files."""

from pathlib import Path

from edge.workers.face.keys import FileCabinet
from edge.workers.face.trt.api import TensorRt
from edge.workers.face.trt.api_fake import fake_tensorrt
from edge.workers.face.trt.backend import Model, TrtBackend
from edge.workers.face.trt.cache import EngineCache
from edge.workers.face.trt.driver_fake import FakeDriver
from edge.workers.face.trt.precision import Precision
from tests.support.face_assets import models_folder, shipped

__all__ = ["DETECTOR", "EMBEDDER", "TrtSite", "model", "two_models"]

DETECTOR, EMBEDDER = "yunet-2026may", "face-reidentification-retail-0095"


def model(name: str) -> Model:
    manifest = shipped()[name]
    return Model(manifest, (models_folder() / manifest.file).read_bytes())


def two_models(folder: Path) -> Path:
    """Return a folder with detector and embedder alone: enough to see every step."""
    folder.mkdir(exist_ok=True)
    for name in (DETECTOR, EMBEDDER):
        link = folder / shipped()[name].file
        if not link.exists():
            link.symlink_to(models_folder() / shipped()[name].file)
    return folder


class TrtSite:
    """Hold one gate's folder; ``backend`` starts anew as a process would."""

    def __init__(self, folder: Path, *names: str) -> None:
        self.folder = folder / "engines"
        self.models = [model(name) for name in names or (DETECTOR,)]
        self.driver = FakeDriver()
        self.faults: set[str] = set()
        self.version = "10.3.0"
        self.precision: Precision = "float32"
        self.builds = 0

    @property
    def cache(self) -> EngineCache:
        return EngineCache(self.folder, FileCabinet(self.folder / "keys"))

    def backend(self) -> TrtBackend:
        self.driver = FakeDriver()
        trt = fake_tensorrt(self.driver, self.faults)
        return TrtBackend(
            TensorRt(trt.module, trt.flavour, self.version), self.driver, self.cache, self.models,
            precision=self.precision, compile_code=self._compiled,
        )  # fmt: skip

    def _compiled(self, _architecture: str) -> tuple[bytes, str]:
        # Once for each engine that is built.
        self.builds += 1
        return b"code", "fake"
