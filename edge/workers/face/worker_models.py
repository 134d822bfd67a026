"""Open the models of the worker and hold them to their known answers, with the camera closed."""

import logging
from pathlib import Path
from typing import TYPE_CHECKING

from edge.workers.face.analysis import FacePipeline, Inferences
from edge.workers.face.engine import EngineError
from edge.workers.face.manifest import ManifestError
from edge.workers.face.worker_desk import FaceModelsState

if TYPE_CHECKING:
    from edge.workers.face.trt.choose import Choice

__all__ = ["load_models", "tested"]

_log = logging.getLogger(__name__)
# An engine that is not there, is not ours or has just been set aside is built anew.
_TO_BUILD = frozenset({"not_built", "engine_foreign", "engine_damaged", "wrong_answers"})


def load_models(
    folder: Path, *, accepts_no_pad: bool, choice: "Choice | None" = None
) -> tuple[FaceModelsState, Inferences]:
    """Return the models of ``folder``, tested, or why face is off, and what the test cost.

    ``choice`` says what runs them, ONNX Runtime by default. Never raises for models: without them
    everything else goes on, erasing included. A lost device is no matter of models and is raised.
    """
    if choice is not None and choice.off_code:
        return _off(choice.off_code)
    try:
        from edge.workers.face.pipeline import open_pipeline

        open_engine = None if choice is None else choice.open_engine
        pipeline: FacePipeline = open_pipeline(folder, open_engine=open_engine)
    except ImportError:
        return _off("no_engine")
    except (ManifestError, EngineError) as error:
        if error.code == "device_lost":
            raise
        return _off("preparing" if error.code in _TO_BUILD else error.code)
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
