"""Drive ingest over a broker session: group what waits, store it, tell the gates, tell the broker.

The order is the promise: commit, then the signed acknowledgement to the gate, then the one to the
broker. A process that is killed anywhere loses nothing: the gate sends again, the broker offers
again, and storing twice changes nothing.
"""

import logging
import threading
from collections.abc import Callable, Sequence

from controller.domain.moment import Moment
from controller.ingest.core import IngestCore, Taken
from controller.ingest.fair_queue import FairQueue
from controller.ingest.read_ahead import ReadAhead
from controller.services.ports import Publication
from mqtt.client.port import (
    Connected,
    ConnectionUnstable,
    Disconnected,
    Inbound,
    Message,
    Session,
    SessionItem,
    SubscriptionRefused,
)
from mqtt.contract.errors import RefusedError, StorageError, UnavailableError
from mqtt.contract.ids import SiteId
from mqtt.contract.topics import TopicKind, site_filter

__all__ = ["RECEIVE_MAXIMUM", "Consumer", "subscriptions"]

RECEIVE_MAXIMUM = 4_096
"""Deliveries that may wait for us, so that the queue that is fair is ours and not the broker's."""

_WATCH_EVERY_MS = 5_000
_WAIT_S = 0.5
_RETRY_S = 0.25
_SUBSCRIBED = (TopicKind.STATE, TopicKind.BIRTH, TopicKind.HEARTBEAT, TopicKind.EVENTS)

_log = logging.getLogger(__name__)


def subscriptions(site: SiteId) -> tuple[tuple[str, int], ...]:
    """Return the filters of an ingest process with their quality of service."""
    return tuple((site_filter(site, kind), 1) for kind in _SUBSCRIBED)


class Consumer:
    """Drives ingest. `emit` goes to the session, `run` works until `stop`.

    `clock` gives the time; `crash_point` is called with a name at every durability boundary and
    does nothing in production.
    """

    def __init__(
        self,
        core: IngestCore,
        clock: Callable[[], Moment],
        *,
        queue: FairQueue | None = None,
        crash_point: Callable[[str], None] | None = None,
        wait: Callable[[float], object] | None = None,
    ) -> None:
        self._core = core
        self._clock = clock
        self._queue = queue or FairQueue()
        self._crash_point = crash_point or _nothing
        self._session: Session | None = None
        self._stopping = threading.Event()
        self._wait = wait or self._stopping.wait
        self._watched_ms = 0
        self._greets = False
        self.stored = 0

    def emit(self, item: SessionItem) -> None:
        """Take what the session tells, from its thread: only enqueue."""
        match item:
            case Inbound():
                self._queue.put(item)
            case ConnectionUnstable(losses):
                _log.error("broker_connection_unstable", extra={"losses": losses})
            case SubscriptionRefused(topic_filter):
                _log.error("subscription_refused", extra={"filter": topic_filter})
            case Connected():
                _log.info("broker", extra={"state": "connected"})
                self._greets = True
                self._queue.wake()
            case Disconnected():
                _log.info("broker", extra={"state": "disconnected"})
            case _:
                pass

    def attach(self, session: Session) -> None:
        """Name the session whose items come to `emit`."""
        self._session = session

    def stop(self) -> None:
        """Let `run` end after the group in hand."""
        self._stopping.set()
        self._queue.wake()

    def run(self) -> None:
        """Work until `stop`; storage that fails is tried again, nothing is acknowledged before.

        A second thread verifies the next group meanwhile.
        """
        ahead = ReadAhead(self._queue, lambda group: self._core.prepare(group, self._clock()))
        ahead.start()
        try:
            while not self._stopping.is_set():
                self._work(ahead.take(_WAIT_S))
        finally:
            ahead.stop()

    def step(self, timeout_s: float) -> int:
        """Take, store and acknowledge one group; return its size. The simulator drives this."""
        group = self._queue.take(timeout_s)
        self._work(group)
        return len(group)

    def _work(self, group: Sequence[Inbound]) -> None:
        if self._greets:
            self._greet()
        if group:
            self._store(group)
        self._watch()

    def _greet(self) -> None:
        """Ask the gates, whose births we may have missed, to announce themselves."""
        session = self._session
        if session is None:
            return
        try:
            greetings = self._core.greet(self._clock())
        except (StorageError, UnavailableError) as error:
            _log.error("greeting_waits", extra={"reason": error.code.value})
            return
        self._greets = False
        for greeting in greetings:
            _publish(session, greeting)

    def _store(self, group: Sequence[Inbound]) -> None:
        messages = [inbound.message for inbound in group]
        while not self._stopping.is_set():
            self._crash_point("before_commit")
            try:
                taken = self._core.take(messages, self._clock())
            except (StorageError, UnavailableError) as error:
                _log.error("ingest_waits", extra={"reason": error.code.value})
                self._wait(_RETRY_S)
                continue
            except RefusedError as error:
                self._store_apart(group, error)
                return
            self._crash_point("after_commit")
            self._tell(taken, group)
            return

    def _store_apart(self, group: Sequence[Inbound], error: RefusedError) -> None:
        """Find the message that the database cannot hold; the others are stored."""
        if len(group) > 1:
            for inbound in group:
                self._store([inbound])
            return
        _log.error("message_not_storable", extra={"reason": error.code.value})
        try:
            self._core.refuse(group[0].message, self._clock())
        except StorageError as failure:
            _log.error("alarm_not_stored", extra={"reason": failure.code.value})
            return
        self._tell(Taken(), group)

    def _tell(self, taken: Taken, group: Sequence[Inbound]) -> None:
        session = self._session
        self.stored += taken.new_events
        if session is None:
            return
        for ack in taken.acks:
            _publish(session, ack)
        self._crash_point("after_gate_ack")
        for inbound in group:
            session.ack(inbound)

    def _watch(self) -> None:
        moment = self._clock()
        if moment.mono_ms - self._watched_ms < _WATCH_EVERY_MS:
            return
        self._watched_ms = moment.mono_ms
        try:
            self._core.watch(moment)
        except StorageError as error:
            _log.error("ingest_watch_failed", extra={"reason": error.code.value})


def _publish(session: Session, publication: Publication) -> None:
    """Send an acknowledgement; a lost one is harmless, the gate sends again."""
    message = Message(
        publication.topic,
        publication.payload,
        publication.qos,
        publication.retain,
        publication.expiry_s,
    )
    try:
        session.publish(message)
    except UnavailableError as error:
        _log.info("ack_not_sent", extra={"reason": error.code.value})


def _nothing(_name: str) -> None:
    """Go on: there is no crash point here."""
