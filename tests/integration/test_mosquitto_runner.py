"""Starting and ending mosquitto as a child: taken ports, broken files, leftovers."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from mqtt.broker.runner import MosquittoRunner, free_port, installed_version
from mqtt.contract.errors import UnavailableError
from tests.support.broker import MosquittoDesk, needs_mosquitto


def prepared(folder: Path) -> MosquittoDesk:
    needs_mosquitto()
    return MosquittoDesk(folder)


def test_runner_starts_quickly_and_ends_completely(tmp_path: Path) -> None:
    desk = prepared(tmp_path)
    start_s = time.monotonic()
    desk.runner.start()
    assert time.monotonic() - start_s < 2
    with pytest.raises(RuntimeError):
        desk.runner.start()
    desk.runner.stop()
    desk.runner.stop()
    assert not desk.runner.is_running
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.1", desk.port), 1)


def test_taken_port_is_a_clear_error(tmp_path: Path) -> None:
    desk = prepared(tmp_path)
    with socket.create_server(("127.0.0.1", desk.port)):
        with pytest.raises(UnavailableError, match=f"port {desk.port}"):
            desk.runner.start()
        assert not desk.runner.is_running


def test_configuration_that_mosquitto_refuses_is_a_clear_error(tmp_path: Path) -> None:
    desk = prepared(tmp_path)
    desk.home.config_file.write_text("no_such_option true\n")
    with pytest.raises(UnavailableError, match=r"mosquitto\.log") as caught:
        desk.runner.start()
    assert str(tmp_path) not in str(caught.value)
    assert "no_such_option" in desk.home.log_file.read_text()


def test_leftover_of_a_killed_parent_is_ended_first(tmp_path: Path) -> None:
    desk = prepared(tmp_path)
    code = (
        "import os, sys, signal; from pathlib import Path;"
        "from mqtt.broker.runner import MosquittoRunner;"
        "MosquittoRunner(Path(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3])).start();"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    arguments = [str(desk.home.config_file), str(desk.port), str(desk.home.log_file)]
    subprocess.run([sys.executable, "-c", code, *arguments], check=False)
    left = int(desk.home.config_file.with_suffix(".pid").read_text())
    os.kill(left, 0)
    desk.runner.start()
    assert desk.runner.is_running
    desk.runner.stop()


def test_stale_number_of_another_process_is_left_alone(tmp_path: Path) -> None:
    desk = prepared(tmp_path)
    with subprocess.Popen(["sleep", "30"]) as other:
        desk.home.config_file.with_suffix(".pid").write_text(f"{other.pid}\n")
        desk.runner.start()
        desk.runner.stop()
        assert other.poll() is None
        other.send_signal(signal.SIGTERM)


def test_installed_version_is_supported_and_ports_are_free() -> None:
    needs_mosquitto()
    assert installed_version().major == 2
    runner = MosquittoRunner(Path("none.conf"), free_port(), Path("none.log"))
    assert not runner.is_running
    runner.stop()
    runner.kill()
