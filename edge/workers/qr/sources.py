"""Turn the words of a configuration into the feed of a lane."""

from collections.abc import Callable
from pathlib import Path
from urllib.parse import parse_qs

from edge.workers.qr.camera import CaptureCamera
from edge.workers.qr.feed import ThreadFeed
from edge.workers.qr.files import FileFeed, follow_folder, play, play_nothing
from edge.workers.qr.frames import Feed, SourceError
from edge.workers.qr.serial_engine import SerialEngine

__all__ = ["FORMS", "open_source"]

FORMS = (
    "v4l2:/dev/video0, rtsp://HOST/PATH, gst:PIPELINE, serial:/dev/ttyACM0?baud=115200, "
    "and simulated: mailbox:, picture:FILE, folder:DIR, video:FILE"
)
_BAUDS = frozenset({9600, 19200, 38400, 57600, 115200, 230400})


def open_source(
    spec: str, *, mono_ms: Callable[[], float], wake: Callable[[], None] = lambda: None
) -> Feed:
    """Return the feed that ``spec`` names; nothing is read before its ``start``.

    ``wake`` is called from other threads when there is something to take. Raises ``SourceError``
    with the forms that are understood, without repeating ``spec``.
    """
    kind, colon, rest = spec.partition(":")
    if colon and kind in ("rtsp", "rtsps") and rest.startswith("//"):
        return ThreadFeed(CaptureCamera("rtsp", spec, mono_ms), wake)
    if kind == "mailbox" and colon and not rest:
        return FileFeed(play_nothing(), mono_ms, is_mailbox=True)
    if not rest or "\0" in rest:
        raise SourceError("unknown_source", f"write one of: {FORMS}")
    if kind == "v4l2":
        return ThreadFeed(CaptureCamera("v4l2", rest, mono_ms), wake)
    if kind == "gst":
        return ThreadFeed(CaptureCamera("gst", rest, mono_ms), wake)
    if kind == "serial":
        return ThreadFeed(_serial(rest, mono_ms), wake)
    return _files(kind, Path(rest), mono_ms)


def _files(kind: str, path: Path, mono_ms: Callable[[], float]) -> Feed:
    if kind == "folder":
        if not path.is_dir():
            raise SourceError("folder_missing", "make the folder, or name another")
        return FileFeed(follow_folder(path, mono_ms), mono_ms)
    if kind in ("picture", "video"):
        if not path.is_file():
            raise SourceError("file_missing", f"name a {kind} file that is there")
        return FileFeed(play(path, mono_ms), mono_ms)
    raise SourceError("unknown_source", f"write one of: {FORMS}")


def _serial(rest: str, mono_ms: Callable[[], float]) -> SerialEngine:
    device, _, options = rest.partition("?")
    values = parse_qs(options, keep_blank_values=True)
    bauds = values.pop("baud", ["115200"])
    if values or len(bauds) != 1 or not bauds[0].isdecimal() or int(bauds[0]) not in _BAUDS:
        allowed = ", ".join(str(baud) for baud in sorted(_BAUDS))
        raise SourceError("bad_serial_options", f"only ?baud= is known, with one of {allowed}")
    return SerialEngine(device, int(bauds[0]), mono_ms)
