"""Meet the worker processes: the daemon's end of the workers' socket.

A worker says hello with its role, then the lanes that it reads; the first worker that names a lane
keeps it until it hangs up, so a second one cannot push it aside. Lines are hostile until decoded: a
bad one is refused and counted, too many end the link. A worker that says nothing for 15 s (health
comes every 5 s) is lost. What a lane may say is bounded, so that a flood at one reader costs the
others nothing.

A code that can be no pass becomes an attempt with an empty text, which authenticates as
`invalid_pass`: the person gets an answer, and the refusal is recorded like any other.
"""

import asyncio
import contextlib
import logging
import typing
from concurrent.futures import Future
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from edge.adapters.face_desk import FaceSink
from edge.adapters.fault_budget import FaultBudget
from edge.adapters.instants import seen_at
from edge.adapters.line_server import LineServer
from edge.adapters.worker_lanes import Lanes, LaneState
from edge.domain.inputs import Attempted, Observed, WayChanged
from edge.domain.model import AccessAttempt, PassClaim
from edge.domain.ports import Clock, Emit
from edge.worker_wire import (
    MAX_LINE_BYTES,
    WIRE_VERSION,
    CommandRefused,
    FaceReport,
    Hello,
    Message,
    Pong,
    Presence,
    QrRefused,
    QrSeen,
    ReaderFault,
    ShowSource,
    Welcome,
    WireError,
    WorkerHealth,
    decode,
    encode,
)
from mqtt.contract.errors import UnavailableError
from mqtt.contract.events import AdapterKind, EventKind, Method
from mqtt.contract.reasons import ReasonCode

__all__ = ["WorkerSocket", "WorkerSocketSpec"]

_log = logging.getLogger(__name__)
_HELLO_S = 2.0
_SILENCE_S = 15.0
_BAD_LINES = 10
_FACE_MESSAGES = (*typing.get_args(FaceReport), ReaderFault, CommandRefused, Pong)


@dataclass(frozen=True, slots=True)
class WorkerSocketSpec:
    """Where the socket lies, which lanes QR workers may read, and where face could be fitted.

    A lane that no worker reads `grace_s` after the start is at fault. `face_sink` is None where
    this gate takes no face worker.
    """

    path: Path
    lanes: tuple[str, ...]
    access_points: tuple[str, ...]
    is_simulated: bool
    group_may_connect: bool = False
    grace_s: float = 5.0
    face_sink: FaceSink | None = None


@dataclass(eq=False, slots=True)
class _Link:
    writer: asyncio.StreamWriter
    hello: Hello
    kind: AdapterKind
    bad_lines: FaultBudget = field(default_factory=lambda: FaultBudget(_BAD_LINES))


class WorkerSocket:
    """The Source of everything that worker processes see; `refused_lines` counts hostile ones."""

    def __init__(self, spec: WorkerSocketSpec, clock: Clock) -> None:
        self.refused_lines = 0
        self._spec = spec
        self._clock = clock
        self._lanes = Lanes(spec.lanes, clock, is_simulated=spec.is_simulated)
        mode = 0o660 if spec.group_may_connect else 0o600
        self._server = LineServer(spec.path, self._serve, mode=mode, limit=MAX_LINE_BYTES)
        self._emit: Emit = _drop
        self._face_link: _Link | None = None

    @property
    def kind(self) -> AdapterKind:
        """Return whether real sensors are expected behind it."""
        return AdapterKind.SIMULATED if self._spec.is_simulated else AdapterKind.REAL

    @property
    def lanes(self) -> tuple[str, ...]:
        """List the access points whose codes are read here."""
        return self._spec.lanes

    def start(self, emit: Emit) -> None:
        """Begin to listen; a socket that cannot be had is a fault of every lane."""
        self._emit = emit
        if self._spec.face_sink is None:
            self._say_no_face()
        else:
            self._spec.face_sink.started(emit)
        try:
            self._server.start()
        except UnavailableError as error:
            _log.error("worker_socket_unavailable", extra={"reason": error.code.value})
            self._lanes.missing(emit)
            return
        self._server.post_later(self._spec.grace_s, lambda: self._lanes.missing(emit))

    def stop(self) -> None:
        """Hang up; the workers wait for the next daemon."""
        self._emit = _drop
        self._server.stop()

    def show_source(self, lane: str, path: Path) -> "Future[str]":
        """Let a simulated camera see a file; the future gives the worker's refusal, or "".

        Raises UnavailableError where no worker reads that lane.
        """
        shown: Future[str] = Future()
        command = encode(ShowSource(lane, str(path)))
        state = self._lanes.named(lane)
        if state is None or not self._server.post(lambda: self._show(state, command, shown)):
            raise UnavailableError(ReasonCode.WORKER_LOST, lane)
        return shown

    def _show(self, state: LaneState, command: bytes, shown: "Future[str]") -> None:
        if not isinstance(state.owner, _Link):
            shown.set_result(ReasonCode.WORKER_LOST.value)
            return
        state.commands += 1
        state.shown[state.commands] = shown
        state.owner.writer.write(command)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        hello = await self._hello(reader)
        if hello is None:
            return
        is_real = hello.adapter_kind == "real"
        link = _Link(writer, hello, AdapterKind.REAL if is_real else AdapterKind.SIMULATED)
        writer.write(encode(Welcome(WIRE_VERSION)))
        if hello.worker == "face" and self._spec.face_sink is not None:
            self._face_link = link
            self._spec.face_sink.connected(partial(self._say, link), link.kind)
        _log.info("worker_connected", extra={"worker": hello.worker})
        try:
            await self._listen(link, reader)
        finally:
            self._lanes.release(link, self._emit)
            if self._face_link is link and self._spec.face_sink is not None:
                self._face_link = None
                self._spec.face_sink.lost()
            _log.info("worker_gone", extra={"worker": hello.worker})

    async def _hello(self, reader: asyncio.StreamReader) -> Hello | None:
        """Return a hello that this gate takes, or None."""
        with contextlib.suppress(TimeoutError, ValueError, WireError):
            message = decode(await asyncio.wait_for(reader.readline(), _HELLO_S))
            if isinstance(message, Hello) and self._takes(message):
                return message
        self._refused("hello")
        return None

    def _takes(self, hello: Hello) -> bool:
        if hello.version != WIRE_VERSION:
            return False
        if hello.worker == "face":
            return self._spec.face_sink is not None and self._face_link is None
        return hello.worker == "qr"

    async def _listen(self, link: _Link, reader: asyncio.StreamReader) -> None:
        while True:
            try:
                line = await asyncio.wait_for(reader.readline(), _SILENCE_S)
            except TimeoutError:
                _log.warning("worker_silent", extra={"worker": link.hello.worker})
                return
            except ValueError:
                line = b""
                is_over = not self._refused_line(link, "line_too_long")
            else:
                if not line:
                    return
                is_over = not self._took_line(link, line)
            if is_over:
                return

    def _took_line(self, link: _Link, line: bytes) -> bool:
        """Deal with one line; False ends the link."""
        try:
            message = decode(line)
        except WireError as error:
            return self._refused_line(link, error.code)
        if link.hello.worker == "face":
            if not isinstance(message, _FACE_MESSAGES) or self._spec.face_sink is None:
                return self._refused_line(link, "unexpected")
            self._spec.face_sink.heard(message)
            return True
        return self._took_qr(link, message)

    def _took_qr(self, link: _Link, message: Message) -> bool:
        kinds = (QrSeen, QrRefused, Presence, WorkerHealth, ReaderFault, CommandRefused)
        if not isinstance(message, kinds):
            return self._refused_line(link, "unexpected")
        lane = self._lanes.claim(message.lane, link, link.kind)
        if lane is None:
            return self._refused_line(link, "lane")
        match message:
            case QrSeen():
                self._attempt(message.lane, lane, message.text, message.first_seen_mono_ms)
            case QrRefused():
                self._attempt(message.lane, lane, "", message.first_seen_mono_ms)
            case WorkerHealth():
                self._health(message, lane)
            case ReaderFault():
                self._faulted(message, lane)
            case CommandRefused():
                if message.shown:
                    self._lanes.answer(lane, "", message.shown - 1)
                self._lanes.refuse(lane, message.code, message.shown or lane.commands)
            case Presence():
                pass
        return True

    def _attempt(self, name: str, lane: LaneState, text: str, first_ms: int) -> None:
        at = self._clock.now()
        if not lane.texts.admits(at.mono_ms):
            if lane.texts.refused % 100 == 1:
                self._observe(name, lane, ReasonCode.RATE_LIMITED)
            return
        # A worker's word on time is bounded: it counts for the measured time, for no decision.
        presence_ms = seen_at(at, first_ms)
        attempt = AccessAttempt(name, Method.QR, PassClaim(text), presence_ms, lane.kind)
        self._emit(Attempted(at, attempt))

    def _health(self, message: WorkerHealth, lane: LaneState) -> None:
        if message.source_state in {"live", "waiting"}:
            self._lanes.report(message.lane, self._emit, reason=ReasonCode.WAY_READY)
        elif message.source_state in {"faulted", "ended"}:
            self._lanes.report(message.lane, self._emit, reason=ReasonCode.READER_OFFLINE)
        self._lanes.answer(lane, "", message.shown)

    def _faulted(self, message: ReaderFault, lane: LaneState) -> None:
        self._lanes.report(message.lane, self._emit, reason=ReasonCode.READER_OFFLINE)
        self._observe(message.lane, lane, ReasonCode.READER_OFFLINE, message.code)

    def _observe(self, name: str, lane: LaneState, reason: ReasonCode, note: str = "") -> None:
        at = self._clock.now()
        self._emit(Observed(at, EventKind.READER, reason, lane.kind, name, Method.QR, note))

    def _refused_line(self, link: _Link, code: str) -> bool:
        self._refused(code)
        return link.bad_lines.admits(self._clock.now().mono_ms)

    def _refused(self, code: str) -> None:
        self.refused_lines += 1
        _log.warning("worker_line_refused", extra={"code": code})

    def _say(self, link: _Link, message: Message) -> bool:
        """Send a message to a worker, from any thread; False where it is gone."""
        line = encode(message)
        is_there = self._face_link is link
        return is_there and self._server.post(lambda: link.writer.write(line))

    def _say_no_face(self) -> None:
        reason = ReasonCode.METHOD_NOT_INSTALLED
        for name in self._spec.access_points:
            at = self._clock.now()
            self._emit(WayChanged(at, name, Method.FACE, "not_installed", reason, self.kind))


def _drop(_item: object) -> None:
    """Take what comes while nobody listens."""
