"""Tell open pages what happens: one look at the database for all of them, five times a second.

Ingest is another process; the database is where both meet. Nobody looks while no page is open. A
page that falls behind is closed, and its browser comes back with the last id that it has seen.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from starlette.concurrency import run_in_threadpool

from controller.web.views import EventView, GateView
from mqtt.contract.errors import StorageError

__all__ = ["LiveFeed", "Look", "News", "Viewer"]

_LOOK_EVERY_S = 0.2
_BEHIND = 20
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class News:
    """What changed since the last look. `gates` is None where they are as before."""

    events: tuple[EventView, ...] = ()
    gates: tuple[GateView, ...] | None = None
    newest_id: int = 0


Look = Callable[[int], News]
"""Reads what is newer than an id, and the gates as they are."""


@dataclass(slots=True, eq=False)
class Viewer:
    """One open page; `None` in its queue means that it fell behind and has to come again."""

    queue: "asyncio.Queue[News | None]" = field(default_factory=asyncio.Queue)

    def tell(self, news: News) -> bool:
        """Hand over news; False if the page is too slow."""
        if self.queue.qsize() < _BEHIND:
            self.queue.put_nowait(news)
            return True
        self.queue.put_nowait(None)
        return False


class LiveFeed:
    """The one reader behind all open pages; `look` is called in a thread.

    A page enters `viewer`, reads what it shows first, and then calls `begin` with
    that: so it misses nothing, and sees twice at most what it can tell by its id.
    """

    def __init__(self, look: Look) -> None:
        self._look = look
        self._viewers: set[Viewer] = set()
        self._task: asyncio.Task[None] | None = None
        self._newest_id = 0
        self._gates: tuple[GateView, ...] | None = None

    @asynccontextmanager
    async def viewer(self) -> AsyncIterator[Viewer]:
        """Register an open page for the time of the block."""
        viewer = Viewer()
        self._viewers.add(viewer)
        try:
            yield viewer
        finally:
            self._viewers.discard(viewer)

    def begin(self, first: News) -> None:
        """Start the reader from what a page has read first, unless it runs already."""
        if self._task is None or self._task.done():
            self._newest_id, self._gates = first.newest_id, first.gates
            self._task = asyncio.create_task(self._watch(), name="live-feed")

    async def close(self) -> None:
        """End every open page and the reader."""
        for viewer in self._viewers:
            viewer.queue.put_nowait(None)
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _watch(self) -> None:
        while self._viewers:
            try:
                news = await run_in_threadpool(self._look, self._newest_id)
            except StorageError as error:
                _log.warning("live_feed_waits", extra={"reason": error.code.value})
            else:
                self._tell(news)
            await asyncio.sleep(_LOOK_EVERY_S)

    def _tell(self, news: News) -> None:
        self._newest_id = news.newest_id
        gates = None if news.gates == self._gates else news.gates
        self._gates = news.gates
        if not news.events and gates is None:
            return
        fresh = News(news.events, gates, news.newest_id)
        self._viewers -= {viewer for viewer in self._viewers if not viewer.tell(fresh)}
