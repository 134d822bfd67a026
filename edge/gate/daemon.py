"""Keep the parts of a running gate unit together: sources, loop, link, heart."""

import asyncio
import logging
from collections.abc import Callable
from typing import Protocol

from edge.domain.ports import Clock, Emit
from edge.gate.health import Notifier
from edge.gate.loop import GateLoop
from edge.gate.uplink import Uplink
from mqtt.client.port import SessionItem

__all__ = ["Daemon", "Devices"]

_TICK_S = 1.0
_log = logging.getLogger(__name__)


class Devices(Protocol):
    """The port to all hardware of the unit."""

    def start(self, emit: Emit) -> None:
        """Start every source; each tells its state as inputs."""

    def stop(self) -> None:
        """Stop every source; locks go to rest."""


def _nothing_to_draw() -> None:
    """Have no screen."""


class Daemon:
    """Runs until cancelled. What comes from the broker's thread is handed over to the loop.

    `stand` tells screens every second how things stand; it must not block.
    """

    def __init__(
        self,
        *,
        clock: Clock,
        gate: GateLoop,
        devices: Devices,
        uplink: Uplink,
        notifier: Notifier,
        stand: Callable[[], None] = _nothing_to_draw,
    ) -> None:
        self._clock = clock
        self._gate = gate
        self._devices = devices
        self._uplink = uplink
        self._notifier = notifier
        self._stand = stand
        self._loop = asyncio.get_running_loop()
        self._is_ending = False

    def emit_session(self, item: SessionItem) -> None:
        """Take what the session says, on its thread."""
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._on_session, item)

    async def run(self) -> None:
        """Start everything, fobs first, and stop it in the opposite order when cancelled."""
        session = self._uplink.session
        if session is None:
            raise RuntimeError("the uplink has no session")
        try:
            self._devices.start(self._gate.emit)
            session.start()
            self._notifier.ready()
            _log.info("gate_up")
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._gate.run())
                tasks.create_task(self._beat())
        finally:
            self._is_ending = True
            self._notifier.stopping()
            self._devices.stop()
            session.stop()
            _log.info("gate_down")

    def _on_session(self, item: SessionItem) -> None:
        if not self._is_ending:
            self._uplink.on_item(item, self._clock.now())

    async def _beat(self) -> None:
        """Let the link do what is due and show the service manager that the loop turns."""
        period_s = min(_TICK_S, self._notifier.watchdog_s or _TICK_S)
        while True:
            self._uplink.on_tick(self._clock.now())
            self._stand()
            self._notifier.alive()
            await asyncio.sleep(period_s)
