"""Write to the store in a thread of its own, in order, and never lose count of what failed.

Rules:
1. only this thread touches the store after `start`;
2. commits go before other work (reading for the outbox, saving documents);
3. a commit that fails is counted; the count is committed as one GAP event before the next commit
   that succeeds;
4. a damaged or vanished database is opened again, with a growing pause, for as long as the
   process lives.
"""

import logging
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from queue import Empty, SimpleQueue
from threading import Thread
from typing import TypeVar

from edge.domain.event_log import EventLog
from edge.domain.ports import Boot, Commit, Committed
from edge.gate.gap import Gap
from mqtt.contract.errors import EqualGateError, StorageError
from mqtt.contract.events import AdapterKind
from mqtt.contract.reasons import ReasonCode

__all__ = ["QUEUE_LIMIT", "Committer"]

QUEUE_LIMIT = 4096
"""Most commits that wait for a stalled disk; further ones are counted in the gap."""

_FIRST_PAUSE_S = 1.0
_LONGEST_PAUSE_S = 10.0
_REOPEN = frozenset({ReasonCode.DATABASE_CORRUPT, ReasonCode.DATABASE_UNAVAILABLE})

_log = logging.getLogger(__name__)

T = TypeVar("T")


class Committer:
    """The writer thread of one store.

    `reopened` is called from that thread with what the store knew when it had to be opened again.
    """

    def __init__(
        self,
        store: EventLog,
        adapter_kind: AdapterKind,
        *,
        reopened: Callable[[Boot], None] | None = None,
        first_pause_s: float = _FIRST_PAUSE_S,
    ) -> None:
        self._store = store
        self._adapter_kind = adapter_kind
        self._reopened = reopened
        self._first_pause_s = first_pause_s
        self._pause_s = first_pause_s
        self._commits: deque[tuple[Commit, Future[Committed]]] = deque()
        self._jobs: deque[Callable[[], None]] = deque()
        self._turned_away: deque[Commit] = deque()
        self._tokens: SimpleQueue[bool] = SimpleQueue()
        self._gap = Gap()
        self._failure: ReasonCode | None = None
        self._thread: Thread | None = None

    @property
    def failure(self) -> ReasonCode | None:
        """Return why the disk does not take commits now, or None."""
        return self._failure

    def start(self) -> Boot | None:
        """Open the store and begin to write. None: it cannot be opened now and is tried again.

        Raises StorageError(`database_locked`, `version_unsupported`, `does_not_fit`), which only a
        person can cure.
        """
        boot = None
        try:
            boot = self._store.open()
        except StorageError as error:
            if error.code not in _REOPEN | {ReasonCode.DISK_FULL}:
                raise
            self._fail(error)
        self._thread = Thread(target=self._run, name="store-writer", daemon=True)
        self._thread.start()
        return boot

    def submit(self, work: Commit) -> "Future[Committed]":
        """Queue one transaction and return at once; the future fails with StorageError."""
        future: Future[Committed] = Future()
        if len(self._commits) >= QUEUE_LIMIT:
            self._turned_away.append(work)
            future.set_exception(StorageError(ReasonCode.STORAGE_UNAVAILABLE, "queue"))
            return future
        self._commits.append((work, future))
        self._tokens.put(True)
        return future

    def ask(self, job: Callable[[EventLog], T]) -> "Future[T]":
        """Queue other work on the store, behind the commits; the future has its result or error."""
        future: Future[T] = Future()

        def run() -> None:
            try:
                _answer(future, job(self._store))
            except Exception as error:  # noqa: BLE001  whoever asked gets it; the thread lives on
                _refuse(future, error)

        self._jobs.append(run)
        self._tokens.put(True)
        return future

    def stop(self, wait_s: float = 10.0) -> None:
        """Write what is queued, close the store and end."""
        if self._thread is None:
            return
        self._tokens.put(False)
        self._thread.join(wait_s)
        self._thread = None

    def _run(self) -> None:
        goes_on = True
        while goes_on or self._commits or self._jobs:
            try:
                goes_on &= self._tokens.get(timeout=self._patience_s(goes_on=goes_on))
            except Empty:
                self._close_gap()
                continue
            self._next()
        self._close_gap()
        try:
            self._store.close()
        except StorageError as error:
            _log.error("store_close_failed", extra={"reason": error.code.value})

    def _patience_s(self, *, goes_on: bool) -> float | None:
        if not goes_on:
            return 0
        return self._pause_s if self._failure is not None else None

    def _next(self) -> None:
        if self._commits:
            work, future = self._commits.popleft()
            self._write(work, future)
        elif self._jobs:
            self._jobs.popleft()()

    def _write(self, work: Commit, future: "Future[Committed]") -> None:
        try:
            self._write_gap()
            committed = self._store.commit(work)
        except StorageError as error:
            self._gap.lose(work)
            self._fail(error)
            _refuse(future, error)
        except Exception as error:  # noqa: BLE001  a bug must not end the only writer
            self._gap.lose(work)
            _log.exception("commit_crashed")
            _refuse(future, error)
        else:
            self._recover()
            _answer(future, committed)

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

    def _close_gap(self) -> None:
        """Try again after a pause; a database that is gone is opened anew."""
        try:
            if self._failure in _REOPEN:
                self._reopen()
            self._write_gap()
        except StorageError as error:
            self._fail(error)
            self._pause_s = min(self._pause_s * 2, _LONGEST_PAUSE_S)

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


def _answer(future: "Future[T]", result: T) -> None:
    with suppress(InvalidStateError):  # whoever waited has given up
        future.set_result(result)


def _refuse(future: "Future[T]", error: Exception) -> None:
    with suppress(InvalidStateError):
        future.set_exception(error)
