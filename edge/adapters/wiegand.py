"""Read a Wiegand reader from two GPIO lines. The line has no authentication: tier clonable.

Edges carry the kernel's time stamp, so a late Python thread shifts nothing. The gpiod library is
loaded only when a real line is opened.
"""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Protocol

from edge.adapters.wiegand_pulses import (
    Edge,
    PulseAssembler,
    WiegandFrame,
    WiegandNoise,
)
from edge.domain.card_bits import CardBits
from mqtt.contract.errors import UnavailableError
from mqtt.contract.reasons import ReasonCode

if TYPE_CHECKING:
    import gpiod

__all__ = [
    "EdgeSource",
    "GpioWiegandLine",
    "WiegandFault",
    "WiegandLost",
    "WiegandMessage",
    "WiegandRead",
    "WiegandReader",
]

_log = logging.getLogger(__name__)

_IDLE_WAIT_S = 0.5
_REOPEN_S = 1.0
_CONSUMER = "equalgate-wiegand"


@dataclass(frozen=True, slots=True)
class WiegandRead:
    """A frame from a reader: a card, or a key burst of 4 or 8 bits."""

    reader: str
    bits: CardBits
    mono_ms: int


@dataclass(frozen=True, slots=True)
class WiegandFault:
    """Pulses that are no frame: loose wire, wires that touch, interference."""

    reader: str
    pulses: int
    mono_ms: int


@dataclass(frozen=True, slots=True)
class WiegandLost:
    """The GPIO lines cannot be read; sent once per episode."""

    reader: str
    mono_ms: int


WiegandMessage = WiegandRead | WiegandFault | WiegandLost


class EdgeSource(Protocol):
    """Two wires that can be listened to; every method may raise UnavailableError."""

    def open(self) -> None:
        """Take the wires."""

    def read(self, timeout_s: float) -> list[Edge]:
        """Wait for falling edges and give them in order; empty when the time is over."""

    def close(self) -> None:
        """Let the wires go; harmless if they are not held."""


class GpioWiegandLine:
    """D0 and D1 on a GPIO chip, through libgpiod 2."""

    def __init__(self, chip: str, d0_offset: int, d1_offset: int) -> None:
        self._chip = chip
        self._wires = {d0_offset: 0, d1_offset: 1}
        self._request: gpiod.LineRequest | None = None

    def open(self) -> None:
        """Request both lines with falling edges and pull-up."""
        try:
            import gpiod
            from gpiod.line import Bias, Clock, Direction
            from gpiod.line import Edge as LineEdge

            settings = gpiod.LineSettings(
                direction=Direction.INPUT,
                edge_detection=LineEdge.FALLING,
                bias=Bias.PULL_UP,
                event_clock=Clock.MONOTONIC,
            )
            self._request = gpiod.request_lines(
                self._chip,
                consumer=_CONSUMER,
                config=dict.fromkeys(self._wires, settings),
                event_buffer_size=1024,
            )
        except (ImportError, OSError, ValueError) as error:
            raise UnavailableError(ReasonCode.READER_OFFLINE, "wiegand gpio") from error

    def read(self, timeout_s: float) -> list[Edge]:
        """Wait for edges as the kernel stamped them."""
        request = self._request
        if request is None:
            raise UnavailableError(ReasonCode.READER_OFFLINE, "wiegand gpio")
        try:
            if not request.wait_edge_events(timedelta(seconds=timeout_s)):
                return []
            return [
                Edge(event.timestamp_ns, self._wires[event.line_offset])
                for event in request.read_edge_events()
            ]
        except OSError as error:
            raise UnavailableError(ReasonCode.READER_OFFLINE, "wiegand gpio") from error

    def close(self) -> None:
        """Release the lines."""
        request, self._request = self._request, None
        if request is not None:
            request.release()


class WiegandReader:
    """One reader on two wires, with a thread of its own; messages go out through `emit`."""

    def __init__(
        self,
        name: str,
        source: EdgeSource,
        emit: Callable[[WiegandMessage], None],
        *,
        clock_ns: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        self._name = name
        self._source = source
        self._emit = emit
        self._clock_ns = clock_ns
        self._is_stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to listen; missing hardware is an outage, no error."""
        if self._thread is not None:
            raise RuntimeError("the reader is running")
        self._is_stopping.clear()
        self._thread = threading.Thread(target=self._run, name="wiegand", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the thread and free the wires; harmless if it does not run."""
        thread, self._thread = self._thread, None
        self._is_stopping.set()
        if thread is not None and thread is not threading.current_thread():
            thread.join(2.0)

    def _run(self) -> None:
        said_lost = False
        while not self._is_stopping.is_set():
            try:
                self._source.open()
                said_lost = False
                self._listen()
            except UnavailableError:
                if not said_lost:
                    _log.warning("wiegand_line_lost", extra={"reader": self._name})
                    self._emit(WiegandLost(self._name, self._clock_ns() // 1_000_000))
                said_lost = True
            finally:
                self._source.close()
            self._is_stopping.wait(_REOPEN_S if said_lost else 0.0)

    def _listen(self) -> None:
        assembler = PulseAssembler()
        while not self._is_stopping.is_set():
            deadline_ns = assembler.deadline_ns
            wait_s = _IDLE_WAIT_S
            if deadline_ns is not None:
                wait_s = max(deadline_ns - self._clock_ns(), 0) / 1e9
            edges = self._source.read(wait_s)
            for edge in edges:
                assembler, ended = assembler.add(edge)
                self._say(ended)
            if not edges:
                assembler, ended = assembler.expire(self._clock_ns())
                self._say(ended)

    def _say(self, ended: WiegandFrame | WiegandNoise | None) -> None:
        match ended:
            case WiegandFrame(bits, end_ns):
                self._emit(WiegandRead(self._name, bits, end_ns // 1_000_000))
            case WiegandNoise(pulses, end_ns):
                self._emit(WiegandFault(self._name, pulses, end_ns // 1_000_000))
            case None:
                pass
