"""Play the daemon's end of the face worker's socket, with a real worker process on the other."""

import contextlib
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from edge import worker_wire as wire
from tests.support.qr_daemon import WorkerDaemon
from tests.support.repository import ROOT

__all__ = ["FaceDaemon", "face_daemon", "in_ms"]


class FaceDaemon(WorkerDaemon):
    """A daemon that starts a face worker over ``store``, its lane ``ap-1`` seeing a mailbox."""

    module: tuple[str, ...] = ("edge.workers.face",)

    def __init__(self, folder: Path, store: Path, models: Path) -> None:
        super().__init__(folder)
        self.server.settimeout(30)
        self._nonce = 0
        self._options = ("--models", str(models), "--store", str(store))

    def start(self, *options: str) -> None:
        given = options or ("--lane", "ap-1=mailbox:", "--simulated")
        command = [sys.executable, "-m", *self.module, "--socket", str(self.path)]
        command += [*self._options, *given]
        self.process = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE)

    def ready(self) -> wire.FaceState:
        """Start, shake hands and return the first state."""
        self.start()
        self.accept()
        return self.receive(wire.FaceState)

    def again(self) -> wire.FaceState:
        """End the worker, start it anew over the same store, and return the first state."""
        self.stop()
        return self.ready()

    def stop(self) -> None:
        assert self.process is not None
        self.send(wire.Stop())
        assert self.process.wait(10) == 0
        assert self.process.stderr is not None
        self.process.stderr.close()
        self.restart()

    def show(self, picture: Path) -> None:
        self.send(wire.ShowSource("ap-1", str(picture)))

    def allow(self, person: str, for_s: float = 3600) -> None:
        self.send(wire.FaceAllow(person, int((time.time() + for_s) * 1000)))

    def press(self, picture: Path) -> wire.FaceResult:
        """Stand before the camera, press, and return the answer."""
        self.show(picture)
        self.send(wire.FaceArm("ap-1", in_ms(8000)))
        return self.receive(wire.FaceResult, timeout_s=12)

    def enrol(self, person: str, picture: Path) -> wire.FaceEnrolled | wire.FaceEnrolEnded:
        """Enrol whoever is in a picture; return how it ended."""
        self.show(picture)
        self.send(wire.FaceEnrol("ap-1", person, in_ms(8000)))
        end_s = time.monotonic() + 15
        while time.monotonic() < end_s:
            for message in self.drain(0.1):
                if isinstance(message, wire.FaceEnrolled | wire.FaceEnrolEnded):
                    return message
                if isinstance(message, wire.FaceEnrolProgress) and message.camera == "waiting":
                    self.send(wire.FaceEnrolStop("ap-1"))
        raise AssertionError("the enrolment did not end")

    def counters(self) -> dict[str, wire.FaceCounters]:
        """Ask for the counts of this moment; return them by cause."""
        self._nonce += 1
        self.send(wire.Ping(self._nonce))
        end_s = time.monotonic() + 10
        heard: list[wire.Message] = []
        while wire.Pong(self._nonce) not in heard and time.monotonic() < end_s:
            heard += self.drain(0.02)
        return {one.cause: one for one in heard if isinstance(one, wire.FaceCounters)}


def in_ms(ahead_ms: int) -> int:
    return int(time.monotonic() * 1000) + ahead_ms


@contextlib.contextmanager
def face_daemon(store: Path, models: Path) -> Iterator[FaceDaemon]:
    """Yield a daemon in a short folder of its own; end its worker and remove the folder."""
    folder = Path(tempfile.mkdtemp(prefix="face-"))
    end = FaceDaemon(folder, store, models)
    try:
        yield end
    finally:
        end.close()
        shutil.rmtree(folder)
