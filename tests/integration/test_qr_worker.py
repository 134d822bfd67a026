"""Run the QR worker as the process that it is and talk to it as the daemon does."""

import contextlib
import os
import pty
import random
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import cv2
import numpy as np
import pytest
import segno

from edge import worker_wire as wire
from edge.workers.harness import LineBuffer
from tests.support import frames

ROOT = Path(__file__).parents[2]
T = TypeVar("T")
PASS = "AC1:6BF5WQ4D%-$ 7E:B0/9Z*K3 A2.X+"


class Daemon:
    """The daemon's end of the socket, and the worker process on the other end."""

    def __init__(self, folder: Path) -> None:
        # Socket paths are limited to 107 bytes, which the folders of pytest may exceed.
        self.path = folder / "w.sock"
        self.process: subprocess.Popen[bytes] | None = None
        self._listen()
        self._lines = LineBuffer()
        self._waiting: list[wire.Message] = []

    def _listen(self) -> None:
        self.server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.server.bind(str(self.path))
        self.server.listen(1)
        self.server.settimeout(20)

    def start(self, *options: str) -> None:
        command = [sys.executable, "-m", "edge.workers.qr", "--socket", str(self.path), *options]
        self.process = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE)

    def accept(self) -> wire.Hello:
        self.link, _ = self.server.accept()
        hello = self.receive(wire.Hello)
        self.send(wire.Welcome(wire.WIRE_VERSION))
        return hello

    def restart(self) -> None:
        self.link.close()
        self.server.close()
        self.path.unlink()
        self._waiting.clear()
        self._listen()

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
            raise AssertionError("the worker hung up")
        return [wire.decode(line) for line in self._lines.feed(chunk)]

    def close(self) -> None:
        self.server.close()
        with contextlib.suppress(AttributeError):
            self.link.close()
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            assert self.process.stderr is not None
            self.process.stderr.close()


@pytest.fixture
def daemon() -> Iterator[Daemon]:
    folder = Path(tempfile.mkdtemp(prefix="qr-"))
    end = Daemon(folder)
    yield end
    end.close()
    shutil.rmtree(folder)


def picture(path: Path, text: str, condition: str = "clean", seed: int = 1) -> Path:
    assert cv2.imwrite(str(path), frames.render(text, condition, seed))
    return path


def test_picture_named_over_the_socket_is_read_in_a_few_ms(daemon: Daemon, tmp_path: Path) -> None:
    shown = picture(tmp_path / "通行码.png", PASS)
    daemon.start("--lane", "ap-1=mailbox:", "--simulated")
    hello = daemon.accept()
    assert (hello.worker, hello.version) == ("qr", wire.WIRE_VERSION)
    assert hello.adapter_kind == "simulated"
    assert set(hello.capabilities) == {"zxing", "pyzbar"}
    assert daemon.receive(wire.WorkerHealth).source_state == "waiting"

    took_ms = []
    for shows in range(1, 6):
        begin_ms = time.monotonic() * 1000
        daemon.send(wire.ShowSource("ap-1", str(shown)))
        seen = daemon.receive(wire.QrSeen)
        took_ms.append(time.monotonic() * 1000 - begin_ms)
        assert (seen.lane, seen.text, seen.reader) == ("ap-1", PASS, "zxing")
        assert begin_ms - 1 <= seen.first_seen_mono_ms <= seen.decoded_mono_ms
        done = daemon.receive(wire.WorkerHealth, lambda health: health.source_state == "waiting")
        assert (done.frames, done.decoded, done.dropped) == (shows, shows, 0)
    assert sorted(took_ms)[2] < 50, took_ms

    daemon.send(wire.Ping(42))
    assert daemon.receive(wire.Pong) == wire.Pong(42)
    daemon.send(wire.Stop())
    assert daemon.process is not None
    assert daemon.process.wait(5) == 0


def test_degraded_large_and_empty_pictures(daemon: Daemon, tmp_path: Path) -> None:
    daemon.start("--lane", "ap-1=mailbox:", "--simulated")
    daemon.accept()
    for condition in ("defocus_strong", "inverted", "dark", "turned"):
        shown = picture(tmp_path / f"{condition}.png", PASS, condition)
        daemon.send(wire.ShowSource("ap-1", str(shown)))
        assert daemon.receive(wire.QrSeen).text == PASS
    far = cv2.copyMakeBorder(
        frames.render(PASS, "clean", 1), 1500, 1500, 1500, 1500, cv2.BORDER_REPLICATE
    )
    assert cv2.imwrite(str(tmp_path / "large.png"), far)
    daemon.send(wire.ShowSource("ap-1", str(tmp_path / "large.png")))
    assert daemon.receive(wire.QrSeen).text == PASS

    daemon.drain(0.2)
    daemon.send(wire.ShowSource("ap-1", str(picture(tmp_path / "empty.png", "", frames.NEGATIVE))))
    assert not [m for m in daemon.drain(0.5) if isinstance(m, wire.QrSeen | wire.Presence)]
    # Of a code that nobody can read the daemon learns that it is there.
    code = np.array([list(row) for row in segno.make(PASS * 3, error="l").matrix_iter(border=4)])
    code[14:-14, 14:-14] ^= np.random.default_rng(1).integers(0, 2, code[14:-14, 14:-14].shape)
    damaged = np.kron(255 - 255 * code, np.ones((5, 5))).astype(np.uint8)
    assert cv2.imwrite(str(tmp_path / "damaged.png"), damaged)
    daemon.send(wire.ShowSource("ap-1", str(tmp_path / "damaged.png")))
    assert daemon.receive(wire.Presence).lane == "ap-1"
    assert not [m for m in daemon.drain(0.3) if isinstance(m, wire.QrSeen)]


def test_folder_video_and_two_lanes(daemon: Daemon, tmp_path: Path) -> None:
    folder = tmp_path / "camera"
    folder.mkdir()
    picture(folder / "a.png", PASS + "1")
    video = cv2.VideoWriter(
        str(tmp_path / "v.avi"), cv2.VideoWriter.fourcc(*"MJPG"), 25, (640, 480), isColor=False
    )
    for seed in range(10):
        video.write(frames.render("", frames.NEGATIVE, seed))
    for seed in range(10):
        video.write(frames.render(PASS + "2", "clean", seed))
    video.release()

    daemon.start(
        *("--lane", f"ap-1=folder:{folder}", "--lane", f"ap-2=video:{tmp_path / 'v.avi'}"),
        "--simulated",
    )
    daemon.accept()
    seen = {daemon.receive(wire.QrSeen).text for _ in range(2)}
    assert seen == {PASS + "1", PASS + "2"}
    # What is added later is seen too, and the burst of the video is one report.
    picture(folder / "b.png", PASS + "3")
    assert daemon.receive(wire.QrSeen).text == PASS + "3"
    assert not [m for m in daemon.drain(0.3) if isinstance(m, wire.QrSeen)]


def test_serial_engine_on_a_pty(daemon: Daemon) -> None:
    engine, line = pty.openpty()
    name = os.ttyname(line)
    daemon.start("--lane", f"ap-1=serial:{name}?baud=9600", "--simulated")
    assert daemon.accept().adapter_kind == "simulated"
    daemon.receive(wire.WorkerHealth, lambda health: health.source_state == "live")
    os.write(engine, b"\x02" + PASS.encode() + b"\x03")
    seen = daemon.receive(wire.QrSeen)
    assert (seen.text, seen.reader) == (PASS, "serial")
    os.write(engine, b"AC1:SECOND\r\n")
    assert daemon.receive(wire.QrSeen).text == "AC1:SECOND"
    # 7 kB of garbage is one refusal without its content, a set-up code is nothing at all.
    os.write(engine, b"@SETUP99\rNLS0006010\r")
    for start in range(0, 7000, 1000):
        os.write(engine, bytes(33 + (start + index) % 90 for index in range(1000)))
    os.write(engine, b"\n")
    assert daemon.receive(wire.QrRefused).reason == "too_long"
    daemon.send(wire.ShowSource("ap-1", "/nowhere.png"))
    assert daemon.receive(wire.CommandRefused).code == "source_is_real"
    # The cable is pulled: a fault, not a crash.
    os.close(line)
    os.close(engine)
    assert daemon.receive(wire.ReaderFault).code in {"engine_lost", "engine_missing"}
    daemon.send(wire.Ping(1))
    assert daemon.receive(wire.Pong).nonce == 1


def test_dead_camera_is_a_fault_and_the_other_lane_goes_on(daemon: Daemon, tmp_path: Path) -> None:
    shown = picture(tmp_path / "a.png", PASS)
    daemon.start(
        *("--lane", "ap-1=v4l2:/dev/video-of-nobody", "--lane", "ap-2=mailbox:"), "--simulated"
    )
    daemon.accept()
    assert daemon.receive(wire.ReaderFault) == wire.ReaderFault("ap-1", "camera_missing")
    daemon.send(wire.ShowSource("ap-2", str(shown)))
    assert daemon.receive(wire.QrSeen).lane == "ap-2"
    assert not [m for m in daemon.drain(1.0) if isinstance(m, wire.ReaderFault)]


def test_worker_waits_for_the_daemon_and_survives_its_restart(
    daemon: Daemon, tmp_path: Path
) -> None:
    shown = picture(tmp_path / "a.png", PASS)
    daemon.server.close()
    daemon.path.unlink()
    daemon.start("--lane", "ap-1=mailbox:", "--simulated")
    time.sleep(0.3)
    daemon._listen()
    daemon.accept()
    daemon.restart()
    daemon.accept()
    daemon.send(wire.ShowSource("ap-1", str(shown)))
    assert daemon.receive(wire.QrSeen).text == PASS
    assert daemon.process is not None
    daemon.process.send_signal(signal.SIGTERM)
    assert daemon.process.wait(5) == 0


def test_garbage_from_the_daemon_ends_the_worker(daemon: Daemon) -> None:
    daemon.start("--lane", "ap-1=mailbox:", "--simulated")
    daemon.accept()
    daemon.link.sendall(b'{"t":"ping","v":1,"nonce":"PRIVATE"}\n')
    assert daemon.process is not None
    assert daemon.process.wait(5) == 1
    assert daemon.process.stderr is not None
    log = daemon.process.stderr.read()
    assert b"worker_crashed" in log
    assert b"PRIVATE" not in log


@pytest.mark.parametrize(
    "options",
    [
        ["--lane", "ap-1=mailbox:"],
        ["--lane", "ap-1=picture:/nowhere.png", "--simulated"],
        ["--lane", "ap-1=telepathy:", "--simulated"],
        ["--lane", "A=mailbox:", "--simulated"],
        ["--lane", "mailbox:", "--simulated"],
        ["--lane", "ap-1=mailbox:", "--lane", "ap-1=mailbox:", "--simulated"],
    ],
)
def test_bad_use_is_refused_with_the_cure(daemon: Daemon, options: list[str]) -> None:
    daemon.start(*options)
    assert daemon.process is not None
    assert daemon.process.wait(10) == 2
    assert daemon.process.stderr is not None
    assert b"error:" in daemon.process.stderr.read()


def test_I01_hostile_codes_are_only_text(daemon: Daemon, tmp_path: Path) -> None:
    hostile = [
        "'; DROP TABLE holders; --",
        "%s%s%n%x{0.__class__}${jndi:ldap://x}",
        "\0\x1b[2J\r\n\x02\x03",
        "+ADw-script+AD4-",
        "粤通行" * 40,
        '{"t":"stop","v":1}\n{"t":"stop","v":1}',
        "../" * 60,
    ]
    daemon.start("--lane", "ap-1=mailbox:", "--simulated")
    daemon.accept()
    for index, text in enumerate(hostile):
        shown = picture(tmp_path / f"h{index}.png", text)
        daemon.send(wire.ShowSource("ap-1", str(shown)))
        assert daemon.receive(wire.QrSeen).text == text
    segno.make("7" * 7089, error="l", version=40).save(str(tmp_path / "7k.png"), scale=5)
    daemon.send(wire.ShowSource("ap-1", str(tmp_path / "7k.png")))
    assert daemon.receive(wire.QrRefused).reason == "too_long"
    daemon.send(wire.Ping(3))
    assert daemon.receive(wire.Pong).nonce == 3


def test_I01_flood_on_one_lane_leaves_the_other_alone(daemon: Daemon, tmp_path: Path) -> None:
    chance = random.Random(101)
    folder = tmp_path / "blobs"
    folder.mkdir()
    heads = [b"", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"BM", b"RIFF0000WEBPVP8X"]
    for index in range(1000):
        blob = chance.choice(heads) + chance.randbytes(chance.randrange(0, 400))
        (folder / f"a{index:04}.png").write_bytes(blob)
    for index in range(200):
        blob = chance.randbytes(chance.randrange(1, 80))
        segno.make(blob, mode="byte", error="l").save(str(folder / f"b{index:04}.png"), scale=3)
    shown = picture(tmp_path / "a.png", PASS)
    engine, line = pty.openpty()
    daemon.start(
        *("--lane", "ap-1=mailbox:", "--lane", "ap-2=mailbox:"),
        *("--lane", f"ap-3=serial:{os.ttyname(line)}", "--simulated"),
    )
    daemon.accept()
    daemon.receive(
        wire.WorkerHealth, lambda health: (health.lane, health.source_state) == ("ap-3", "live")
    )
    daemon.send(wire.ShowSource("ap-1", str(folder)))
    took_ms = []
    for index in range(7):
        begin_s = time.monotonic()
        daemon.send(wire.ShowSource("ap-2", str(shown)))
        for part in range(100):
            os.write(engine, b"AC1:FLOOD%d.%d" % (index, part) + bytes([13]))
        daemon.receive(wire.QrSeen, lambda seen: seen.lane == "ap-2")
        took_ms.append((time.monotonic() - begin_s) * 1000)
    assert sorted(took_ms)[3] < 150, took_ms
    told = daemon.drain(1.0)
    for lane in ("ap-1", "ap-3"):
        texts = [m for m in told if isinstance(m, wire.QrSeen) and m.lane == lane]
        # One second's worth saved up and one second of more.
        assert len(texts) <= 20
    flooded = daemon.receive(wire.WorkerHealth, lambda health: health.lane == "ap-3")
    assert flooded.dropped > 500
    os.close(engine)
    os.close(line)
