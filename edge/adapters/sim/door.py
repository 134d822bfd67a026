"""Play a door: its lock follows the relay, its contact follows the leaf, and a person may pass.

With the person on, an unlocked door opens after 300 ms and closes 800 ms later.
"""

import threading
from collections.abc import Callable

from edge.adapters.sim.lines import RelayChange, SimOutput
from edge.domain.ports import Emit
from mqtt.contract.events import AdapterKind

__all__ = ["CLOSES_AFTER_S", "OPENS_AFTER_S", "SetLevel", "SimDoor"]

OPENS_AFTER_S = 0.3
CLOSES_AFTER_S = 0.8

SetLevel = Callable[[bool], None]
"""Moves a contact; does nothing where none is fitted."""


class SimDoor:
    """One door leaf with its lock; every method may be called from any thread."""

    kind = AdapterKind.SIMULATED

    def __init__(
        self, relay: SimOutput, set_open: SetLevel, set_locked: SetLevel, *, has_person: bool
    ) -> None:
        self.relay = relay
        self.has_person = has_person
        self.is_open = False
        self._set_open = set_open
        self._set_locked = set_locked
        self._hold = threading.Lock()
        self._timers: list[threading.Timer] = []

    def start(self, emit: Emit) -> None:  # noqa: ARG002 - contacts tell what the door does
        """Begin to follow the relay."""
        self.relay.on_change = self._relay_moved

    def stop(self) -> None:
        """Let nobody pass any more."""
        self.relay.on_change = lambda _change: None
        with self._hold:
            timers, self._timers = self._timers, []
        for timer in timers:
            timer.cancel()

    def move(self, *, is_open: bool) -> None:
        """Open or close the leaf by hand, whatever the lock says."""
        self.is_open = is_open
        self._set_open(is_open)

    def _relay_moved(self, change: RelayChange) -> None:
        if not change.has_moved:
            return
        self._set_locked(not change.is_active)
        with self._hold:
            self._timers = [timer for timer in self._timers if timer.is_alive()]
            if change.is_active and self.has_person and not self._timers and not self.is_open:
                self._later(OPENS_AFTER_S, is_open=True)
                self._later(OPENS_AFTER_S + CLOSES_AFTER_S, is_open=False)

    def _later(self, delay_s: float, *, is_open: bool) -> None:
        timer = threading.Timer(delay_s, self.move, kwargs={"is_open": is_open})
        timer.daemon = True
        timer.start()
        self._timers.append(timer)
