"""From a model to a tested engine, and every way in which one must not be used."""

import logging
from pathlib import Path

import numpy as np
import pytest

from edge.workers.face.engine import EngineError
from edge.workers.face.engine_onnx import open_onnx
from edge.workers.face.models_set import open_models
from edge.workers.face.selftest import run_self_test
from edge.workers.face.trt import precision
from edge.workers.face.trt.golden import (
    golden_feeds,
    make_golden,
    read_golden,
    worst_cosine,
    write_golden,
)
from edge.workers.face.trt.precision import agreement
from tests.support.face_assets import models_folder, shipped
from tests.support.trt import DETECTOR, EMBEDDER, TrtSite, model


@pytest.fixture
def site(tmp_path: Path) -> TrtSite:
    return TrtSite(tmp_path)


def test_an_engine_is_built_once_and_opened_at_every_start(site: TrtSite) -> None:
    assert site.backend().missing() == {DETECTOR: "not_built"}
    site.backend().build(DETECTOR)
    for _ in range(2):
        backend = site.backend()
        assert backend.missing() == {}
        engine = backend.open(site.models[0].content)
        feed = golden_feeds(site.models[0].manifest)[0]
        known = open_onnx(site.models[0].content).run(feed)
        assert min(agreement(known, engine.run(feed)).values()) > 0.99999
    assert site.builds == 1


def test_another_tensorrt_finds_no_engine(site: TrtSite) -> None:
    site.backend().build(DETECTOR)
    site.version = "10.16.2"
    backend = site.backend()
    assert backend.missing() == {DETECTOR: "not_built"}
    with pytest.raises(EngineError, match="not_built"):
        backend.open(site.models[0].content)


def test_an_engine_with_wrong_answers_is_never_kept(site: TrtSite) -> None:
    site.faults.add("writes_nothing")
    with pytest.raises(EngineError, match="wrong_answers"):
        site.backend().build(DETECTOR)
    assert site.cache.entries() == ()
    (key,) = site.backend().engine_keys().values()
    assert site.cache.failure(key) == "wrong_answers"


def test_an_engine_that_goes_wrong_later_is_set_aside(site: TrtSite) -> None:
    site.backend().build(DETECTOR)
    site.faults.add("writes_nothing")
    with pytest.raises(EngineError, match="wrong_answers"):
        site.backend().open(site.models[0].content)
    site.faults.clear()
    assert site.backend().missing() == {DETECTOR: "not_built"}


@pytest.mark.parametrize("fault", ["runtime", "plan", "context", "execute"])
def test_a_build_whose_engine_does_not_run_is_no_build(site: TrtSite, fault: str) -> None:
    site.faults.add(fault)
    with pytest.raises(EngineError):
        site.backend().build(DETECTOR)
    assert site.cache.entries() == ()


def test_half_precision_that_changes_answers_is_refused(
    site: TrtSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.precision = "float16"
    monkeypatch.setitem(precision.COSINE_FLOORS, "float16", 1.1)
    with pytest.raises(EngineError, match="precision_refused"):
        site.backend().build(DETECTOR)
    assert site.builds == 0


def test_a_model_that_nobody_described_is_refused(site: TrtSite) -> None:
    with pytest.raises(EngineError, match="unknown_model"):
        site.backend().open(b"another")


def test_the_whole_pipeline_passes_its_self_test_on_engines(tmp_path: Path) -> None:
    names = sorted(name for name, one in shipped().items() if one.is_default)
    site = TrtSite(tmp_path, *names)
    for name in names:
        site.backend().build(name)
    models = open_models(models_folder(), site.backend().open)
    result = run_self_test(models)
    assert result.passed
    assert result.ran.embeddings > 0
    models.close()
    assert not site.driver.memory


def test_golden_answers_survive_their_file_and_tell_another_network_apart() -> None:
    manifest, content = model(EMBEDDER).manifest, model(EMBEDDER).content
    engine = open_onnx(content)
    golden = read_golden(write_golden(make_golden(manifest, engine)))
    assert worst_cosine(manifest, golden, engine)[0] > 0.999999
    turned = make_golden(manifest, engine)
    for answer in turned.answers:
        for value in answer.values():
            value[:] = np.roll(value, 1)
    assert worst_cosine(manifest, turned, engine)[0] < 0.9


@pytest.mark.parametrize("content", [b"", b"PK\3\4", b"x" * 100])
def test_a_golden_file_that_is_none_is_refused(content: bytes) -> None:
    with pytest.raises(EngineError, match="bad_golden"):
        read_golden(content)


def test_what_goes_wrong_is_told_without_paths(
    site: TrtSite, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    caplog.set_level(logging.DEBUG)
    site.faults.add("plan")
    with pytest.raises(EngineError) as caught:
        site.backend().build(DETECTOR)
    assert str(tmp_path) not in caplog.text + str(caught.value)
