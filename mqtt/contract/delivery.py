"""Say how each kind of message travels: quality of service, retention, life, and who sends it.

The broker drops what has outlived its life; what must not act late carries its own deadline inside
the signature, because a hostile broker ignores all of this (protocol notes §1.2).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from mqtt.contract.topics import TopicKind

__all__ = ["DELIVERY", "Delivery", "Sender"]


class Sender(StrEnum):
    """Who publishes a kind of message."""

    GATE = "gate"
    CONTROLLER = "controller"


@dataclass(frozen=True, slots=True)
class Delivery:
    """How one kind of message is published; `expiry_s` None means that it waits for ever."""

    sender: Sender
    qos: int
    retain: bool = False
    expiry_s: int | None = None


DELIVERY: Mapping[TopicKind, Delivery] = {
    TopicKind.STATE: Delivery(Sender.GATE, 1, retain=True),
    TopicKind.BIRTH: Delivery(Sender.GATE, 1, expiry_s=300),
    TopicKind.HEARTBEAT: Delivery(Sender.GATE, 0, expiry_s=30),
    TopicKind.EVENTS: Delivery(Sender.GATE, 1),
    TopicKind.RESPONSE: Delivery(Sender.GATE, 1, expiry_s=60),
    TopicKind.GET: Delivery(Sender.GATE, 1, expiry_s=60),
    TopicKind.HELD: Delivery(Sender.GATE, 1, expiry_s=300),
    TopicKind.HEALTH: Delivery(Sender.GATE, 1, expiry_s=60),
    TopicKind.TELEMETRY: Delivery(Sender.GATE, 0, expiry_s=60),
    TopicKind.LOG: Delivery(Sender.GATE, 0, expiry_s=60),
    TopicKind.ACK: Delivery(Sender.CONTROLLER, 0, expiry_s=60),
    TopicKind.COMMAND: Delivery(Sender.CONTROLLER, 1, expiry_s=10),
    TopicKind.WANT: Delivery(Sender.CONTROLLER, 1, retain=True),
    TopicKind.DOCUMENT: Delivery(Sender.CONTROLLER, 1, expiry_s=300),
    TopicKind.TELL: Delivery(Sender.CONTROLLER, 1, expiry_s=60),
    TopicKind.REDEEM: Delivery(Sender.GATE, 1, expiry_s=900),
}
"""Every kind of message; a command is never retained."""
