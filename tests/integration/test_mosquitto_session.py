"""The supervised paho session: it comes back, stays quick, outlives broken peers and consumers."""

import socket
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from mqtt.client.backoff import Backoff
from mqtt.client.link_port import LinkEnd
from mqtt.client.port import (
    Connected,
    DeliveryHandle,
    Disconnected,
    Emit,
    Inbound,
    Loss,
    Message,
    PublishTicket,
    SessionItem,
    SessionSpec,
)
from mqtt.client.session import PahoSession
from mqtt.contract.errors import UnavailableError
from tests.support.broker import SITE, Inbox, MosquittoDesk, down, joined, running_mosquitto, up

QUICK = Backoff(0.02, 0.05)
CONNACK = bytes([0x20, 3, 0, 0, 0])


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MosquittoDesk]:
    with running_mosquitto(tmp_path_factory.mktemp("broker")) as desk:
        yield desk


def wait_until(inbox: Inbox, kind: type, count: int, within_s: float = 5.0) -> None:
    end_s = time.monotonic() + within_s
    while len(inbox.of(kind)) < count:
        assert time.monotonic() < end_s, inbox.all()
        time.sleep(0.005)


@pytest.mark.parametrize("how", ["stop", "kill"])
def test_broker_restart_is_healed_within_seconds(desk: MosquittoDesk, how: str) -> None:
    gate, web, _ = desk.names()
    receiver = joined(desk, desk.make(gate, down(gate, "#")))
    sender = joined(desk, desk.make(web))
    getattr(desk.runner, how)()
    desk.until(lambda: bool(receiver.inbox.of(Disconnected)))
    with pytest.raises(UnavailableError):
        receiver.say(up(gate, "ev"))
    desk.runner.start()
    back_s = time.monotonic()
    for client in (receiver, sender):
        wait_until(client.inbox, Connected, 2)
    assert time.monotonic() - back_s < 2.5
    sender.say(down(gate, "cmd"), b"after")
    desk.until(lambda: receiver.inbox.payloads == [b"after"])


def test_frozen_broker_is_noticed_by_keepalive(desk: MosquittoDesk) -> None:
    gate, _, _ = desk.names()
    client = joined(desk, desk.make(gate, keepalive_s=1))
    desk.runner.pause()
    try:
        desk.until(lambda: Disconnected(Loss.KEEPALIVE) in client.inbox.all(), within_s=8)
    finally:
        desk.runner.resume()
    desk.until(lambda: len(client.inbox.of(Connected)) == 2)


def test_round_trip_does_not_wait_for_nagle(desk: MosquittoDesk) -> None:
    gate, web, _ = desk.names()
    heard = threading.Event()
    echoing = joined(desk, desk.make(gate, down(gate, "cmd")))
    asking = joined(desk, desk.make(web, f"ac/1/{SITE}/+/up/rsp"))
    inbox_put = echoing.inbox.put

    def echo(item: SessionItem) -> None:
        inbox_put(item)
        if isinstance(item, Inbound):
            echoing.say(up(gate, "rsp"), item.message.payload)
            echoing.session.ack(item)

    def answer(item: SessionItem) -> None:
        if isinstance(item, Inbound):
            asking.session.ack(item)
            heard.set()

    echoing.session._emit = echo  # type: ignore[attr-defined]  # swap the consumer
    asking.session._emit = answer  # type: ignore[attr-defined]  # swap the consumer
    took_ms = []
    for _ in range(60):
        heard.clear()
        start_s = time.perf_counter()
        asking.say(down(gate, "cmd"), b"x" * 200)
        assert heard.wait(5)
        took_ms.append((time.perf_counter() - start_s) * 1000)
    # Without TCP_NODELAY on both ends it is 44 ms; with it about 1 ms on an idle machine.
    assert statistics.median(took_ms) < 20


def test_consumer_that_fails_loses_nothing(desk: MosquittoDesk) -> None:
    gate, web, _ = desk.names()
    inbox = Inbox()
    fails = [True]

    def emit(item: SessionItem) -> None:
        if isinstance(item, Inbound) and fails:
            fails.clear()
            raise ValueError("a bug in the consumer")
        inbox.put(item)

    client = desk.make(gate, down(gate, "#"))
    session = PahoSession(client.session._spec, emit)  # type: ignore[attr-defined]  # same specification
    session.start()
    wait_until(inbox, Connected, 1)
    sender = joined(desk, desk.make(web))
    sender.say(down(gate, "cmd"), b"1")
    sender.say(down(gate, "cmd"), b"2")
    desk.until(lambda: inbox.payloads == [b"2"])
    assert not inbox.of(Disconnected)
    assert session.ack(inbox.of(Inbound)[0])
    desk.rest(0.1)
    desk.cut(client)
    wait_until(inbox, Disconnected, 1)
    desk.mend(client)
    desk.until(lambda: inbox.payloads == [b"2", b"1"])
    assert inbox.of(Inbound)[1].redelivered
    session.stop()


class BrokenLink:
    """A connection in which the library fails in one way or another."""

    def run(self, stopping: threading.Event) -> LinkEnd:
        raise RuntimeError("the network loop died")

    def publish(self, message: Message) -> PublishTicket:
        raise AssertionError(message)

    def ack(self, handle: DeliveryHandle) -> bool:
        raise AssertionError(handle)

    def say_goodbye(self) -> None:
        """Nothing to say."""


def test_dead_network_loop_is_replaced(desk: MosquittoDesk) -> None:
    from mqtt.client.link import PahoLink

    gate, _, _ = desk.names()
    opened: list[int] = []

    def open_link(spec: SessionSpec, connection: int, emit: Emit) -> BrokenLink | PahoLink:
        opened.append(connection)
        return BrokenLink() if connection < 4 else PahoLink(spec, connection, emit)

    inbox = Inbox()
    spec = desk.make(gate, backoff=QUICK).session._spec  # type: ignore[attr-defined]  # same specification
    session = PahoSession(spec, inbox.put, open_link=open_link)
    session.start()
    wait_until(inbox, Connected, 1)
    session.stop()
    assert opened == [1, 2, 3, 4]
    assert inbox.all() == [Disconnected(Loss.CRASHED), Connected(False), Disconnected(Loss.STOPPED)]


class HostileBroker:
    """Answer every connection with fixed bytes and collect what comes."""

    def __init__(self, answer: bytes) -> None:
        self._answer = answer
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(0.05)
        self.port: int = self._listener.getsockname()[1]
        self.heard: list[bytes] = []
        self._is_open = True
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while self._is_open:
            try:
                side, _ = self._listener.accept()
            except TimeoutError:
                continue
            with side:
                side.settimeout(0.3)
                heard = side.recv(4096)
                side.sendall(self._answer)
                try:
                    while chunk := side.recv(4096):
                        heard += chunk
                except OSError:
                    pass
                self.heard.append(heard)

    def close(self) -> None:
        self._is_open = False
        self._thread.join()
        self._listener.close()


def publish_packet(topic: bytes, payload: bytes) -> bytes:
    body = len(topic).to_bytes(2, "big") + topic + b"\x00\x07" + b"\x00" + payload
    return bytes([0x32, len(body)]) + body


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        b"\x00" * 64,
        CONNACK[:3],
        CONNACK + b"\xff" * 64,
        CONNACK + b"\x30\xff\xff\xff\xff\x7f",
        CONNACK + bytes([0x40, 1, 0]),
        CONNACK + bytes([0x90, 4, 0, 1, 0, 0x9E]),
        CONNACK + bytes([0x32, 4, 0xFF, 0xFF, 0x61, 0x61]),
        CONNACK + bytes([0xE0, 0]),
        bytes([0x20, 3, 0, 0x87, 0]),
    ],
)
def test_session_outlives_a_hostile_broker(answer: bytes) -> None:
    broker = HostileBroker(answer)
    inbox = Inbox()
    spec = SessionSpec(
        "gate-00",
        "127.0.0.1",
        broker.port,
        None,
        (("a/#", 1),),
        backoff=QUICK,
        connect_timeout_s=1.0,
    )
    session = PahoSession(spec, inbox.put)
    session.start()
    end_s = time.monotonic() + 5
    while len(broker.heard) < 2:
        assert time.monotonic() < end_s
        time.sleep(0.01)
    session.stop()
    broker.close()
    assert inbox.all()[-1] == Disconnected(Loss.STOPPED)
    assert not inbox.of(Inbound)


def test_topic_that_is_not_utf_8_is_acknowledged_and_dropped() -> None:
    broker = HostileBroker(
        CONNACK + publish_packet(b"\xff\xfe", b"x") + publish_packet(b"ok", b"y")
    )
    inbox = Inbox()
    spec = SessionSpec("gate-00", "127.0.0.1", broker.port, None, backoff=Backoff(5, 6))
    session = PahoSession(spec, inbox.put)
    session.start()
    wait_until(inbox, Disconnected, 1)
    session.stop()
    broker.close()
    assert inbox.payloads == [b"y"]
    puback = bytes([0x40, 2, 0, 7])
    assert broker.heard[0].count(puback) == 1


def test_importing_the_session_is_cheap_and_starting_twice_is_refused(tmp_path: Path) -> None:
    code = (
        "import sys, mqtt.client.session as s; print(sorted(m for m in sys.modules if 'paho' in m))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
    session = PahoSession(
        SessionSpec("gate-lone", "127.0.0.1", 1, None, backoff=QUICK), Inbox().put
    )
    session.start()
    with pytest.raises(RuntimeError):
        session.start()
    session.stop()
    assert not [t for t in threading.enumerate() if t.name == "mqtt-gate-lone"]
