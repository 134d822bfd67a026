"""Read what the daemon left for one screen; anything that is not well formed counts as nothing."""

from pathlib import Path

import msgspec

__all__ = ["GONE_MS", "Reading", "read_board"]

GONE_MS = 5_000
"""A board that was not renewed for so long belongs to a gate that is gone."""
_MOST_BYTES = 32_768
_NO_TEXT = ("", "")


class Reading(msgspec.Struct, frozen=True):
    """A board as read; texts are (zh-CN, en), `..._ms` are CLOCK_MONOTONIC of this machine."""

    access_point: str
    written_ms: int
    shown_ms: int = 0
    armed_ms: int = 0
    signal: str = "quiet"
    reason: str = ""
    headline: tuple[str, str] = _NO_TEXT
    detail: tuple[str, str] = _NO_TEXT
    list_age_s: int = 0
    offline_since_ms: int | None = None
    ways: dict[str, str] = msgspec.field(default_factory=dict)
    door: str = ""
    is_armed: bool = False
    waiting: int = 0
    code: str = ""


_DECODER = msgspec.json.Decoder(Reading)


def read_board(file: Path) -> Reading | None:
    """Return the board of a file, or None where there is none that can be read."""
    try:
        with file.open("rb") as source:
            return _DECODER.decode(source.read(_MOST_BYTES))
    except (OSError, msgspec.DecodeError):
        return None
