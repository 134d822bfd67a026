"""What the supervised session asks of one connection, and the book of its open publishes."""

import threading
from dataclasses import dataclass
from typing import Protocol

from mqtt.client.port import DeliveryHandle, Loss, Message, PublishTicket
from mqtt.contract.errors import UnavailableError
from mqtt.contract.reasons import ReasonCode

__all__ = ["Link", "LinkEnd", "PublishBook"]


@dataclass(frozen=True, slots=True)
class LinkEnd:
    """How a connection ended; `lived_s` is None where the broker never accepted it."""

    reason: Loss
    lived_s: float | None


class Link(Protocol):
    """One connection. `run` belongs to the session's thread, the rest may be called from any."""

    def run(self, stopping: threading.Event) -> LinkEnd:
        """Connect and serve until the connection ends or `stopping` is set."""

    def publish(self, message: Message) -> PublishTicket:
        """Publish on this connection; raises as `Session.publish` does."""

    def ack(self, handle: DeliveryHandle) -> bool:
        """Acknowledge on this connection; False for a handle of another one."""

    def say_goodbye(self) -> None:
        """Queue DISCONNECT behind what is already queued; the broker then discards the will."""


class PublishBook:
    """The publishes that the broker has not answered yet, by packet id.

    The answer can be faster than the return of the call that published: such an answer is kept
    until that call notes the packet. The lock is never held while paho or a consumer runs.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._lock = threading.Lock()
        self._open: dict[int, int] = {}
        self._early: dict[int, bool] = {}

    def check_room(self) -> None:
        """Raise UnavailableError(`queue_full`) when the limit is reached."""
        with self._lock:
            if len(self._open) >= self._limit:
                raise UnavailableError(ReasonCode.QUEUE_FULL, f"queue_limit {self._limit}")

    def note_sent(self, packet_id: int, qos: int) -> bool | None:
        """Note a packet; return whether the broker accepted it if the answer came first."""
        with self._lock:
            accepted = self._early.pop(packet_id, None)
            if accepted is None:
                self._open[packet_id] = qos
            return accepted

    def note_answer(self, packet_id: int, *, accepted: bool) -> int | None:
        """Note an answer; return the QoS of the packet, None if its call has not returned yet."""
        with self._lock:
            qos = self._open.pop(packet_id, None)
            if qos is None:
                self._early[packet_id] = accepted
            return qos
