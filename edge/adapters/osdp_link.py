"""Serve one reader: its session, what is judged of it, and what waits to be shown on it."""

from collections import deque
from collections.abc import Callable, Iterable

from edge.adapters.osdp_line import OsdpChannel
from edge.adapters.osdp_messages import (
    EmitOsdp,
    OsdpCardRead,
    OsdpFault,
    OsdpFaultCode,
    OsdpIndication,
    OsdpKeys,
    OsdpMessage,
    OsdpReader,
    OsdpTamper,
)
from edge.adapters.osdp_session import (
    CardArrived,
    KeysArrived,
    LinkChanged,
    MalformedArrived,
    OsdpSession,
    SessionEvent,
    TamperArrived,
)
from edge.adapters.osdp_watch import OsdpSettings, ReaderWatch, Recovery
from edge.adapters.osdp_wire import Exchange

__all__ = ["OsdpLink"]

# Only the newest indication is worth showing; one more may be on its way.
_INDICATION_LIMIT = 2


class OsdpLink:
    """One reader on the bus; everything but `indicate` belongs to the bus thread."""

    def __init__(
        self,
        reader: OsdpReader,
        channel: OsdpChannel,
        settings: OsdpSettings,
        emit: EmitOsdp,
        clock_ms: Callable[[], int],
    ) -> None:
        self.reader = reader
        self._channel = channel
        self._settings = settings
        self._emit = emit
        self._clock_ms = clock_ms
        self._session = OsdpSession(reader, channel)
        self._watch = ReaderWatch(reader.address, settings)
        self._waiting: deque[tuple[OsdpIndication, int]] = deque(maxlen=_INDICATION_LIMIT)
        self._takes_indications = True
        self._capabilities: frozenset[int] = frozenset()
        self._is_enabling = False
        self._answered_ms = 0

    @property
    def is_online(self) -> bool:
        """Tell whether the reader's secure channel stands."""
        return self._watch.is_online

    def restart(self) -> None:
        """Begin a session anew."""
        self._is_enabling = False
        self._takes_indications = True
        self._session.restart()
        self._watch.started(self._clock_ms())

    def close(self) -> None:
        """End the session for good."""
        self._session.close()
        self._watch.stopped()
        self._waiting.clear()

    def indicate(self, indication: OsdpIndication) -> None:
        """Remember what to show, if the reader is there to show it; safe from any thread."""
        if not self._watch.is_online:
            return
        self._waiting.append((indication, self._clock_ms() + self._settings.indication_ms))

    def refresh(self) -> int:
        """Do one step of the library, deal with what it brought, count the answers."""
        self._session.refresh()
        now_ms = self._clock_ms()
        exchanges = self._channel.take_exchanges()
        for exchange in exchanges:
            self._exchanged(exchange, now_ms)
        for event in self._session.events():
            self._arrived(event, now_ms)
        return len(exchanges)

    def is_waiting(self) -> bool:
        """Tell whether the line belongs to this reader because its answer is due."""
        return self._channel.is_waiting(self._clock_ms(), self._settings.answer_ms)

    def due_ms(self) -> int:
        """Say when the library will have something to send, by its own rhythm."""
        return self._answered_ms + self._settings.poll_ms

    def attend(self) -> bool:
        """Recover what has to be recovered, send what waits; True if there is something to send."""
        now_ms = self._clock_ms()
        recovery, messages = self._watch.look(now_ms)
        self._say(messages)
        match recovery:
            case Recovery.RESTART:
                self._waiting.clear()
                self.restart()
            case Recovery.REVIVE:
                self._session.drop_commands()
                self._session.disable()
                self._is_enabling = True
            case Recovery.NONE:
                pass
        if self._is_enabling and self._session.enable():
            self._is_enabling = False
            self._watch.started(now_ms)
        return self._show(now_ms)

    def lost_port(self) -> None:
        """Note that the line is gone; whatever waited to be shown is stale."""
        self._waiting.clear()
        self._say(self._watch.lost_port(self._clock_ms()))

    def say_fault(self, code: OsdpFaultCode) -> None:
        """Report a fault of this reader."""
        self._emit(OsdpFault(self.reader.address, code, self._clock_ms()))

    def silent_for_ms(self) -> int:
        """Say how long nothing came from this reader."""
        return self._clock_ms() - self._answered_ms

    def _show(self, now_ms: int) -> bool:
        """Send the newest indication that is not stale; other threads append meanwhile."""
        while self._waiting and self._waiting[0][1] <= now_ms:
            self._waiting.popleft()
        is_quick = now_ms - self._answered_ms < 2 * self._settings.answer_ms
        if not (self._watch.is_online and is_quick and self._takes_indications):
            return False
        newest: OsdpIndication | None = None
        while self._waiting:
            newest, _ = self._waiting.popleft()
        if newest is not None:
            self._session.indicate(newest, self._capabilities)
        return newest is not None

    def _exchanged(self, exchange: Exchange, now_ms: int) -> None:
        self._answered_ms = now_ms
        offered = exchange.capabilities
        if offered is not None:
            self._capabilities = offered
        if exchange.refuses_indication:
            self._takes_indications = False
            self.say_fault(OsdpFaultCode.COMMAND_REFUSED)
        self._say(self._watch.exchanged(exchange, now_ms))

    def _arrived(self, event: SessionEvent, now_ms: int) -> None:
        address = self.reader.address
        match event:
            case LinkChanged(is_up=True):
                self._watch.linked()
            case LinkChanged():
                self._session.drop_commands()
                self._waiting.clear()
                watch, is_cut_off = self._watch, self._channel.is_lost
                self._say(watch.lost_port(now_ms) if is_cut_off else watch.unlinked(now_ms))
            case TamperArrived(is_open):
                self._emit(OsdpTamper(address, is_open, now_ms))
            case MalformedArrived():
                self.say_fault(OsdpFaultCode.READ_MALFORMED)
            case CardArrived() | KeysArrived() if not self._watch.accepts_read(now_ms):
                self.say_fault(OsdpFaultCode.READ_STALE)
            case CardArrived(bits):
                self._emit(OsdpCardRead(address, bits, now_ms))
            case KeysArrived(keys):
                if keys:
                    self._emit(OsdpKeys(address, keys, now_ms))

    def _say(self, messages: Iterable[OsdpMessage]) -> None:
        for message in messages:
            self._emit(message)
