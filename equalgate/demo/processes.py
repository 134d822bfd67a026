"""Start, watch and end the programs of a demo compound; each writes its own log file."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from mqtt.contract.errors import UnavailableError
from mqtt.contract.reasons import ReasonCode

__all__ = ["Program", "wait_until"]

_END_S = 10.0


def wait_until(
    is_so: Callable[[], bool], what: str, timeout_s: float, every_s: float = 0.02
) -> None:
    """Wait until `is_so`. Raises UnavailableError(`timeout`) naming `what`."""
    ends = time.monotonic() + timeout_s
    while not is_so():
        if time.monotonic() > ends:
            raise UnavailableError(ReasonCode.TIMEOUT, what)
        time.sleep(every_s)


@dataclass(slots=True)
class Program:
    """One child process: `python -m <module> <arguments>`."""

    name: str
    module: str
    arguments: tuple[str, ...]
    log_file: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    _child: subprocess.Popen[bytes] | None = None

    @property
    def is_running(self) -> bool:
        """Tell whether the process lives."""
        return self._child is not None and self._child.poll() is None

    @property
    def pid(self) -> int:
        """Return the process id, or 0."""
        return self._child.pid if self._child is not None else 0

    def start(self, environment: Mapping[str, str] | None = None) -> None:
        """Start it, in a process group of its own so that Ctrl-C ends it in our order."""
        with self.log_file.open("ab") as log:
            self._child = subprocess.Popen(
                [sys.executable, "-m", self.module, *self.arguments],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**os.environ, **self.environment, **(environment or {})},
                start_new_session=True,
            )

    def stop(self) -> None:
        """Ask it to end (SIGTERM) and wait; kill it if it does not."""
        if self._child is None:
            return
        if self.is_running:
            self._child.terminate()
        try:
            self._child.wait(_END_S)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """End it and its children as a power cut would (SIGKILL)."""
        if self._child is None:
            return
        with suppress(ProcessLookupError):
            os.killpg(self._child.pid, signal.SIGKILL)
        self._child.wait(_END_S)

    def ends_within(self, timeout_s: float) -> bool:
        """Wait a little; tell whether the process ended by itself meanwhile."""
        if self._child is None:
            return True
        try:
            self._child.wait(timeout_s)
        except subprocess.TimeoutExpired:
            return False
        return True

    def tail(self, lines: int = 20) -> str:
        """Return the end of its log, for an error text on the operator's own screen."""
        try:
            text = self.log_file.read_text("utf-8", "replace")
        except OSError:
            return ""
        return "\n".join(text.splitlines()[-lines:])
