"""The real QR worker as a child of the daemon, behind the workers' socket."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import segno

from edge.adapters.worker_process import WorkerProcess
from edge.adapters.worker_socket import WorkerSocket, WorkerSocketSpec
from edge.domain.inputs import Attempted, WayChanged
from edge.domain.model import PassClaim
from mqtt.contract.errors import UnavailableError
from mqtt.contract.events import AdapterKind
from mqtt.contract.reasons import ReasonCode
from tests.support.hardware import MonotonicClock, Recorder


@pytest.fixture
def heard() -> Recorder:
    return Recorder()


@pytest.fixture
def gate(tmp_path: Path, heard: Recorder) -> Iterator[WorkerSocket]:
    # Longer than the address of a Unix socket may be.
    path = tmp_path / ("folder" * 20) / "workers.sock"
    spec = WorkerSocketSpec(path, ("ap-1", "ap-2"), (), is_simulated=False)
    source = WorkerSocket(spec, MonotonicClock())
    source.start(heard)
    yield source
    source.stop()


@pytest.fixture
def process(gate: WorkerSocket) -> Iterator[WorkerProcess]:
    path, lanes = gate._spec.path, ["--lane", "ap-1=mailbox:", "--simulated"]
    process = WorkerProcess("edge.workers.qr", ["--socket", path.name, *lanes], path.parent)
    process.start(lambda _item: None)
    yield process
    process.stop()
    assert not [t for t in threading.enumerate() if t.name == "worker-process"]


def test_the_real_worker_reads_a_picture_and_is_restarted_after_a_crash(
    gate: WorkerSocket, process: WorkerProcess, heard: Recorder, tmp_path: Path
) -> None:
    heard.wait(WayChanged, lambda item: item.status == "ready", timeout_s=15)
    picture = tmp_path / "pass.png"
    segno.make_qr("AC1:6BF5WQ4D").save(str(picture), scale=6)
    assert gate.show_source("ap-1", picture).result(5) == ""
    (item,) = heard.wait(Attempted)
    assert item.attempt.claim == PassClaim("AC1:6BF5WQ4D")
    assert item.attempt.adapter_kind is AdapterKind.SIMULATED
    (tmp_path / "no.png").write_text("no picture")
    assert gate.show_source("ap-1", tmp_path / "no.png").result(5) != ""
    process.kill()
    heard.wait(WayChanged, lambda item: item.reason is ReasonCode.WORKER_LOST)
    heard.wait(WayChanged, lambda item: item.status == "ready", count=2, timeout_s=15)
    assert process.starts == 2
    assert gate.show_source("ap-1", picture).result(5) == ""
    heard.wait(Attempted, count=2)


def test_a_picture_for_a_lane_without_a_worker_is_refused(gate: WorkerSocket) -> None:
    assert gate.show_source("ap-2", Path("x")).result(1) == "worker_lost"
    with pytest.raises(UnavailableError):
        gate.show_source("ap-9", Path("x"))


def test_a_worker_does_not_outlive_a_daemon_that_is_killed(tmp_path: Path) -> None:
    script = (
        "import sys, time; from pathlib import Path;"
        "from edge.adapters.worker_process import WorkerProcess;"
        "p = WorkerProcess('edge.workers.qr', ['--socket', 'w.sock', '--lane', 'ap-1=mailbox:',"
        " '--simulated'], Path(sys.argv[1])); p.start(print)\n"
        "while p._child is None: time.sleep(0.01)\n"
        "print(p._child.pid, flush=True); time.sleep(60)"
    )
    daemon = subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    assert daemon.stdout is not None
    child = int(daemon.stdout.readline())
    time.sleep(0.5)
    daemon.send_signal(signal.SIGKILL)
    daemon.wait()
    daemon.stdout.close()
    end_s = time.monotonic() + 5
    while time.monotonic() < end_s and _is_running(child):
        time.sleep(0.02)
    assert not _is_running(child)


def _is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (ProcessLookupError, FileNotFoundError):
        return False
    return state != "Z"
