"""Stand at the broker as its hostile operator would: hear everything, publish anything."""

import queue
import time
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from equalgate.demo.steps import StepFailedError
from mqtt.broker.acl import Acl, Grant, acl_of
from mqtt.broker.home import BrokerClients
from mqtt.client.backoff import LOCAL
from mqtt.client.filters import Access
from mqtt.client.port import Connected, Inbound, Message, SessionItem, SessionSpec
from mqtt.client.session import PahoSession
from mqtt.client.tls import TlsFiles

__all__ = ["NAME", "ClientsOfHostileBroker", "Eavesdropper"]

NAME = "ctl-eavesdropper"
_EVERYTHING = "ac/#"
_PATIENCE_S = 5.0


@dataclass(frozen=True, slots=True)
class ClientsOfHostileBroker(BrokerClients):
    """The clients of a compound whose broker is in the wrong hands; for the tour only."""

    def acl(self) -> Acl:
        """Return the table of rights with one more line: the eavesdropper may do everything."""
        rights = (Grant(Access.READ, _EVERYTHING), Grant(Access.WRITE, _EVERYTHING))
        honest = acl_of(self.site, self.gates, self.controllers)
        return Acl((*honest.users, (NAME, rights)))


class Eavesdropper:
    """A client that hears every message of the compound and can repeat it."""

    def __init__(self, port: int, tls: TlsFiles) -> None:
        self._heard: queue.SimpleQueue[SessionItem] = queue.SimpleQueue()
        spec = SessionSpec(
            client_id=NAME,
            host="127.0.0.1",
            port=port,
            tls=tls,
            subscriptions=((_EVERYTHING, 1),),
            clean_start=True,
            session_expiry_s=0,
            backoff=LOCAL,
        )
        self._session = PahoSession(spec, self._heard.put)

    def __enter__(self) -> Self:
        self._session.start()
        self._take_until(lambda item: isinstance(item, Connected))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._session.stop()

    def wait_for(self, topic: str, within_s: float = _PATIENCE_S) -> Message:
        """Return the next message on `topic` that was not read yet. Raises StepFailedError."""
        item = self._take_until(
            lambda item: isinstance(item, Inbound) and item.message.topic == topic, within_s
        )
        if not isinstance(item, Inbound):
            raise StepFailedError(f"nothing heard on {topic}")
        return item.message

    def publish(self, topic: str, payload: bytes) -> None:
        """Publish bytes as our own message."""
        self._session.publish(Message(topic, payload, qos=1))

    def drop(self) -> None:
        """Forget what was heard so far."""
        self.heard()

    def heard(self) -> list[Message]:
        """Return every message that was heard and not read yet."""
        messages = []
        while not self._heard.empty():
            item = self._heard.get()
            if isinstance(item, Inbound):
                self._session.ack(item)
                messages.append(item.message)
        return messages

    def _take_until(
        self, is_it: Callable[[SessionItem], bool], within_s: float = _PATIENCE_S
    ) -> SessionItem:
        ends_s = time.monotonic() + within_s
        while time.monotonic() < ends_s:
            try:
                item = self._heard.get(timeout=0.2)
            except queue.Empty:
                continue
            if isinstance(item, Inbound):
                self._session.ack(item)
            if is_it(item):
                return item
        raise StepFailedError("the eavesdropper heard nothing")
