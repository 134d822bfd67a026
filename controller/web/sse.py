"""Write server-sent events (HTML Living Standard §9.2)."""

from collections.abc import AsyncIterator

from starlette.responses import StreamingResponse

__all__ = ["COMMENT", "HEADERS", "last_id", "message", "stream"]

COMMENT = ": \n\n"
"""Keeps the connection open where nothing happens."""

HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


def message(event: str, data: str, id_: int | None = None) -> str:
    """Return one message; line breaks in `data` are kept."""
    lines = [f"event: {event}"]
    if id_ is not None:
        lines.append(f"id: {id_}")
    lines += [f"data: {line}" for line in data.splitlines() or [""]]
    return "\n".join(lines) + "\n\n"


def stream(messages: AsyncIterator[str]) -> StreamingResponse:
    """Return the response that sends messages as they come."""
    return StreamingResponse(messages, media_type="text/event-stream", headers=HEADERS)


def last_id(header: str | None) -> int | None:
    """Return the id that the browser has seen last, None if it says none."""
    return int(header) if header is not None and header.isdecimal() and len(header) < 16 else None
