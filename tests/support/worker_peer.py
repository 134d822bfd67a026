"""A worker that a test plays by hand, on the workers' socket."""

import contextlib
import socket
import time
from pathlib import Path

from edge.adapters.face_desk import Say
from edge.adapters.line_server import socket_address
from edge.domain.ports import Emit
from edge.worker_wire import (
    WIRE_VERSION,
    Hello,
    Message,
    QrSeen,
    WorkerHealth,
    decode,
    encode,
)
from mqtt.contract.events import AdapterKind

__all__ = ["FACE", "QR", "HeardFace", "Worker", "health", "seen"]


class Worker:
    """A worker that a test plays by hand."""

    def __init__(self, path: Path, hello: Hello | None = None) -> None:
        self.link = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.link.settimeout(5.0)
        with socket_address(path) as address:
            self.link.connect(address)
        self._file = self.link.makefile("rb")
        if hello is not None:
            self.say(hello)

    def say(self, *messages: Message) -> None:
        self.link.sendall(b"".join(map(encode, messages)))

    def hear(self) -> Message | None:
        with contextlib.suppress(ConnectionResetError):
            line = self._file.readline()
            return decode(line) if line else None
        return None

    def close(self) -> None:
        self._file.close()
        self.link.close()


QR = Hello("qr", WIRE_VERSION, "real", ("zxing",))


class HeardFace:
    """A FaceSink that keeps what a face worker said, and when it came and went."""

    def __init__(self) -> None:
        self.said: list[Message] = []
        self.turns: list[str] = []
        self.say: Say | None = None

    def started(self, emit: Emit) -> None:
        self.turns.append("started")

    def connected(self, say: Say, kind: AdapterKind) -> None:
        self.say = say
        self.turns.append(f"connected {kind.value}")

    def wait_lost(self) -> None:
        end_s = time.monotonic() + 5
        while self.turns[-1] != "lost" and time.monotonic() < end_s:
            time.sleep(0.01)

    def heard(self, message: Message) -> None:
        self.said.append(message)

    def lost(self) -> None:
        self.turns.append("lost")


FACE = Hello("face", WIRE_VERSION, "real", ())


def health(lane: str = "ap-1", state: str = "live") -> WorkerHealth:
    return WorkerHealth(lane, 1, 0, 0, None, state)  # type: ignore[arg-type]  # states of the wire


def seen(text: str, lane: str = "ap-1", first_ms: int | None = None) -> QrSeen:
    now_ms = time.monotonic_ns() // 1_000_000
    return QrSeen(lane, text, "zxing", now_ms if first_ms is None else first_ms, now_ms)
