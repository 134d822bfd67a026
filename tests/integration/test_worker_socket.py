"""The daemon's end of the workers' socket, with peers that a test plays, hostile ones too."""

import contextlib
import socket
import stat
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.adapters.worker_socket import WorkerSocket, WorkerSocketSpec
from edge.domain.inputs import Attempted, Observed, WayChanged
from edge.domain.model import PassClaim
from edge.worker_wire import (
    MAX_LINE_BYTES,
    WIRE_VERSION,
    Hello,
    Ping,
    QrRefused,
    ReaderFault,
    ShowSource,
    Welcome,
    encode,
)
from mqtt.contract.events import AdapterKind, Method
from mqtt.contract.reasons import ReasonCode
from tests.support.hardware import MonotonicClock, Recorder
from tests.support.worker_peer import FACE, QR, Worker, health, seen


@pytest.fixture
def heard() -> Recorder:
    return Recorder()


@pytest.fixture
def gate(tmp_path: Path, heard: Recorder) -> Iterator[WorkerSocket]:
    spec = WorkerSocketSpec(
        tmp_path / "deep" / ("folder" * 20) / "workers.sock",
        ("ap-1", "ap-2"),
        ("ap-1", "ap-2"),
        is_simulated=False,
        grace_s=0.5,
    )
    source = WorkerSocket(spec, MonotonicClock())
    source.start(heard)
    yield source
    source.stop()
    assert not spec.path.exists()


@pytest.fixture
def path(gate: WorkerSocket) -> Path:
    return gate._spec.path


def test_a_worker_says_hello_is_welcomed_and_its_code_becomes_an_attempt(
    path: Path, heard: Recorder
) -> None:
    worker = Worker(path, QR)
    assert worker.hear() == Welcome(WIRE_VERSION)
    worker.say(health(), seen("AC1:X"))
    (item,) = heard.wait(Attempted)
    assert item.attempt.claim == PassClaim("AC1:X")
    assert (item.attempt.method, item.attempt.access_point) == (Method.QR, "ap-1")
    assert item.attempt.adapter_kind is AdapterKind.REAL
    assert 0 <= item.at.mono_ms - item.attempt.presence_mono_ms < 1_000
    worker.close()


def test_only_the_owner_may_connect(path: Path) -> None:
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_group_may_connect_where_the_file_says_so(tmp_path: Path, heard: Recorder) -> None:
    spec = WorkerSocketSpec(
        tmp_path / "w.sock", ("ap-1",), (), is_simulated=True, group_may_connect=True
    )
    source = WorkerSocket(spec, MonotonicClock())
    source.start(heard)
    assert stat.S_IMODE(spec.path.stat().st_mode) == 0o660
    source.stop()


def test_the_code_that_can_be_no_pass_gets_an_answer(path: Path, heard: Recorder) -> None:
    worker = Worker(path, QR)
    worker.say(QrRefused("ap-1", "too_long", "zxing", 1, 2))
    (item,) = heard.wait(Attempted)
    assert item.attempt.claim == PassClaim("")
    worker.close()


def test_a_simulated_worker_makes_simulated_attempts(path: Path, heard: Recorder) -> None:
    worker = Worker(path, Hello("qr", WIRE_VERSION, "simulated", ()))
    worker.say(seen("AC1:X"))
    (item,) = heard.wait(Attempted)
    assert item.attempt.adapter_kind is AdapterKind.SIMULATED
    worker.close()


@pytest.mark.parametrize(("told_ms", "age_ms"), [(0, 60_000), (2**53 - 1, 0)])
def test_a_workers_word_on_time_is_bounded(
    path: Path, heard: Recorder, told_ms: int, age_ms: int
) -> None:
    worker = Worker(path, QR)
    worker.say(seen("AC1:X", first_ms=told_ms))
    (item,) = heard.wait(Attempted)
    assert item.at.mono_ms - item.attempt.presence_mono_ms == age_ms
    worker.close()


def test_loss_and_return_of_a_worker_are_inputs(path: Path, heard: Recorder) -> None:
    worker = Worker(path, QR)
    worker.say(health(), health())
    heard.wait(WayChanged, lambda item: item.status == "ready")
    worker.close()
    heard.wait(WayChanged, lambda item: item.reason is ReasonCode.WORKER_LOST)
    again = Worker(path, QR)
    again.say(health())
    heard.wait(WayChanged, lambda item: item.status == "ready", count=2)
    told = [i.status for i in heard.of(WayChanged) if i.method is Method.QR]
    assert told == ["ready", "fault", "ready"]
    again.close()


def test_a_dead_camera_is_a_fault_of_its_lane_alone(path: Path, heard: Recorder) -> None:
    worker = Worker(path, QR)
    worker.say(health(), health("ap-2"), ReaderFault("ap-2", "camera_lost"))
    (fault,) = heard.wait(WayChanged, lambda item: item.status == "fault")
    assert (fault.access_point, fault.reason) == ("ap-2", ReasonCode.READER_OFFLINE)
    (note,) = heard.wait(Observed)
    assert note.note == "camera_lost"
    worker.say(seen("AC1:X"))
    heard.wait(Attempted)
    worker.close()


def test_lanes_that_nobody_reads_are_at_fault_after_the_grace(
    heard: Recorder, gate: object
) -> None:
    lost = heard.wait(WayChanged, lambda i: i.reason is ReasonCode.WORKER_LOST, count=2)
    assert {item.access_point for item in lost} == {"ap-1", "ap-2"}


def test_a_second_worker_cannot_take_a_lane(
    path: Path, heard: Recorder, gate: WorkerSocket
) -> None:
    first, second = Worker(path, QR), Worker(path, QR)
    first.say(health())
    heard.wait(WayChanged, lambda item: item.status == "ready")
    second.say(seen("STOLEN"), health("ap-2"))
    heard.wait(WayChanged, lambda item: item.access_point == "ap-2" and item.status == "ready")
    first.say(seen("AC1:MINE"))
    (item,) = heard.wait(Attempted)
    assert item.attempt.claim == PassClaim("AC1:MINE")
    assert gate.refused_lines == 1
    first.close()
    second.close()


@pytest.mark.parametrize(
    "hello",
    [
        b"",
        b"\n",
        b"{}\n",
        b"GET / HTTP/1.1\r\n\r\n",
        encode(Ping(1)),
        encode(FACE),
        encode(Hello("qr", WIRE_VERSION + 1, "real", ())),
        encode(Hello("root", WIRE_VERSION, "real", ())),
        b"[" * 8_000 + b"\n",
        b"x" * (3 * MAX_LINE_BYTES) + b"\n",
    ],
    ids=lambda value: repr(value[:20]),
)
def test_whoever_says_no_right_hello_is_hung_up_on(
    path: Path, heard: Recorder, gate: WorkerSocket, hello: bytes
) -> None:
    peer = Worker(path)
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        peer.link.sendall(hello)
        if not hello:
            peer.link.shutdown(socket.SHUT_WR)
    assert peer.hear() is None
    assert gate.refused_lines == 1
    peer.close()


def test_44_hostile_lines_are_refused_counted_and_end_the_link(
    path: Path, heard: Recorder, gate: WorkerSocket
) -> None:
    worker = Worker(path, QR)
    assert worker.hear() == Welcome(WIRE_VERSION)
    worker.say(health())
    lines = [
        b"\x00\xff\n",
        b'{"t":"qr_seen","v":1}\n',
        b'{"t":"hello","v":1,"t":"hello"}\n',
        encode(ShowSource("ap-1", "x")),
        encode(seen("X", lane="ap-9")),
        b"y" * (2 * MAX_LINE_BYTES) + b"\n",
    ]
    for line in lines:
        worker.link.sendall(line)
    worker.say(seen("AC1:STILL-HERE"))
    heard.wait(Attempted)
    assert gate.refused_lines == len(lines)
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        for _ in range(20):
            worker.link.sendall(b"nonsense\n")
    assert worker.hear() is None
    heard.wait(WayChanged, lambda item: item.reason is ReasonCode.WORKER_LOST)
    worker.close()


def test_44_a_flood_of_codes_at_one_lane_is_bounded_and_costs_the_other_nothing(
    path: Path, heard: Recorder
) -> None:
    flood, other = Worker(path, QR), Worker(path, QR)
    for number in range(1_000):
        flood.say(seen(f"AC1:{number}"))
    begun_s = time.monotonic()
    other.say(seen("AC1:OTHER", lane="ap-2"))
    heard.wait(Attempted, lambda item: item.attempt.access_point == "ap-2")
    assert time.monotonic() - begun_s < 1.0
    heard.wait(Observed, lambda item: item.reason is ReasonCode.RATE_LIMITED)
    heard.settle()
    attempts = [i for i in heard.of(Attempted) if i.attempt.access_point == "ap-1"]
    assert len(attempts) == 20
    flood.close()
    other.close()


def test_without_a_face_worker_face_is_not_installed(gate: object, heard: Recorder) -> None:
    told = [item for item in heard.of(WayChanged) if item.method is Method.FACE]
    assert {(item.access_point, item.status) for item in told} == {
        ("ap-1", "not_installed"),
        ("ap-2", "not_installed"),
    }


def test_a_socket_left_by_a_crash_is_replaced_and_a_living_one_is_not(tmp_path: Path) -> None:
    path = tmp_path / "w.sock"
    left = socket.socket(socket.AF_UNIX)
    left.bind(str(path))
    left.close()
    spec = WorkerSocketSpec(path, ("ap-1",), (), is_simulated=True)
    first, second = WorkerSocket(spec, MonotonicClock()), WorkerSocket(spec, MonotonicClock())
    heard, refused = Recorder(), Recorder()
    first.start(heard)
    second.start(refused)
    (lost,) = [item for item in refused.of(WayChanged) if item.method is Method.QR]
    assert lost.reason is ReasonCode.WORKER_LOST
    worker = Worker(path, QR)
    assert worker.hear() == Welcome(WIRE_VERSION)
    worker.close()
    second.stop()
    first.stop()


def test_a_file_in_the_way_is_not_deleted(tmp_path: Path, heard: Recorder) -> None:
    path = tmp_path / "w.sock"
    path.write_text("mine")
    spec = WorkerSocketSpec(path, ("ap-1",), (), is_simulated=True)
    source = WorkerSocket(spec, MonotonicClock())
    source.start(heard)
    heard.wait(WayChanged, lambda item: item.reason is ReasonCode.WORKER_LOST)
    source.stop()
    assert path.read_text() == "mine"
