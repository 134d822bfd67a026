"""One connection through paho-mqtt 2, from CONNECT to its end.

Every connection gets a client object of its own: paho keeps unsent messages and sends them again
after it reconnects, and a command that is late must never be sent at all. The network loop runs in
the thread of the session, so no second thread can die unseen (paho issues #636, #704, #894).
"""

import logging
import socket
import ssl
import threading
import time

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode as PahoReason
from paho.mqtt.subscribeoptions import SubscribeOptions

from mqtt.client.link_port import LinkEnd, PublishBook
from mqtt.client.packets import connect_properties, inbound_of, publish_properties, will_properties
from mqtt.client.port import (
    NO_PACKET,
    Connected,
    DeliveryHandle,
    Emit,
    Loss,
    Message,
    PublishResult,
    PublishTicket,
    SessionSpec,
    SubscriptionRefused,
)
from mqtt.client.tls import client_context
from mqtt.contract.errors import UnavailableError
from mqtt.contract.reasons import ReasonCode

__all__ = ["PahoLink"]

_log = logging.getLogger(__name__)

_LOOP_S = 1.0
_GOODBYE_S = 1.0
_REFUSED_FROM = 0x80  # MQTT 5.0 §2.4: reason codes from 0x80 on are failures
_TAKEN_OVER = 0x8E
_KEEPALIVE = 0x8D
_NOT_AUTHORIZED = 0x87


class PahoLink:
    """The `Link` of production."""

    def __init__(self, spec: SessionSpec, connection: int, emit: Emit) -> None:
        self._spec = spec
        self._connection = connection
        self._emit = emit
        self._book = PublishBook(spec.queue_limit)
        self._client: paho.Client | None = None
        self._accepted_s: float | None = None
        self._loss: Loss | None = None
        self._filters: dict[int, str] = {}

    def run(self, stopping: threading.Event) -> LinkEnd:
        """See `Link.run`."""
        client = self._make_client()
        self._client = client
        try:
            reason = self._connect(client) or self._serve(client, stopping)
        finally:
            self._client = None
            _detach(client)
        lived_s = None if self._accepted_s is None else time.monotonic() - self._accepted_s
        return LinkEnd(Loss.STOPPED if stopping.is_set() else reason, lived_s)

    def publish(self, message: Message) -> PublishTicket:
        """See `Link.publish`."""
        client = self._client
        if client is None or self._accepted_s is None or self._loss is not None:
            raise UnavailableError(ReasonCode.BROKER_UNAVAILABLE)
        self._book.check_room()
        info = client.publish(
            message.topic,
            message.payload,
            message.qos,
            message.retain,
            publish_properties(message),
        )
        if info.rc != MQTTErrorCode.MQTT_ERR_SUCCESS:
            raise UnavailableError(ReasonCode.BROKER_UNAVAILABLE)
        accepted = self._book.note_sent(info.mid, message.qos)
        if accepted is not None:
            self._tell_result(info.mid, message.qos, accepted=accepted)
        return PublishTicket(self._connection, info.mid)

    def ack(self, handle: DeliveryHandle) -> bool:
        """See `Link.ack`."""
        client = self._client
        if client is None or self._loss is not None or handle.connection != self._connection:
            return False
        if handle.packet_id == NO_PACKET:
            return True
        return client.ack(handle.packet_id, 1) == MQTTErrorCode.MQTT_ERR_SUCCESS

    def say_goodbye(self) -> None:
        """See `Link.say_goodbye`."""
        client = self._client
        if client is not None:
            client.disconnect()

    def _make_client(self) -> paho.Client:
        spec = self._spec
        client = paho.Client(
            CallbackAPIVersion.VERSION2,
            client_id=spec.client_id,
            protocol=paho.MQTTv5,
            reconnect_on_failure=False,
            manual_ack=True,
        )
        client.suppress_exceptions = True
        client.max_inflight_messages = spec.inflight_limit
        client.connect_timeout = spec.connect_timeout_s
        if spec.will is not None:
            will = spec.will
            properties = will_properties(will, spec.will_delay_s)
            client.will_set(will.topic, will.payload, will.qos, will.retain, properties)
        client.on_socket_open = self._on_socket_open
        client.on_socket_register_write = _leave_to_the_loop
        client.on_connect = self._on_connect
        client.on_subscribe = self._on_subscribe
        client.on_publish = self._on_publish
        client.on_message = self._on_message
        client.on_disconnect = self._on_disconnect
        return client

    def _connect(self, client: paho.Client) -> Loss | None:
        spec = self._spec
        try:
            if spec.tls is not None:
                client.tls_set_context(client_context(spec.tls))
            client.connect(
                spec.host,
                spec.port,
                spec.keepalive_s,
                clean_start=spec.clean_start,
                properties=connect_properties(spec),
            )
        except ssl.SSLEOFError:
            return Loss.UNREACHABLE
        except ssl.SSLError:
            return Loss.TLS
        except OSError:
            return Loss.UNREACHABLE
        return None

    def _serve(self, client: paho.Client, stopping: threading.Event) -> Loss:
        answer_by_s = time.monotonic() + self._spec.connect_timeout_s
        leave_by_s: float | None = None
        while self._loss is None:
            now_s = time.monotonic()
            if self._accepted_s is None and now_s > answer_by_s:
                return Loss.UNREACHABLE
            if stopping.is_set():
                if leave_by_s is None:
                    leave_by_s = now_s + _GOODBYE_S
                    self.say_goodbye()
                elif now_s > leave_by_s:
                    break
            if client.loop(_LOOP_S) != MQTTErrorCode.MQTT_ERR_SUCCESS:
                break
        return self._loss or (Loss.REFUSED if self._accepted_s is None else Loss.CLOSED)

    def _tell_result(self, packet_id: int, qos: int, *, accepted: bool) -> None:
        if not accepted:
            _log.warning("mqtt_publish_refused", extra={"client": self._spec.client_id})
        if qos > 0:
            self._emit(PublishResult(PublishTicket(self._connection, packet_id), accepted))

    # Callbacks of paho: they run in the session's thread and only note or enqueue. paho swallows
    # what they raise (suppress_exceptions) and `emit` guards itself (session.py).

    def _on_socket_open(self, _client: paho.Client, _data: object, sock: object) -> None:
        if isinstance(sock, socket.socket):
            # Nagle and delayed ACK together cost 44 ms a hop; the user timeout ends a write into a
            # dead peer.
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            timeout_ms = self._spec.keepalive_s * 1000
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, timeout_ms)

    def _on_connect(
        self,
        client: paho.Client,
        _data: object,
        flags: paho.ConnectFlags,
        reason: PahoReason,
        _properties: Properties | None,
    ) -> None:
        if reason.value >= _REFUSED_FROM:
            self._loss = Loss.REFUSED
            return
        for topic_filter, qos in self._spec.subscriptions:
            options = SubscribeOptions(qos=qos, noLocal=True)
            _, packet_id = client.subscribe(topic_filter, options=options)
            if packet_id is not None:
                self._filters[packet_id] = topic_filter
        self._accepted_s = time.monotonic()
        self._emit(Connected(session_present=bool(flags.session_present)))

    def _on_subscribe(
        self,
        _client: paho.Client,
        _data: object,
        packet_id: int,
        reasons: list[PahoReason],
        _properties: Properties | None,
    ) -> None:
        topic_filter = self._filters.pop(packet_id, None)
        if topic_filter is not None and any(reason.value >= _REFUSED_FROM for reason in reasons):
            _log.warning("mqtt_subscription_refused", extra={"client": self._spec.client_id})
            self._emit(SubscriptionRefused(topic_filter))

    def _on_publish(
        self,
        _client: paho.Client,
        _data: object,
        packet_id: int,
        reason: PahoReason,
        _properties: Properties | None,
    ) -> None:
        accepted = reason.value < _REFUSED_FROM
        qos = self._book.note_answer(packet_id, accepted=accepted)
        if qos is not None:
            self._tell_result(packet_id, qos, accepted=accepted)

    def _on_message(self, client: paho.Client, _data: object, received: paho.MQTTMessage) -> None:
        try:
            inbound = inbound_of(received, self._connection)
        except UnicodeDecodeError:
            # Left unacknowledged, it would occupy one place of the receive maximum for ever.
            client.ack(received.mid, received.qos)
            _log.warning("mqtt_topic_unreadable", extra={"client": self._spec.client_id})
            return
        self._emit(inbound)

    def _on_disconnect(
        self,
        _client: paho.Client,
        _data: object,
        flags: paho.DisconnectFlags,
        reason: PahoReason,
        _properties: Properties | None,
    ) -> None:
        if self._loss is None:
            by_broker = bool(flags.is_disconnect_packet_from_server)
            accepted = self._accepted_s is not None
            self._loss = _loss_of(reason.value, by_broker=by_broker, accepted=accepted)


def _loss_of(code: int, *, by_broker: bool, accepted: bool) -> Loss:
    if code == _KEEPALIVE:
        return Loss.KEEPALIVE
    if by_broker and code == _TAKEN_OVER:
        return Loss.TAKEN_OVER
    if not accepted or (by_broker and code == _NOT_AUTHORIZED):
        return Loss.REFUSED
    return Loss.CLOSED


def _leave_to_the_loop(_client: paho.Client, _data: object, _sock: object) -> None:
    """Do nothing: its presence keeps paho from writing to the socket in the caller's thread."""


def _detach(client: paho.Client) -> None:
    """Cut the callbacks, so that the client and its sockets are freed at once."""
    client.on_socket_open = None
    client.on_connect = None
    client.on_subscribe = None
    client.on_publish = None
    client.on_message = None
    client.on_disconnect = None
