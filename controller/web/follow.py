"""Follow the live feed for one open page: what it missed, then what happens."""

import asyncio
from collections.abc import AsyncIterator, Callable

from starlette.concurrency import run_in_threadpool

from controller.web import lookup
from controller.web.desk import Desk
from controller.web.live import News

__all__ = ["CATCH_UP", "follow", "look"]

CATCH_UP = 1_000
"""Most events that a page gets at once; in a flood the older ones are only in the list."""

_QUIET_S = 15.0


def look(desk: Desk, after: int) -> News:
    """Read what is newer than an id, and the gates as they are."""
    with desk.reading() as uow:
        after = max(after, lookup.newest_event(uow) - CATCH_UP)
        events = tuple(lookup.events_after(uow, desk.site.zone, after, CATCH_UP))
        gates = tuple(lookup.gates(uow, desk.site.zone, desk.clock()))
    return News(events, gates, events[-1].id if events else after)


def _first(desk: Desk, last_id: int | None) -> News:
    """Read what the page missed; a new page has its list already and starts here."""
    with desk.reading() as uow:
        newest = lookup.newest_event(uow)
    return look(desk, newest if last_id is None else min(last_id, newest))


async def follow(
    desk: Desk, is_welcome: Callable[[], bool], last_id: int | None
) -> AsyncIterator[News | None]:
    """Yield news; None where nothing happened for 15 s, and then the session is looked up again."""
    async with desk.live.viewer() as viewer:
        first = await run_in_threadpool(_first, desk, last_id)
        desk.live.begin(first)
        yield first
        seen = first.newest_id
        while True:
            try:
                news = await asyncio.wait_for(viewer.queue.get(), _QUIET_S)
            except TimeoutError:
                if not await run_in_threadpool(is_welcome):
                    return
                yield None
                continue
            if news is None:
                return
            events = tuple(event for event in news.events if event.id > seen)
            seen = max(seen, news.newest_id)
            yield News(events, news.gates, seen)
