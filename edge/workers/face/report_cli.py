"""Print how well the models compare faces: the body of ``equalgate edge face-report``."""

import json
import os
import sys
import time
from functools import partial
from pathlib import Path
from typing import TextIO

import cv2

from edge.workers.face.detect import REPORT_SCORE
from edge.workers.face.engine import EngineError
from edge.workers.face.engine_onnx import open_onnx
from edge.workers.face.manifest import ManifestError
from edge.workers.face.models_set import FaceModels, open_models
from edge.workers.face.report import AccuracyReport, embed_file, embed_files, summarise
from edge.workers.face.report_pairs import PairsError, read_pairs, refuse_store

__all__ = ["face_report"]

_PROGRESS_EVERY_S = 2.0


def face_report(
    pairs: Path, images: Path, models: Path, out: TextIO | None = None, err: TextIO | None = None
) -> int:
    """Measure and print; return 0 when measured, 1 when something was refused.

    Progress goes to ``err``; the last line of ``out`` is JSON with `pairs`, `accuracy`, `eer`,
    `tar_at_far_1e-3`, `not_detected` (pairs in which a face was not found) and how it was measured.
    """
    out, err = out or sys.stdout, err or sys.stderr
    try:
        refuse_store(images)
        refuse_store(pairs.parent)
        listed = read_pairs(pairs, images)
        opened = open_models(models, partial(open_onnx, threads=1))
    except PairsError as error:
        return _refuse(str(error), err)
    except (ManifestError, EngineError) as error:
        cure = "请运行 / run: equalgate models install"
        return _refuse(f"人脸模型不可用 / no usable face models ({error}); {cure}", err)
    cv2.setNumThreads(1)  # each picture has a core of its own
    files = [path for pair in listed for path in (pair.left, pair.right)]
    begin_s = time.monotonic()
    embed_one = partial(embed_file, detector=opened.detector, embedder=opened.embedder)
    try:
        report_progress = _Progress(len(set(files)), err)
        found = embed_files(files, embed_one, os.cpu_count() or 1, report_progress.tell)
        report = summarise(listed, found)
    except PairsError as error:
        return _refuse(str(error), err)
    except EngineError as error:
        return _refuse(f"模型运行失败 / a network failed ({error.code})", err)
    finally:
        opened.close()
    took_s = time.monotonic() - begin_s
    print(json.dumps(_line(report, opened, len(found), took_s)), file=out, flush=True)
    return 0


class _Progress:
    """Tell now and then how many pictures are done."""

    def __init__(self, total: int, err: TextIO) -> None:
        self._total = total
        self._err = err
        self._told_s = time.monotonic()

    def tell(self, done: int) -> None:
        now_s = time.monotonic()
        if done == self._total or now_s - self._told_s >= _PROGRESS_EVERY_S:
            self._told_s = now_s
            print(f"图片 / pictures {done}/{self._total}", file=self._err, flush=True)


def _line(
    report: AccuracyReport, models: FaceModels, images: int, took_s: float
) -> dict[str, object]:
    return {
        "pairs": report.pairs,
        "same": report.same,
        "accuracy": round(report.accuracy, 5),
        "eer": round(report.eer, 5),
        "tar_at_far_1e-3": round(report.tar_at_far_1e_3, 5),
        "not_detected": report.not_detected,
        "threshold": round(report.threshold, 4),
        "images": images,
        "ms_per_image": round(1000 * took_s / images, 1),
        "detector_score": REPORT_SCORE,
        "models": {manifest.name: manifest.sha256 for manifest in models.manifests[:2]},
    }


def _refuse(text: str, err: TextIO) -> int:
    print(text, file=err, flush=True)
    return 1
