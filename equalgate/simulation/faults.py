"""Choose what goes wrong in a run, and disturb the broker as mosquitto was measured to fail.

Swarm testing: each seed gets a random part of all faults and its own rates, because a run in which
everything fails at once hides what one fault alone would show.
"""

from dataclasses import dataclass
from enum import StrEnum
from random import Random

from mqtt.client.port import Message

__all__ = ["GATE_POINTS", "BrokerFaults", "Fault", "FaultMix", "draw_mix"]

_KEPT_MESSAGES = 300
_LONGEST_DELAY_MS = 40_000


class Fault(StrEnum):
    """Everything that can go wrong."""

    DROP_AFTER_PUBACK = "drop_after_puback"
    DOUBLE = "double"
    DELAY = "delay"
    LINK_CUT = "link_cut"
    HALF_OPEN = "half_open"
    DEAF = "deaf"
    MUTE = "mute"
    BROKER_RESTART = "broker_restart"
    BROKER_KILL = "broker_kill"
    SLOW_CONTROLLER = "slow_controller"
    CONTROLLER_RESTART = "controller_restart"
    CONTROLLER_CRASH = "controller_crash"
    GATE_KILL = "gate_kill"
    POWER_CUT = "power_cut"
    CLOCK_JUMP = "clock_jump"
    CONTROLLER_CLOCK_JUMP = "controller_clock_jump"
    DISK_STALL = "disk_stall"
    DISK_FULL = "disk_full"
    DISK_LOST = "disk_lost"
    REPLAY = "replay"
    FORGE = "forge"


GATE_POINTS = (
    "before_commit",
    "after_commit",
    "after_relay",
    "before_save_document",
    "after_save_document",
    "before_boot",
    "after_boot",
    "after_erasure",
)
"""Every durability boundary of a gate that its memory store and performer have."""

_RATES = frozenset({Fault.DROP_AFTER_PUBACK, Fault.DOUBLE, Fault.DELAY})


@dataclass(frozen=True, slots=True)
class FaultMix:
    """What goes wrong in one run.

    Rates are shares of messages; `autosave_ms` is the broker's; gates die at one of `points`.
    """

    faults: tuple[Fault, ...]
    drop: float = 0.0
    double: float = 0.0
    delay: float = 0.0
    autosave_ms: int = 60_000
    points: tuple[str, ...] = GATE_POINTS

    @property
    def happenings(self) -> tuple[Fault, ...]:
        """Return the faults that happen at a time, as against those that are rates."""
        return tuple(fault for fault in self.faults if fault not in _RATES)

    def __str__(self) -> str:
        names = " ".join(self.faults) or "none"
        rates = f"drop={self.drop:.2f} double={self.double:.2f} delay={self.delay:.2f}"
        return f"{names} ({rates} autosave_ms={self.autosave_ms})"


def draw_mix(rng: Random) -> FaultMix:
    """Draw a mix: each fault is in it with an even chance."""
    faults = tuple(fault for fault in Fault if rng.random() < 0.5)

    def rate(fault: Fault, most: float) -> float:
        drawn = rng.random() * most
        return drawn if fault in faults else 0.0

    return FaultMix(
        faults,
        drop=rate(Fault.DROP_AFTER_PUBACK, 0.6),
        double=rate(Fault.DOUBLE, 0.4),
        delay=rate(Fault.DELAY, 0.4),
        autosave_ms=rng.choice((5_000, 60_000, 600_000)),
    )


class BrokerFaults:
    """The broker's faults by rate, and a record of what went through it.

    `deaf` clients receive nothing, of `mute` ones nothing arrives, while both believe that they
    are connected; `spared` clients are never disturbed.
    """

    def __init__(self, rng: Random) -> None:
        self.mix = FaultMix(())
        self.deaf: set[str] = set()
        self.mute: set[str] = set()
        self.spared: set[str] = set()
        self.recorded: list[Message] = []
        self._rng = rng
        self._seen = 0

    def heal(self) -> None:
        """Behave from now on."""
        self.mix = FaultMix(())
        self.deaf.clear()
        self.mute.clear()

    def keeps(self, client_id: str, message: Message) -> bool:
        """See `Faults.keeps`."""
        if client_id in self.spared:
            return True
        self._record(message)
        if client_id in self.mute:
            return False
        return not self.mix.drop or self._rng.random() >= self.mix.drop

    def copies(self, client_id: str, message: Message) -> tuple[int, ...]:  # noqa: ARG002
        """See `Faults.copies`."""
        if client_id in self.deaf:
            return ()
        mix, rng = self.mix, self._rng
        delays_ms = [0]
        if mix.double and rng.random() < mix.double:
            delays_ms.append(rng.choice((0, 300, 5_000)))
        if mix.delay and rng.random() < mix.delay:
            delays_ms[0] = rng.choice((100, 2_000, 8_500, _LONGEST_DELAY_MS))
        return tuple(delays_ms)

    def _record(self, message: Message) -> None:
        """Keep an even sample of everything, so that old traffic can be replayed."""
        self._seen += 1
        if len(self.recorded) < _KEPT_MESSAGES:
            self.recorded.append(message)
        elif (at := self._rng.randrange(self._seen)) < _KEPT_MESSAGES:
            self.recorded[at] = message
