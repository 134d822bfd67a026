import functools
from collections.abc import Iterator
from dataclasses import replace

import cv2
import numpy as np
import pytest

from edge.workers.face.align import Matrix
from edge.workers.face.detect import Detector, Points
from edge.workers.face.embed import Embedder
from edge.workers.face.engine import Engine, EngineError, Tensor
from edge.workers.face.engine_onnx import open_onnx
from edge.workers.face.manifest import ColourOrder, CropRule, KnownAnswer, ModelManifest, read_model
from edge.workers.face.models_input import Picture
from edge.workers.face.models_scene import SCENE_COUNT, draw_scene
from edge.workers.face.models_set import FaceModels
from edge.workers.face.selftest import (
    STRANGER_LIMIT,
    check_model,
    measured,
    run_self_test,
    strangers_look_alike,
)
from tests.support.face_assets import models_folder, real_models, shipped

EMBEDDER = "face-reidentification-retail-0095"
ARCFACE = (
    (0.3419, 0.4616), (0.6565, 0.4598), (0.5002, 0.6405), (0.3710, 0.8247), (0.6315, 0.8232),
)  # fmt: skip


def scaled(manifest: ModelManifest, factor: float, mean: float = 0.0) -> ModelManifest:
    form = replace(manifest.input, scale=manifest.input.scale * factor, mean=(mean, mean, mean))
    return replace(manifest, input=form)


def wrong_inputs(manifest: ModelManifest) -> Iterator[tuple[str, ModelManifest]]:
    """Yield what every network can be given wrongly: colours, scale, mean, black level."""
    other: ColourOrder = "rgb" if manifest.input.colour_order == "bgr" else "bgr"
    yield "colour order", replace(manifest, input=replace(manifest.input, colour_order=other))
    yield "scaled by 1/255 once more", scaled(manifest, 1 / 255)
    yield "scaled by 255", scaled(manifest, 255)
    yield "(x - 127.5) / 128", scaled(manifest, 1 / 128, 127.5)
    yield "mean taken off", scaled(manifest, 1, 127.5)


def wrong_embedder(manifest: ModelManifest) -> Iterator[tuple[str, ModelManifest]]:
    yield from wrong_inputs(manifest)
    yield "black level 16", scaled(manifest, 255 / 219, 16)
    a, b, nose, c, d = manifest.template_points
    swapped = (b, a, nose, d, c)
    yield "left and right swapped", replace(manifest, template_points=swapped)
    yield "eyes swapped", replace(manifest, template_points=(b, a, nose, c, d))
    yield "template of another network", replace(manifest, template_points=ARCFACE)


def wrong_pad(manifest: ModelManifest) -> Iterator[tuple[str, ModelManifest]]:
    yield from wrong_inputs(manifest)
    yield "black level 16", scaled(manifest, 255 / 219, 16)
    form = manifest.pad
    assert form is not None
    for factor in (1.0, 1.5, 2.0, 2.7, 4.0):
        if factor != form.factor:
            yield f"crop factor {factor}", replace(manifest, pad=replace(form, factor=factor))
    for number in range(2 if form.vote == "primary" else 3):
        if number != form.bona_fide_class:
            changed = replace(form, bona_fide_class=number)
            yield f"class {number} for bona fide", replace(manifest, pad=changed)
    rule: CropRule = "fitted_box" if form.rule == "square_reflect" else "square_reflect"
    yield "crop rule", replace(manifest, pad=replace(form, rule=rule))


def cases() -> list[tuple[str, str, ModelManifest]]:
    ways = {"detect": wrong_inputs, "embed": wrong_embedder, "pad": wrong_pad}
    return [
        (name, what, wrong)
        for name, manifest in shipped().items()
        for what, wrong in ways[manifest.kind](manifest)
    ]


CASES = cases()


def engine(manifest: ModelManifest) -> Engine:
    return opened(shipped()[manifest.name])


@functools.cache
def opened(manifest: ModelManifest) -> Engine:
    return open_onnx(read_model(models_folder(), manifest))


@pytest.mark.parametrize("name", sorted(shipped()))
def test_the_right_preprocessing_gives_the_known_answers(name: str) -> None:
    manifest = shipped()[name]
    assert {answer.scene for answer in manifest.known_answers} <= set(range(SCENE_COUNT))
    assert check_model(manifest, engine(manifest)) == ""


@pytest.mark.parametrize(("name", "what", "wrong"), CASES, ids=[f"{c[0]}: {c[1]}" for c in CASES])
def test_each_wrong_preprocessing_fails(name: str, what: str, wrong: ModelManifest) -> None:
    assert check_model(wrong, engine(wrong)) in {"wrong_answer", "no_answer"}, what


class BendingEmbedder(Embedder):
    """Align with six degrees of freedom, which bends faces alike."""

    def chip(self, picture: Picture, points: Points) -> Picture:
        target = np.asarray(shipped()[EMBEDDER].template_points) * 128
        ones = np.hstack([points.astype(np.float64), np.ones((5, 1))])
        matrix: Matrix = np.linalg.lstsq(ones, target, rcond=None)[0].T
        return np.asarray(cv2.warpAffine(picture, matrix, (128, 128)), np.uint8)


def test_six_degrees_of_freedom_fail() -> None:
    manifest = shipped()[EMBEDDER]
    models = replace(real_models(), embedder=BendingEmbedder(engine(manifest), manifest))
    assert [f.model for f in run_self_test(models).findings] == [EMBEDDER] * 2


def test_all_default_models_pass_together_and_runs_are_counted() -> None:
    result = run_self_test(real_models())
    assert result.passed
    assert (result.ran.detections, result.ran.embeddings, result.ran.pad_votes) == (3, 2, 9)


def test_one_wrong_network_of_five_fails_the_whole_test() -> None:
    models = real_models()
    yunet = shipped()["yunet-2026may"]
    wrong = dict(wrong_inputs(yunet))["colour order"]
    broken = replace(models, detector=Detector(engine(yunet), wrong))
    result = run_self_test(broken)
    assert not result.passed
    assert {finding.model for finding in result.findings} == {"yunet-2026may"}


class FailingEngine:
    def __init__(self, real: Engine) -> None:
        self.inputs, self.outputs, self.info = real.inputs, real.outputs, real.info

    def run(self, feeds: object) -> dict[str, Tensor]:
        raise EngineError("run_failed")

    def close(self) -> None:
        pass


def test_a_network_that_fails_is_a_finding_and_not_a_crash() -> None:
    models, manifest = real_models(), shipped()[EMBEDDER]
    broken = replace(models, embedder=Embedder(FailingEngine(engine(manifest)), manifest))
    assert {(f.model, f.code) for f in run_self_test(broken).findings} == {
        (EMBEDDER, "engine_failed")
    }


def test_an_answer_to_an_unknown_scene_is_a_finding() -> None:
    manifest = shipped()[EMBEDDER]
    odd = replace(manifest, known_answers=(KnownAnswer(SCENE_COUNT, (1.0,)),))
    assert check_model(odd, engine(odd)) == "unknown_scene"


def test_scenes_do_not_change_from_call_to_call() -> None:
    for number in range(SCENE_COUNT):
        first, second = draw_scene(number), draw_scene(number)
        np.testing.assert_array_equal(first.picture, second.picture)
        assert first.points.tolist() == second.points.tolist()


def people(count: int, *, shared: float) -> list[Tensor]:
    random = np.random.default_rng(5)
    vectors = random.standard_normal((count, 256)) / 16 + shared
    return list((vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32))


def test_strangers_that_look_alike_raise_the_alarm() -> None:
    assert not strangers_look_alike(people(50, shared=0.0))
    assert strangers_look_alike(people(50, shared=0.2))
    assert not strangers_look_alike(people(1, shared=0.2))
    assert STRANGER_LIMIT == 0.35


def test_the_alarm_is_about_the_mean_over_all_pairs() -> None:
    for shared in (0.03, 0.045, 0.05, 0.1):
        group = people(7, shared=shared)
        pairs = [float(a @ b) for i, a in enumerate(group) for b in group[:i]]
        assert strangers_look_alike(group) is (sum(pairs) / len(pairs) >= STRANGER_LIMIT)


def test_the_dangerous_mistakes_make_strangers_look_alike() -> None:
    manifest = shipped()[EMBEDDER]
    for what, is_alike in (("", False), ("scaled by 1/255 once more", True)):
        used = dict(wrong_embedder(manifest))[what] if what else manifest
        vectors = [np.asarray(measured(Embedder(engine(used), used), n)) for n in range(2)]
        cosine = float(vectors[0] @ vectors[1])
        assert (cosine > 0.95) is is_alike


def test_a_set_of_models_names_its_manifests_in_order() -> None:
    models: FaceModels = real_models()
    kinds = [manifest.kind for manifest in models.manifests]
    assert kinds == ["detect", "embed", "pad", "pad", "pad"]
    assert [m.pad.vote for m in models.manifests if m.pad] == ["primary", "pair", "pair"]
