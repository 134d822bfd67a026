"""The desk before the face worker: what the worker says is hostile until it fits."""

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge import worker_wire as wire
from edge.adapters.face_desk import FaceDesk
from edge.adapters.worker_socket import WorkerSocket, WorkerSocketSpec
from edge.domain import face_inputs as said
from edge.domain import face_orders as orders
from edge.domain.inputs import Attempted, Observed, WayChanged
from edge.domain.model import FaceClaim
from mqtt.contract.errors import UnavailableError
from mqtt.contract.events import AdapterKind, Method
from mqtt.contract.ids import id_to_text
from mqtt.contract.reasons import ReasonCode
from tests.support.hardware import MonotonicClock, Recorder
from tests.support.worker_peer import FACE, HeardFace, Worker, seen

WHO = b"holder-1"
NAME = id_to_text(WHO)
READY = wire.FaceState("ready", "ok", "ab" * 32, "voting", "file", 1, 1, 0)


@pytest.fixture
def heard() -> Recorder:
    return Recorder()


@pytest.fixture
def desk() -> FaceDesk:
    return FaceDesk(MonotonicClock(), AdapterKind.REAL)


def socket_at(tmp_path: Path, sink: FaceDesk | HeardFace | None) -> WorkerSocket:
    spec = WorkerSocketSpec(
        tmp_path / "w.sock", ("ap-1",), ("ap-1",), is_simulated=False, face_sink=sink
    )
    return WorkerSocket(spec, MonotonicClock())


@pytest.fixture
def worker(tmp_path: Path, heard: Recorder, desk: FaceDesk) -> Iterator[Worker]:
    source = socket_at(tmp_path, desk)
    source.start(heard)
    peer = Worker(tmp_path / "w.sock", FACE)
    assert isinstance(peer.hear(), wire.Welcome)
    peer.say(READY)
    heard.wait(said.FaceWorker, lambda item: item.is_ready)
    yield peer
    peer.close()
    source.stop()


def test_a_face_worker_is_let_in_once_and_only_where_configured(
    tmp_path: Path, heard: Recorder
) -> None:
    face = HeardFace()
    source = socket_at(tmp_path, face)
    source.start(heard)
    path = tmp_path / "w.sock"
    worker = Worker(path, FACE)
    assert isinstance(worker.hear(), wire.Welcome)
    second = Worker(path, FACE)
    assert second.hear() is None
    second.close()
    result = wire.FaceResult("ap-1", "refused", None, "no_match")
    worker.say(result, seen("AC1:X"))
    assert face.say is not None
    assert face.say(wire.FaceListStored())
    assert worker.hear() == wire.FaceListStored()
    worker.close()
    face.wait_lost()
    assert face.turns == ["started", "connected real", "lost"]
    assert face.said == [result]
    assert not face.say(wire.FaceListStored())
    assert heard.of(Attempted) == []
    assert not [item for item in heard.of(WayChanged) if item.method is Method.FACE]
    source.stop()


def test_a_gate_without_face_lets_no_face_worker_in(tmp_path: Path, heard: Recorder) -> None:
    source = socket_at(tmp_path, None)
    source.start(heard)
    worker = Worker(tmp_path / "w.sock", FACE)
    assert worker.hear() is None
    worker.close()
    source.stop()


def test_the_first_state_makes_a_worker_known_and_its_end_is_told(
    worker: Worker, heard: Recorder
) -> None:
    worker.say(wire.FaceState("off", "self_test_failed", None, "absent", "file", 0, 0, 0))
    heard.wait(said.FaceWorker, lambda item: item.is_here and not item.is_ready)
    worker.close()
    heard.wait(said.FaceWorker, lambda item: item.reason is ReasonCode.WORKER_LOST, count=2)
    told = [(i.is_here, i.is_ready, i.is_new, i.has_pad) for i in heard.of(said.FaceWorker)]
    assert told == [
        (False, False, False, False),
        (True, True, True, True),
        (True, False, False, False),
        (False, False, False, False),
    ]
    assert heard.of(said.FaceWorker)[2].reason is ReasonCode.FACE_SELF_TEST_FAILED


@pytest.mark.parametrize("may_valve", [False, True])
def test_a_sensor_that_waits_behind_a_valve_needs_the_sites_word(
    tmp_path: Path, heard: Recorder, *, may_valve: bool
) -> None:
    source = socket_at(tmp_path, FaceDesk(MonotonicClock(), AdapterKind.REAL, may_valve=may_valve))
    source.start(heard)
    peer = Worker(tmp_path / "w.sock", FACE)
    assert isinstance(peer.hear(), wire.Welcome)
    peer.say(dataclasses.replace(READY, standby="valve"))
    (state,) = heard.wait(said.FaceWorker, lambda item: item.is_here)
    assert (state.is_ready, state.has_valve) == (may_valve, True)
    peer.close()
    source.stop()


def test_an_answer_counts_once_and_only_where_the_camera_was_opened(
    worker: Worker, heard: Recorder, desk: FaceDesk
) -> None:
    found = wire.FaceResult("ap-1", "identified", NAME, "ok")
    worker.say(found)
    heard.settle()
    desk.tell(orders.ArmFace("ap-1", 99_000, 12_345))
    assert worker.hear() == wire.FaceArm("ap-1", 99_000)
    assert heard.of(Attempted) == []
    worker.say(found, found)
    (item,) = heard.wait(Attempted)
    heard.settle()
    assert heard.of(Attempted) == [item]
    assert item.attempt.claim == FaceClaim(WHO)
    assert (item.attempt.method, item.attempt.presence_mono_ms) == (Method.FACE, 12_345)
    desk.tell(orders.ArmFace("ap-1", 99_000, 1))
    desk.tell(orders.DisarmFace("ap-1"))
    worker.say(found)
    heard.settle()
    assert len(heard.of(Attempted)) == 1


@pytest.mark.parametrize(
    "answer",
    [
        (None, "no_match", ReasonCode.NO_MATCH),
        (None, "ambiguous", ReasonCode.AMBIGUOUS),
        (None, "pad_failed", ReasonCode.PAD_FAILED),
        (None, "resting", ReasonCode.RATE_LIMITED),
        (None, "ok", ReasonCode.FACE_OFF),
        (None, "granted", ReasonCode.FACE_OFF),
        ("not-base32", "ok", ReasonCode.NO_MATCH),
        ("aaaa", "ok", ReasonCode.NO_MATCH),
    ],
)
def test_no_word_of_the_worker_names_somebody_by_accident(
    worker: Worker,
    heard: Recorder,
    desk: FaceDesk,
    answer: tuple[str | None, str, ReasonCode],
) -> None:
    person, word, reason = answer
    desk.tell(orders.ArmFace("ap-1", 99_000, 1))
    outcome = "refused" if person is None else "identified"
    worker.say(wire.FaceResult("ap-1", outcome, person, word))  # type: ignore[arg-type]  # words of the wire
    (item,) = heard.wait(Attempted)
    assert item.attempt.claim == FaceClaim(b"", reason)


def test_orders_become_commands(worker: Worker, desk: FaceDesk) -> None:
    for order, command in (
        (orders.AllowFace(WHO, 5_000), wire.FaceAllow(NAME, 5_000)),
        (orders.RevokeFace(WHO), wire.FaceRevoke(NAME)),
        (orders.EnrolFace("ap-1", WHO, 9_000), wire.FaceEnrol("ap-1", NAME, 9_000)),
        (orders.StopEnrolment("ap-1"), wire.FaceEnrolStop("ap-1")),
        (orders.DisarmFace("ap-1"), wire.FaceDisarm("ap-1")),
        (orders.ListStoredFaces(), wire.FaceListStored()),
    ):
        desk.tell(order)
        assert worker.hear() == command


def test_reports_become_inputs(worker: Worker, heard: Recorder) -> None:
    digest = "cd" * 32
    worker.say(
        wire.FaceHint("ap-1", "come_closer"),
        wire.FaceHint("ap-1", "some_new_word"),
        wire.FaceEnrolProgress("ap-1", NAME, 2, 5, "open"),
        wire.FaceEnrolProgress("ap-1", NAME, 2, 5, "waiting"),
        wire.FaceEnrolled("ap-1", NAME, 3, digest, (digest,)),
        wire.FaceEnrolEnded("ap-1", NAME, "faces_differ"),
        wire.FaceErased(NAME, 3, (digest,), 1),
        wire.FaceStored((NAME, "no one"[:2]), 0),
        wire.FaceCounters("entry", 1, 2, 3, 4, 5, 6),
        wire.FaceCalibration(
            digest, 12, 36, 0, "centred", digest, 5_000, 5_400, 3_000, None, 100, 200, None, None
        ),
        wire.ReaderFault("ap-1", "camera_gone"),
    )
    (fault,) = heard.wait(Observed)
    assert (fault.reason, fault.method) == (ReasonCode.CAMERA_FAULT, Method.FACE)
    hints = [item.reason for item in heard.of(said.FaceHinted)]
    assert hints == [ReasonCode.COME_CLOSER, ReasonCode.LOOK_HERE]
    assert [item.holder for item in heard.of(said.FaceEnrolWaits)] == [WHO]
    assert [item.references for item in heard.of(said.FaceEnrolled)] == [3]
    assert [item.word for item in heard.of(said.FaceEnrolEnded)] == ["faces_differ"]
    assert [item.holder for item in heard.of(said.FaceErased)] == [WHO]
    assert [(i.holders, i.is_last) for i in heard.of(said.FaceStored)] == [((WHO,), True)]
    assert [item.counts for item in heard.of(said.FaceCounted)] == [
        said.FaceCounts(1, 2, 3, 4, 5, 6)
    ]
    (point,) = heard.of(said.FaceCalibrated)
    assert point.note == "n=12 centred t=5400 f=5000 s=100 p=3000"
    assert len(point.note) <= 64


def test_the_notice_goes_to_the_screen_and_not_to_the_worker(desk: FaceDesk) -> None:
    shown: list[tuple[ReasonCode, str, str]] = []
    desk.notices = {"ap-1": lambda reason, zh, en: shown.append((reason, zh, en))}
    desk.tell(orders.ShowNotice("ap-1", "中文", "English"))
    desk.tell(orders.ShowNotice("ap-9", "中文", "English"))
    assert shown == [(ReasonCode.CONSENT_ASKED, "中文", "English")]


def test_an_order_that_the_worker_refuses_is_an_answer(
    worker: Worker, heard: Recorder, desk: FaceDesk
) -> None:
    desk.tell(orders.ArmFace("ap-1", 99_000, 1))
    worker.say(wire.CommandRefused("ap-1", "unknown_lane"))
    (item,) = heard.wait(Attempted)
    assert item.attempt.claim == FaceClaim(b"", ReasonCode.CAMERA_FAULT)


def test_showing_a_picture_is_answered(worker: Worker, desk: FaceDesk, tmp_path: Path) -> None:
    shown = desk.show_source("ap-1", tmp_path)
    assert worker.hear() == wire.ShowSource("ap-1", str(tmp_path))
    ping = worker.hear()
    assert isinstance(ping, wire.Ping)
    worker.say(wire.Pong(ping.nonce))
    assert shown.result(5) == ""
    refused = desk.show_source("ap-1", tmp_path)
    worker.say(wire.CommandRefused("ap-1", "source_is_real"))
    assert refused.result(5) == "source_is_real"


def test_without_a_worker_orders_are_lost_and_pictures_refused(
    desk: FaceDesk, tmp_path: Path
) -> None:
    desk.tell(orders.AllowFace(WHO, 1))
    with pytest.raises(UnavailableError):
        desk.show_source("ap-1", tmp_path)
