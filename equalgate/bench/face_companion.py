"""Be the face worker beside a benchmark: idle, busy, or crashing again and again.

`python -m equalgate.bench.face_companion idle|busy MODELS PICTURE` loads the real models as the
worker does, at its priority, says "ready" on stdout, and then waits or looks at one frame after
the other until it is ended.
"""

import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from edge.workers.face.hygiene import harden
from edge.workers.face.pipeline import open_pipeline

__all__ = ["STATES", "beside", "main"]

STATES = ("absent", "idle", "busy", "crashing")
_MODULE = "equalgate.bench.face_companion"


@contextmanager
def beside(state: str, models: Path, picture: Path) -> Iterator[None]:
    """Run the body with a face worker in this state beside it."""
    if state == "absent":
        yield
        return
    if state == "crashing":
        with _crashing(models, picture):
            yield
        return
    child = _start(state, models, picture)
    try:
        yield
    finally:
        child.kill()
        child.wait()


@contextmanager
def _crashing(models: Path, picture: Path) -> Iterator[None]:
    """Start a worker, kill it at its first frame, and start the next."""
    stopping = threading.Event()

    def work() -> None:
        while not stopping.is_set():
            child = _start("busy", models, picture)
            child.kill()
            child.wait()

    thread = threading.Thread(target=work, name="crashing face worker")
    thread.start()
    try:
        yield
    finally:
        stopping.set()
        thread.join()


def _start(state: str, models: Path, picture: Path) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", _MODULE, state, str(models), str(picture)]
    child = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, encoding="ascii"
    )
    assert child.stdout is not None
    with child.stdout as said:
        if said.readline() != "ready\n":
            raise RuntimeError("the face worker did not start")
    return child


def main(state: str, models: Path, picture: Path) -> None:
    """Be the worker until the process is ended."""
    harden()
    import cv2
    import numpy as np

    pipeline = open_pipeline(models)
    frame = np.asarray(cv2.imread(str(picture)), dtype=np.uint8)
    pipeline.analyse(frame)
    print("ready", flush=True)
    if state == "idle":
        threading.Event().wait()
    while True:
        pipeline.analyse(frame)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
