"""Run the face worker: one loop that sleeps until a frame or a command comes."""

import logging
from collections.abc import Iterable, Sequence
from pathlib import Path

from edge.worker_wire import (
    WIRE_VERSION,
    CommandRefused,
    FaceArm,
    FaceDisarm,
    FaceEnrol,
    FaceEnrolStop,
    FaceEraseAll,
    FaceNarrow,
    FaceRevoke,
    Hello,
    Message,
    Ping,
    Pong,
    ShowSource,
    Stop,
)
from edge.workers.face.worker_desk import FaceDesk
from edge.workers.face.worker_lane import FaceLane, LaneFailed
from edge.workers.harness import Link, LinkLost, Waker, connect

__all__ = ["FaceWorker"]

_log = logging.getLogger(__name__)
_COUNTERS_EVERY_MS = 5000.0
_IDLE_S = 0.1
# The daemon allows everybody in one go after a start: calibrate once, when it has finished.
_QUIET_MS = 200.0
_LANE_COMMANDS = (FaceArm, FaceNarrow, FaceDisarm, FaceEnrol, FaceEnrolStop, ShowSource)


class FaceWorker:
    """Own the lanes and the link to the daemon."""

    def __init__(self, lanes: Sequence[FaceLane], desk: FaceDesk, *, is_simulated: bool) -> None:
        self._lanes = {lane.lane_id: lane for lane in lanes}
        self._desk = desk
        if any(lane.feed.camera.standby == "valve" for lane in lanes):
            desk.standby = "valve"
        abilities = ("entry", "enrolment")
        self._hello = Hello(
            "face", WIRE_VERSION, "simulated" if is_simulated else "real", abilities
        )
        self._counters_due_ms = 0.0
        self._asked_ms = 0.0

    def run(self, socket_path: Path, waker: Waker) -> None:
        """Serve the daemon at ``socket_path``, again after each of its restarts, until stopped."""
        try:
            for lane in self._lanes.values():
                lane.feed.stand_by()
            while not waker.is_stopping:
                self._serve_once(socket_path, waker)
        finally:
            for lane in self._lanes.values():
                lane.release()
                lane.feed.close()
            self._desk.live.close()

    def _serve_once(self, socket_path: Path, waker: Waker) -> None:
        connected = connect(socket_path, self._hello, waker)
        if connected is None:
            return
        link, waiting = connected
        _log.info("daemon_connected", extra={"adapter_kind": self._hello.adapter_kind})
        try:
            self._desk.forget_told()
            link.send(*self._desk.refresh(), *self._desk.counters.reports())
            self._obey(waiting, link, waker)
            while not waker.is_stopping:
                self._turn(link, waker)
        except LinkLost:
            _log.warning("daemon_lost", extra={"lanes": len(self._lanes)})
        finally:
            # Nobody listens: no camera stays open and nobody stays allowed.
            for lane in self._lanes.values():
                lane.release()
            self._desk.live.close()
            link.close()

    def _turn(self, link: Link, waker: Waker) -> None:
        is_armed = any(lane.is_armed for lane in self._lanes.values())
        now_ms = self._desk.clock().mono_ms
        if is_armed or now_ms - self._asked_ms >= _QUIET_MS:
            link.send(*self._desk.refresh())
        for lane in self._lanes.values():
            self._look(lane, link)
        if now_ms >= self._counters_due_ms:
            self._tell_counters(link)
        waker.wait(_IDLE_S, link.socket)
        self._obey(link.receive(), link, waker)

    def _look(self, lane: FaceLane, link: Link) -> None:
        try:
            messages, has_ended = lane.turn()
        except LaneFailed as error:
            link.send(*error.messages)
            raise
        link.send(*messages)
        if has_ended:
            self._tell_counters(link)

    def _tell_counters(self, link: Link) -> None:
        self._counters_due_ms = self._desk.clock().mono_ms + _COUNTERS_EVERY_MS
        link.send(*self._desk.counters.reports())

    def _obey(self, commands: Iterable[Message], link: Link, waker: Waker) -> None:
        for command in commands:
            if isinstance(command, Stop):
                waker.stop()
            elif isinstance(command, Ping):
                # A heartbeat that pings first states the counts of this moment.
                self._tell_counters(link)
                link.send(Pong(command.nonce))
            elif isinstance(command, _LANE_COMMANDS):
                link.send(*self._obey_lane(command))
            else:
                link.send(*self._obey_desk(command))

    def _obey_lane(self, command: Message) -> list[Message]:
        if not isinstance(command, _LANE_COMMANDS):
            return []
        lane = self._lanes.get(command.lane)
        if lane is None:
            return [CommandRefused(command.lane, "unknown_lane")]
        news: list[Message] = []
        if isinstance(command, FaceArm):
            # Whoever was allowed a moment ago is found, and who was revoked is not.
            news = self._desk.refresh()
        return [*news, *lane.obey(command)]

    def _obey_desk(self, command: Message) -> list[Message]:
        ended: list[Message] = []
        for lane in self._lanes.values():
            if isinstance(command, FaceRevoke):
                ended += lane.revoked(command.person)
            elif isinstance(command, FaceEraseAll):
                lane.release()
        self._asked_ms = self._desk.clock().mono_ms
        answers = self._desk.obey(command)
        if answers is None:
            _log.warning("command_unknown", extra={"command": type(command).__name__})
        return [*ended, *(answers or ())]
