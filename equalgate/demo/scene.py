"""Play with a running compound as people would: show a pass, tap a fob, look at the screen."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from controller.services.seed import SeedResult
from edge.adapters.sim import requests as ask
from edge.adapters.sim.answers import ShownText
from edge.adapters.sim.client import SimClient
from equalgate.demo.compound import Compound
from equalgate.demo.pictures import draw_pass
from equalgate.demo.processes import wait_until
from equalgate.demo.steps import Result, StepFailedError

__all__ = ["Door", "Scene"]

_FINAL = frozenset({"granted", "denied"})
_LOOK_S = 5.0
_OUT_OF_VIEW_S = 1.6
"""A code that stays before the camera is one attempt; away for 1.5 s, it is a new one."""


@dataclass(slots=True)
class Door:
    """One gate unit as somebody who stands before it meets it."""

    side: str
    sim: SimClient
    pictures: Path
    _numbers: "count[int]"

    @property
    def portal(self) -> str:
        """Return the portal of this unit."""
        return f"{self.side}-door"

    @property
    def inside(self) -> str:
        """Return the access point that leads in."""
        return f"{self.side}-in"

    def rest(self) -> None:
        """Wait until the lock is at rest and the door is closed."""

        def at_rest() -> bool:
            relay = self.sim.relay(self.portal)
            return not relay.is_active and not relay.door_is_open

        wait_until(at_rest, f"{self.portal} at rest", 20.0)

    def tap(self, result: Result, value: int, length: int) -> None:
        """Hold a fob to the reader and see what comes of it."""
        self.attempt(result, lambda: self.sim.present_fob(self.inside, value, length))

    def show(self, result: Result, text: str) -> Path:
        """Draw a pass and show it to the code camera; return the picture."""
        file = draw_pass(text, self.pictures / f"{next(self._numbers)}.png")
        self.attempt(result, lambda: self.sim.show_picture(self.inside, file))
        return file

    def show_again(self, result: Result, file: Path) -> None:
        """Show a picture that was shown before, after a while out of view."""
        time.sleep(_OUT_OF_VIEW_S)
        self.attempt(result, lambda: self.sim.show_picture(self.inside, file))

    def attempt(self, result: Result, act: Callable[[], int]) -> None:
        """Do something at the gate; note what it showed, and the time until the relay moved."""
        self.rest()
        since_ms = act()
        shown = self._answer(since_ms)
        result.outcome, result.reason = shown.signal, shown.reason
        result.ms = shown.mono_ms - since_ms
        if result.outcome == "granted":
            switched = self.sim.wait_unlocked(self.portal, since_ms)
            if switched is None:
                raise StepFailedError("the screen said granted, the relay did not move")
            result.ms = switched.mono_ms - since_ms
            return
        if any(change.is_active for change in self.sim.relay(self.portal, since_ms).history):
            raise StepFailedError("the screen said denied, the relay moved")

    def _answer(self, since_ms: int) -> ShownText:
        ends_s = time.monotonic() + _LOOK_S
        while time.monotonic() < ends_s:
            for shown in self.sim.shown(self.inside, since_ms):
                if shown.signal in _FINAL:
                    return shown
            time.sleep(0.01)
        raise StepFailedError("the gate showed no answer")


class Scene:
    """The running compound with its people."""

    def __init__(self, compound: Compound, seeded: SeedResult) -> None:
        self.compound = compound
        self.seeded = seeded
        numbers = count()
        self.doors = {
            name: Door(gate.side, SimClient(gate.sim_socket), compound.folder / "pictures", numbers)
            for name, gate in compound.gates.items()
        }

    @property
    def south(self) -> Door:
        """Return the south gate."""
        return self.doors["gate-south"]

    @property
    def north(self) -> Door:
        """Return the north gate."""
        return self.doors["gate-north"]

    def wait_ready(self) -> None:
        """Wait until both gates answer; people then walk through whenever a door is unlocked."""
        for door in self.doors.values():
            door.sim.wait_ready()
            door.sim.do(ask.AutoDoor(True, door.portal))

    def close(self) -> None:
        """Hang up."""
        for door in self.doors.values():
            door.sim.close()
