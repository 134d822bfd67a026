"""A desk at which one suite drives a real mosquitto and the in-memory broker alike."""

import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol, TypeVar

import pytest

from mqtt.broker.acl import ControllerRole
from mqtt.broker.home import BrokerClients, BrokerHome
from mqtt.broker.runner import MosquittoRunner, find_mosquitto, free_port, installed_version
from mqtt.client.backoff import LOCAL
from mqtt.client.memory import MemoryBroker, MemorySession
from mqtt.client.port import Connected, Inbound, Message, Session, SessionItem, SessionSpec
from mqtt.client.session import PahoSession
from mqtt.client.tls import TlsFiles
from mqtt.contract.errors import UnavailableError
from mqtt.contract.ids import GateId, SiteId
from tests.support.tcp_proxy import TcpProxy

__all__ = [
    "SITE",
    "Client",
    "Desk",
    "Inbox",
    "MemoryDesk",
    "MosquittoDesk",
    "down",
    "needs_mosquitto",
    "running_mosquitto",
    "up",
]

SITE = SiteId("site-one")
GATES = tuple(GateId(f"gate-{number:02}") for number in range(60))
CONTROLLERS = tuple(
    pair
    for number in range(60)
    for pair in (
        (f"ctl-web-{number:02}", ControllerRole.WEB),
        (f"ctl-ingest-{number:02}", ControllerRole.INGEST),
    )
)
CLIENTS = BrokerClients(SITE, GATES, CONTROLLERS)

Item = TypeVar("Item")


def up(gate: str, kind: str) -> str:
    return f"ac/1/{SITE}/{gate}/up/{kind}"


def down(gate: str, kind: str) -> str:
    return f"ac/1/{SITE}/{gate}/dn/{kind}"


class Inbox:
    """Everything that a session emitted."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._items: list[SessionItem] = []

    def put(self, item: SessionItem) -> None:
        with self._lock:
            self._items.append(item)

    def all(self) -> list[SessionItem]:
        with self._lock:
            return list(self._items)

    def of(self, kind: type[Item]) -> list[Item]:
        return [item for item in self.all() if isinstance(item, kind)]

    @property
    def payloads(self) -> list[bytes]:
        return [inbound.message.payload for inbound in self.of(Inbound)]


@dataclass(frozen=True)
class Client:
    name: str
    session: Session
    inbox: Inbox = field(default_factory=Inbox)

    def say(self, topic: str, payload: bytes = b"x", qos: int = 1, **more: object) -> None:
        self.session.publish(replace(Message(topic, payload, qos), **more))  # type: ignore[arg-type]  # test sugar


class Desk(Protocol):
    """What the contract suite needs of a broker."""

    def names(self) -> tuple[str, str, str]:
        """Return unused names: gate, ctl-web, ctl-ingest."""

    def make(self, name: str, *subscriptions: str, **spec: object) -> Client: ...

    def until(self, reached: Callable[[], bool], within_s: float = 5.0) -> None: ...

    def rest(self, seconds: float) -> None: ...

    def cut(self, client: Client) -> None: ...

    def freeze(self, client: Client) -> None: ...

    def mend(self, client: Client) -> None: ...

    def restart(self) -> None: ...

    def close(self) -> None: ...


def joined(desk: Desk, client: Client, times: int = 1) -> Client:
    client.session.start()
    desk.until(lambda: len(client.inbox.of(Connected)) >= times)
    return client


class _Names:
    def __init__(self) -> None:
        self._next = 0

    def take(self) -> tuple[str, str, str]:
        number = self._next
        self._next += 1
        return f"gate-{number:02}", f"ctl-web-{number:02}", f"ctl-ingest-{number:02}"


def _spec(
    name: str, port: int, tls: TlsFiles | None, filters: tuple[str, ...], more: dict[str, object]
) -> SessionSpec:
    subscriptions = tuple((topic_filter, 1) for topic_filter in filters)
    plain = SessionSpec(name, "127.0.0.1", port, tls, subscriptions, backoff=LOCAL)
    return replace(plain, **more)  # type: ignore[arg-type]  # tests override any field


class MemoryDesk:
    def __init__(self) -> None:
        self.now_ms = 1_000_000
        self.broker = MemoryBroker(lambda: self.now_ms, allows=CLIENTS.acl().allows)
        self._names = _Names()

    def names(self) -> tuple[str, str, str]:
        return self._names.take()

    def make(self, name: str, *subscriptions: str, **spec: object) -> Client:
        inbox = Inbox()
        made = _spec(name, 1, None, subscriptions, spec)
        return Client(name, MemorySession(made, inbox.put, self.broker), inbox)

    def until(self, reached: Callable[[], bool], within_s: float = 5.0) -> None:
        end_ms = self.now_ms + round(within_s * 1000)
        self.broker.pump()
        while not reached():
            due_ms = self.broker.next_due_ms()
            assert due_ms is not None, "nothing more happens"
            assert due_ms <= end_ms, f"not within {within_s} s"
            self.now_ms = max(self.now_ms, due_ms)
            self.broker.pump()

    def rest(self, seconds: float) -> None:
        end_ms = self.now_ms + round(seconds * 1000)
        self.broker.pump()
        while (due_ms := self.broker.next_due_ms()) is not None and due_ms <= end_ms:
            self.now_ms = max(self.now_ms, due_ms)
            self.broker.pump()
        self.now_ms = end_ms

    def cut(self, client: Client) -> None:
        self.broker.cut(client.name)

    def freeze(self, client: Client) -> None:
        self.broker.cut(client.name, noticed_after_ms=2000)

    def mend(self, client: Client) -> None:
        self.broker.mend(client.name)

    def restart(self) -> None:
        self.broker.stop()
        self.broker.start()

    def close(self) -> None:
        """Nothing to free."""


class MosquittoDesk:
    """A mosquitto with mTLS and ACL; every client has a cable of its own."""

    def __init__(self, folder: Path, at: datetime | None = None) -> None:
        self.at = at or datetime.now(UTC) - timedelta(minutes=1)  # noqa: TID251  a real TLS peer checks dates
        self.home = BrokerHome(folder)
        self.port = free_port()
        self.home.prepare(CLIENTS, version=installed_version(), port=self.port, at=self.at)
        self.runner = MosquittoRunner(self.home.config_file, self.port, self.home.log_file)
        self._names = _Names()
        self._clients: list[Client] = []
        self._cables: dict[str, TcpProxy] = {}

    def names(self) -> tuple[str, str, str]:
        return self._names.take()

    def make(self, name: str, *subscriptions: str, **spec: object) -> Client:
        tls = self.home.identity(name, self.at)
        if name not in self._cables:
            self._cables[name] = TcpProxy(self.port)
        inbox = Inbox()
        made = _spec(name, self._cables[name].port, tls, subscriptions, spec)
        client = Client(name, PahoSession(made, inbox.put), inbox)
        self._clients.append(client)
        return client

    def until(self, reached: Callable[[], bool], within_s: float = 5.0) -> None:
        end_s = time.monotonic() + within_s
        while not reached():
            assert time.monotonic() < end_s, f"not within {within_s} s"
            time.sleep(0.005)

    def rest(self, seconds: float) -> None:
        time.sleep(seconds)

    def cut(self, client: Client) -> None:
        self._cables[client.name].cut()

    def freeze(self, client: Client) -> None:
        self._cables[client.name].freeze()

    def mend(self, client: Client) -> None:
        self._cables[client.name].mend()

    def restart(self) -> None:
        self.runner.restart()

    def close(self) -> None:
        """Stop sessions, cables and the broker."""
        for client in self._clients:
            client.session.stop()
        for cable in self._cables.values():
            cable.close()
        self.runner.kill()


def needs_mosquitto() -> None:
    try:
        find_mosquitto()
    except UnavailableError:
        pytest.skip("mosquitto is not installed")


@contextmanager
def running_mosquitto(folder: Path) -> Iterator[MosquittoDesk]:
    needs_mosquitto()
    desk = MosquittoDesk(folder)
    try:
        desk.runner.start()
        yield desk
    finally:
        desk.close()
        shutil.rmtree(folder / "data", ignore_errors=True)
