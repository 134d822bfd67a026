"""Play the daemon's end of the worker socket, with a real worker process on the other end."""

import contextlib
import select
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import cv2

from edge import worker_wire as wire
from edge.workers.harness import LineBuffer
from tests.support import frames

__all__ = ["WorkerDaemon", "picture", "worker_daemon"]

ROOT = Path(__file__).parents[2]
T = TypeVar("T")


class WorkerDaemon:
    """The daemon's end of the socket, and the worker process on the other end."""

    def __init__(self, folder: Path) -> None:
        # Socket paths are limited to 107 bytes, which the folders of pytest may exceed.
        self.path = folder / "w.sock"
        self.process: subprocess.Popen[bytes] | None = None
        self.listen()
        self._lines = LineBuffer()
        self._waiting: list[wire.Message] = []

    def listen(self) -> None:
        self.server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.server.bind(str(self.path))
        self.server.listen(1)
        self.server.settimeout(20)

    def start(self, *options: str) -> None:
        command = [sys.executable, "-m", "edge.workers.qr", "--socket", str(self.path), *options]
        self.process = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE)

    def accept(self) -> wire.Hello:
        """Take the worker in; one that gave up waiting comes again, as it does to a busy gate."""
        while True:
            self.link, _ = self.server.accept()
            hello = self.receive(wire.Hello)
            try:
                self.send(wire.Welcome(wire.WIRE_VERSION))
            except BrokenPipeError:
                self.link.close()
                self._waiting.clear()
                continue
            return hello

    def restart(self) -> None:
        self.link.close()
        self.server.close()
        self.path.unlink()
        self._waiting.clear()
        self.listen()

    def send(self, message: wire.Message) -> None:
        self.link.sendall(wire.encode(message))

    def receive(
        self, kind: type[T], where: Callable[[T], bool] = lambda _: True, timeout_s: float = 10.0
    ) -> T:
        end_s = time.monotonic() + timeout_s
        while time.monotonic() < end_s:
            for index, message in enumerate(self._waiting):
                if isinstance(message, kind) and where(message):
                    del self._waiting[: index + 1]
                    return message
            self._waiting += self._read(end_s - time.monotonic())
        raise AssertionError(f"no {kind.__name__} in {timeout_s} s; got {self._waiting}")

    def drain(self, wait_s: float) -> list[wire.Message]:
        end_s = time.monotonic() + wait_s
        while time.monotonic() < end_s:
            self._waiting += self._read(end_s - time.monotonic())
        seen, self._waiting = self._waiting, []
        return seen

    def _read(self, timeout_s: float) -> list[wire.Message]:
        if not select.select([self.link], [], [], max(timeout_s, 0))[0]:
            return []
        chunk = self.link.recv(65536)
        if not chunk:
            raise AssertionError(f"the worker hung up: {self.log()!r}")
        return [wire.decode(line) for line in self._lines.feed(chunk)]

    def log(self) -> bytes:
        """Return what the worker logged; only when it has ended."""
        assert self.process is not None
        assert self.process.stderr is not None
        self.process.wait(5)
        return self.process.stderr.read()

    def close(self) -> None:
        self.server.close()
        with contextlib.suppress(AttributeError):
            self.link.close()
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            assert self.process.stderr is not None
            self.process.stderr.close()


@contextlib.contextmanager
def worker_daemon() -> Iterator[WorkerDaemon]:
    """Yield a daemon in a short folder of its own; end its worker and remove the folder."""
    folder = Path(tempfile.mkdtemp(prefix="qr-"))
    end = WorkerDaemon(folder)
    try:
        yield end
    finally:
        end.close()
        shutil.rmtree(folder)


def picture(path: Path, text: str, condition: str = "clean", seed: int = 1) -> Path:
    assert cv2.imwrite(str(path), frames.render(text, condition, seed))
    return path
