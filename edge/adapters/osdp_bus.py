"""Supervise OSDP readers on one RS-485 line: one thread, one line, no lock, no dict.

What this file promises to the gate:

1. Every message goes out through one plain callable, `emit`, on the bus thread. The callable may
   call `indicate` or `stop` at once; nothing in the library is held meanwhile.
2. A reader that comes back is online again by itself, whatever the library would rather wait for.
3. Nothing asked for during an outage is done after it. The bus can light and beep; it has no way to
   drive an output, so a lock is never moved through a reader.
4. A lost or unplugged line is opened again; a reader that answers without our key is refused.

The line is given to one reader at a time until its answer is there (RS-485 is half duplex). Idle,
the thread sleeps until the next poll is due or `indicate` wakes it; waiting for an answer, it
sleeps on the line itself, so a card read is handed over within the library's poll interval.
"""

import contextlib
import logging
import os
import select
import threading
import time
from collections.abc import Callable, Sequence

from edge.adapters.osdp_keys import check_scbk
from edge.adapters.osdp_line import OsdpChannel, SerialLine
from edge.adapters.osdp_link import OsdpLink
from edge.adapters.osdp_messages import (
    EmitOsdp,
    OsdpFaultCode,
    OsdpIndication,
    OsdpReader,
)
from edge.adapters.osdp_watch import OsdpSettings
from edge.adapters.osdp_wire import CMD_ID, build_frame, parse_frame
from mqtt.contract.errors import ConfigError, UnavailableError
from mqtt.contract.reasons import ReasonCode

__all__ = ["OsdpBus"]

_log = logging.getLogger(__name__)

_FACTORY_ADDRESS = 1
_LONGEST_SLEEP_S = 0.020
_STOP_TIMEOUT_S = 3.0


def _monotonic_ms() -> int:
    return time.monotonic_ns() // 1_000_000


class OsdpBus:
    """The readers of one serial line.

    `path` is a serial device or the reader's end of a pty, `emit` takes every message and is called
    on the bus thread. `start` raises ConfigError for a key that is no secret, an address outside
    0 to 126 or one used twice, and returns at once otherwise: a missing device is an outage, no
    error.
    """

    def __init__(
        self,
        path: str,
        readers: Sequence[OsdpReader],
        emit: EmitOsdp,
        *,
        baud: int = 9_600,
        settings: OsdpSettings | None = None,
        clock_ms: Callable[[], int] = _monotonic_ms,
    ) -> None:
        self._readers = tuple(readers)
        self._settings = settings or OsdpSettings()
        self._clock_ms = clock_ms
        self._line = SerialLine(path, baud)
        self._links = {
            reader.address: OsdpLink(
                reader, OsdpChannel(self._line, clock_ms), self._settings, emit, clock_ms
            )
            for reader in self._readers
        }
        self._thread: threading.Thread | None = None
        self._is_stopping = threading.Event()
        self._wake: tuple[int, int] | None = None
        self._wake_hold = threading.Lock()
        self._searched_ms = 0

    def start(self) -> None:
        """Check the settings and begin to serve the readers."""
        if self._thread is not None:
            raise RuntimeError("the bus is running")
        self._check()
        self._is_stopping.clear()
        self._wake = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self._thread = threading.Thread(target=self._run, name="osdp-bus", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the thread and free the line; harmless if it does not run or from within `emit`."""
        thread = self._thread
        if thread is None:
            return
        self._is_stopping.set()
        self._poke()
        if thread is not threading.current_thread():
            thread.join(_STOP_TIMEOUT_S)

    def indicate(self, address: int, indication: OsdpIndication) -> None:
        """Show light and sound on a reader now; from any thread, never blocks.

        An unknown address is a RuntimeError. A reader that is away, or that has no such lamp, shows
        nothing, and shows nothing later either.
        """
        link = self._links.get(address)
        if link is None:
            raise RuntimeError(f"no reader at address {address}")
        link.indicate(indication)
        self._poke()

    def is_online(self, address: int) -> bool:
        """Tell whether a reader's secure channel stands."""
        return self._links[address].is_online

    def _check(self) -> None:
        if not self._readers or len(self._links) != len(self._readers):
            raise ConfigError(ReasonCode.CONFIG_INVALID, "osdp addresses")
        for reader in self._readers:
            if not 0 <= reader.address <= 126:
                raise ConfigError(ReasonCode.CONFIG_INVALID, f"osdp address {reader.address}")
            check_scbk(reader.address, reader.scbk)

    def _poke(self) -> None:
        with self._wake_hold:  # or the number of a closed pipe could be somebody else's file by now
            if self._wake is not None:
                with contextlib.suppress(BlockingIOError):
                    os.write(self._wake[1], b".")

    def _run(self) -> None:
        try:
            while not self._is_stopping.is_set():
                self._serve_on()
        finally:
            for link in self._links.values():
                link.close()
            self._line.close()
            with self._wake_hold:
                wake, self._wake = self._wake, None
                for end in wake or ():
                    os.close(end)
            self._thread = None

    def _serve_on(self) -> None:
        """Serve, and begin anew after a mistake of the library or of a handler.

        Fobs must not stop working for good because one message could not be taken.
        """
        try:
            self._serve()
        except (RuntimeError, SystemError, TypeError, ValueError) as error:
            _log.error("osdp_bus_restarts", extra={"error": type(error).__name__})
            self._line.close()
            self._is_stopping.wait(self._settings.reopen_ms / 1_000)

    def _serve(self) -> None:
        """Serve the readers until the line is lost or the bus stops."""
        try:
            self._line.open()
        except UnavailableError:
            self._say_lost()
            return
        for link in self._links.values():
            link.restart()
        while not self._is_stopping.is_set() and not self._line.is_lost:
            has_more = False
            for link in self._links.values():
                has_more = link.attend() or has_more
                has_more = self._turn(link) or has_more
            self._search_factory_address()
            if not has_more:
                self._sleep()
        if self._line.is_lost:
            self._line.close()
            self._say_lost()

    def _say_lost(self) -> None:
        _log.warning("osdp_line_lost")
        for link in self._links.values():
            link.lost_port()
        self._is_stopping.wait(self._settings.reopen_ms / 1_000)

    def _turn(self, link: OsdpLink) -> bool:
        """Give a reader the line until its answer is there or overdue; True if it answered.

        Two steps of the library: the first decides what to send, the second sends it.
        """
        answers = link.refresh() + link.refresh()
        while link.is_waiting() and not self._line.is_lost:
            self._line.wait_readable(_LONGEST_SLEEP_S)
            answers += link.refresh()
        return answers > 0

    def _sleep(self) -> None:
        now_ms = self._clock_ms()
        dues_ms = [link.due_ms() - now_ms for link in self._links.values()]
        timeout_s = min([due / 1_000 for due in dues_ms if due > 0] + [_LONGEST_SLEEP_S])
        wake = self._wake
        if wake is not None and select.select([wake[0]], [], [], timeout_s)[0]:
            with contextlib.suppress(OSError):
                os.read(wake[0], 64)

    def _search_factory_address(self) -> None:
        """Ask at address 1 for a reader that fell back to it after long silence (H05).

        It is reported under the address of the missing reader, never adopted.
        """
        now_ms = self._clock_ms()
        pause_ms = self._settings.search_after_ms
        if now_ms - self._searched_ms < pause_ms or _FACTORY_ADDRESS in self._links:
            return
        missing = [link for link in self._links.values() if link.silent_for_ms() >= pause_ms]
        self._searched_ms = now_ms
        if missing and self._answers_at(_FACTORY_ADDRESS):
            for link in missing:
                link.say_fault(OsdpFaultCode.FACTORY_ADDRESS)

    def _answers_at(self, address: int) -> bool:
        self._line.drain()
        self._line.write(build_frame(address, CMD_ID, b"\x00"))
        deadline_ms, heard = self._clock_ms() + self._settings.answer_ms, b""
        while self._clock_ms() < deadline_ms and len(heard) < 256:
            self._line.wait_readable(_LONGEST_SLEEP_S)
            heard += self._line.read(256)
            frame = parse_frame(heard)
            if frame is not None and frame.is_reply:
                return frame.address == address
        return False
