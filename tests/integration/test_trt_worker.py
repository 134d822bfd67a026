"""The real face worker process on TensorRT's stand-in: prepare, run, lose the device, rest."""

import json
import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge import worker_wire as wire
from tests.support.face_assets import faces_folder
from tests.support.face_daemon import FaceDaemon, face_daemon
from tests.support.trt import two_models

LANE = ("--lane", "ap-1=mailbox:", "--simulated", "--without-pad")
OPTIONS = (*LANE, "--precision", "float32")
RESIDENT = "RESIDENTA"


class Gate:
    """Starts workers one after another over one store and one folder of engines."""

    def __init__(self, daemon: FaceDaemon, engines: Path) -> None:
        self.daemon = daemon
        self.engines = engines
        daemon.module = ("tests.support.trt_worker", "worker")

    def start(self, engine: str = "tensorrt") -> wire.FaceState:
        given = (*OPTIONS, "--engine", engine, "--engines", str(self.engines))
        self.daemon.start(*given)
        self.daemon.accept()
        return self.daemon.receive(wire.FaceState)

    def ended(self) -> tuple[int, str]:
        process = self.daemon.process
        assert process is not None
        _, said = process.communicate(timeout=60)
        self.daemon.restart()
        return process.returncode, said.decode()


@pytest.fixture
def gate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Gate]:
    monkeypatch.setenv("TRT_VERSION", "10.3.0")
    with face_daemon(tmp_path / "store", two_models(tmp_path / "models")) as daemon:
        yield Gate(daemon, tmp_path / "engines")


def picture(name: str) -> Path:
    return faces_folder() / "public_officials" / f"{name}.jpg"


def test_G14_the_worker_prepares_comes_back_and_recognises(
    gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = gate.start()
    assert (state.state, state.code) == ("off", "preparing")
    refused = gate.daemon.press(picture("obama_1"))
    assert (refused.outcome, refused.reason) == ("refused", "preparing")
    gate.daemon.send(wire.FaceRevoke(RESIDENT))
    assert gate.daemon.receive(wire.FaceErased).person == RESIDENT, "erasing goes on"
    status, said = gate.ended()
    assert (status, "engines_prepared" in said) == (0, True)

    state = gate.start()
    assert (state.state, state.code) == ("ready", "ok")
    assert isinstance(gate.daemon.enrol(RESIDENT, picture("obama_1")), wire.FaceEnrolled)
    gate.daemon.allow(RESIDENT)
    assert gate.daemon.press(picture("obama_2")).person == RESIDENT
    gate.daemon.stop()

    # The device hangs in the middle of an attempt: told, camera closed, process ended.
    losses = gate.engines / "losses.json"
    losses.write_text(json.dumps([time.time() - 9, time.time() - 5]))
    monkeypatch.setenv("TRT_FAILS", "deadline")
    assert gate.start("auto").state == "ready"
    gate.daemon.allow(RESIDENT)
    answer = gate.daemon.press(picture("obama_2"))
    assert (answer.outcome, answer.reason) == ("refused", "engine_fault")
    status, said = gate.ended()
    assert (status, "device_lost" in said) == (1, True)
    assert len(json.loads(losses.read_text())) == 3
    # Now it is left alone, and the processor does it.
    assert gate.start("auto").state == "ready"
    gate.daemon.allow(RESIDENT)
    assert gate.daemon.press(picture("obama_2")).person == RESIDENT
    gate.daemon.send(wire.Stop())
    status, said = gate.ended()
    lines = [json.loads(line) for line in said.splitlines() if '"engine_chosen"' in line]
    assert (lines[0]["backend"], lines[0]["reason"]) == ("onnxruntime", "device_lost_often")


def test_what_this_machine_lacks_is_said_and_nothing_else_changes(
    gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", os.environ.get("PYTHONPATH", ""))
    gate.daemon.module = ("edge.workers.face",)
    state = gate.start()
    if state.code in {"preparing", "ok"}:
        pytest.skip("this machine has TensorRT and a GPU")
    assert (state.state, state.code) == ("off", "no_tensorrt")
    gate.daemon.send(wire.FaceRevoke(RESIDENT))
    assert gate.daemon.receive(wire.FaceErased).person == RESIDENT
    gate.daemon.stop()
    assert gate.start("auto").state == "ready"
    gate.daemon.stop()
