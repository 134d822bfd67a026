"""The session of the simulator: the same port as `PahoSession`, over a `MemoryBroker`."""

from collections.abc import Callable
from functools import partial

from mqtt.client.memory_broker import MemoryBroker
from mqtt.client.port import (
    NO_PACKET,
    Connected,
    Disconnected,
    Emit,
    Inbound,
    Loss,
    Message,
    PublishResult,
    PublishTicket,
    SessionSpec,
    check_spec,
)
from mqtt.client.stability import LossWindow
from mqtt.contract.errors import UnavailableError
from mqtt.contract.reasons import ReasonCode

__all__ = ["MemoryBroker", "MemorySession"]


def _middle() -> float:
    return 0.5


class MemorySession:
    """A `Session` without threads: `emit` is called only while somebody pumps the broker.

    It reconnects by itself with the back-off of its specification; `draw` gives the jitter.
    """

    def __init__(
        self,
        spec: SessionSpec,
        emit: Emit,
        broker: MemoryBroker,
        *,
        draw: Callable[[], float] = _middle,
    ) -> None:
        self._spec = spec
        self._emit = emit
        self._broker = broker
        self._draw = draw
        self._connection: int | None = None
        self._is_accepted = False
        self._is_started = False
        self._accepted_ms = 0
        self._attempt = 0
        self._number = 0
        self._open: set[int] = set()
        self._announced: Loss | None = None
        self._losses = LossWindow()

    @property
    def spec(self) -> SessionSpec:
        """How this session connects."""
        return self._spec

    def start(self) -> None:
        """See `Session.start`."""
        if self._is_started:
            raise RuntimeError("a session starts once")
        check_spec(self._spec)
        self._is_started = True
        self._broker.agenda.after(self._broker.latency_ms, self._connect)

    def stop(self) -> None:
        """See `Session.stop`."""
        if not self._is_started:
            return
        self._is_started = False
        if self._connection is not None:
            # Behind what is already on its way, as DISCONNECT is on a real connection.
            leave = partial(self._broker.leave, self._spec.client_id, self._connection)
            self._broker.agenda.after(self._broker.latency_ms, leave)
        self._forget_connection()
        self._announce(Loss.STOPPED)

    def publish(self, message: Message) -> PublishTicket:
        """See `Session.publish`."""
        connection = self._connection
        if connection is None or not self._is_accepted:
            raise UnavailableError(ReasonCode.BROKER_UNAVAILABLE)
        if len(self._open) >= self._spec.queue_limit:
            raise UnavailableError(ReasonCode.QUEUE_FULL, f"queue_limit {self._spec.queue_limit}")
        self._number += 1
        number = self._number
        self._open.add(number)
        name = self._spec.client_id
        arrive = partial(self._broker.receive, name, connection, number, message)
        self._broker.agenda.after(self._broker.latency_ms, arrive)
        return PublishTicket(connection, number)

    def ack(self, inbound: Inbound) -> bool:
        """See `Session.ack`."""
        handle = inbound.handle
        if self._connection is None or handle.connection != self._connection:
            return False
        if handle.packet_id == NO_PACKET:
            return True
        name = self._spec.client_id
        acknowledge = self._broker.acknowledge
        arrive = partial(acknowledge, name, handle.connection, handle.packet_id)
        self._broker.agenda.after(self._broker.latency_ms, arrive)
        return True

    # Called by the broker

    def accepted(self, *, session_present: bool) -> None:
        """Take CONNACK."""
        if not self._is_started:
            return
        self._is_accepted = True
        self._accepted_ms = self._broker.agenda.now_ms()
        self._announced = None
        self._emit(Connected(session_present))

    def delivered(self, inbound: Inbound) -> None:
        """Take PUBLISH."""
        if self._is_started:
            self._emit(inbound)

    def answered(self, number: int, *, accepted: bool, qos: int) -> None:
        """Take PUBACK."""
        self._open.discard(number)
        if qos > 0 and self._connection is not None:
            self._emit(PublishResult(PublishTicket(self._connection, number), accepted))

    def lost(self, reason: Loss) -> None:
        """Take the end of the connection and plan the next one."""
        was_accepted = self._is_accepted
        self._forget_connection()
        if not self._is_started:
            return
        self._announce(reason)
        if was_accepted:
            self._watch(reason)
        self._retry()

    def _connect(self) -> None:
        if not self._is_started or self._connection is not None:
            return
        self._connection = self._broker.connect(self)
        if self._connection is None:
            self._announce(Loss.UNREACHABLE)
            self._retry()

    def _retry(self) -> None:
        delay_s = self._spec.backoff.delay_s(self._attempt, self._draw())
        self._attempt += 1
        self._broker.agenda.after(round(delay_s * 1000), self._connect)

    def _watch(self, reason: Loss) -> None:
        now_ms = self._broker.agenda.now_ms()
        if self._spec.backoff.is_stable((now_ms - self._accepted_ms) / 1000):
            self._attempt = 0
        if reason not in (Loss.CLOSED, Loss.TAKEN_OVER):
            return
        taken_over = reason is Loss.TAKEN_OVER
        self._losses, report = self._losses.after(now_ms / 1000, taken_over=taken_over)
        if report is not None:
            self._emit(report)

    def _forget_connection(self) -> None:
        self._connection = None
        self._is_accepted = False
        self._open.clear()

    def _announce(self, reason: Loss) -> None:
        if reason is not self._announced:
            self._announced = reason
            self._emit(Disconnected(reason))
