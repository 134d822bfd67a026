"""A clock that runs with this machine's, but whose wall time and trust a person or test can set."""

from dataclasses import replace

from edge.adapters.clock import Machine, Reading
from edge.domain.model import ClockTrust, Moment
from edge.domain.ports import Clock

__all__ = ["SettableMachine", "SimulatedClock"]


class SettableMachine:
    """This machine's clocks, the wall clock moved by as much as was asked for.

    It counts as synchronised: the simulated gate and its controller share the machine's time.
    """

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self._moved_ms = 0

    def jump(self, by_ms: int) -> None:
        """Set the wall clock forward, or back."""
        self._moved_ms += by_ms

    def read(self) -> Reading:
        """See `Machine.read`."""
        read = self._machine.read()
        return replace(read, utc_ms=read.utc_ms + self._moved_ms, is_synchronised=True)


class SimulatedClock:
    """The gate's clock over a SettableMachine; `set_trust` says how far it may be believed."""

    def __init__(self, machine: SettableMachine, clock: Clock) -> None:
        self._machine = machine
        self._clock = clock
        self._trust: ClockTrust | None = None

    def jump(self, by_ms: int) -> None:
        """Set the wall clock forward, or back."""
        self._machine.jump(by_ms)

    def set_trust(self, trust: ClockTrust) -> None:
        """Say how far the clock can be believed from now on."""
        self._trust = trust

    def now(self) -> Moment:
        """See `Clock.now`."""
        moment = self._clock.now()
        return moment if self._trust is None else replace(moment, trust=self._trust)
