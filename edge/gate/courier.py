"""Carry the log to the broker: read and seal, publish, hold acknowledgements against the log."""

import logging
from collections.abc import Callable
from functools import partial

from edge.domain.event_log import EventLog, LogHead
from edge.domain.model import ClockTrust, Moment
from edge.gate.disk import Disk
from edge.gate.outbox import Outbox
from edge.gate.parcels import Collected, Plan, Sealer, Settled, collect, settle
from mqtt.contract.errors import EqualGateError
from mqtt.contract.events import Ack

__all__ = ["Courier"]

_log = logging.getLogger(__name__)


class Courier:
    """Drives an `Outbox` over a `Disk`.

    `publish` hands a batch to the broker and says whether it was taken; `judged` hears every
    verdict on an acknowledgement.
    """

    def __init__(
        self,
        disk: Disk,
        sealer: Sealer,
        publish: Callable[[bytes], bool],
        judged: Callable[[Settled, Moment], None],
    ) -> None:
        self._disk = disk
        self._sealer = sealer
        self._publish = publish
        self._judged = judged
        self._outbox = Outbox()
        self._ack: Ack | None = None
        self._settling = False
        self._is_connected = False
        self._head: LogHead | None = None
        self._now = Moment(0, 0, ClockTrust.UNKNOWN)

    @property
    def head(self) -> LogHead | None:
        """Return the current epoch as the store last told it."""
        return self._head

    @property
    def waiting(self) -> int:
        """Return how many events of this epoch the controller has not signed for."""
        return 0 if self._head is None else max(0, self._head.size - self._head.acked)

    def connected(self, now: Moment) -> None:
        """Begin again with everything that is not acknowledged; `pump` starts it."""
        self._now, self._is_connected = now, True
        self._outbox.connected(now.mono_ms)

    def disconnected(self) -> None:
        """Stop until the next connection."""
        self._is_connected = False
        self._outbox.disconnected()

    def ask_head(self, done: Callable[[LogHead], None]) -> None:
        """Ask the store how the log stands."""

        def keep(head: LogHead) -> None:
            self._head = head
            done(head)

        self._disk.ask(_newest, keep, _without_disk)

    def tick(self, now: Moment) -> None:
        """Send again what brought no answer, and go on reading after a failure."""
        self._now = now
        self._outbox.tick(now.mono_ms)
        self.pump(now)
        self._settle()

    def committed(self, now: Moment) -> None:
        """Take note that there are new events."""
        self._outbox.wake()
        self.pump(now)
        if not self._is_connected:
            self.ask_head(lambda _head: None)

    def acknowledged(self, ack: Ack, now: Moment) -> None:
        """Take a verified acknowledgement; a newer one covers those that still wait."""
        self._now = now
        self._ack = ack
        self._settle()

    def pump(self, now: Moment) -> None:
        """Read, seal and send while there is room on the way."""
        self._now = now
        plan = self._outbox.plan()
        if plan is not None:
            job = partial(_collect, plan, self._sealer)
            self._disk.ask(job, partial(self._collected, plan), self._not_collected)

    def _collected(self, plan: Plan, collected: Collected) -> None:
        now_ms = self._now.mono_ms
        self._head = collected.heads[-1]
        for parcel in self._outbox.take(plan, collected, now_ms):
            if not self._publish(parcel.payload):
                self._outbox.unsent(parcel, now_ms)
                return
        self.pump(self._now)

    def _not_collected(self, error: EqualGateError) -> None:
        self._outbox.failed()
        _without_disk(error)

    def _settle(self) -> None:
        if self._settling or self._ack is None:
            return
        self._settling, ack, self._ack = True, self._ack, None
        self._disk.ask(partial(_settle, ack), self._settled, self._not_settled)

    def _settled(self, result: Settled) -> None:
        self._settling = False
        self._outbox.settled(result, self._now.mono_ms)
        self._judged(result, self._now)
        self._settle()
        self.pump(self._now)

    def _not_settled(self, error: EqualGateError) -> None:
        self._settling = False
        _without_disk(error)


def _without_disk(error: EqualGateError) -> None:
    _log.error("uplink_without_disk", extra={"reason": error.code.value})


def _newest(log: EventLog) -> LogHead:
    return log.heads()[-1]


def _collect(plan: Plan, sealer: Sealer, log: EventLog) -> Collected:
    return collect(log, plan, sealer)


def _settle(ack: Ack, log: EventLog) -> Settled:
    return settle(log, ack)
