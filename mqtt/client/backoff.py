"""Full-jitter exponential back-off: 10,000 gates must not come back in one second."""

from dataclasses import dataclass

__all__ = ["LOCAL", "Backoff"]


@dataclass(frozen=True, slots=True)
class Backoff:
    """Delays between `floor_s` and `ceiling_s`; the range doubles with every failed attempt."""

    floor_s: float = 1.0
    ceiling_s: float = 60.0

    def delay_s(self, attempt: int, draw: float) -> float:
        """Return the wait before attempt number `attempt` (from 0); `draw` is uniform in [0, 1]."""
        doublings = min(attempt + 1, 16)
        top_s = min(self.ceiling_s, self.floor_s * float(2**doublings))
        return self.floor_s + draw * max(0.0, top_s - self.floor_s)

    def is_stable(self, lived_s: float) -> bool:
        """Say whether a connection lasted long enough to begin again with the shortest wait."""
        return lived_s >= 10 * self.floor_s


LOCAL = Backoff(floor_s=0.2, ceiling_s=2.0)
"""For a broker on this machine: a restart is healed within about 2 s."""
