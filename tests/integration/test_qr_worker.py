"""Run the QR worker as the process that it is and talk to it as the daemon does."""

import os
import pty
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
import segno

from edge import worker_wire as wire
from tests.support import frames
from tests.support.qr_daemon import WorkerDaemon, picture, worker_daemon

PASS = "AC1:6BF5WQ4D%-$ 7E:B0/9Z*K3 A2.X+"


@pytest.fixture
def daemon() -> Iterator[WorkerDaemon]:
    with worker_daemon() as end:
        yield end


def test_picture_named_over_the_socket_is_read_in_a_few_ms(
    daemon: WorkerDaemon, tmp_path: Path
) -> None:
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

    # Pictures named in one breath are shown one after the other, the same one too.
    for _ in range(3):
        daemon.send(wire.ShowSource("ap-1", str(shown)))
    assert [daemon.receive(wire.QrSeen).text for _ in range(3)] == [PASS] * 3

    daemon.send(wire.Ping(42))
    assert daemon.receive(wire.Pong) == wire.Pong(42)
    daemon.send(wire.Stop())
    assert daemon.process is not None
    assert daemon.process.wait(5) == 0


def test_degraded_large_and_empty_pictures(daemon: WorkerDaemon, tmp_path: Path) -> None:
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


def test_folder_video_and_two_lanes(daemon: WorkerDaemon, tmp_path: Path) -> None:
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


def test_serial_engine_on_a_pty(daemon: WorkerDaemon) -> None:
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


def test_dead_camera_is_a_fault_and_the_other_lane_goes_on(
    daemon: WorkerDaemon, tmp_path: Path
) -> None:
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
    daemon: WorkerDaemon, tmp_path: Path
) -> None:
    shown = picture(tmp_path / "a.png", PASS)
    daemon.server.close()
    daemon.path.unlink()
    daemon.start("--lane", "ap-1=mailbox:", "--simulated")
    time.sleep(0.3)
    daemon.listen()
    daemon.accept()
    daemon.restart()
    daemon.accept()
    daemon.send(wire.ShowSource("ap-1", str(shown)))
    assert daemon.receive(wire.QrSeen).text == PASS
    assert daemon.process is not None
    daemon.process.send_signal(signal.SIGTERM)
    assert daemon.process.wait(5) == 0


def test_garbage_from_the_daemon_ends_the_worker(daemon: WorkerDaemon) -> None:
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
def test_bad_use_is_refused_with_the_cure(daemon: WorkerDaemon, options: list[str]) -> None:
    daemon.start(*options)
    assert daemon.process is not None
    assert daemon.process.wait(10) == 2
    assert daemon.process.stderr is not None
    assert b"error:" in daemon.process.stderr.read()
