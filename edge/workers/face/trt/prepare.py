"""Build missing engines in a process of its own while the worker waits: face says "preparing".

The build takes minutes on a gate and gigabytes of memory; a crash in it must not touch the worker.
When it has ended, whether well or not, the worker ends too and its supervisor starts it anew.
"""

import contextlib
import logging
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from edge.workers.face.trt.choose import EngineWish

__all__ = ["Preparation", "build_command"]

_log = logging.getLogger(__name__)
_END_S = 5.0


def build_command(wish: EngineWish, models: Path) -> tuple[str, ...]:
    """Return the command that builds what is missing."""
    command = [sys.executable, "-m", "edge.workers.face.trt", "build", "--models", str(models)]
    command += ["--precision", wish.precision]
    if wish.engines is not None:
        command += ["--engines", str(wish.engines)]
    return tuple(command)


class Preparation:
    """Run ``command`` once and call ``ended`` afterwards, from a thread of its own."""

    def __init__(self, command: Sequence[str], ended: Callable[[], None]) -> None:
        self._command = tuple(command)
        self._ended = ended
        self._child: subprocess.Popen[bytes] | None = None
        self._thread = threading.Thread(target=self._run, name="preparation", daemon=True)
        self._is_stopping = False

    def start(self) -> None:
        """Begin; returns at once."""
        _log.info("engines_preparing", extra={"command": "edge.workers.face.trt"})
        self._child = subprocess.Popen(self._command, stdin=subprocess.DEVNULL)
        self._thread.start()

    def stop(self) -> None:
        """End the build if it still runs: the worker ends before it."""
        self._is_stopping = True
        child = self._child
        if child is None or child.poll() is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            child.terminate()
        try:
            child.wait(_END_S)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()

    def _run(self) -> None:
        child = self._child
        if child is None:
            return
        status = child.wait()
        if not self._is_stopping:
            _log.info("engines_prepared", extra={"status": status})
            self._ended()
