"""Play the outboxes of many gates over a few connections to the broker.

As a real gate does: at most 20 batches on their way, only a signed acknowledgement moves on, and
what brings no answer is sent again.
"""

import threading
import time
from collections.abc import Callable, Iterable, Mapping

from edge.gate.outbox import WINDOW
from equalgate.bench.gate_papers import SITE
from equalgate.bench.ingest_events import Backlog
from equalgate.bench.wire import Wire
from mqtt.client.port import Connected, Inbound, Message, SessionItem, SessionSpec
from mqtt.client.session import PahoSession
from mqtt.contract import codec, envelope
from mqtt.contract.events import Ack
from mqtt.contract.ids import GateId
from mqtt.contract.topics import TopicKind, build

__all__ = ["Load", "LoadAcl", "loader_acl"]

LoadAcl = str
_QUEUE = 100_000
_AGAIN_S = 5.0
_LIMIT_S = 10.0
_LOOK_S = 0.02


def loader_acl(names: Iterable[str]) -> LoadAcl:
    """Return the lines that let these clients of a benchmark speak for every gate."""
    users = (f"\nuser {name}\ntopic readwrite ac/1/{SITE}/#\n" for name in names)
    return "".join(users)


class _Outbox:
    """One gate's batches; `sent` and `acked` count batches."""

    __slots__ = ("acked", "backlog", "sent", "topic")

    def __init__(self, backlog: Backlog) -> None:
        self.backlog = backlog
        self.topic = build(SITE, backlog.gate, TopicKind.EVENTS)
        self.sent = 0
        self.acked = 0

    def settle(self, upto: int) -> None:
        """Take an acknowledgement of everything below event `upto`."""
        ends = self.backlog.ends
        while self.acked < len(ends) and ends[self.acked] <= upto:
            self.acked += 1
        self.sent = max(self.sent, self.acked)

    @property
    def is_done(self) -> bool:
        return self.acked == len(self.backlog.ends)


class Load:
    """One connection that plays some gates; `acked` is called with (gate, upto, seconds)."""

    def __init__(
        self,
        wire: Wire,
        name: str,
        backlogs: Iterable[Backlog],
        *,
        window: int = WINDOW,
        acked: Callable[[str, int, float], None] | None = None,
    ) -> None:
        self._outboxes: Mapping[str, _Outbox] = {one.gate: _Outbox(one) for one in backlogs}
        self._window = window
        self._acked = acked
        self._up = threading.Event()
        self._hold = threading.Lock()
        self._progress_s = time.monotonic()
        self._failure: Exception | None = None
        self.sent_again = 0
        filters = tuple((build(SITE, each, TopicKind.ACK), 1) for each in _gates(backlogs))
        spec = SessionSpec(
            name,
            "127.0.0.1",
            wire.port,
            wire.identity(name),
            filters,
            clean_start=True,
            session_expiry_s=0,
            receive_maximum=1_000,
            queue_limit=_QUEUE,
        )
        self._session = PahoSession(spec, self._heard)

    def connect(self) -> None:
        """Connect. Raises TimeoutError."""
        self._session.start()
        if not self._up.wait(_LIMIT_S):
            raise TimeoutError("no connection to the broker")

    def close(self) -> None:
        """Disconnect."""
        self._session.stop()

    def begin(self) -> None:
        """Send as much of every backlog as the window lets through."""
        with self._hold:
            self._progress_s = time.monotonic()
            for outbox in self._outboxes.values():
                self._fill(outbox)

    def send(self, gate: str) -> None:
        """Send the next batch of one gate, whatever is on its way."""
        outbox = self._outboxes[gate]
        with self._hold:
            self._publish(outbox)

    def wait(self, limit_s: float) -> bool:
        """Wait until every backlog is acknowledged; tell whether it was in time.

        Raises whatever broke while acknowledgements were taken.
        """
        ends_s = time.monotonic() + limit_s
        while not self.is_done:
            if self._failure is not None:
                raise self._failure
            now_s = time.monotonic()
            if now_s > ends_s:
                return False
            if now_s - self._progress_s > _AGAIN_S:
                self._start_over()
            time.sleep(_LOOK_S)
        return True

    @property
    def is_done(self) -> bool:
        """Tell whether every backlog is acknowledged."""
        return all(outbox.is_done for outbox in self._outboxes.values())

    def _start_over(self) -> None:
        with self._hold:
            self._progress_s = time.monotonic()
            for outbox in self._outboxes.values():
                self.sent_again += outbox.sent - outbox.acked
                outbox.sent = outbox.acked
                self._fill(outbox)

    def _fill(self, outbox: _Outbox) -> None:
        payloads = outbox.backlog.payloads
        while outbox.sent < len(payloads) and outbox.sent - outbox.acked < self._window:
            self._publish(outbox)

    def _publish(self, outbox: _Outbox) -> None:
        payload = outbox.backlog.payloads[outbox.sent]
        outbox.sent += 1
        self._session.publish(Message(outbox.topic, payload, 1))

    def _heard(self, item: SessionItem) -> None:
        match item:
            case Inbound(message):
                at_s = time.perf_counter()
                self._session.ack(item)
                try:
                    body = envelope.peek(message.payload).body
                    self._settle(codec.decode(body, Ack), at_s)
                except Exception as error:  # noqa: BLE001  told by `wait`, on the bench's thread
                    self._failure = error
            case Connected():
                self._up.set()
            case _:
                pass

    def _settle(self, ack: Ack, at_s: float) -> None:
        outbox = self._outboxes[ack.gate]
        with self._hold:
            outbox.settle(ack.upto)
            self._progress_s = time.monotonic()
            if self._acked is None:
                self._fill(outbox)
        if self._acked is not None:
            self._acked(ack.gate, ack.upto, at_s)


def _gates(backlogs: Iterable[Backlog]) -> list[GateId]:
    return [one.gate for one in backlogs]
