"""Hold the state of one access point's face camera: closed, armed for an attempt, or enrolling.

Two rejected PAD votes in a row, in attempts of entry or enrolment, rest the lane for 60 s
(acceptance case J06). Every other way in is somebody else's process and goes on.
"""

from collections.abc import Callable
from pathlib import Path

from edge.worker_wire import (
    CommandRefused,
    FaceArm,
    FaceDisarm,
    FaceEnrol,
    FaceEnrolEnded,
    FaceEnrolStop,
    FaceNarrow,
    FaceResult,
    Message,
    ReaderFault,
    ShowSource,
)
from edge.workers.face.camera import FileCamera
from edge.workers.face.camera_feed import CameraFeed
from edge.workers.face.camera_port import CameraError, FaceCamera
from edge.workers.face.engine import EngineError
from edge.workers.face.enrolment import Gathering
from edge.workers.face.enrolment_session import EnrolSession
from edge.workers.face.session import EntrySession, Eyes, SeenFrame
from edge.workers.face.worker_desk import FaceDesk

__all__ = ["FaceLane", "LaneFailed"]

_REJECTIONS = 2
_REST_MS = 60_000.0
_REJECTIONS_AGE_MS = 300_000.0


class LaneFailed(Exception):  # noqa: N818 - carries the last words of a process that ends
    """Report that a network broke down; ``messages`` still have to be told.

    ``code`` is the engine's; `device_lost` ends the process without touching the device again.
    """

    def __init__(self, messages: list[Message], code: str = "engine_fault") -> None:
        super().__init__(code)
        self.messages = messages
        self.code = code


class FaceLane:
    """Own one camera; the main loop is the only caller. ``most_people`` bounds enrolment."""

    def __init__(
        self,
        lane_id: str,
        camera: FaceCamera,
        desk: FaceDesk,
        wake: Callable[[], None],
        most_people: int,
    ) -> None:
        self.lane_id = lane_id
        self.feed = CameraFeed(camera, wake)
        self._desk = desk
        self._most_people = most_people
        self._session: EntrySession | EnrolSession | None = None
        self._gathering: Gathering | None = None
        self._begun_ms = 0.0
        self._rejected_ms: list[float] = []
        self._rests_until_ms = 0.0

    @property
    def is_armed(self) -> bool:
        """Tell whether a session wants the camera open."""
        return self._session is not None

    def obey(self, command: Message) -> list[Message]:
        """Carry out a command for this lane and return the answers."""
        if isinstance(command, FaceArm):
            return [*self._drop_enrolment("stopped"), *self._arm(command)]
        if isinstance(command, FaceNarrow):
            if not isinstance(self._session, EntrySession):
                return [CommandRefused(self.lane_id, "not_armed")]
            self._session.narrow(command.people)
        elif isinstance(command, FaceDisarm):
            self.release()
        elif isinstance(command, FaceEnrol):
            return self._enrol(command)
        elif isinstance(command, FaceEnrolStop):
            return self._drop_enrolment("stopped")
        elif isinstance(command, ShowSource):
            return self._show(command)
        return []

    def turn(self) -> tuple[list[Message], bool]:
        """Look at a waiting frame; return what to tell and whether a session has just ended."""
        session = self._session
        if session is None:
            return self._overdue(), False
        fault = self.feed.take_fault()
        if fault:
            messages = [ReaderFault(self.lane_id, fault), *session.fault("camera_fault")]
        else:
            messages = self._looked(session)
        if session.is_over:
            self._close(session)
        return messages, session.is_over

    def revoked(self, person: str) -> list[Message]:
        """Give up an enrolment of a person whose references are to go."""
        if self._gathering is not None and self._gathering.person == person:
            return self._drop_enrolment("revoked")
        return []

    def release(self) -> None:
        """Close the camera and forget the attempt or enrolment, without an answer."""
        self._session = None
        self.feed.disarm()
        if self._gathering is not None:
            self._gathering.wipe()
            self._gathering = None

    def _looked(self, session: EntrySession | EnrolSession) -> list[Message]:
        taken = self.feed.take()
        seen = None if taken is None else SeenFrame(*taken)
        try:
            return session.turn(seen, self._desk.clock)
        except EngineError as error:
            raise LaneFailed(session.fault("engine_fault"), error.code) from None

    def _arm(self, command: FaceArm) -> list[Message]:
        self._session = None
        self.feed.disarm()
        now = self._desk.clock()
        reason = self._hindrance(now.mono_ms, command.deadline_mono_ms)
        if not reason and not self._desk.live.people:
            # Nobody here could be found, so nobody is looked at.
            reason = "no_match"
        if reason or self._desk.pipeline is None:
            return [FaceResult(self.lane_id, "refused", None, reason)]
        eyes = Eyes(self.lane_id, "entry", self._desk.pipeline, self._desk.counters)
        session = EntrySession(eyes, self._desk.live, now, command.deadline_mono_ms)
        self._open(session, eyes)
        return []

    def _enrol(self, command: FaceEnrol) -> list[Message]:
        now = self._desk.clock()
        messages: list[Message] = []
        if self._gathering is not None and self._gathering.person != command.person:
            messages = self._drop_enrolment("stopped")
        reason = self._hindrance(now.mono_ms, command.deadline_mono_ms)
        people = self._desk.store.people
        if not reason and command.person not in people and len(people) >= self._most_people:
            reason = "gallery_full"
        if reason or self._desk.pipeline is None:
            messages += self._drop_enrolment(reason)
            return messages or [FaceEnrolEnded(self.lane_id, command.person, reason)]
        if self._gathering is None:
            self._gathering = Gathering(command.person)
        self._begun_ms = now.mono_ms
        pipeline = self._desk.pipeline.for_enrolment()
        eyes = Eyes(self.lane_id, "enrolment", pipeline, self._desk.counters)
        session = EnrolSession(
            eyes, self._desk.store, self._gathering, now, command.deadline_mono_ms
        )
        self._open(session, eyes)
        return [*messages, session.progress("open")]

    def _hindrance(self, now_ms: float, deadline_ms: float) -> str:
        if self._desk.off_code:
            return self._desk.off_code
        if now_ms < self._rests_until_ms:
            return "resting"
        return "late" if deadline_ms <= now_ms else ""

    def _open(self, session: EntrySession | EnrolSession, eyes: Eyes) -> None:
        self._session = session
        self._desk.counters.armed(eyes.cause)
        self.feed.arm(session.deadline_mono_ms)

    def _close(self, session: EntrySession | EnrolSession) -> None:
        self.feed.disarm()
        self._session = None
        now_ms = self._desk.clock().mono_ms
        if session.is_rejected:
            recent = [at for at in self._rejected_ms if now_ms - at < _REJECTIONS_AGE_MS]
            self._rejected_ms = [*recent, now_ms]
            if len(self._rejected_ms) >= _REJECTIONS:
                self._rejected_ms = []
                self._rests_until_ms = now_ms + _REST_MS
        elif session.has_succeeded:
            self._rejected_ms = []
        if isinstance(session, EnrolSession) and session.is_done:
            self._gathering = None
            if session.has_succeeded:
                self._desk.live.stored(session.gathering.person)

    def _overdue(self) -> list[Message]:
        gathering = self._gathering
        if gathering is None:
            return []
        if not gathering.is_overdue(self._desk.clock().mono_ms, self._begun_ms):
            return []
        return self._drop_enrolment("timeout")

    def _drop_enrolment(self, reason: str) -> list[Message]:
        gathering, self._gathering = self._gathering, None
        if gathering is None:
            return []
        gathering.wipe()
        if isinstance(self._session, EnrolSession):
            self._session = None
            self.feed.disarm()
        return [FaceEnrolEnded(self.lane_id, gathering.person, reason)]

    def _show(self, command: ShowSource) -> list[Message]:
        camera = self.feed.camera
        if not camera.is_simulated:
            return [CommandRefused(self.lane_id, "source_is_real")]
        if not isinstance(camera, FileCamera) or not camera.is_mailbox:
            return [CommandRefused(self.lane_id, "source_is_no_mailbox")]
        try:
            camera.show(Path(command.path))
        except CameraError as error:
            return [CommandRefused(self.lane_id, error.code)]
        return []
