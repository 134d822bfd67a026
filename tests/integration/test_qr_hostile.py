"""Show hostile codes to a real QR worker: they stay text, and a flood stays on its lane."""

import os
import pty
import random
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import segno

from edge import worker_wire as wire
from tests.support.qr_daemon import WorkerDaemon, picture, worker_daemon

PASS = "AC1:6BF5WQ4D%-$ 7E:B0/9Z*K3 A2.X+"


@pytest.fixture
def daemon() -> Iterator[WorkerDaemon]:
    with worker_daemon() as end:
        yield end


def test_I01_hostile_codes_are_only_text(daemon: WorkerDaemon, tmp_path: Path) -> None:
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


def test_I01_flood_on_one_lane_leaves_the_other_alone(daemon: WorkerDaemon, tmp_path: Path) -> None:
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
