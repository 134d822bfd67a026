"""Run mosquitto as a child process: for the demo and for the tests, on a port of its own."""

import os
import shutil
import signal
import socket
import subprocess
import time
from contextlib import suppress
from pathlib import Path

from mqtt.broker.config import MosquittoVersion, parse_version
from mqtt.contract.errors import UnavailableError
from mqtt.contract.reasons import ReasonCode

__all__ = ["MosquittoRunner", "find_mosquitto", "free_port", "installed_version"]

_READY_S = 5.0
_STOP_S = 5.0
_LOOK_AGAIN_S = 0.01


def find_mosquitto() -> str:
    """Return the path of mosquitto. Raises UnavailableError(`broker_unavailable`) if it is missing.

    Debian installs it in /usr/sbin, which ordinary users do not have in their PATH.
    """
    found = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin")
    if found is None:
        raise UnavailableError(ReasonCode.BROKER_UNAVAILABLE, "mosquitto is not installed")
    return found


def installed_version() -> MosquittoVersion:
    """Return the version of the installed mosquitto; raises as `parse_version` does."""
    run = subprocess.run([find_mosquitto(), "-h"], capture_output=True, text=True, check=False)
    return parse_version(run.stdout + run.stderr)


def free_port() -> int:
    """Return a port of the loopback interface that nobody listens on right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class MosquittoRunner:
    """One broker process. `start` returns when it accepts connections."""

    def __init__(self, config: Path, port: int, log: Path) -> None:
        self._config = config
        self._port = port
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def is_running(self) -> bool:
        """True while the process lives."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start the broker; one that a killed predecessor left behind is ended first.

        Raises UnavailableError if the port is taken, if it ends at once or stays silent for 5 s.
        """
        if self.is_running:
            raise RuntimeError("the broker runs already")
        self._end_leftover()
        if self._answers():
            raise UnavailableError(ReasonCode.BROKER_UNAVAILABLE, f"port {self._port} is taken")
        with self._log.open("ab") as log:
            process = subprocess.Popen(
                [find_mosquitto(), "-c", str(self._config)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        self._process = process
        self._pid_file.write_text(f"{process.pid}\n")
        deadline_s = time.monotonic() + _READY_S
        while not self._answers():
            if process.poll() is not None or time.monotonic() > deadline_s:
                self.kill()
                raise UnavailableError(ReasonCode.BROKER_UNAVAILABLE, f"see {self._log.name}")
            time.sleep(_LOOK_AGAIN_S)

    def stop(self) -> None:
        """End the broker in order: it saves sessions and retained messages (SIGTERM)."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End the broker at once: what it had not saved is lost (SIGKILL)."""
        self._end(signal.SIGKILL)

    def restart(self) -> None:
        """Stop and start again: every connection ends, sessions stay (protocol §2.3)."""
        self.stop()
        self.start()

    def reload(self) -> None:
        """Let the broker read ACL, certificates and revocation lists again (SIGHUP).

        Connections that are open stay open, also those of revoked certificates.
        """
        if self._process is not None:
            self._process.send_signal(signal.SIGHUP)

    def pause(self) -> None:
        """Freeze the broker: connections stay open and nothing answers (SIGSTOP)."""
        if self._process is not None:
            self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let a frozen broker go on (SIGCONT)."""
        if self._process is not None:
            self._process.send_signal(signal.SIGCONT)

    @property
    def _pid_file(self) -> Path:
        return self._config.with_suffix(".pid")

    def _end_leftover(self) -> None:
        try:
            pid = int(self._pid_file.read_text())
        except (OSError, ValueError):
            return
        deadline_s = time.monotonic() + _STOP_S
        while self._is_ours(pid) and time.monotonic() < deadline_s:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)
            time.sleep(_LOOK_AGAIN_S)
        self._pid_file.unlink(missing_ok=True)

    def _is_ours(self, pid: int) -> bool:
        try:
            command = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        except OSError:
            return False
        return command[1:3] == [b"-c", str(self._config).encode()]

    def _end(self, how: signal.Signals) -> None:
        process = self._process
        self._process = None
        if process is None:
            return
        self._pid_file.unlink(missing_ok=True)
        process.send_signal(signal.SIGCONT)
        process.send_signal(how)
        try:
            process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def _answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self._port), timeout=1.0):
                return True
        except OSError:
            return False
