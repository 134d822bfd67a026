"""Drive one portal's lock through one output line.

The line is at rest from the moment at which it is taken, is never toggled to try it out, and goes
to rest when the gate stops (acceptance D07). Rest is the level at which the lock is locked; that a
lock frees the door without power is its wiring, not this file.
"""

import logging

from edge.adapters.lines import OutputLine
from edge.domain.inputs import Observed
from edge.domain.ports import Clock, Emit
from mqtt.contract.errors import UnavailableError
from mqtt.contract.events import AdapterKind, EventKind

__all__ = ["RelayLock"]

_log = logging.getLogger(__name__)


class RelayLock:
    """A Lock, and a Source that reports a line that cannot be had.

    `unlock` and `relock` raise UnavailableError(`lock_fault`); each takes a lost line again.
    """

    def __init__(self, portal: str, line: OutputLine, clock: Clock) -> None:
        self.portal = portal
        self._line = line
        self._clock = clock
        self._is_open = False

    @property
    def kind(self) -> AdapterKind:
        """Return whether a real relay is behind it."""
        return self._line.kind

    def start(self, emit: Emit) -> None:
        """Take the line at rest."""
        try:
            self._take()
        except UnavailableError as error:
            _log.error("relay_unavailable", extra={"portal": self.portal})
            at, note = self._clock.now(), f"{self.portal}: {error.detail}"
            emit(Observed(at, EventKind.DOOR, error.code, self.kind, note=note))

    def stop(self) -> None:
        """Put the line to rest and let it go."""
        self._line.close()
        self._is_open = False

    def unlock(self) -> None:
        """Command the lock open."""
        self._drive(active=True)

    def relock(self) -> None:
        """Command the lock to rest."""
        self._drive(active=False)

    def _take(self) -> None:
        if not self._is_open:
            self._line.open()
            self._is_open = True

    def _drive(self, *, active: bool) -> None:
        self._take()
        try:
            self._line.drive(active=active)
        except UnavailableError:
            self._is_open = False
            raise
