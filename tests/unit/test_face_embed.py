from collections.abc import Mapping

import numpy as np
import pytest

from edge.workers.face.detect import Face
from edge.workers.face.embed import Embedder
from edge.workers.face.engine import EngineError, Tensor, TensorSpec
from edge.workers.face.engine_fake import FakeEngine
from edge.workers.face.models_input import Picture, to_tensor
from edge.workers.face.models_scene import draw_scene
from tests.support.face_assets import face_picture, real_models, shipped

MANIFEST = shipped()["face-reidentification-retail-0095"]


def embedder(value: float, *, length: int = 256) -> Embedder:
    def answer(feeds: Mapping[str, Tensor]) -> dict[str, Tensor]:
        count = feeds["data"].shape[0]
        return {"embedding": np.full((count, length, 1, 1), value, np.float32)}

    inputs = (TensorSpec("data", (None, 3, 128, 128)),)
    outputs = (TensorSpec("embedding", (None, None, 1, 1)),)
    return Embedder(FakeEngine(inputs, outputs, answer), MANIFEST)


def chip() -> Picture:
    return np.full((128, 128, 3), 90, np.uint8)


def test_the_tensor_is_what_the_manifest_says() -> None:
    picture = np.zeros((128, 128, 3), np.uint8)
    picture[..., 0], picture[..., 2] = 200, 40
    tensor = to_tensor(picture, MANIFEST.input)
    assert tensor.shape == (1, 3, 128, 128)
    assert tensor[0, :, 5, 5].tolist() == [200.0, 0.0, 40.0]
    rgb = to_tensor(picture, shipped()["pad-minifasv2se-v9780"].input)
    assert rgb[0, :, 5, 5] == pytest.approx([40 / 255, 0.0, 200 / 255])


def test_embeddings_are_unit_vectors_of_the_known_length() -> None:
    vectors = embedder(3.0).embed([chip(), chip()])
    assert vectors.shape == (2, 256)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)


@pytest.mark.parametrize("value", [0.0, float("nan"), float("inf")])
def test_an_answer_without_direction_is_refused(value: float) -> None:
    with pytest.raises(EngineError):
        embedder(value).embed([chip()])


def test_an_answer_of_another_length_is_refused() -> None:
    with pytest.raises(EngineError):
        embedder(1.0, length=128).embed([chip()])


def test_several_faces_at_once_give_what_each_gives_alone() -> None:
    real = real_models().embedder
    chips = [real.chip(scene.picture, scene.points) for scene in map(draw_scene, range(3))]
    together = real.embed(chips)
    for one, vector in zip(chips, together, strict=True):
        np.testing.assert_allclose(real.embed([one])[0], vector, atol=1e-4)
    assert real.model_sha256 == MANIFEST.sha256
    assert real.length == 256


def nearest(picture: Picture, faces: tuple[Face, ...], known: Tensor) -> list[float]:
    real = real_models().embedder
    vectors = real.embed([real.chip(picture, face.points) for face in faces])
    return sorted((float(value) for value in vectors @ known), reverse=True)


def test_a_portrait_is_found_again_in_the_crowd_by_a_margin_that_is_too_small() -> None:
    models = real_models()
    portrait = face_picture("historic/einstein_1.png")
    faces = models.detector.find(portrait)
    known = models.embedder.embed([models.embedder.chip(portrait, faces[0].points)])[0]
    crowd = face_picture("historic/solvay1927_crowd.png")
    scores = nearest(crowd, models.detector.find(crowd, long_side_px=1600), known)
    assert scores[0] == pytest.approx(0.416, abs=0.01)
    assert scores[1] == pytest.approx(0.399, abs=0.01)
    assert scores[0] - scores[1] < 0.08  # the margin rule refuses this as ambiguous


def test_people_are_told_apart_whatever_the_picture() -> None:
    models = real_models()
    vectors: dict[str, list[Tensor]] = {}
    names = {
        "obama": ("public_officials/obama_1.jpg", "public_officials/obama_3.jpg"),
        "biden": ("public_officials/biden_1.jpg", "public_officials/biden_2.jpg"),
        "A": ("compreface/001_A.jpg", "compreface/004_A.jpg"),
    }
    for person, files in names.items():
        for file in files:
            picture = face_picture(file, long_side_px=1280)
            face = max(models.detector.find(picture), key=lambda one: one.area)
            chip_of = models.embedder.chip(picture, face.points)
            vectors.setdefault(person, []).append(models.embedder.embed([chip_of])[0])
    for person, (first, second) in vectors.items():
        assert float(first @ second) > 0.5, person
    crossed = [
        float(a @ b)
        for p in vectors
        for q in vectors
        if p < q
        for a in vectors[p]
        for b in vectors[q]
    ]
    assert max(crossed) < 0.25
