"""An armed attempt from the press to the answer, with a drawn camera and no networks."""

import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from edge import worker_wire as wire
from edge.workers.face.analysis import Analysis, Frame
from edge.workers.face.analysis_fake import FakePipeline
from edge.workers.face.camera import FileCamera
from edge.workers.face.engine import EngineError
from edge.workers.face.worker_lane import LaneFailed
from tests.support.face_lane import LaneBench

ANN, BEN, STRANGER = 1, 2, 99


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[LaneBench]:
    bench = LaneBench(tmp_path)
    yield bench
    bench.close()


def refused(reason: str) -> wire.FaceResult:
    return wire.FaceResult("ap-1", "refused", None, reason)


def test_an_enrolled_person_with_a_lease_is_identified(bench: LaneBench) -> None:
    bench.know("ANN", ANN)
    bench.know("BEN", BEN)
    bench.allow("ANN")
    bench.allow("BEN")
    assert bench.press(BEN) == wire.FaceResult("ap-1", "identified", "BEN", "ok")
    assert bench.press(ANN) == wire.FaceResult("ap-1", "identified", "ANN", "ok")
    assert not bench.lane.is_armed
    bench.lane.feed.close()
    assert bench.lane.feed.is_closed


def test_J01_who_did_not_opt_in_is_no_match_and_nothing_is_kept(bench: LaneBench) -> None:
    bench.know("ANN", ANN)
    bench.allow("ANN")
    stored = sorted(path.name for path in bench.folder.joinpath("store").iterdir())
    assert bench.press(STRANGER) == refused("no_match")
    assert bench.counts("entry").unknown > 0
    assert sorted(path.name for path in bench.folder.joinpath("store").iterdir()) == stored


def test_J01_who_has_no_lease_is_not_in_the_gallery(bench: LaneBench) -> None:
    bench.know("ANN", ANN)
    bench.know("BEN", BEN)
    bench.allow("BEN")
    assert bench.press(ANN) == refused("no_match")
    assert bench.desk.live.people == ("BEN",)


def test_where_nobody_can_be_found_nobody_is_looked_at(bench: LaneBench) -> None:
    bench.know("ANN", ANN)
    assert bench.press(ANN) == refused("no_match")
    assert bench.counts("entry") == wire.FaceCounters("entry", 0, 0, 0, 0, 0, 0)


def test_J02_without_a_press_nothing_is_looked_at(bench: LaneBench) -> None:
    bench.know("ANN", ANN)
    bench.allow("ANN")
    bench.view(ANN)
    end_s = time.monotonic() + 0.5
    while time.monotonic() < end_s:
        bench.lane.turn()
        assert bench.lane.feed.is_closed
    assert bench.counts("entry") == wire.FaceCounters("entry", 0, 0, 0, 0, 0, 0)
    assert bench.counts("self_test").armed == 0
    assert bench.counts("self_test").embeddings > 0


def test_J03_two_faces_are_ambiguous_within_a_second(bench: LaneBench) -> None:
    bench.know("ANN", ANN)
    bench.allow("ANN")
    bench.view(ANN, "two_faces")
    begin_s = time.monotonic()
    bench.arm()
    assert bench.run_until(wire.FaceHint) == wire.FaceHint("ap-1", "one_person")
    assert bench.run_until(wire.FaceResult) == refused("ambiguous")
    assert time.monotonic() - begin_s <= 1.0
    assert bench.counts("entry").embeddings == 0


def test_J06_two_rejected_votes_rest_the_lane_for_a_minute(bench: LaneBench) -> None:
    bench.know("ANN", ANN)
    bench.allow("ANN")
    assert bench.press(ANN, "attack") == refused("pad_failed")
    assert bench.press(ANN, "attack") == refused("pad_failed")
    armed = bench.counts("entry").armed
    assert bench.press(ANN) == refused("resting")
    bench.skip(59_000)
    assert bench.press(ANN) == refused("resting")
    assert bench.counts("entry").armed == armed
    bench.skip(1_500)
    assert bench.press(ANN).outcome == "identified"


def test_J06_a_success_between_two_rejections_forgets_the_first(bench: LaneBench) -> None:
    bench.know("ANN", ANN)
    bench.allow("ANN")
    for _ in range(2):
        assert bench.press(ANN, "attack") == refused("pad_failed")
        assert bench.press(ANN).outcome == "identified"


def test_a_poor_picture_gives_a_hint_once_and_a_reason_at_the_end(bench: LaneBench) -> None:
    bench.know("ANN", ANN)
    bench.allow("ANN")
    bench.view(ANN, "poor")
    bench.arm()
    assert bench.run_until(wire.FaceHint) == wire.FaceHint("ap-1", "hold_still")
    bench.skip(8000)
    assert bench.run_until(wire.FaceResult) == refused("low_quality")
    assert not [m for m in bench.said if isinstance(m, wire.FaceHint)]


def test_the_camera_is_armed_for_eight_seconds_at_most(bench: LaneBench) -> None:
    bench.know("ANN", ANN)
    bench.allow("ANN")
    bench.view(ANN, "no_face")
    bench.arm(for_ms=3_600_000)
    bench.skip(8000)
    assert bench.run_until(wire.FaceResult) == refused("no_face")


def test_the_camera_closes_by_itself_when_nobody_asks_any_more(bench: LaneBench) -> None:
    bench.know("ANN", ANN)
    bench.allow("ANN")
    bench.view(ANN, "no_face")
    bench.arm(for_ms=300)
    # The main loop hangs: no turn is made.
    time.sleep(0.6)
    assert bench.lane.feed.is_closed


def test_a_late_press_opens_nothing(bench: LaneBench) -> None:
    bench.know("ANN", ANN)
    bench.allow("ANN")
    bench.arm(for_ms=-1)
    assert bench.run_until(wire.FaceResult) == refused("late")
    assert bench.counts("entry").armed == 0


def test_disarming_closes_the_camera_without_an_answer(bench: LaneBench) -> None:
    bench.know("ANN", ANN)
    bench.allow("ANN")
    bench.view(ANN, "no_face")
    bench.arm()
    bench.tell(wire.FaceDisarm("ap-1"))
    bench.said.clear()
    time.sleep(0.3)
    assert bench.lane.turn() == ([], False)
    assert bench.lane.feed.is_closed
    assert bench.lane.feed.take() is None


def test_a_lease_ends_by_either_clock(bench: LaneBench) -> None:
    bench.know("ANN", ANN)
    bench.allow("ANN", for_ms=60_000)
    assert bench.press(ANN).outcome == "identified"
    bench.skip(60_000)
    assert bench.press(ANN) == refused("no_match")
    bench.allow("ANN", for_ms=48 * 3_600_000)
    bench.skip(24 * 3_600_000)
    assert bench.press(ANN) == refused("no_match")
    bench.allow("ANN", for_ms=-1)
    assert bench.desk.live.people == ()


def test_a_lease_that_is_renewed_goes_on(bench: LaneBench) -> None:
    bench.know("ANN", ANN)
    bench.allow("ANN", for_ms=60_000)
    bench.skip(50_000)
    bench.allow("ANN", for_ms=60_000)
    bench.skip(50_000)
    assert bench.press(ANN).outcome == "identified"


def test_a_room_number_narrows_the_search(bench: LaneBench) -> None:
    bench.know("ANN", ANN)
    bench.know("BEN", BEN)
    bench.allow("ANN")
    bench.allow("BEN")
    bench.view(ANN)
    bench.arm()
    bench.tell(wire.FaceNarrow("ap-1", ("BEN",)))
    assert bench.run_until(wire.FaceResult) == refused("no_match")
    bench.arm()
    bench.tell(wire.FaceNarrow("ap-1", ("ANN",)))
    assert bench.run_until(wire.FaceResult).person == "ANN"
    answers = bench.tell(wire.FaceNarrow("ap-1", ("ANN",)))
    assert answers == [wire.CommandRefused("ap-1", "not_armed")]


def test_J07_a_revoked_reference_is_gone_at_once_even_while_the_camera_is_open(
    bench: LaneBench,
) -> None:
    enrolled = bench.enrol("ANN", ANN)
    bench.know("BEN", BEN)
    bench.allow("ANN")
    bench.allow("BEN")
    bench.view(ANN)
    bench.arm()
    (erased,) = bench.tell(wire.FaceRevoke("ANN"))
    assert isinstance(erased, wire.FaceErased)
    assert (erased.person, erased.references) == ("ANN", 3)
    assert erased.commitments == enrolled.commitments
    assert bench.run_until(wire.FaceResult) == refused("no_match")
    assert bench.desk.live.people == ("BEN",)
    assert bench.desk.state().enrolled == 1
    # A lease that comes late brings nothing back.
    bench.allow("ANN")
    assert bench.press(ANN) == refused("no_match")


def test_everybody_can_be_erased(bench: LaneBench) -> None:
    bench.know("ANN", ANN)
    bench.know("BEN", BEN)
    assert bench.tell(wire.FaceListStored()) == [wire.FaceStored(("ANN", "BEN"), 0)]
    erased = bench.tell(wire.FaceEraseAll())
    assert {message.person for message in erased if isinstance(message, wire.FaceErased)} == {
        "ANN",
        "BEN",
    }
    assert bench.tell(wire.FaceListStored()) == [wire.FaceStored((), 0)]


def test_a_failed_self_test_says_so_and_stays_disarmed(tmp_path: Path) -> None:
    bench = LaneBench(tmp_path, pipeline=FakePipeline(failed="wrong_answer"))
    bench.allow("ANN")
    bench.said.clear()
    assert bench.desk.state().state == "off"
    assert bench.press(ANN) == refused("self_test_failed")
    bench.enrol_press("ANN")
    assert bench.run_until(wire.FaceEnrolEnded).reason == "self_test_failed"
    assert bench.counts("entry").armed == bench.counts("enrolment").armed == 0
    bench.close()


class Broken(FakePipeline):
    def analyse(self, frame_bgr: Frame) -> Analysis:
        raise EngineError("run_failed")


def test_a_network_that_breaks_down_answers_and_ends_the_process(
    bench: LaneBench, tmp_path: Path
) -> None:
    bench.know("ANN", ANN)
    bench.allow("ANN")
    bench.desk.pipeline = Broken()
    bench.view(ANN)
    bench.arm()
    with pytest.raises(LaneFailed) as caught:
        bench.run_until(wire.FaceResult)
    assert caught.value.messages == [refused("engine_fault")]


def test_a_camera_that_fails_is_told_and_closed(bench: LaneBench, tmp_path: Path) -> None:
    bench.know("ANN", ANN)
    bench.allow("ANN")
    bad = tmp_path / "bad.png"
    bad.write_bytes(b"no picture")
    bench.tell(wire.ShowSource("ap-1", str(bad)))
    bench.arm()
    assert bench.run_until(wire.ReaderFault) == wire.ReaderFault("ap-1", "not_a_picture")
    assert bench.run_until(wire.FaceResult) == refused("camera_fault")
    assert bench.press(ANN).outcome == "identified"


def test_only_a_mailbox_takes_pictures(tmp_path: Path) -> None:
    bench = LaneBench(tmp_path, camera=FileCamera(tmp_path))
    (answer,) = bench.tell(wire.ShowSource("ap-1", str(tmp_path)))
    assert answer == wire.CommandRefused("ap-1", "source_is_no_mailbox")
    bench.close()


def test_frames_are_overwritten_when_they_were_looked_at(tmp_path: Path) -> None:
    seen: list[Frame] = []

    class Watching(FakePipeline):
        def analyse(self, frame_bgr: Frame) -> Analysis:
            seen.append(frame_bgr)
            return super().analyse(frame_bgr)

    bench = LaneBench(tmp_path, pipeline=Watching())
    bench.know("ANN", ANN)
    bench.allow("ANN")
    bench.press(ANN)
    bench.press(STRANGER)
    bench.close()
    assert len(seen) > 4
    assert not any(np.any(frame) for frame in seen)
