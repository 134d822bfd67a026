"""Let the gate's shell wait, on an event loop or in a simulation."""

import asyncio
from collections.abc import Callable
from typing import Protocol

__all__ = ["Alarm", "LoopTiming", "Timing"]

Action = Callable[[], None]


class Alarm(Protocol):
    """A call that is planned."""

    def cancel(self) -> None:
        """Do not call."""


class Timing(Protocol):
    """The port to whatever calls later; every call comes on the gate's own thread."""

    def soon(self, action: Action) -> None:
        """Call as soon as possible; may be asked from any thread."""

    def later(self, delay_s: float, action: Action) -> Alarm:
        """Call after `delay_s` seconds."""


class LoopTiming:
    """Calls on an event loop; without one there is no gate to call."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop

    def soon(self, action: Action) -> None:
        """See `Timing.soon`."""
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(action)

    def later(self, delay_s: float, action: Action) -> Alarm:
        """See `Timing.later`."""
        return self._loop.call_later(delay_s, action)
