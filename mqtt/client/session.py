"""The session of production: paho-mqtt 2 under supervision.

One thread per session connects, serves, waits and begins again, for ever. Whatever happens inside
a connection, an exception in paho included, ends that connection only. paho itself is imported by
that thread: importing it takes longer than a gate needs for its first decision.
"""

import logging
import threading
import time
from collections.abc import Callable
from secrets import SystemRandom

from mqtt.client.link_port import Link
from mqtt.client.port import (
    Connected,
    Disconnected,
    Emit,
    Inbound,
    Loss,
    Message,
    PublishTicket,
    SessionItem,
    SessionSpec,
    check_spec,
)
from mqtt.client.stability import LossWindow
from mqtt.client.tls import client_context
from mqtt.contract.errors import UnavailableError
from mqtt.contract.reasons import ReasonCode

__all__ = ["PahoSession"]

_log = logging.getLogger(__name__)

_STOP_WAIT_S = 10.0


def _paho_link(spec: SessionSpec, connection: int, emit: Emit) -> Link:
    from mqtt.client.link import PahoLink

    return PahoLink(spec, connection, emit)


class PahoSession:
    """A `Session` over the network. `draw` gives the jitter, uniform in [0, 1]."""

    def __init__(
        self,
        spec: SessionSpec,
        emit: Emit,
        *,
        draw: Callable[[], float] | None = None,
        open_link: Callable[[SessionSpec, int, Emit], Link] = _paho_link,
    ) -> None:
        self._spec = spec
        self._emit = emit
        self._draw = draw or SystemRandom().random
        self._open_link = open_link
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._link: Link | None = None
        self._announced: Loss | None = None
        self._losses = LossWindow()

    def start(self) -> None:
        """See `Session.start`."""
        if self._thread is not None:
            raise RuntimeError("a session starts once")
        check_spec(self._spec)
        if self._spec.tls is not None:
            client_context(self._spec.tls)
        name = f"mqtt-{self._spec.client_id}"
        self._thread = threading.Thread(target=self._supervise, name=name, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """See `Session.stop`. Waits for the end of a connection attempt under way, at most 10 s."""
        self._stopping.set()
        link = self._link
        if link is not None:
            link.say_goodbye()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(_STOP_WAIT_S)

    def publish(self, message: Message) -> PublishTicket:
        """See `Session.publish`."""
        link = self._link
        if link is None or self._stopping.is_set():
            raise UnavailableError(ReasonCode.BROKER_UNAVAILABLE)
        return link.publish(message)

    def ack(self, inbound: Inbound) -> bool:
        """See `Session.ack`."""
        link = self._link
        return link is not None and link.ack(inbound.handle)

    def _supervise(self) -> None:
        attempt = 0
        connection = 0
        while not self._stopping.is_set():
            connection += 1
            reason, lived_s = self._one_connection(connection)
            self._announce(reason)
            if lived_s is not None:
                self._watch_losses(reason)
                attempt = 0 if self._spec.backoff.is_stable(lived_s) else attempt
            self._stopping.wait(self._spec.backoff.delay_s(attempt, self._draw()))
            attempt += 1
        self._announce(Loss.STOPPED)

    def _one_connection(self, connection: int) -> tuple[Loss, float | None]:
        try:
            link = self._open_link(self._spec, connection, self._tell)
            self._link = link
            end = link.run(self._stopping)
        except Exception as error:  # noqa: BLE001  the supervisor outlives whatever the library does
            extra = {"client": self._spec.client_id, "error": type(error).__name__}
            _log.error("mqtt_connection_crashed", extra=extra)
            return Loss.CRASHED, None
        else:
            return end.reason, end.lived_s
        finally:
            self._link = None

    def _announce(self, reason: Loss) -> None:
        if reason is self._announced:
            return
        self._tell(Disconnected(reason))
        self._announced = reason

    def _watch_losses(self, reason: Loss) -> None:
        if reason not in (Loss.CLOSED, Loss.TAKEN_OVER):
            return
        taken_over = reason is Loss.TAKEN_OVER
        self._losses, report = self._losses.after(time.monotonic(), taken_over=taken_over)
        if report is not None:
            extra = {"client": self._spec.client_id, "losses": report.losses}
            _log.error("mqtt_connection_unstable", extra=extra)
            self._tell(report)

    def _tell(self, item: SessionItem) -> None:
        match item:
            case Connected():
                self._announced = None
                _log.info("mqtt_connected", extra={"client": self._spec.client_id})
            case Disconnected(reason):
                extra = {"client": self._spec.client_id, "reason": reason.value}
                _log.info("mqtt_disconnected", extra=extra)
            case _:
                pass
        try:
            self._emit(item)
        except Exception as error:  # noqa: BLE001  a consumer that fails must not end the connection
            extra = {"item": type(item).__name__, "error": type(error).__name__}
            _log.error("mqtt_consumer_failed", extra=extra)
