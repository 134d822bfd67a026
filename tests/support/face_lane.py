"""Run a face lane in this process, with a drawn camera and a clock that tests turn."""

import time
from pathlib import Path
from typing import TypeVar

import cv2
import numpy as np

from edge import worker_wire as wire
from edge.workers.face.analysis import FacePipeline, Outcome
from edge.workers.face.analysis_fake import FakePipeline, drawn_embedding, drawn_frame
from edge.workers.face.camera import FileCamera
from edge.workers.face.camera_port import FaceCamera
from edge.workers.face.keys import MemoryCabinet
from edge.workers.face.references import ReferenceStore
from edge.workers.face.references_live import Instant
from edge.workers.face.worker_desk import FaceDesk
from edge.workers.face.worker_lane import FaceLane
from edge.workers.face.worker_models import tested

__all__ = ["LaneBench"]

T = TypeVar("T")


class LaneBench:
    """One lane ``ap-1`` of a gate without a daemon; ``skip`` turns the clock ahead."""

    def __init__(
        self,
        folder: Path,
        *,
        pipeline: FacePipeline | None = None,
        camera: FaceCamera | None = None,
        most_people: int = 1500,
    ) -> None:
        self.folder = folder
        self.skipped_ms = 0.0
        self.said: list[wire.Message] = []
        cabinet = MemoryCabinet()
        self.store = ReferenceStore(folder / "store", cabinet)
        self.store.open()
        models, ran = tested(pipeline or FakePipeline(), accepts_no_pad=False)
        self.desk = FaceDesk(models, self.store, cabinet, self.now)
        self.desk.counters.ran("self_test", ran)
        self.camera = camera or FileCamera(None, is_mailbox=True)
        self.lane = FaceLane("ap-1", self.camera, self.desk, lambda: None, most_people)

    def now(self) -> Instant:
        return Instant(
            time.monotonic() * 1000 + self.skipped_ms, time.time() * 1000 + self.skipped_ms
        )

    def skip(self, ahead_ms: float) -> None:
        self.skipped_ms += ahead_ms

    def tell(self, command: wire.Message) -> list[wire.Message]:
        answers = self.desk.obey(command)
        if answers is None:
            self.said += self.desk.refresh()
            answers = self.lane.obey(command)
        self.said += answers
        return answers

    def allow(self, person: str, for_ms: int = 3_600_000) -> None:
        self.tell(wire.FaceAllow(person, int(self.now().utc_ms) + for_ms))

    def view(self, person: int, outcome: Outcome = "face", takes: int = 6) -> None:
        """Let the camera see a drawn person, in frames that differ a little."""
        folder = self.folder / f"view-{person}-{outcome}"
        folder.mkdir(exist_ok=True)
        for take in range(takes):
            frame = drawn_frame(person, outcome, take)
            assert cv2.imwrite(str(folder / f"{take}.png"), frame)
        assert self.tell(wire.ShowSource("ap-1", str(folder))) == []

    def arm(self, for_ms: float = 8000) -> None:
        self.tell(wire.FaceArm("ap-1", int(self.now().mono_ms + for_ms)))

    def enrol_press(self, person: str, for_ms: float = 8000) -> None:
        self.tell(wire.FaceEnrol("ap-1", person, int(self.now().mono_ms + for_ms)))

    def run_until(self, kind: type[T], timeout_s: float = 10.0) -> T:
        """Turn the lane until it has said a ``kind``, which is taken out."""
        end_s = time.monotonic() + timeout_s
        while time.monotonic() < end_s:
            for index, message in enumerate(self.said):
                if isinstance(message, kind):
                    del self.said[: index + 1]
                    return message
            self.said += self.desk.refresh()
            messages, _ = self.lane.turn()
            self.said += messages
            time.sleep(0.005)
        raise AssertionError(f"no {kind.__name__}; said {self.said}")

    def know(self, person: str, number: int) -> None:
        """Store references as an enrolment does, without its five breaths."""
        rows = np.stack([drawn_embedding(number, take) for take in range(3)])
        self.store.put(person, FakePipeline().model_sha256, rows)
        self.desk.live.stored(person)

    def enrol(self, person: str, number: int) -> wire.FaceEnrolled:
        self.view(number)
        self.enrol_press(person)
        return self.run_until(wire.FaceEnrolled)

    def press(self, number: int, outcome: Outcome = "face") -> wire.FaceResult:
        self.view(number, outcome)
        self.arm()
        return self.run_until(wire.FaceResult)

    def counts(self, cause: str) -> wire.FaceCounters:
        return next(one for one in self.desk.counters.reports() if one.cause == cause)

    def close(self) -> None:
        self.lane.release()
        self.lane.feed.close()
        self.desk.live.close()
