"""What the in-memory broker remembers of a client, and the hooks through which tests disturb it."""

from collections import deque
from dataclasses import dataclass, field, replace
from typing import Protocol

from mqtt.client.filters import matches
from mqtt.client.port import Inbound, Loss, Message, SessionSpec

__all__ = ["NO_FAULTS", "ClientState", "Faults", "Link", "NoFaults", "Stored", "expiry_of"]


class Faults(Protocol):
    """Disturb the broker as mosquitto was measured to fail (protocol §0)."""

    def keeps(self, client_id: str, message: Message) -> bool:
        """Return False to answer a publish with PUBACK and lose the message."""

    def copies(self, client_id: str, message: Message) -> tuple[int, ...]:
        """Return the delay in ms of every copy that `client_id` receives.

        `(0,)` is normal, `()` loses it, `(0, 0)` doubles it, `(300,)` delays it behind later ones.
        """


class NoFaults:
    """A broker that behaves."""

    def keeps(self, client_id: str, message: Message) -> bool:  # noqa: ARG002  the port's names
        """Keep everything."""
        return True

    def copies(self, client_id: str, message: Message) -> tuple[int, ...]:  # noqa: ARG002
        """Deliver once, at once."""
        return (0,)


NO_FAULTS = NoFaults()


class Link(Protocol):
    """The client's end of a connection to the in-memory broker."""

    @property
    def spec(self) -> SessionSpec:
        """How the client connected."""

    def accepted(self, *, session_present: bool) -> None:
        """Take CONNACK."""

    def delivered(self, inbound: Inbound) -> None:
        """Take PUBLISH."""

    def answered(self, number: int, *, accepted: bool, qos: int) -> None:
        """Take PUBACK (for QoS 0: note that the message has left)."""

    def lost(self, reason: Loss) -> None:
        """Take the end of the connection."""


@dataclass(frozen=True, slots=True)
class Stored:
    """A message that waits, with its end of life in the broker's ms."""

    message: Message
    expires_at_ms: int | None
    redelivered: bool = False

    def at(self, now_ms: int) -> "Stored | None":
        """Return the message with its remaining life (MQTT 5.0 §3.3.2.3.3), None after the end."""
        if self.expires_at_ms is None:
            return self
        left_ms = self.expires_at_ms - now_ms
        if left_ms <= 0:
            return None
        return replace(self, message=replace(self.message, expiry_s=-(-left_ms // 1000)))


def expiry_of(message: Message, now_ms: int) -> Stored:
    """Begin the life of a message at the broker."""
    if message.expiry_s is None:
        return Stored(message, None)
    return Stored(message, now_ms + message.expiry_s * 1000)


@dataclass(slots=True)
class ClientState:
    """One session at the broker; it outlives connections for `session_expiry_s`."""

    spec: SessionSpec
    link: Link | None = None
    connection: int = 0
    is_muted: bool = False
    subscriptions: dict[str, int] = field(default_factory=dict)
    queue: deque[Stored] = field(default_factory=deque)
    inflight: dict[int, Stored] = field(default_factory=dict)
    packet_id: int = 0
    has_will: bool = False

    def granted_qos(self, topic: str) -> int | None:
        """Return the best QoS of the filters that match, None if none does."""
        return max((q for f, q in self.subscriptions.items() if matches(f, topic)), default=None)

    def take_back_inflight(self) -> None:
        """Put what was not acknowledged in front of the queue again, marked as redelivered."""
        again = [replace(stored, redelivered=True) for stored in self.inflight.values()]
        self.inflight.clear()
        self.queue.extendleft(reversed(again))

    def next_packet_id(self) -> int:
        """Return a packet id that is not in flight."""
        while True:
            self.packet_id = self.packet_id % 65535 + 1
            if self.packet_id not in self.inflight:
                return self.packet_id

    def saved(self) -> "ClientState":
        """Return a copy without connection, as a broker would write it to disk."""
        copy = ClientState(self.spec, connection=self.connection, packet_id=self.packet_id)
        copy.subscriptions = dict(self.subscriptions)
        copy.queue = deque(self.queue)
        copy.inflight = dict(self.inflight)
        return copy
