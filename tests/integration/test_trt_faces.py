"""The GPU's way to place pictures against the processor's, on real photographs.

The kernel's reference stands in for the kernel, which `tools/gpu_check.py` holds to it on real
GPUs; the networks are the same. Limits: scores 0.005, boxes 0.98, points 0.5 % of a face's width,
and no pair of faces decided otherwise unless it is within 0.01 of the threshold.
"""

from itertools import combinations

import cv2
import numpy as np
import pytest

from edge.workers.face.detect import Face
from edge.workers.face.engine import Engine
from edge.workers.face.models_set import FaceModels, open_models
from edge.workers.face.trt.api_fake import fake_plan, fake_tensorrt
from edge.workers.face.trt.driver_fake import FakeDriver
from edge.workers.face.trt.engine import open_plan
from edge.workers.face.trt.placing import PicturePlacer
from tests.support.face_assets import faces_folder, models_folder, real_models

THRESHOLD = 0.62
PHOTOGRAPHS = 14


def on_a_gpu() -> FaceModels:
    driver = FakeDriver(shares_memory=True)

    def opened(content: bytes) -> Engine:
        placer, plan = PicturePlacer(driver, b"code"), fake_plan(content)
        trt = fake_tensorrt(driver)
        return open_plan(trt, driver, plan, precision="float32", placer=placer)

    return open_models(models_folder(), opened)


def overlap(one: Face, other: Face) -> float:
    right = min(one.left + one.width, other.left + other.width)
    low = min(one.top + one.height, other.top + other.height)
    shared = (right - max(one.left, other.left)) * (low - max(one.top, other.top))
    return shared / (one.area + other.area - shared)


def test_the_same_faces_are_found_and_the_same_people_told_apart() -> None:
    pictures = sorted(faces_folder().rglob("*.jpg"))[:PHOTOGRAPHS]
    if len(pictures) < PHOTOGRAPHS:
        pytest.skip("too few photographs")
    processor, gpu = real_models(), on_a_gpu()
    pairs, shrunk = [], 0
    for path in pictures:
        picture = cv2.imread(str(path))
        assert picture is not None
        scale = min(1.0, 1280 / max(picture.shape))
        if scale < 1:
            picture = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        frame = np.asarray(picture, np.uint8)
        shrunk += max(frame.shape) > 640
        known, given = processor.detector.find(frame), gpu.detector.find(frame)
        assert len(known) == len(given), path.name
        for one, other in zip(known, given, strict=True):
            assert abs(one.score - other.score) <= 5e-3
            assert overlap(one, other) >= 0.98
            assert np.abs(one.points - other.points).max() <= 0.005 * one.width
            vectors = [
                models.embedder.embed_face(
                    frame, face.points, models.embedder.chip(frame, face.points)
                )
                for models, face in ((processor, one), (gpu, other))
            ]
            assert float(vectors[0] @ vectors[1]) > 0.997
            pairs.append(vectors)
    assert shrunk >= 5
    for first, second in combinations(pairs, 2):
        score, other_score = (float(first[i] @ second[i]) for i in (0, 1))
        near = abs(score - THRESHOLD) <= 0.01
        assert near or (score >= THRESHOLD) == (other_score >= THRESHOLD)
