"""An in-memory MQTT 5 broker: deterministic, with the faults that mosquitto was measured to have.

It serves the simulator and passes the same contract tests as mosquitto: QoS 0 and 1, retained
messages, wildcards, sessions and messages that expire, wills with delay, take-over, no-local, ACL
at publish and at delivery. Nothing happens outside `pump()`, and time is what the clock says.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from mqtt.client.agenda import Agenda
from mqtt.client.filters import Access, matches
from mqtt.client.memory_state import NO_FAULTS, ClientState, Faults, Link, Stored, expiry_of
from mqtt.client.port import DeliveryHandle, Inbound, Loss, Message

__all__ = ["Allows", "MemoryBroker", "allow_all"]

Allows = Callable[[str, Access, str], bool]
"""(client id, access, topic) -> whether the ACL grants it."""

_QUEUE_LIMIT = 1000


def allow_all(_client_id: str, _access: Access, _topic: str) -> bool:
    """Grant everything."""
    return True


class MemoryBroker:
    """The broker. `latency_ms` is the time of a hop, `queue_limit` what it keeps for a client."""

    def __init__(
        self,
        clock_ms: Callable[[], int],
        *,
        allows: Allows = allow_all,
        faults: Faults = NO_FAULTS,
        latency_ms: int = 0,
        queue_limit: int = _QUEUE_LIMIT,
    ) -> None:
        self.agenda = Agenda(clock_ms)
        self.latency_ms = latency_ms
        self._allows = allows
        self._faults = faults
        self._queue_limit = queue_limit
        self._is_up = True
        self._unreachable: set[str] = set()
        self._clients: dict[str, ClientState] = {}
        self._retained: dict[str, Stored] = {}
        self._disk: tuple[dict[str, ClientState], dict[str, Stored]] = ({}, {})
        self._connections = 0

    def pump(self) -> int:
        """Do all that is due now; return how many steps that were."""
        return self.agenda.pump()

    def next_due_ms(self) -> int | None:
        """Return when something is due next, None for never."""
        return self.agenda.next_due_ms()

    def retained(self, topic: str) -> Message | None:
        """Return the retained message of a topic."""
        stored = self._retained.get(topic)
        alive = stored.at(self.agenda.now_ms()) if stored is not None else None
        return alive.message if alive is not None else None

    # Faults of the network and of the process

    def cut(self, client_id: str, *, noticed_after_ms: int = 0) -> None:
        """Cut the network of a client until `mend`; with a delay it is half open first."""
        self._unreachable.add(client_id)
        client = self._clients.get(client_id)
        if client is None or client.link is None:
            return
        client.is_muted = True
        connection = client.connection
        if noticed_after_ms == 0:
            self._end(client_id, connection, Loss.CLOSED)
        else:
            notice = partial(self._end, client_id, connection, Loss.KEEPALIVE)
            self.agenda.after(noticed_after_ms, notice)

    def mend(self, client_id: str) -> None:
        """Join the network of a client again; it connects when its back-off says so."""
        self._unreachable.discard(client_id)

    def stop(self) -> None:
        """End in order (SIGTERM): wills are sent, sessions and retained messages stay."""
        self._end_all()
        self.save()
        self._is_up = False

    def crash(self) -> None:
        """End at once (SIGKILL): back to the last `save`, no wills."""
        for client in self._clients.values():
            client.has_will = False
        self._end_all()
        self._is_up = False
        clients, retained = self._disk
        self._clients = {name: client.saved() for name, client in clients.items()}
        self._retained = dict(retained)

    def save(self) -> None:
        """Write sessions and retained messages as mosquitto does every autosave interval."""
        saved = {name: client.saved() for name, client in self._clients.items()}
        self._disk = (saved, dict(self._retained))

    def start(self) -> None:
        """Accept connections again."""
        self._is_up = True
        for name, client in self._clients.items():
            self._expire_later(name, client)

    def _end_all(self) -> None:
        for name, client in list(self._clients.items()):
            if client.has_will:
                self._send_will(name, client)
            self._end(name, client.connection, Loss.CLOSED)

    # What clients do; called by MemorySession

    def connect(self, link: Link) -> int | None:
        """Take CONNECT and SUBSCRIBE; return the number of the connection, None if unreachable."""
        spec = link.spec
        if not self._is_up or spec.client_id in self._unreachable:
            return None
        old = self._clients.get(spec.client_id)
        if old is not None and old.link is not None:
            self._take_over(spec.client_id, old, clean=spec.clean_start)
            old = self._clients.get(spec.client_id)
        client = old if old is not None and not spec.clean_start else ClientState(spec)
        self._connections += 1
        client.spec, client.link, client.connection = spec, link, self._connections
        client.is_muted, client.has_will = False, spec.will is not None
        client.take_back_inflight()
        self._clients[spec.client_id] = client
        connection = self._connections
        self.agenda.after(0, partial(self._welcome, connection, client, present=client is old))
        return connection

    def receive(self, client_id: str, connection: int, number: int, message: Message) -> None:
        """Take PUBLISH from a connection that still exists, and answer it."""
        client = self._connected(client_id, connection)
        if client is None or client.link is None:
            return
        allowed = self._allows(client_id, Access.WRITE, message.topic)
        client.link.answered(number, accepted=allowed, qos=message.qos)
        if allowed and self._faults.keeps(client_id, message):
            self._route(client_id, message)

    def acknowledge(self, client_id: str, connection: int, packet_id: int) -> None:
        """Take PUBACK; the next message may go out."""
        client = self._connected(client_id, connection)
        if client is not None:
            client.inflight.pop(packet_id, None)
            self._flush(client_id, client)

    def leave(self, client_id: str, connection: int) -> None:
        """Take DISCONNECT: the will is discarded."""
        client = self._clients.get(client_id)
        if client is not None and client.connection == connection:
            client.has_will = False
            client.link = None
            self._expire_later(client_id, client)

    # Inside

    def _connected(self, client_id: str, connection: int) -> ClientState | None:
        client = self._clients.get(client_id)
        if client is None or client.link is None or client.is_muted:
            return None
        return client if client.connection == connection else None

    def _welcome(self, connection: int, client: ClientState, *, present: bool) -> None:
        name = client.spec.client_id
        if self._connected(name, connection) is None or client.link is None:
            return
        client.link.accepted(session_present=present)
        self._flush(name, client)
        for topic_filter, qos in client.spec.subscriptions:
            client.subscriptions[topic_filter] = qos
            for topic, stored in list(self._retained.items()):
                if matches(topic_filter, topic):
                    kept = replace(stored, message=replace(stored.message, retain=True))
                    self._offer(name, client, kept, qos)

    def _take_over(self, client_id: str, old: ClientState, *, clean: bool) -> None:
        # As mosquitto does it: a will without delay is withheld too where the session goes on.
        if old.has_will and (clean or old.spec.session_expiry_s == 0):
            self._send_will(client_id, old)
        old.has_will = False
        self._end(client_id, old.connection, Loss.TAKEN_OVER)

    def _end(self, client_id: str, connection: int, reason: Loss) -> None:
        client = self._clients.get(client_id)
        if client is None or client.link is None or client.connection != connection:
            return
        link, client.link = client.link, None
        link.lost(reason)
        if client.has_will:
            delay_s = min(client.spec.will_delay_s, client.spec.session_expiry_s)
            will_is_due = partial(self._will_is_due, client_id, client, connection)
            self.agenda.after(delay_s * 1000, will_is_due)
        self._expire_later(client_id, client)

    def _will_is_due(self, client_id: str, client: ClientState, connection: int) -> None:
        if client.has_will and client.link is None and client.connection == connection:
            self._send_will(client_id, client)

    def _send_will(self, client_id: str, client: ClientState) -> None:
        client.has_will = False
        will = client.spec.will
        if self._is_up and will is not None and self._allows(client_id, Access.WRITE, will.topic):
            self._route(client_id, will)

    def _expire_later(self, client_id: str, client: ClientState) -> None:
        connection = client.connection

        def expire() -> None:
            is_same = self._clients.get(client_id) is client and client.connection == connection
            if self._is_up and is_same and client.link is None:
                del self._clients[client_id]

        self.agenda.after(client.spec.session_expiry_s * 1000, expire)

    def _route(self, publisher: str, message: Message) -> None:
        stored = expiry_of(message, self.agenda.now_ms())
        if message.retain:
            if message.payload:
                self._retained[message.topic] = stored
            else:
                self._retained.pop(message.topic, None)
        passed_on = replace(stored, message=replace(message, retain=False))
        for name, client in list(self._clients.items()):
            granted = client.granted_qos(message.topic)
            if granted is not None and name != publisher:
                self._offer(name, client, passed_on, granted)

    def _offer(self, name: str, client: ClientState, stored: Stored, granted: int) -> None:
        if not self._allows(name, Access.READ, stored.message.topic):
            return
        qos = min(granted, stored.message.qos)
        ready = replace(stored, message=replace(stored.message, qos=qos))
        if qos == 0:
            if client.link is not None:
                self._send(name, client, ready, 0)
        elif len(client.queue) < self._queue_limit:
            client.queue.append(ready)
            self._flush(name, client)

    def _flush(self, name: str, client: ClientState) -> None:
        while (
            client.link is not None
            and client.queue
            and len(client.inflight) < client.spec.receive_maximum
        ):
            stored = client.queue.popleft()
            packet_id = client.next_packet_id()
            client.inflight[packet_id] = stored
            if not self._send(name, client, stored, packet_id):
                del client.inflight[packet_id]

    def _send(self, name: str, client: ClientState, stored: Stored, packet_id: int) -> bool:
        alive = stored.at(self.agenda.now_ms())
        if alive is None:
            return False
        delays_ms = self._faults.copies(name, alive.message)
        handle = DeliveryHandle(client.connection, packet_id)
        inbound = Inbound(alive.message, handle, redelivered=stored.redelivered)

        def arrive() -> None:
            connected = self._connected(name, handle.connection)
            if connected is not None and connected.link is not None:
                connected.link.delivered(inbound)

        for delay_ms in delays_ms:
            self.agenda.after(self.latency_ms + delay_ms, arrive)
        return bool(delays_ms)
