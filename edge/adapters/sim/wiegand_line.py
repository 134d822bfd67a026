"""Play the two wires of a Wiegand reader: frames, key bursts, swapped and loose wires."""

import queue
import time
from collections.abc import Callable

from edge.adapters.wiegand_pulses import SHORTEST_INTERVAL_NS, Edge
from edge.domain.card_bits import CardBits
from mqtt.contract.errors import UnavailableError
from mqtt.contract.reasons import ReasonCode

__all__ = ["SimWiegandLine"]

PULSE_INTERVAL_NS = 1_000_000


class SimWiegandLine:
    """An `EdgeSource` without wires; pulses carry the stamps a kernel would give, 1 ms apart.

    A frame is handed over when its last pulse is due, as a gate sees it that was busy meanwhile.
    """

    def __init__(self, *, clock_ns: Callable[[], int] = time.monotonic_ns) -> None:
        self._clock_ns = clock_ns
        self._edges: queue.SimpleQueue[list[Edge] | None] = queue.SimpleQueue()
        self._is_swapped = False
        self._is_there = True

    def present(self, bits: CardBits) -> None:
        """Send a frame, as a card or a key burst does."""
        sent = bits.inverted() if self._is_swapped else bits
        self._send([sent.bit(at) for at in range(sent.length)], PULSE_INTERVAL_NS)

    def swap(self, *, is_swapped: bool) -> None:
        """Exchange D0 and D1, as an installer may (A06)."""
        self._is_swapped = is_swapped

    def touch(self, pulses: int) -> None:
        """Let the wires touch: pulses on both, closer than any reader sends."""
        self._send([at % 2 for at in range(pulses)], SHORTEST_INTERVAL_NS // 2)

    def unplug(self) -> None:
        """Take the GPIO chip away."""
        self._is_there = False
        self._edges.put(None)

    def plug(self) -> None:
        """Bring it back."""
        self._is_there = True

    def open(self) -> None:
        """Take the wires."""
        if not self._is_there:
            raise UnavailableError(ReasonCode.READER_OFFLINE, "simulated wiegand")

    def read(self, timeout_s: float) -> list[Edge]:
        """Wait for edges."""
        try:
            edges = self._edges.get(timeout=max(timeout_s, 0.0))
        except queue.Empty:
            return []
        if edges is None:
            raise UnavailableError(ReasonCode.READER_OFFLINE, "simulated wiegand")
        return edges

    def close(self) -> None:
        """Let the wires go."""

    def _send(self, wires: list[int], interval_ns: int) -> None:
        last_ns = self._clock_ns()
        begin_ns = last_ns - (len(wires) - 1) * interval_ns
        self._edges.put([Edge(begin_ns + at * interval_ns, w) for at, w in enumerate(wires)])
