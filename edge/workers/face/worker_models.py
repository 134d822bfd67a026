"""Open the models of the worker and hold them to their known answers, with the camera closed."""

import logging
from pathlib import Path

from edge.workers.face.analysis import FacePipeline, Inferences
from edge.workers.face.engine import EngineError
from edge.workers.face.manifest import ManifestError
from edge.workers.face.worker_desk import FaceModelsState

__all__ = ["load_models", "tested"]

_log = logging.getLogger(__name__)


def load_models(folder: Path, *, accepts_no_pad: bool) -> tuple[FaceModelsState, Inferences]:
    """Return the models of ``folder``, tested, or why face is off, and what the test cost.

    Never raises for models: without them everything else goes on, erasing included.
    """
    try:
        from edge.workers.face.pipeline import open_pipeline

        pipeline: FacePipeline = open_pipeline(folder)
    except ImportError:
        return _off("no_engine")
    except (ManifestError, EngineError) as error:
        return _off(error.code)
    return tested(pipeline, accepts_no_pad=accepts_no_pad)


def tested(pipeline: FacePipeline, *, accepts_no_pad: bool) -> tuple[FaceModelsState, Inferences]:
    """Return ``pipeline`` with the result of its self-test; one that fails stays off.

    Without PAD files face needs the site's recorded acceptance.
    """
    report = pipeline.self_test()
    if not report.passes:
        _log.critical("face_off", extra={"code": "self_test_failed", "finding": report.failed})
        return FaceModelsState(pipeline, "self_test_failed"), report.ran
    if not pipeline.has_pad and not accepts_no_pad:
        return FaceModelsState(pipeline, "pad_not_installed"), report.ran
    return FaceModelsState(pipeline, ""), report.ran


def _off(code: str) -> tuple[FaceModelsState, Inferences]:
    _log.warning("face_off", extra={"code": code})
    return FaceModelsState(None, code), Inferences()
