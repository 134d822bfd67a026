"""Stand between the gate and its face worker: orders out, reports in, nothing kept.

What the worker says is hostile until it fits: an answer counts only for an access point that was
armed, once; a person that is no pseudonym is nobody. Instants are judged by the gate's own clock.
The worker's words become reasons here, so that nothing of the wire reaches the domain.
"""

import hashlib
import logging
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from pathlib import Path
from typing import Protocol

from edge import worker_wire as wire
from edge.adapters.face_words import (
    ANSWERS,
    HINTS,
    OFF,
    calibration_note,
    command_of,
    counts_of,
    holder_of,
)
from edge.domain import face_inputs as said
from edge.domain import face_orders as orders
from edge.domain.face_orders import FaceOrder
from edge.domain.inputs import Attempted, Input, Observed
from edge.domain.model import AccessAttempt, FaceClaim
from edge.domain.ports import Clock, Emit
from mqtt.contract.errors import UnavailableError
from mqtt.contract.events import AdapterKind, EventKind, Method
from mqtt.contract.reasons import ReasonCode

__all__ = ["FaceDesk", "FaceSink", "Say", "ShowNoticeAt"]

_log = logging.getLogger(__name__)

Say = Callable[[wire.Message], bool]
"""Sends one message to the worker, from any thread; False where nobody is there."""
ShowNoticeAt = Callable[[ReasonCode, str, str], None]
"""Shows a notice (zh-CN, en) with the question that follows it, and speaks it where it can."""


class FaceSink(Protocol):
    """Whoever hears the face worker; every method is called on the socket's thread."""

    def started(self, emit: Emit) -> None:
        """Take note that the socket is open and nobody is there yet."""

    def connected(self, say: Say, kind: AdapterKind) -> None:
        """Take note that the worker is there."""

    def heard(self, message: wire.Message) -> None:
        """Take what it says."""

    def lost(self) -> None:
        """Take note that it is gone."""


class FaceDesk:
    """The FaceSink of a gate, and the performer's FacePort.

    `notices` goes by access point and is filled before the start; `may_valve` is what the site
    chose for the sensors.
    """

    def __init__(self, clock: Clock, kind: AdapterKind, *, may_valve: bool = False) -> None:
        self.notices: Mapping[str, ShowNoticeAt] = {}
        self._clock = clock
        self._kind = kind
        self._may_valve = may_valve
        self._emit: Emit = _drop
        self._say: Say = _nobody
        self._is_new = False
        self._armed: dict[str, int] = {}
        self._shown: list[tuple[int, Future[str]]] = []
        self._nonce = 0

    def started(self, emit: Emit) -> None:
        """Tell that face is let in and its worker has not come yet."""
        self._emit = emit
        self._gone()

    def connected(self, say: Say, kind: AdapterKind) -> None:
        """Begin with a worker that has just come; its first state makes it known."""
        self._say, self._is_new = say, True
        real = kind is AdapterKind.REAL and self._kind is AdapterKind.REAL
        self._kind = AdapterKind.REAL if real else AdapterKind.SIMULATED

    def lost(self) -> None:
        """Drop what it was asked."""
        self._say = _nobody
        self._armed.clear()
        waiting, self._shown = self._shown, []
        for _, future in waiting:
            _answer(future, ReasonCode.WORKER_LOST.value)
        self._gone()

    def tell(self, order: FaceOrder) -> None:
        """Ask something of the worker, or show the notice."""
        match order:
            case orders.ShowNotice(place, zh, en, reason):
                show = self.notices.get(place)
                if show is not None:
                    show(reason, zh, en)
                return
            case orders.ArmFace(place, _, presence_ms):
                self._armed[place] = presence_ms
            case orders.DisarmFace(place):
                self._armed.pop(place, None)
            case _:
                pass
        if not self._say(command_of(order)):
            _log.info("face_order_unheard", extra={"code": type(order).__name__})

    def show_source(self, lane: str, path: Path) -> "Future[str]":
        """Let a simulated face camera see a file; the future gives the refusal, or "".

        Raises UnavailableError(`worker_lost`) where no worker is there.
        """
        shown: Future[str] = Future()
        self._nonce += 1
        self._shown.append((self._nonce, shown))
        # The worker refuses what it cannot show before it answers the ping.
        if not (self._say(wire.ShowSource(lane, str(path))) and self._say(wire.Ping(self._nonce))):
            raise UnavailableError(ReasonCode.WORKER_LOST, lane)
        return shown

    def heard(self, message: wire.Message) -> None:
        """Turn a report into an input."""
        match message:
            case wire.FaceState():
                self._state(message)
            case wire.FaceResult():
                self._result(message)
            case wire.CommandRefused():
                self._refused(message)
            case wire.Pong(nonce):
                self._settle_shown(nonce, "")
            case wire.ReaderFault(lane, code):
                fault = ReasonCode.CAMERA_FAULT
                at, kind = self._clock.now(), self._kind
                self._emit(
                    Observed(at, EventKind.READER, fault, kind, lane, Method.FACE, note=code)
                )
            case _:
                item = self._report(message)
                if item is not None:
                    self._emit(item)

    def _report(self, message: wire.Message) -> Input | None:
        at, kind = self._clock.now(), self._kind
        match message:
            case wire.FaceHint(lane, code):
                return said.FaceHinted(at, lane, HINTS.get(code, ReasonCode.LOOK_HERE), kind)
            case wire.FaceEnrolProgress(lane, person, camera="waiting"):
                return said.FaceEnrolWaits(at, lane, holder_of(person), kind)
            case wire.FaceEnrolled():
                whole = hashlib.sha256("".join(sorted(message.commitments)).encode()).hexdigest()
                holder = holder_of(message.person)
                count = message.references
                return said.FaceEnrolled(at, message.lane, holder, count, whole, kind)
            case wire.FaceEnrolEnded(lane, person, reason):
                return said.FaceEnrolEnded(at, lane, holder_of(person), reason, kind)
            case wire.FaceErased(person, references):
                return said.FaceErased(at, holder_of(person), references, kind)
            case wire.FaceStored(people, more):
                holders = tuple(holder for one in people if (holder := holder_of(one)))
                return said.FaceStored(at, holders, more == 0, kind)
            case wire.FaceCounters():
                return said.FaceCounted(at, message.cause, counts_of(message), kind)
            case wire.FaceCalibration():
                return said.FaceCalibrated(at, calibration_note(message), kind)
            case _:
                return None

    def _state(self, message: wire.FaceState) -> None:
        is_new, self._is_new = self._is_new, False
        has_valve = message.standby == "valve"
        # A sensor that runs although the site chose a closed one is no camera of this gate.
        ready = message.state == "ready" and (self._may_valve or not has_valve)
        off = OFF.get(message.code, ReasonCode.FACE_OFF)
        reason = ReasonCode.WAY_READY if ready else off
        at, has_pad = self._clock.now(), message.pad == "voting"
        self._emit(said.FaceWorker(at, True, ready, reason, self._kind, is_new, has_pad, has_valve))

    def _result(self, message: wire.FaceResult) -> None:
        presence_ms = self._armed.pop(message.lane, None)
        if presence_ms is None:
            _log.warning("face_answer_unasked", extra={"access_point": message.lane})
            return
        holder = holder_of(message.person or "")
        named = message.outcome == "identified" and bool(holder)
        answer = ANSWERS.get(message.reason, ReasonCode.FACE_OFF)
        # A name that is none is nobody.
        why = ReasonCode.NO_MATCH if message.outcome == "identified" else answer
        claim = FaceClaim(holder) if named else FaceClaim(b"", why)
        self._attempt(message.lane, claim, presence_ms)

    def _refused(self, message: wire.CommandRefused) -> None:
        _log.warning("face_order_refused", extra={"access_point": message.lane})
        presence_ms = self._armed.pop(message.lane, None)
        if presence_ms is not None:
            self._attempt(message.lane, FaceClaim(b"", ReasonCode.CAMERA_FAULT), presence_ms)
        elif self._shown:
            self._settle_shown(self._shown[0][0], message.code)

    def _attempt(self, lane: str, claim: FaceClaim, presence_ms: int) -> None:
        at = self._clock.now()
        attempt = AccessAttempt(lane, Method.FACE, claim, presence_ms, self._kind)
        self._emit(Attempted(at, attempt))

    def _settle_shown(self, nonce: int, code: str) -> None:
        for known, future in self._shown:
            if known == nonce:
                _answer(future, code)
        self._shown = [one for one in self._shown if one[0] != nonce]

    def _gone(self) -> None:
        at = self._clock.now()
        lost = ReasonCode.WORKER_LOST
        self._emit(said.FaceWorker(at, False, False, lost, self._kind))


def _answer(future: "Future[str]", code: str) -> None:
    if not future.done():
        future.set_result(code)


def _nobody(_message: wire.Message) -> bool:
    return False


def _drop(_item: Input) -> None:
    """Take what comes while nobody listens."""
