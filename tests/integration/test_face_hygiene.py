"""Look at the face process from outside: what it can be made to give away."""

import json
import os
import resource
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from edge import worker_wire as wire
from tests.support.face_assets import models_folder
from tests.support.face_daemon import face_daemon
from tests.support.repository import ROOT

PROBE = """
import json, os, resource, socket, sys, threading
from edge.workers.face.hygiene import harden
in_force = harden()
def reach():
    try:
        socket.create_connection(("127.0.0.1", int(sys.argv[1])), timeout=1).close()
        return True
    except OSError:
        return False
found = []
thread = threading.Thread(target=lambda: found.append(reach()))
thread.start()
thread.join()
status = open("/proc/self/status").read() if os.access("/proc/self/status", os.R_OK) else ""
print(json.dumps({
    "in_force": in_force,
    "core": resource.getrlimit(resource.RLIMIT_CORE),
    "umask": os.umask(0),
    "reaches": [reach(), *found],
    "locked": [l.split()[1] for l in status.splitlines() if l.startswith("VmLck")],
    "no_new_privs": [l.split()[1] for l in status.splitlines() if l.startswith("NoNewPrivs")],
    "uid": os.geteuid(),
}))
"""


@pytest.fixture(scope="module")
def found() -> dict[str, object]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        threading.Thread(target=_accept, args=(server,), daemon=True).start()
        # The door that is tried is open to everybody else.
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
        done = subprocess.run(
            [sys.executable, "-c", PROBE, str(port)],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
            preexec_fn=_core_dumps_on,
        )
    answer: dict[str, object] = json.loads(done.stdout)
    return answer


def _core_dumps_on() -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (hard, hard))


def _accept(server: socket.socket) -> None:
    while True:
        try:
            server.accept()[0].close()
        except OSError:
            return


def in_force(found: dict[str, object]) -> list[str]:
    names = found["in_force"]
    assert isinstance(names, list)
    return names


def test_no_core_dump_and_private_files(found: dict[str, object]) -> None:
    assert {"no_core_dump", "private_files", "no_debugger", "no_new_rights"} <= set(in_force(found))
    assert found["core"] == [0, 0]
    assert found["umask"] == 0o077
    assert found["uid"] == os.geteuid()


def test_no_thread_reaches_a_network(found: dict[str, object]) -> None:
    if "no_network" not in in_force(found):
        pytest.skip("this machine lets no process leave its network; the service file does it")
    assert found["reaches"] == [False, False]


def test_memory_is_locked_where_the_machine_allows_it(found: dict[str, object]) -> None:
    if "no_swap" not in in_force(found):
        pytest.skip("this machine limits locked memory")
    assert found["locked"] != ["0"]


def test_freed_memory_is_overwritten() -> None:
    code = """
import ctypes
from edge.workers.face.hygiene import harden
assert "freed_memory_wiped" in harden()
libc = ctypes.CDLL(None)
libc.malloc.restype = ctypes.c_void_p
libc.free.argtypes = [ctypes.c_void_p]
block = libc.malloc(4096)
keep = libc.malloc(4096)
ctypes.memset(block, 0x11, 4096)
libc.free(block)
print(ctypes.string_at(block + 64, 3500).count(0x11))
"""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "0"


def test_the_worker_names_its_measures_and_no_path(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "edge.workers.face", "--socket", str(tmp_path / "s")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "--lane" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_worker_writes_nothing_but_its_store(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """ONNX Runtime would leave a device id and a queue of reports in the home folder."""
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("XDG_CACHE_HOME", str(home / "cache"))
    monkeypatch.delenv("ORT_DISABLE_TELEMETRY", raising=False)
    with face_daemon(tmp_path / "store", models_folder()) as daemon:
        assert daemon.ready().state == "ready"
        daemon.send(wire.Stop())
        log = daemon.log()
    assert b"telemetry" not in log
    assert list(home.rglob("*")) == []
    names = {path.name for path in (tmp_path / "store").rglob("*")}
    assert names == {"keyring.json", "keys", "0000000001.key"}
