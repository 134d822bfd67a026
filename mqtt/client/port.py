"""The port to the broker: what the paho session and the in-memory session both offer.

    Session      start() stop() publish(message) ack(inbound)
    emit(item)   everything that comes back, in order, from any thread

The broker is a wire, not a store (DESIGN §3). A PublishResult says that the broker took a message,
never that anybody received it; whoever must not lose a message keeps it until the other end
answers.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from mqtt.client.backoff import Backoff
from mqtt.client.tls import TlsFiles
from mqtt.contract.errors import ConfigError
from mqtt.contract.ids import parse_name
from mqtt.contract.reasons import ReasonCode

__all__ = [
    "KEEPALIVE_LIMIT_S",
    "NO_PACKET",
    "Connected",
    "ConnectionUnstable",
    "DeliveryHandle",
    "Disconnected",
    "Emit",
    "Inbound",
    "Loss",
    "Message",
    "PublishResult",
    "PublishTicket",
    "Session",
    "SessionItem",
    "SessionSpec",
    "SubscriptionRefused",
    "check_spec",
]

KEEPALIVE_LIMIT_S = 20
"""A silent peer is noticed after at most twice the keepalive; the limit keeps that under 45 s."""


@dataclass(frozen=True, slots=True)
class Message:
    """One MQTT 5 message. `properties` are user properties; `expiry_s` counts from the broker."""

    topic: str
    payload: bytes
    qos: int = 0
    retain: bool = False
    expiry_s: int | None = None
    correlation: bytes | None = None
    response_topic: str | None = None
    properties: tuple[tuple[str, str], ...] = ()


NO_PACKET = 0


@dataclass(frozen=True, slots=True)
class DeliveryHandle:
    """What `ack` needs; worthless as soon as its connection has ended.

    `packet_id` is NO_PACKET for a delivery with QoS 0, which has nothing to acknowledge: a PUBACK
    for it would end the connection as a protocol error (MQTT 5.0 §3.4).
    """

    connection: int
    packet_id: int


@dataclass(frozen=True, slots=True)
class Inbound:
    """A received message. With QoS 1 the broker offers it again until it is acknowledged.

    `message.retain` is True where the broker sent a stored copy: such a command is never executed.
    """

    message: Message
    handle: DeliveryHandle
    redelivered: bool = False


@dataclass(frozen=True, slots=True)
class PublishTicket:
    """Names one publish. Tickets without a PublishResult when Disconnected arrives stay unknown."""

    connection: int
    number: int


@dataclass(frozen=True, slots=True)
class PublishResult:
    """The broker's answer to a QoS 1 publish; `accepted` False: the ACL forbids the topic."""

    ticket: PublishTicket
    accepted: bool


class Loss(StrEnum):
    """Why there is no connection."""

    CLOSED = "closed"
    KEEPALIVE = "keepalive"
    REFUSED = "refused"
    STOPPED = "stopped"
    TAKEN_OVER = "taken_over"
    TLS = "tls"
    UNREACHABLE = "unreachable"
    CRASHED = "crashed"


@dataclass(frozen=True, slots=True)
class Connected:
    """The broker accepted us. What is published from now on comes after our subscriptions."""

    session_present: bool


@dataclass(frozen=True, slots=True)
class Disconnected:
    """The connection ended or cannot be made. Sent when that begins and when the reason changes."""

    reason: Loss


@dataclass(frozen=True, slots=True)
class SubscriptionRefused:
    """The broker did not grant a filter."""

    topic_filter: str


@dataclass(frozen=True, slots=True)
class ConnectionUnstable:
    """Report that accepted connections were lost `losses` times within `window_s`.

    Usually a second client has our name; `taken_over` is True where the broker said so (MQTT 5
    reason 0x8E; mosquitto 2.0 only closes the connection).
    """

    losses: int
    window_s: float
    taken_over: bool


SessionItem = (
    Connected | Disconnected | Inbound | PublishResult | SubscriptionRefused | ConnectionUnstable
)
Emit = Callable[[SessionItem], None]
"""Takes an item from any thread and only enqueues it; its exceptions are logged and end there."""


@dataclass(frozen=True, slots=True)
class SessionSpec:
    """How to connect. The client id is the common name of the certificate (protocol §0, rows 2-3).

    Gates use `clean_start=False` and 1 h, so that a short drop keeps what waits for them;
    controllers use a clean start and 0, so that an absent replica holds nothing back. `queue_limit`
    bounds publishes that the broker has not taken, `receive_maximum` deliveries that we have not
    acknowledged. Subscriptions are no-local: a session never receives what it published.
    """

    client_id: str
    host: str
    port: int
    tls: TlsFiles | None
    subscriptions: tuple[tuple[str, int], ...] = ()
    will: Message | None = None
    will_delay_s: int = 0
    clean_start: bool = False
    session_expiry_s: int = 3600
    keepalive_s: int = 15
    receive_maximum: int = 20
    inflight_limit: int = 20
    queue_limit: int = 256
    connect_timeout_s: float = 5.0
    backoff: Backoff = field(default_factory=Backoff)


def check_spec(spec: SessionSpec) -> None:
    """Refuse a specification that would break a promise.

    Raises ContractError(`bad_name`) for the client id, ConfigError(`config_invalid`) for numbers.
    """
    parse_name(spec.client_id)
    if not 1 <= spec.keepalive_s <= KEEPALIVE_LIMIT_S:
        raise ConfigError(ReasonCode.CONFIG_INVALID, f"keepalive_s 1-{KEEPALIVE_LIMIT_S}")
    if any(qos not in (0, 1) for _, qos in spec.subscriptions):
        raise ConfigError(ReasonCode.CONFIG_INVALID, "qos 0-1")
    if spec.will is not None and spec.will_delay_s > spec.session_expiry_s:
        raise ConfigError(ReasonCode.CONFIG_INVALID, "will_delay_s <= session_expiry_s")
    if min(spec.receive_maximum, spec.inflight_limit, spec.queue_limit) < 1:
        raise ConfigError(ReasonCode.CONFIG_INVALID, "limits >= 1")


class Session(Protocol):
    """A supervised connection to the broker that repairs itself until it is stopped."""

    def start(self) -> None:
        """Begin to connect and return at once.

        Raises what `check_spec` and `client_context` raise.
        """

    def stop(self) -> None:
        """Disconnect in order: the will is discarded and Disconnected(STOPPED) comes last."""

    def publish(self, message: Message) -> PublishTicket:
        """Hand a message over without waiting.

        Raises UnavailableError(`broker_unavailable`) without a connection: nothing is kept for
        later, so nothing stale is sent after a reconnection. Raises UnavailableError(`queue_full`)
        when `queue_limit` messages wait.
        """

    def ack(self, inbound: Inbound) -> bool:
        """Acknowledge a committed delivery; False if its connection has ended meanwhile.

        With QoS 0 there is nothing to acknowledge, and nothing is sent.
        """
