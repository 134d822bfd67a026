"""Hold the worker harness to its rules over real sockets."""

import json
import logging
import os
import signal
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge import worker_wire as wire
from edge.workers.harness import JsonLines, LineBuffer, Link, LinkLost, Waker, connect, run_worker

HELLO = wire.Hello("qr", wire.WIRE_VERSION, "real", ("zxing",))


@pytest.fixture
def pair() -> Iterator[tuple[Link, socket.socket]]:
    here, there = socket.socketpair()
    link = Link(here)
    yield link, there
    link.close()
    there.close()


@pytest.fixture
def waker() -> Iterator[Waker]:
    pipe = Waker()
    yield pipe
    pipe.close()


def test_line_buffer_joins_pieces_and_refuses_endless_lines() -> None:
    lines = LineBuffer()
    assert lines.feed(b"ab") == []
    assert lines.feed(b"c\nd\n\ne") == [b"abc", b"d", b""]
    for _ in range(8):
        assert lines.feed(b"x" * 1000) == []
    with pytest.raises(wire.WireError, match="line_too_long"):
        lines.feed(b"x" * 1000)
    assert lines.feed(b"ok\n") == [b"ok"]


def test_messages_cross_whole(pair: tuple[Link, socket.socket]) -> None:
    link, there = pair
    assert link.receive() == []
    there.sendall(wire.encode(wire.Ping(1)) + wire.encode(wire.Stop())[:4])
    assert link.receive() == [wire.Ping(1)]
    there.sendall(wire.encode(wire.Stop())[4:])
    assert link.receive() == [wire.Stop()]
    link.send(wire.Pong(1), wire.Pong(2))
    assert there.recv(1000) == wire.encode(wire.Pong(1)) + wire.encode(wire.Pong(2))


def test_closed_line_is_lost(pair: tuple[Link, socket.socket]) -> None:
    link, there = pair
    there.close()
    with pytest.raises(LinkLost):
        link.receive()
    with pytest.raises(LinkLost):
        link.send(wire.Pong(1))


def test_daemon_that_does_not_read_is_lost_after_a_bounded_wait(
    pair: tuple[Link, socket.socket],
) -> None:
    link, _ = pair
    big = wire.QrSeen("ap-1", "X" * 600, "zxing", 1, 2)
    begin_s = time.monotonic()
    with pytest.raises(LinkLost):
        link.send(*[big] * 2000)
    assert time.monotonic() - begin_s < 10


def serve(path: Path, answers: list[bytes], heard: list[bytes]) -> threading.Thread:
    server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    server.bind(str(path))
    server.listen(4)

    def run() -> None:
        with server:
            for answer in answers:
                link, _ = server.accept()
                with link:
                    heard.append(link.recv(4096))
                    if answer:
                        link.sendall(answer)

    thread = threading.Thread(target=run)
    thread.start()
    return thread


def test_connect_says_hello_until_it_is_welcome(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, waker: Waker
) -> None:
    monkeypatch.chdir(tmp_path)
    heard: list[bytes] = []
    welcome = wire.encode(wire.Welcome(wire.WIRE_VERSION)) + wire.encode(wire.Ping(5))
    thread = serve(Path("w"), [b"", wire.encode(wire.Ping(1)), welcome], heard)
    connected = connect(Path("w"), HELLO, waker)
    assert connected is not None
    link, waiting = connected
    assert waiting == [wire.Ping(5)]
    assert heard == [wire.encode(HELLO)] * 3
    link.close()
    thread.join()


def test_other_version_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, waker: Waker
) -> None:
    monkeypatch.chdir(tmp_path)
    thread = serve(Path("w"), [wire.encode(wire.Welcome(99))], [])
    with pytest.raises(wire.WireError, match="unknown_version"):
        connect(Path("w"), HELLO, waker)
    thread.join()


def test_connect_ends_when_asked_to_stop(tmp_path: Path, waker: Waker) -> None:
    threading.Timer(0.1, waker.stop).start()
    begin_s = time.monotonic()
    assert connect(tmp_path / "none", HELLO, waker) is None
    assert time.monotonic() - begin_s < 2


def test_waker_wakes_from_other_threads_and_survives_a_flood(waker: Waker) -> None:
    for _ in range(100_000):
        waker.wake()
    begin_s = time.monotonic()
    waker.wait(5)
    assert time.monotonic() - begin_s < 1
    threading.Timer(0.05, waker.wake).start()
    while time.monotonic() - begin_s < 0.05:
        waker.wait(0.01)
    assert not waker.is_stopping


@pytest.fixture
def signals() -> Iterator[None]:
    kept = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    yield
    for number, handler in kept.items():
        signal.signal(number, handler)


def test_stop_signal_ends_cleanly(signals: None) -> None:
    def body(waker: Waker) -> None:
        os.kill(os.getpid(), signal.SIGTERM)
        while not waker.is_stopping:
            waker.wait(5)

    assert run_worker("qr", body) == 0


def test_crash_is_status_1_and_its_text_stays_out_of_the_log(
    signals: None, caplog: pytest.LogCaptureFixture
) -> None:
    def body(_: Waker) -> None:
        raise ValueError("rtsp://admin:hunter2@camera")

    assert run_worker("qr", body) == 1
    [record] = caplog.records
    line = json.loads(JsonLines().format(record))
    assert line["event"] == "worker_crashed"
    assert line["error"] == "ValueError"
    assert line["place"].startswith("body:")
    assert "hunter2" not in json.dumps(line)


def test_log_lines_are_json_with_their_fields() -> None:
    record = logging.makeLogRecord({"msg": "daemon_lost", "levelname": "WARNING", "lanes": 2})
    assert json.loads(JsonLines().format(record)) == {
        "event": "daemon_lost",
        "level": "warning",
        "lanes": 2,
    }
