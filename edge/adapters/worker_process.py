"""Run a worker as a child of the daemon, for the demo and the simulator.

On a gate in the field systemd does this, with a user and a sandbox for each worker. A worker that
ends is started again, each time a little later; it ends with the daemon, even one that is killed.
"""

import contextlib
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import edge
from edge.domain.ports import Emit
from mqtt.contract.events import AdapterKind

__all__ = ["WorkerProcess"]

_log = logging.getLogger(__name__)
_FIRST_WAIT_S = 0.2
_LONGEST_WAIT_S = 10.0
_STEADY_S = 30.0
_END_S = 3.0

# The kernel ends the child with the thread that started it: no worker outlives its daemon.
_LAUNCH = """
import ctypes, os, runpy, signal, sys
parent, module = int(sys.argv[1]), sys.argv[2]
ctypes.CDLL(None).prctl(1, signal.SIGTERM)
if os.getppid() != parent:
    sys.exit(0)
sys.argv[:3] = [module]
runpy.run_module(module, run_name="__main__", alter_sys=True)
"""


class WorkerProcess:
    """Keep `python -m MODULE ARGUMENTS` running in `folder`; a Source that emits nothing itself.

    What the worker's absence means is said by the socket on which it does not answer.
    """

    kind = AdapterKind.SIMULATED

    def __init__(self, module: str, arguments: Sequence[str], folder: Path) -> None:
        self.starts = 0
        self._module = module
        self._arguments = tuple(arguments)
        self._folder = folder
        self._stopping = threading.Event()
        self._child: subprocess.Popen[bytes] | None = None
        self._thread: threading.Thread | None = None

    def start(self, emit: Emit) -> None:  # noqa: ARG002 - the worker speaks over its socket
        """Begin to run it."""
        self._stopping.clear()
        self._thread = threading.Thread(target=self._run, name="worker-process", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End it, by force after 3 s."""
        self._stopping.set()
        child = self._child
        if child is not None:
            with contextlib.suppress(ProcessLookupError):
                child.terminate()
        if self._thread is not None:
            self._thread.join(2 * _END_S)
            self._thread = None

    def kill(self) -> None:
        """End the running process at once, as a crash does; it is started again."""
        child = self._child
        if child is not None:
            with contextlib.suppress(ProcessLookupError):
                child.send_signal(signal.SIGKILL)

    def _run(self) -> None:
        wait_s = _FIRST_WAIT_S
        while not self._stopping.is_set():
            begin_s = time.monotonic()
            try:
                status = self._run_once()
            except OSError as error:
                status = error.errno or 1
            if self._stopping.is_set():
                return
            is_steady = time.monotonic() - begin_s > _STEADY_S
            wait_s = _FIRST_WAIT_S if is_steady else wait_s
            _log.warning("worker_ended", extra={"worker": self._module, "status": status})
            self._stopping.wait(wait_s)
            wait_s = min(wait_s * 2, _LONGEST_WAIT_S)

    def _run_once(self) -> int:
        # A worker finds our packages where the daemon found them, whatever folder it runs in.
        root = str(Path(edge.__file__).parents[1])
        known = os.environ.get("PYTHONPATH", "")
        environment = {**os.environ, "PYTHONPATH": f"{root}{os.pathsep}{known}".rstrip(os.pathsep)}
        command = [sys.executable, "-P", "-c", _LAUNCH, str(os.getpid()), self._module]
        child = subprocess.Popen(
            [*command, *self._arguments],
            cwd=self._folder,
            env=environment,
            stdin=subprocess.DEVNULL,
        )
        self._child = child
        self.starts += 1
        if self._stopping.is_set():
            child.terminate()
        while True:
            try:
                return child.wait(_END_S)
            except subprocess.TimeoutExpired:
                if self._stopping.is_set():
                    child.kill()
