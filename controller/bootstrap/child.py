"""Run ingest as a child process beside the pages: begun again when it ends, ended with us."""

import logging
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

__all__ = ["IngestChild", "watch_parent"]

_AGAIN_S = (0.5, 2.0, 10.0)
_END_S = 10.0
_LOOK_S = 1.0
_log = logging.getLogger(__name__)


class IngestChild:
    """Supervises `python -m controller ingest`; takes the settings file."""

    def __init__(self, config: Path) -> None:
        self._command = [
            sys.executable,
            "-m",
            "controller",
            "ingest",
            "--config",
            str(config),
            "--parent",
            str(os.getpid()),
        ]
        self._stopping = threading.Event()
        self._child: subprocess.Popen[bytes] | None = None
        self._thread = threading.Thread(target=self._supervise, name="ingest-child", daemon=True)

    def start(self) -> None:
        """Start the child and its supervisor."""
        self._child = subprocess.Popen(self._command)
        self._thread.start()

    def stop(self) -> None:
        """End the child in order; kill it if it does not end."""
        self._stopping.set()
        if self._child is None:
            return
        self._child.terminate()
        try:
            self._child.wait(_END_S)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait(_END_S)

    def _supervise(self) -> None:
        ends = 0
        while self._child is not None:
            status = self._child.wait()
            if self._stopping.is_set():
                return
            _log.error("ingest_ended", extra={"status": status})
            self._stopping.wait(_AGAIN_S[min(ends, len(_AGAIN_S) - 1)])
            ends += 1
            if self._stopping.is_set():
                return
            self._child = subprocess.Popen(self._command)


def watch_parent(parent: int, end: Callable[[], None]) -> None:
    """Call `end` when the parent process is gone: two ingests under one name fight for the broker.

    `parent` is its process id.
    """

    def watch() -> None:
        pause = threading.Event()
        while os.getppid() == parent:
            pause.wait(_LOOK_S)
        _log.warning("parent_gone", extra={"parent": parent})
        end()

    threading.Thread(target=watch, name="watch-parent", daemon=True).start()
