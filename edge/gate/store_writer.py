"""Write commits to the store and never lose count of those that failed; no threads, no clock.

Rules:
1. a commit that fails is counted; the count is committed as one GAP event before the next commit
   that succeeds;
2. a damaged or vanished database is opened again, with a growing pause.
"""

import logging
from collections import deque
from collections.abc import Callable
from contextlib import suppress

from edge.domain.event_log import EventLog
from edge.domain.ports import Boot, Commit, Committed
from edge.gate.gap import Gap
from mqtt.contract.errors import EqualGateError, StorageError
from mqtt.contract.events import AdapterKind
from mqtt.contract.reasons import ReasonCode

__all__ = ["StoreWriter"]

_LONGEST_PAUSE_S = 10.0
_REOPEN = frozenset({ReasonCode.DATABASE_CORRUPT, ReasonCode.DATABASE_UNAVAILABLE})

_log = logging.getLogger(__name__)


class StoreWriter:
    """The only writer of one store; `Committer` drives it in its thread, a simulation directly.

    `reopened` is called with what the store knew when it had to be opened again.
    """

    def __init__(
        self,
        store: EventLog,
        adapter_kind: AdapterKind,
        *,
        reopened: Callable[[Boot], None] | None = None,
        first_pause_s: float = 1.0,
    ) -> None:
        self._store = store
        self._adapter_kind = adapter_kind
        self._reopened = reopened
        self._first_pause_s = first_pause_s
        self._pause_s = first_pause_s
        self._turned_away: deque[Commit] = deque()
        self._gap = Gap()
        self._failure: ReasonCode | None = None

    @property
    def store(self) -> EventLog:
        """Return the store, for reading."""
        return self._store

    @property
    def failure(self) -> ReasonCode | None:
        """Return why the disk does not take commits now, or None."""
        return self._failure

    @property
    def pause_s(self) -> float | None:
        """Return how long to wait before `retry`, or None where nothing has failed."""
        return self._pause_s if self._failure is not None else None

    def open(self) -> Boot | None:
        """Open the store. None: it cannot be opened now and `retry` tries again.

        Raises StorageError(`database_locked`, `version_unsupported`, `does_not_fit`), which only a
        person can cure.
        """
        try:
            return self._store.open()
        except StorageError as error:
            if error.code not in _REOPEN | {ReasonCode.DISK_FULL}:
                raise
            self._fail(error)
            return None

    def turn_away(self, work: Commit) -> None:
        """Count a commit that found no room; may be called from any thread."""
        self._turned_away.append(work)

    def write(self, work: Commit) -> Committed:
        """Write the gap, if there is one, and then the commit.

        Raises StorageError, or whatever a bug raises; the commit is then counted.
        """
        try:
            self._write_gap()
            committed = self._store.commit(work)
        except StorageError as error:
            self._gap.lose(work)
            self._fail(error)
            raise
        except Exception:
            self._gap.lose(work)
            raise
        self._recover()
        return committed

    def retry(self) -> None:
        """Try again after a pause; a database that is gone is opened anew."""
        try:
            if self._failure in _REOPEN:
                self._reopen()
            self._write_gap()
        except StorageError as error:
            self._fail(error)
            self._pause_s = min(self._pause_s * 2, _LONGEST_PAUSE_S)

    def close(self) -> None:
        """Write what is still counted and close the store."""
        self.retry()
        try:
            self._store.close()
        except StorageError as error:
            _log.error("store_close_failed", extra={"reason": error.code.value})

    def _write_gap(self) -> None:
        """Commit the gap, if there is one. Raises StorageError."""
        while self._turned_away:
            self._gap.lose(self._turned_away.popleft())
        due = self._gap.due(self._adapter_kind)
        if due is not None:
            self._store.commit(due)
            _log.warning("gap_recorded", extra={"count": self._gap.count})
            self._gap = Gap()
            self._recover()

    def _reopen(self) -> None:
        with suppress(StorageError):
            self._store.close()
        boot = self._store.open()
        _log.warning("store_reopened", extra={"epoch": boot.epoch, "set_aside": boot.quarantined})
        self._recover()
        if self._reopened is not None:
            self._reopened(boot)

    def _recover(self) -> None:
        if self._failure is not None:
            _log.info("disk_answers_again")
            self._failure = None
            self._pause_s = self._first_pause_s

    def _fail(self, error: EqualGateError) -> None:
        if self._failure is None:
            _log.error("disk_refuses", extra={"reason": error.code.value})
        self._failure = error.code
