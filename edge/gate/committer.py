"""Write to the store in a thread of its own, in order, and never lose count of what failed.

Rules:
1. only this thread touches the store after `start`;
2. commits go before other work (reading for the outbox, saving documents);
3. what happens to commits that fail stands in `store_writer`; a damaged or vanished database is
   tried again for as long as the process lives.
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
from edge.gate.store_writer import StoreWriter
from mqtt.contract.errors import StorageError
from mqtt.contract.events import AdapterKind
from mqtt.contract.reasons import ReasonCode

__all__ = ["QUEUE_LIMIT", "Committer"]

QUEUE_LIMIT = 4096
"""Most commits that wait for a stalled disk; further ones are counted in the gap."""

_FIRST_PAUSE_S = 1.0

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
        self._writer = StoreWriter(
            store, adapter_kind, reopened=reopened, first_pause_s=first_pause_s
        )
        self._commits: deque[tuple[Commit, Future[Committed]]] = deque()
        self._jobs: deque[Callable[[], None]] = deque()
        self._tokens: SimpleQueue[bool] = SimpleQueue()
        self._thread: Thread | None = None

    @property
    def failure(self) -> ReasonCode | None:
        """Return why the disk does not take commits now, or None."""
        return self._writer.failure

    def start(self) -> Boot | None:
        """Open the store and begin to write. None: it cannot be opened now and is tried again.

        Raises StorageError(`database_locked`, `version_unsupported`, `does_not_fit`), which only a
        person can cure.
        """
        boot = self._writer.open()
        self._thread = Thread(target=self._run, name="store-writer", daemon=True)
        self._thread.start()
        return boot

    def submit(self, work: Commit) -> "Future[Committed]":
        """Queue one transaction and return at once; the future fails with StorageError."""
        future: Future[Committed] = Future()
        if len(self._commits) >= QUEUE_LIMIT:
            self._writer.turn_away(work)
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
            patience_s = self._writer.pause_s if goes_on else 0
            try:
                goes_on &= self._tokens.get(timeout=patience_s)
            except Empty:
                self._writer.retry()
                continue
            self._next()
        self._writer.close()

    def _next(self) -> None:
        if self._commits:
            work, future = self._commits.popleft()
            self._write(work, future)
        elif self._jobs:
            self._jobs.popleft()()

    def _write(self, work: Commit, future: "Future[Committed]") -> None:
        try:
            committed = self._writer.write(work)
        except StorageError as error:
            _refuse(future, error)
        except Exception as error:  # noqa: BLE001  a bug must not end the only writer
            _log.exception("commit_crashed")
            _refuse(future, error)
        else:
            _answer(future, committed)


def _answer(future: "Future[T]", result: T) -> None:
    with suppress(InvalidStateError):  # whoever waited has given up
        future.set_result(result)


def _refuse(future: "Future[T]", error: Exception) -> None:
    with suppress(InvalidStateError):
        future.set_exception(error)
