"""Run the lanes of the QR worker: one loop that sleeps until a frame, a text or a command comes."""

import logging
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from edge.worker_wire import (
    WIRE_VERSION,
    CommandRefused,
    Hello,
    Message,
    Ping,
    Pong,
    ShowSource,
    Stop,
)
from edge.workers.harness import Link, LinkLost, Waker, connect
from edge.workers.qr.lane import Lane

__all__ = ["QrWorker"]

_log = logging.getLogger(__name__)
_HEALTH_EVERY_MS = 5000.0
# Files are looked at ten times a second; sensors and the daemon wake the loop themselves.
_IDLE_S = 0.1


class QrWorker:
    """Own the lanes and the link to the daemon."""

    def __init__(
        self,
        lanes: Sequence[Lane],
        readers: tuple[str, ...],
        *,
        is_simulated: bool,
        mono_ms: Callable[[], float],
    ) -> None:
        self._lanes = {lane.lane_id: lane for lane in lanes}
        self._hello = Hello("qr", WIRE_VERSION, "simulated" if is_simulated else "real", readers)
        self._mono_ms = mono_ms
        self._health_due_ms = 0.0

    def run(self, socket_path: Path, waker: Waker) -> None:
        """Serve the daemon at ``socket_path``, again after each of its restarts, until stopped."""
        for lane in self._lanes.values():
            lane.feed.start()
        try:
            while not waker.is_stopping:
                self._serve_once(socket_path, waker)
        finally:
            for lane in self._lanes.values():
                lane.feed.close()

    def _serve_once(self, socket_path: Path, waker: Waker) -> None:
        connected = connect(socket_path, self._hello, waker)
        if connected is None:
            return
        link, waiting = connected
        _log.info("daemon_connected", extra={"adapter_kind": self._hello.adapter_kind})
        try:
            for lane in self._lanes.values():
                # What a camera saw while nobody listened is old news.
                lane.forget()
                link.send(lane.health())
            self._obey(waiting, link, waker)
            while not waker.is_stopping:
                self._turn(link, waker)
        except LinkLost:
            _log.warning("daemon_lost", extra={"lanes": len(self._lanes)})
        finally:
            link.close()

    def _turn(self, link: Link, waker: Waker) -> None:
        is_busy = False
        for lane in self._lanes.values():
            messages, has_read = lane.turn()
            is_busy = is_busy or has_read
            if messages:
                link.send(*messages)
        now_ms = self._mono_ms()
        if now_ms >= self._health_due_ms:
            self._health_due_ms = now_ms + _HEALTH_EVERY_MS
            link.send(*(lane.health() for lane in self._lanes.values()))
        waker.wait(0.0 if is_busy else _IDLE_S, link.socket)
        self._obey(link.receive(), link, waker)

    def _obey(self, commands: Iterable[Message], link: Link, waker: Waker) -> None:
        for command in commands:
            if isinstance(command, Stop):
                waker.stop()
            elif isinstance(command, Ping):
                link.send(Pong(command.nonce))
            elif isinstance(command, ShowSource):
                lane = self._lanes.get(command.lane)
                refused = [CommandRefused(command.lane, "unknown_lane")]
                answers: Sequence[Message] = refused if lane is None else lane.show(command)
                link.send(*answers)
