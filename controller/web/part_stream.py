"""Keep one part of an open page up to date: its HTML is sent again whenever it has changed.

`static/follow.js` puts it in place. Without scripts the page is complete and is loaded again.
"""

import asyncio
from collections.abc import AsyncIterator, Callable

from fastapi import Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import StreamingResponse

from controller.web import sse

__all__ = ["stream_part"]

_LOOK_EVERY_S = 1.0
_QUIET_LOOKS = 15


def stream_part(request: Request, draw: Callable[[], str | None]) -> StreamingResponse:
    """Stream what `draw` returns, at once and on change; None ends the stream for good.

    `draw` is called in a thread once a second while the page is open.
    """

    async def messages() -> AsyncIterator[str]:
        shown, quiet = "", 0
        while not await request.is_disconnected():
            drawn = await run_in_threadpool(draw)
            if drawn is None:
                yield sse.message("end", "")
                return
            quiet += 1
            if drawn != shown:
                shown, quiet = drawn, 0
                yield sse.message("part", drawn)
            elif quiet >= _QUIET_LOOKS:
                quiet = 0
                yield sse.COMMENT
            await asyncio.sleep(_LOOK_EVERY_S)

    return sse.stream(messages())
