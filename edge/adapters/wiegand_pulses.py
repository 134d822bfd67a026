"""Put Wiegand pulses together to frames. Pure: instants come with the pulses.

D0 and D1 rest high; a pulse of about 50 us on D0 is a 0, on D1 a 1, 0.2 to 20 ms apart; 25 ms
without a pulse end the frame. Source: SIA AC-01-1996.10 and the reference notes, 3.2.
"""

from dataclasses import dataclass

from edge.domain.card_bits import CardBits

__all__ = [
    "FRAME_GAP_NS",
    "SHORTEST_INTERVAL_NS",
    "Edge",
    "PulseAssembler",
    "WiegandFrame",
    "WiegandNoise",
]

FRAME_GAP_NS = 25_000_000
# Real readers keep 200 us and more; what comes closer is a bounce or the two wires touching.
SHORTEST_INTERVAL_NS = 100_000
# No card has more; a line that goes on is a broken wire picking up noise.
_LONGEST_FRAME_BITS = 256


@dataclass(frozen=True, slots=True)
class Edge:
    """One falling edge: time stamp of the monotonic clock, and which wire it was (0 or 1)."""

    at_ns: int
    wire: int


@dataclass(frozen=True, slots=True)
class WiegandFrame:
    """A whole frame; `end_ns` is its last pulse."""

    bits: CardBits
    end_ns: int


@dataclass(frozen=True, slots=True)
class WiegandNoise:
    """Pulses that cannot be a frame, counted; shown as a reader fault, never decoded."""

    pulses: int
    end_ns: int


@dataclass(frozen=True, slots=True)
class PulseAssembler:
    """What is known of the frame under way."""

    value: int = 0
    count: int = 0
    last_ns: int = 0
    is_noisy: bool = False

    @property
    def deadline_ns(self) -> int | None:
        """Say when the frame is over if no further pulse comes, or None between frames."""
        return self.last_ns + FRAME_GAP_NS if self.count else None

    def add(self, edge: Edge) -> tuple["PulseAssembler", WiegandFrame | WiegandNoise | None]:
        """Take one pulse; gives the frame before it if a gap lies between."""
        current, ended = self.expire(edge.at_ns)
        gap_ns = edge.at_ns - current.last_ns
        is_noisy = current.is_noisy or (current.count > 0 and gap_ns < SHORTEST_INTERVAL_NS)
        if current.count >= _LONGEST_FRAME_BITS:
            return PulseAssembler(0, current.count + 1, edge.at_ns, is_noisy=True), ended
        value = current.value << 1 | edge.wire
        return PulseAssembler(value, current.count + 1, edge.at_ns, is_noisy), ended

    def expire(self, now_ns: int) -> tuple["PulseAssembler", WiegandFrame | WiegandNoise | None]:
        """Let time pass; gives the frame once the gap is long enough."""
        if not self.count or now_ns - self.last_ns < FRAME_GAP_NS:
            return self, None
        if self.is_noisy:
            return PulseAssembler(), WiegandNoise(self.count, self.last_ns)
        return PulseAssembler(), WiegandFrame(CardBits(self.value, self.count), self.last_ns)
