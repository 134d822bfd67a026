"""Measure a command's way there and back: 200 B, mutual TLS, QoS 1, loopback, no commit.

Two brokers run side by side, one with NODELAY on both ends as the product sets it, one with the
defaults of the broker and the library; the echoes alternate between them.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from time import perf_counter

from equalgate.bench.figures import Desk, at_most, p50, p99
from equalgate.bench.gate_papers import GATE, SITE
from equalgate.bench.wire import WEB, Wire, running_broker
from mqtt.client.link import PahoLink
from mqtt.client.link_port import Link
from mqtt.client.port import Connected, Emit, Inbound, Message, Session, SessionItem, SessionSpec
from mqtt.client.session import PahoSession
from mqtt.contract.topics import TopicKind, build, down_filter, site_filter

__all__ = ["run"]

_BYTES = 200
_LIMIT_S = 10.0
_WARM_UP = 5
_UP = build(SITE, GATE, TopicKind.TELEMETRY)
_DOWN = build(SITE, GATE, TopicKind.COMMAND)


class _DelayingLink(PahoLink):
    """paho as it comes: Nagle's algorithm stays on."""

    def _on_socket_open(self, _client: object, _data: object, sock: object) -> None:
        """Set nothing."""


class _Echoes:
    """A gate that asks and a controller that answers at once, over one broker."""

    def __init__(self, wire: Wire, open_link: Callable[[SessionSpec, int, Emit], Link]) -> None:
        self._back = threading.Event()
        self._payload = bytes(_BYTES)
        self._gate = _session(wire, GATE, ((down_filter(SITE, GATE), 1),), self._heard, open_link)
        telemetry = ((site_filter(SITE, TopicKind.TELEMETRY), 1),)
        self._web = _session(wire, WEB, telemetry, self._answer, open_link)
        self._up = threading.Semaphore(0)

    def start(self) -> None:
        """Connect both ends. Raises TimeoutError."""
        for session in (self._gate, self._web):
            session.start()
        for _ in range(2):
            if not self._up.acquire(timeout=_LIMIT_S):
                raise TimeoutError("no connection to the broker")

    def stop(self) -> None:
        """Disconnect."""
        for session in (self._gate, self._web):
            session.stop()

    def once(self) -> float:
        """Send one message there and back; return the seconds."""
        self._back.clear()
        began_s = perf_counter()
        self._gate.publish(Message(_UP, self._payload, 1))
        if not self._back.wait(_LIMIT_S):
            raise TimeoutError("no echo")
        return perf_counter() - began_s

    def _heard(self, item: SessionItem) -> None:
        match item:
            case Inbound():
                self._back.set()
                self._gate.ack(item)
            case Connected():
                self._up.release()
            case _:
                pass

    def _answer(self, item: SessionItem) -> None:
        match item:
            case Inbound(message):
                self._web.publish(Message(_DOWN, message.payload, 1))
                self._web.ack(item)
            case Connected():
                self._up.release()
            case _:
                pass


def run(desk: Desk) -> None:
    """Report round trips."""
    count = desk.size(2_000, 30)
    with ExitStack() as stack:
        quick = stack.enter_context(_echoes(desk, "nodelay", is_quick=True))
        slow = stack.enter_context(_echoes(desk, "defaults", is_quick=False))
        desk.say("connected; echoing")
        ours, defaults = _alternate(quick, slow, count)
    note = "NODELAY on both ends; baseline: defaults of broker and library"
    for name, of, target in (("p50", p50, at_most(1)), ("p99", p99, None)):
        value, baseline = of(ours) * 1e3, of(defaults) * 1e3
        desk.report(
            f"echo {name}", value, "ms", len(ours), target=target, baseline=baseline, note=note
        )


def _alternate(quick: _Echoes, slow: _Echoes, count: int) -> tuple[list[float], list[float]]:
    """Return the seconds of `count` echoes, and of one in ten with the defaults between them."""
    ours: list[float] = []
    defaults: list[float] = []
    for _ in range(_WARM_UP):
        quick.once()
        slow.once()
    while len(ours) < count:
        ours += [quick.once() for _ in range(10)]
        defaults.append(slow.once())
    return ours, defaults


@contextmanager
def _echoes(desk: Desk, name: str, *, is_quick: bool) -> Iterator[_Echoes]:
    def without(text: str) -> str:
        return text.replace("set_tcp_nodelay true", "set_tcp_nodelay false")

    change = None if is_quick else without
    with running_broker(desk.folder / name, change=change) as wire:
        echoes = _Echoes(wire, PahoLink if is_quick else _DelayingLink)
        try:
            echoes.start()
            yield echoes
        finally:
            echoes.stop()


def _session(
    wire: Wire,
    name: str,
    subscriptions: tuple[tuple[str, int], ...],
    emit: Emit,
    open_link: Callable[[SessionSpec, int, Emit], Link],
) -> Session:
    spec = SessionSpec(name, "127.0.0.1", wire.port, wire.identity(name), subscriptions)
    return PahoSession(spec, emit, open_link=open_link)
