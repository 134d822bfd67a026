"""A bench for OSDP: a bus, a real peripheral on a pty, and the messages between them."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from edge.adapters.osdp_bus import OsdpBus
from edge.adapters.osdp_keys import new_scbk
from edge.adapters.osdp_line import OsdpChannel, SerialLine
from edge.adapters.osdp_messages import OsdpMessage, OsdpOnline, OsdpReader
from edge.adapters.osdp_session import OsdpSession
from edge.adapters.osdp_watch import OsdpSettings
from edge.adapters.osdp_wire import CMD_CHLNG
from edge.adapters.sim.osdp_reader import SimOsdpReader, SimReaderMode

__all__ = ["ADDRESS", "Bench", "bench", "first_challenge"]

ADDRESS = 5
M = TypeVar("M", bound=OsdpMessage)


class Bench:
    """Everything on the table; `messages` grows as the bus speaks."""

    def __init__(
        self,
        settings: OsdpSettings | None,
        path: str | None,
        own_reader: tuple[SimOsdpReader, bytes] | None,
    ) -> None:
        key = new_scbk()
        self.reader, self.key = own_reader or (SimOsdpReader(key, ADDRESS), key)
        self.messages: list[OsdpMessage] = []
        self.on_message: Callable[[OsdpMessage], None] = lambda _message: None
        self.started_ms = 0
        self._taken = 0
        readers = [OsdpReader(ADDRESS, self.key)]
        self.bus = OsdpBus(path or self.reader.path, readers, self._emit, settings=settings)

    def _emit(self, message: OsdpMessage) -> None:
        self.messages.append(message)
        self.on_message(message)

    def seen(self, kind: type[M]) -> list[M]:
        """List all messages of a kind so far."""
        return [message for message in self.messages if isinstance(message, kind)]

    def next_of(self, kind: type[M], timeout_s: float = 3.0) -> M:
        """Wait for the next message of a kind after the last one taken."""
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            for at in range(self._taken, len(self.messages)):
                message = self.messages[at]
                if isinstance(message, kind):
                    self._taken = at + 1
                    return message
            time.sleep(0.001)
        raise AssertionError(f"no {kind.__name__} in {timeout_s} s, only {self.messages}")

    def skip(self) -> None:
        """Take everything that was said so far."""
        self._taken = len(self.messages)

    def until(self, holds: Callable[[], bool], timeout_s: float = 3.0) -> None:
        """Wait until something holds."""
        deadline = time.monotonic() + timeout_s
        while not holds():
            assert time.monotonic() < deadline, self.messages
            time.sleep(0.001)


@contextmanager
def bench(
    settings: OsdpSettings | None = None,
    *,
    mode: SimReaderMode = SimReaderMode.SECURE,
    path: str | None = None,
    own_reader: tuple[SimOsdpReader, bytes] | None = None,
) -> Iterator[Bench]:
    """Set the table; a secured reader is online when the body begins."""
    table = Bench(settings, path, own_reader)
    table.reader.start()
    if mode is not SimReaderMode.SECURE:
        table.reader.set_mode(mode)
    table.started_ms = time.monotonic_ns() // 1_000_000
    table.bus.start()
    try:
        if mode is SimReaderMode.SECURE:
            table.next_of(OsdpOnline)
        yield table
    finally:
        table.bus.stop()
        table.reader.stop()


def first_challenge() -> bytes:
    """Start a reader and give the first challenge that the gate's end sent it."""
    key = new_scbk()
    reader = SimOsdpReader(key, ADDRESS)
    reader.start()
    line = SerialLine(reader.path, 9_600)
    line.open()
    channel = OsdpChannel(line, lambda: 0)
    session = OsdpSession(OsdpReader(ADDRESS, key), channel)
    session.restart()
    try:
        for _ in range(500):
            session.refresh()
            for exchange in channel.take_exchanges():
                if exchange.command.code == CMD_CHLNG:
                    return exchange.command.payload[:8]
            time.sleep(0.001)
        raise AssertionError("no challenge was sent")
    finally:
        session.close()
        line.close()
        reader.stop()
