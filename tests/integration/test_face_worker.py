"""Run the face worker as the process that it is, with real models and faces, as the daemon does."""

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge import worker_wire as wire
from tests.support.face_assets import faces_folder, models_folder
from tests.support.face_daemon import FaceDaemon, face_daemon, in_ms

PRESIDENT, DEPUTY = "RESIDENTA", "RESIDENTB"
NOTHING = wire.FaceCounters("entry", 0, 0, 0, 0, 0, 0)


def official(name: str) -> Path:
    return faces_folder() / "public_officials" / f"{name}.jpg"


def refused(reason: str) -> wire.FaceResult:
    return wire.FaceResult("ap-1", "refused", None, reason)


def identified(person: str) -> wire.FaceResult:
    return wire.FaceResult("ap-1", "identified", person, "ok")


@pytest.fixture(scope="module")
def gate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FaceDaemon]:
    """Yield a gate with two people enrolled; tests leave it as they find it."""
    store = tmp_path_factory.mktemp("face") / "store"
    faces_folder()
    with face_daemon(store, models_folder()) as daemon:
        state = daemon.ready()
        assert (state.state, state.code, state.pad) == ("ready", "ok", "voting")
        for person, name in ((PRESIDENT, "obama_1"), (DEPUTY, "biden_1")):
            assert isinstance(daemon.enrol(person, official(name)), wire.FaceEnrolled)
        yield daemon


@pytest.fixture
def daemon(gate: FaceDaemon) -> FaceDaemon:
    for person in (PRESIDENT, DEPUTY):
        gate.allow(person)
    gate.drain(0.2)
    return gate


@pytest.mark.parametrize(
    ("name", "person"),
    [
        ("obama_2", PRESIDENT),
        ("obama_3", PRESIDENT),
        ("obama_4_pressroom", PRESIDENT),
        ("biden_2", DEPUTY),
    ],
)
def test_a_resident_who_opted_in_is_identified_from_another_picture(
    daemon: FaceDaemon, name: str, person: str
) -> None:
    begin_s = time.monotonic()
    assert daemon.press(official(name)) == identified(person)
    assert time.monotonic() - begin_s < 3


@pytest.mark.parametrize("name", ["obama_biden_two", "obama_biden_stage"])
def test_J03_two_residents_side_by_side_are_ambiguous(daemon: FaceDaemon, name: str) -> None:
    embedded = daemon.counters()["entry"].embeddings
    assert daemon.press(official(name)) == refused("ambiguous")
    assert daemon.counters()["entry"].embeddings == embedded


def test_J01_who_did_not_opt_in_matches_nobody(daemon: FaceDaemon) -> None:
    unknown = daemon.counters()["entry"].unknown
    stranger = faces_folder() / "pad" / "live_T1.jpg"
    assert daemon.press(stranger) == refused("no_match")
    assert daemon.counters()["entry"].unknown > unknown


def test_J02_without_a_press_no_network_runs_and_no_camera_opens(daemon: FaceDaemon) -> None:
    before = daemon.counters()["entry"]
    for name in ("obama_1", "biden_1", "obama_biden_two"):
        daemon.show(official(name))
        daemon.allow(PRESIDENT)
    assert daemon.counters()["entry"] == before
    assert daemon.process is not None
    threads = list(Path(f"/proc/{daemon.process.pid}/task").iterdir())
    names = {(thread / "comm").read_text().strip() for thread in threads}
    assert "face" not in names


def test_an_answer_holds_outcome_person_and_reason_only(daemon: FaceDaemon) -> None:
    daemon.press(official("obama_2"))
    line = wire.encode(identified(PRESIDENT))
    assert set(wire.FaceResult.__dataclass_fields__) == {"lane", "outcome", "person", "reason"}
    assert b"score" not in line


def test_a_lease_that_has_ended_finds_nobody_and_the_next_one_does(daemon: FaceDaemon) -> None:
    daemon.allow(PRESIDENT, for_s=4)
    assert daemon.press(official("obama_2")) == identified(PRESIDENT)
    assert daemon.receive(wire.FaceState).live == 1
    assert daemon.press(official("obama_2")) == refused("no_match")
    daemon.allow(PRESIDENT)
    assert daemon.press(official("obama_2")) == identified(PRESIDENT)


def test_a_room_number_narrows_the_search(daemon: FaceDaemon) -> None:
    daemon.show(official("obama_2"))
    daemon.send(wire.FaceArm("ap-1", in_ms(8000)))
    daemon.send(wire.FaceNarrow("ap-1", (DEPUTY,)))
    assert daemon.receive(wire.FaceResult) == refused("no_match")


def test_disarming_ends_an_attempt_without_an_answer(daemon: FaceDaemon) -> None:
    daemon.show(official("obama_6_half_face"))
    daemon.send(wire.FaceArm("ap-1", in_ms(8000)))
    daemon.receive(wire.FaceHint)
    daemon.send(wire.FaceDisarm("ap-1"))
    daemon.drain(0.5)
    frames = daemon.counters()["entry"].frames
    assert daemon.counters()["entry"].frames == frames
    assert not [m for m in daemon.drain(0.2) if isinstance(m, wire.FaceResult)]


@pytest.mark.parametrize(("change", "hint"), [("tilted", "look_here"), ("far", "come_closer")])
def test_J18_a_tilted_or_distant_face_is_not_enrolled_and_is_told_why(
    daemon: FaceDaemon, tmp_path: Path, change: str, hint: str
) -> None:
    picture = cv2.imread(str(official("obama_1")))
    assert picture is not None
    height, width = picture.shape[:2]
    # The face is 240 px wide in the picture, and 80 px where its owner stands too far away.
    angle, scale = (-28, 1.0) if change == "tilted" else (0, 80 / 240)
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), angle, scale)
    changed = cv2.warpAffine(picture, turn, (width, height), borderValue=(128, 128, 128))
    assert cv2.imwrite(str(tmp_path / "x.png"), changed)
    daemon.show(tmp_path / "x.png")
    daemon.send(wire.FaceEnrol("ap-1", "NEWCOMER", in_ms(8000)))
    assert daemon.receive(wire.FaceHint).code == hint
    daemon.send(wire.FaceEnrolStop("ap-1"))
    assert daemon.receive(wire.FaceEnrolEnded) == wire.FaceEnrolEnded("ap-1", "NEWCOMER", "stopped")
    daemon.send(wire.FaceListStored())
    assert "NEWCOMER" not in daemon.receive(wire.FaceStored).people


def test_pings_unknown_lanes_and_pictures_that_are_not_there(daemon: FaceDaemon) -> None:
    daemon.send(wire.Ping(7))
    assert daemon.receive(wire.Pong) == wire.Pong(7)
    daemon.send(wire.FaceArm("ap-9", in_ms(8000)))
    assert daemon.receive(wire.CommandRefused) == wire.CommandRefused("ap-9", "unknown_lane")
    daemon.show(Path("/nowhere.png"))
    assert daemon.receive(wire.CommandRefused) == wire.CommandRefused("ap-1", "file_missing")


def test_a_restarted_daemon_begins_with_nobody_allowed(daemon: FaceDaemon) -> None:
    daemon.restart()
    assert daemon.accept().worker == "face"
    state = daemon.receive(wire.FaceState)
    assert (state.enrolled, state.live) == (2, 0)
    assert daemon.press(official("obama_2")) == refused("no_match")
    daemon.allow(PRESIDENT)
    assert daemon.press(official("obama_2")) == identified(PRESIDENT)


def test_a_crash_in_the_middle_of_an_attempt_leaves_nothing_open(tmp_path: Path) -> None:
    faces_folder()
    with face_daemon(tmp_path / "store", models_folder()) as daemon:
        daemon.ready()
        assert isinstance(daemon.enrol(PRESIDENT, official("obama_1")), wire.FaceEnrolled)
        daemon.allow(PRESIDENT)
        daemon.show(official("obama_6_half_face"))
        daemon.send(wire.FaceArm("ap-1", in_ms(8000)))
        daemon.receive(wire.FaceHint)
        assert daemon.process is not None
        os.kill(daemon.process.pid, signal.SIGKILL)
        daemon.process.wait()
        assert daemon.process.stderr is not None
        daemon.process.stderr.close()
        daemon.restart()
        state = daemon.ready()
        assert (state.state, state.enrolled, state.live) == ("ready", 1, 0)
        assert daemon.counters()["entry"] == NOTHING
        daemon.allow(PRESIDENT)
        assert daemon.press(official("obama_2")) == identified(PRESIDENT)


def test_J06_a_photograph_and_a_screen_are_refused_and_rest_the_lane(tmp_path: Path) -> None:
    pad = faces_folder() / "pad"
    with face_daemon(tmp_path / "store", models_folder()) as daemon:
        daemon.ready()
        assert isinstance(daemon.enrol(PRESIDENT, pad / "live_T1.jpg"), wire.FaceEnrolled)
        daemon.allow(PRESIDENT)
        assert daemon.press(pad / "live_T1.jpg") == identified(PRESIDENT)
        for name in ("attack_print_F1.jpg", "attack_screen_F2.jpg"):
            assert daemon.press(pad / name) == refused("pad_failed")
        assert daemon.press(pad / "live_T1.jpg") == refused("resting")


def test_frames_of_a_demonstration_of_attacks_open_and_enrol_nothing(daemon: FaceDaemon) -> None:
    """In each the live person stands beside the print or screen: two faces, or too poor a frame."""
    paths = sorted((faces_folder() / "pad").glob("webcam_demo_*_[sp]*.png"))
    assert len(paths) == 6
    for path in paths:
        daemon.show(path)
        daemon.send(wire.FaceArm("ap-1", in_ms(1200)))
        assert daemon.receive(wire.FaceResult).reason in {"ambiguous", "low_quality", "pad_failed"}
        daemon.send(wire.FaceEnrol("ap-1", "NEWCOMER", in_ms(400)))
        daemon.receive(wire.FaceEnrolProgress, lambda progress: progress.camera == "waiting")
        daemon.send(wire.FaceEnrolStop("ap-1"))
        daemon.receive(wire.FaceEnrolEnded)


def test_without_models_face_says_so_and_erasing_still_works(tmp_path: Path) -> None:
    (tmp_path / "models").mkdir()
    with face_daemon(tmp_path / "store", tmp_path / "models") as daemon:
        state = daemon.ready()
        assert (state.state, state.code, state.model) == ("off", "not_installed", None)
        blank = tmp_path / "blank.png"
        assert cv2.imwrite(str(blank), np.zeros((48, 64, 3), np.uint8))
        assert daemon.press(blank) == refused("not_installed")
        daemon.send(wire.FaceEnrol("ap-1", PRESIDENT, in_ms(8000)))
        assert daemon.receive(wire.FaceEnrolEnded).reason == "not_installed"
        daemon.send(wire.FaceRevoke(PRESIDENT))
        assert daemon.receive(wire.FaceErased).references == 0


@pytest.mark.parametrize(
    "options",
    [
        ("--lane", "ap-1=mailbox:"),
        ("--lane", "ap-1=rtsp://10.0.0.1/live", "--simulated"),
        ("--lane", "AP=mailbox:", "--simulated"),
        ("--lane", "ap-1", "--simulated"),
        ("--lane", "ap-1=mailbox:", "--lane", "ap-1=mailbox:", "--simulated"),
    ],
)
def test_bad_options_are_refused(tmp_path: Path, options: tuple[str, ...]) -> None:
    with face_daemon(tmp_path / "store", tmp_path) as daemon:
        daemon.start(*options)
        assert daemon.process is not None
        assert daemon.process.wait(20) == 2
        assert b"10.0.0.1" not in daemon.log()
