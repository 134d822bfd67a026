"""Find real models and pictures of faces; tests skip with a reason where they are absent."""

import functools
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.workers.face.engine_onnx import open_onnx
from edge.workers.face.manifest import ModelManifest
from edge.workers.face.models_input import Picture
from edge.workers.face.models_manifests import read_manifests, shipped_manifests
from edge.workers.face.models_set import FaceModels, open_models
from equalgate.places import assets_folder

__all__ = ["face_picture", "faces_folder", "models_folder", "real_models", "shipped"]


def models_folder() -> Path:
    folder = assets_folder() / "models"
    if not (folder / "face_detection_yunet_2026may.onnx").is_file():
        pytest.skip("no models: EQUALGATE_ASSETS names no folder that has them")
    return folder


def faces_folder() -> Path:
    folder = assets_folder() / "faces"
    if not folder.is_dir():
        pytest.skip("no pictures of faces: EQUALGATE_ASSETS names no folder that has them")
    return folder


def face_picture(name: str, *, long_side_px: int | None = None) -> Picture:
    picture = cv2.imread(str(faces_folder() / name))
    assert picture is not None
    if long_side_px is not None and max(picture.shape) > long_side_px:
        scale = long_side_px / max(picture.shape)
        picture = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    return np.asarray(picture, dtype=np.uint8)


def real_models() -> FaceModels:
    """Return the default models, opened once for all tests; nobody closes them."""
    return _opened(models_folder())


def shipped() -> dict[str, ModelManifest]:
    return {manifest.name: manifest for manifest in read_manifests(shipped_manifests())}


@functools.cache
def _opened(folder: Path) -> FaceModels:
    return open_models(folder, partial(open_onnx, threads=2))
