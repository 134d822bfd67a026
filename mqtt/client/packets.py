"""Translate between our messages and the property objects of paho (MQTT 5.0 §2.2.2)."""

from paho.mqtt.client import MQTTMessage
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from mqtt.client.port import DeliveryHandle, Inbound, Message, SessionSpec

__all__ = ["connect_properties", "inbound_of", "publish_properties", "will_properties"]

_MAXIMUM_PACKET_BYTES = 262_144


def connect_properties(spec: SessionSpec) -> Properties:
    """Return session expiry, receive maximum and packet limit for CONNECT."""
    properties = _empty(PacketTypes.CONNECT)
    properties.SessionExpiryInterval = spec.session_expiry_s
    properties.ReceiveMaximum = spec.receive_maximum
    properties.MaximumPacketSize = _MAXIMUM_PACKET_BYTES
    return properties


def will_properties(will: Message, delay_s: int) -> Properties:
    """Return the properties of a will; expiry begins when the broker publishes it."""
    properties = _fill(_empty(PacketTypes.WILLMESSAGE), will)
    properties.WillDelayInterval = delay_s
    return properties


def publish_properties(message: Message) -> Properties:
    """Return the properties of a PUBLISH."""
    return _fill(_empty(PacketTypes.PUBLISH), message)


def _empty(packet_type: int) -> Properties:
    return Properties(packet_type)  # type: ignore[no-untyped-call]  # paho leaves it untyped


def _fill(properties: Properties, message: Message) -> Properties:
    if message.expiry_s is not None:
        properties.MessageExpiryInterval = message.expiry_s
    if message.correlation is not None:
        properties.CorrelationData = message.correlation
    if message.response_topic is not None:
        properties.ResponseTopic = message.response_topic
    if message.properties:
        properties.UserProperty = list(message.properties)
    return properties


def inbound_of(received: MQTTMessage, connection: int) -> Inbound:
    """Copy a received message out of paho. Raises UnicodeDecodeError for a non-UTF-8 topic."""
    properties = received.properties
    message = Message(
        topic=received.topic,
        payload=bytes(received.payload),
        qos=received.qos,
        retain=received.retain,
        expiry_s=getattr(properties, "MessageExpiryInterval", None),
        correlation=getattr(properties, "CorrelationData", None),
        response_topic=getattr(properties, "ResponseTopic", None),
        properties=tuple(getattr(properties, "UserProperty", ())),
    )
    return Inbound(message, DeliveryHandle(connection, received.mid), redelivered=received.dup)
