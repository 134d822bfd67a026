"""Let the uplink use the store and do heavy work without waiting, on a loop or in a simulation."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor, Future
from typing import Protocol, TypeVar

from edge.domain.event_log import EventLog
from edge.gate.committer import Committer
from mqtt.contract.errors import EqualGateError, StorageError

__all__ = ["Bench", "DirectBench", "DirectDisk", "Disk", "LoopBench", "LoopDisk"]

T = TypeVar("T")
Failed = Callable[[EqualGateError], None]


class Disk(Protocol):
    """The port to the store; the answer comes where the question was asked."""

    def ask(self, job: Callable[[EventLog], T], done: Callable[[T], None], failed: Failed) -> None:
        """Run `job` where the store lives, then `done` with its result or `failed`."""


class Bench(Protocol):
    """The port to a place for pure work that takes long."""

    def run(self, job: Callable[[], T], done: Callable[[T], None]) -> None:
        """Run `job`, which does not fail, then `done` with its result."""


class DirectDisk:
    """Asks the store at once, for simulations and tests."""

    def __init__(self, store: EventLog) -> None:
        self._store = store

    def ask(self, job: Callable[[EventLog], T], done: Callable[[T], None], failed: Failed) -> None:
        """See `Disk.ask`."""
        try:
            result = job(self._store)
        except StorageError as error:
            failed(error)
        else:
            done(result)


class DirectBench:
    """Works at once, for simulations and tests."""

    def run(self, job: Callable[[], T], done: Callable[[T], None]) -> None:
        """See `Bench.run`."""
        done(job())


class LoopDisk:
    """Asks the writer thread; answers come on the event loop."""

    def __init__(self, committer: Committer, loop: asyncio.AbstractEventLoop) -> None:
        self._committer = committer
        self._loop = loop

    def ask(self, job: Callable[[EventLog], T], done: Callable[[T], None], failed: Failed) -> None:
        """See `Disk.ask`."""
        _answer_on(self._loop, self._committer.ask(job), done, failed)


class LoopBench:
    """Works in an executor; answers come on the event loop."""

    def __init__(self, executor: Executor, loop: asyncio.AbstractEventLoop) -> None:
        self._executor = executor
        self._loop = loop

    def run(self, job: Callable[[], T], done: Callable[[T], None]) -> None:
        """See `Bench.run`."""
        _answer_on(self._loop, self._executor.submit(job), done, _unexpected)


def _unexpected(error: EqualGateError) -> None:
    raise error


def _answer_on(
    loop: asyncio.AbstractEventLoop,
    future: "Future[T]",
    done: Callable[[T], None],
    failed: Failed,
) -> None:
    def deliver(answered: "Future[T]") -> None:
        if answered.cancelled():
            return
        error = answered.exception()
        if error is None:
            done(answered.result())
        elif isinstance(error, EqualGateError):
            failed(error)
        else:
            raise error

    def hand_over(answered: "Future[T]") -> None:
        if not loop.is_closed():
            loop.call_soon_threadsafe(deliver, answered)

    future.add_done_callback(hand_over)
