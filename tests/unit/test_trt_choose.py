"""Which engine runs the models, why, and what is said while one is being built."""

import json
import logging
import sys
import threading
from pathlib import Path

import pytest

from edge.workers.face.engine import EngineError
from edge.workers.face.trt import commands, driver_pycuda, prepare
from edge.workers.face.trt.api import TensorRt
from edge.workers.face.trt.api_fake import fake_tensorrt
from edge.workers.face.trt.backend import TrtBackend
from edge.workers.face.trt.cache import EngineCache
from edge.workers.face.trt.choose import Choice, EngineWish, choose
from edge.workers.face.trt.driver import CudaDriver, CudaError
from edge.workers.face.trt.driver_fake import FakeDriver
from edge.workers.face.trt.losses import DeviceLosses
from edge.workers.face.trt.prepare import Preparation, build_command
from edge.workers.face.worker_models import load_models
from tests.support.face_assets import models_folder
from tests.support.trt import DETECTOR, EMBEDDER, TrtSite, two_models

NOW_S = 1_800_000_000.0
NAMES = sorted((DETECTOR, EMBEDDER))


class Machine:
    """A machine with everything, on which one thing at a time can be missing."""

    def __init__(self, folder: Path) -> None:
        self.site = TrtSite(folder, *NAMES)
        self.models = two_models(folder / "models")
        self.driver = FakeDriver()
        self.driver_error = ""

    def choose(self, wish: EngineWish | None = None) -> Choice:
        known = wish or EngineWish("auto", "float32", self.site.folder)
        self.driver = FakeDriver()
        return choose(known, self.models, NOW_S, load=self._load, open_driver=self._open_driver)

    def build(self) -> None:
        for name in NAMES:
            self.site.backend().build(name)

    def _load(self) -> TensorRt:
        if self.site.version == "":
            raise EngineError("no_tensorrt")
        trt = fake_tensorrt(self.driver, self.site.faults)
        return TensorRt(trt.module, trt.flavour, self.site.version)

    def _open_driver(self) -> CudaDriver:
        if self.driver_error:
            raise CudaError(self.driver_error)
        return self.driver


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Machine:
    machine = Machine(tmp_path_factory.mktemp("built"))
    machine.build()
    return machine


def wish(machine: Machine, wanted: str) -> EngineWish:
    assert wanted in ("auto", "tensorrt", "onnxruntime")
    return EngineWish(wanted, "float32", machine.site.folder)  # type: ignore[arg-type]  # checked


def test_auto_takes_tensorrt_where_all_of_it_is_ready(
    built: Machine, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    choice = built.choose()
    assert (choice.backend, choice.reason, choice.off_code) == ("tensorrt", "engines_ready", "")
    state, ran = load_models(built.models, accepts_no_pad=True, choice=choice)
    assert state.off_code == ""
    assert ran.total > 0
    (line,) = [record for record in caplog.records if record.message == "engine_chosen"]
    assert (line.__dict__["backend"], line.__dict__["reason"]) == ("tensorrt", "engines_ready")


@pytest.mark.parametrize(
    ("missing", "code"),
    [("tensorrt", "no_tensorrt"), ("no_pycuda", "no_pycuda"), ("no_device", "no_device")],
)
def test_what_is_missing_decides_and_is_named(tmp_path: Path, missing: str, code: str) -> None:
    machine = Machine(tmp_path)
    if missing == "tensorrt":
        machine.site.version = ""
    else:
        machine.driver_error = missing
    choice = machine.choose(wish(machine, "auto"))
    assert (choice.backend, choice.reason, choice.off_code) == ("onnxruntime", code, "")
    strict = machine.choose(wish(machine, "tensorrt"))
    assert (strict.backend, strict.off_code) == ("tensorrt", code)
    state, _ = load_models(machine.models, accepts_no_pad=True, choice=strict)
    assert (state.pipeline, state.off_code) == (None, code)


def test_onnxruntime_is_taken_where_it_is_asked_for(built: Machine) -> None:
    choice = built.choose(wish(built, "onnxruntime"))
    assert choice == Choice("onnxruntime", "asked_for")


def test_on_this_machine_the_choice_needs_no_tensorrt() -> None:
    pytest.importorskip("onnxruntime")
    try:
        driver_pycuda.open_pycuda()
    except CudaError:
        choice = choose(EngineWish(), models_folder(), NOW_S)
        assert choice.backend == "onnxruntime"
        assert choice.reason in {"no_tensorrt", "no_pycuda", "no_device"}


def test_G14_an_engine_of_another_version_is_rebuilt_while_face_prepares(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    machine.build()
    assert machine.choose().reason == "engines_ready"
    before = {entry.name for entry in machine.site.cache.entries()}
    machine.site.version = "10.16.2"
    choice = machine.choose()
    assert (choice.open_engine, choice.off_code) == (None, "preparing")
    assert machine.driver.is_closed, "the device is free for the build"
    state, ran = load_models(machine.models, accepts_no_pad=True, choice=choice)
    assert (state.pipeline, state.off_code, ran.total) == (None, "preparing", 0)
    machine.build()
    after = machine.choose()
    assert after.reason == "engines_ready"
    assert load_models(machine.models, accepts_no_pad=True, choice=after)[0].off_code == ""
    kept = {entry.name for entry in machine.site.cache.entries()}
    assert before < kept, "the older ones stay until they are pruned"
    backend = machine.site.backend()
    gone = machine.site.cache.prune({key.name for key in backend.engine_keys().values()})
    assert set(gone) == before


def test_an_engine_that_went_wrong_is_built_anew(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    machine.build()
    choice = machine.choose()
    machine.site.faults.add("writes_nothing")
    state, _ = load_models(machine.models, accepts_no_pad=True, choice=choice)
    assert state.off_code == "preparing"
    machine.site.faults.clear()
    assert machine.choose().off_code == "preparing"


def test_a_build_that_failed_is_not_tried_at_every_start(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    machine.site.faults.add("plan")
    for name in NAMES:
        with pytest.raises(EngineError):
            machine.site.backend().build(name)
    machine.site.faults.clear()
    assert machine.choose().backend == "onnxruntime"
    assert machine.choose(wish(machine, "tensorrt")).off_code == "engine_build_failed"


def test_a_device_that_is_lost_again_and_again_is_left_alone(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    machine.build()
    losses = DeviceLosses(EngineWish(engines=machine.site.folder).losses_file(machine.models))
    for ago_s in (700.0, 20.0, 10.0):
        losses.add(NOW_S - ago_s)
    assert machine.choose().backend == "tensorrt"
    losses.add(NOW_S - 1)
    assert machine.choose() == Choice("onnxruntime", "device_lost_often")
    assert not losses.rests(NOW_S + 590)
    (machine.site.folder / "losses.json").write_text("[broken")
    assert machine.choose().backend == "tensorrt"


def test_a_build_runs_apart_and_its_end_is_told() -> None:
    ended = threading.Event()
    Preparation([sys.executable, "-c", "raise SystemExit(3)"], ended.set).start()
    assert ended.wait(20)


def test_a_worker_that_stops_takes_its_build_along() -> None:
    ended = threading.Event()
    begun = Preparation([sys.executable, "-c", "import time; time.sleep(600)"], ended.set)
    begun.start()
    begun.stop()
    begun.stop()
    assert not ended.wait(0.3)


def test_the_build_has_the_wishes_of_the_worker(tmp_path: Path) -> None:
    command = build_command(EngineWish("auto", "float32", tmp_path / "e"), tmp_path / "m")
    assert command[1:4] == ("-m", "edge.workers.face.trt", "build")
    assert command[-4:] == ("--precision", "float32", "--engines", str(tmp_path / "e"))
    assert prepare.__doc__


def opened(machine: Machine) -> "commands.OpenBackend":
    def run(_wish: EngineWish, _models: Path) -> tuple[TrtBackend, EngineCache]:
        return machine.site.backend(), machine.site.cache

    return run


def test_the_commands_build_list_verify_and_prune(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    machine = Machine(tmp_path)
    known, models = wish(machine, "tensorrt"), machine.models

    def lines() -> list[dict[str, object]]:
        return [json.loads(line) for line in capsys.readouterr().out.splitlines()]

    assert commands.verify(known, models, as_json=True, opened=opened(machine)) == 1
    assert {line["code"] for line in lines()} == {"not_built"}
    assert commands.build(known, models, as_json=True, opened=opened(machine)) == 0
    told = lines()
    assert [line["engine"] for line in told if line.get("state") == "built"] == NAMES
    assert {line["percent"] for line in told if "percent" in line} == {0, 50, 100}
    assert commands.build(known, models, as_json=True, opened=opened(machine)) == 0
    assert {line["state"] for line in lines()} == {"there"}
    assert commands.list_engines(known, models, as_json=True) == 0
    assert {line["state"] for line in lines()} == {"intact"}
    assert commands.verify(known, models, as_json=True, opened=opened(machine)) == 0
    assert {line["state"] for line in lines()} == {"passes"}
    (machine.site.folder / machine.site.cache.entries()[0].name / "plan").write_bytes(b"other")
    assert commands.list_engines(known, models) == 1
    assert "已损坏 / damaged" in capsys.readouterr().out
    machine.site.version = "11.4.0"
    assert commands.prune(known, models, opened=opened(machine)) == 0
    assert machine.site.cache.entries() == ()


def test_without_tensorrt_a_command_says_what_to_do(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def nothing(_wish: EngineWish, _models: Path) -> tuple[TrtBackend, EngineCache]:
        raise EngineError("no_tensorrt")

    known = EngineWish("tensorrt", "float16", tmp_path)
    for run in (commands.build, commands.verify, commands.prune):
        assert run(known, tmp_path, opened=nothing) == 1
        assert "--system-site-packages" in capsys.readouterr().err
    assert commands.list_engines(known, tmp_path) == 0
    assert "equalgate edge engine build" in capsys.readouterr().out
