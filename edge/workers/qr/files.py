"""Let files stand in for a camera: a picture, a folder of pictures, a video, or a mailbox.

They are simulations and say so. They never block for long, so the main loop asks them directly and
a picture named over the socket is read at once. Every frame counts, none is skipped.
"""

from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np

from edge.workers.qr.frames import Frame, SourceError, SourceState, to_grey, to_working_size
from edge.workers.qr.pictures import PictureError, read_picture

__all__ = ["FileFeed", "follow_folder", "play", "play_nothing"]

_PICTURES = {".png", ".jpg", ".jpeg", ".webp", ".bmp"}
_SHOWS_HELD = 64
_VIDEOS = {".mp4", ".avi", ".mkv", ".webm", ".mov", ".mjpeg", ".m4v"}

Clock = Callable[[], float]
Player = Iterator[Frame | SourceError | None]


class FileFeed:
    """Deliver the frames of files to one lane.

    ``player`` yields frames, an error for a file that cannot be read, and None where there is
    nothing yet. Only a mailbox takes pictures over the socket; it shows them one after the other,
    and ``shown`` counts how many it has begun with.
    """

    is_simulated = True
    dropped = 0

    def __init__(self, player: Player, mono_ms: Clock, *, is_mailbox: bool = False) -> None:
        self.is_mailbox = is_mailbox
        self.state: SourceState = "opening"
        self._player = player
        self._mono_ms = mono_ms
        self._fault: str | None = None
        self._waiting: deque[Path] = deque()
        self.shown = 0

    def start(self) -> None:
        """Begin to read."""
        self.state = "waiting" if self.is_mailbox else "live"

    def show(self, path: Path) -> bool:
        """See the picture, folder or video at ``path`` next; tell whether there was room for it."""
        if len(self._waiting) >= _SHOWS_HELD:
            return False
        self._waiting.append(path)
        self.state = "live"
        return True

    def take(self) -> Frame | None:
        """Return the next frame, or None when there is none now."""
        if self.state in ("opening", "waiting", "ended"):
            return None
        try:
            item = next(self._player)
        except StopIteration:
            return self._take_next()
        if isinstance(item, SourceError):
            self._fault = item.code
            return None
        return item

    def _take_next(self) -> Frame | None:
        if not self._waiting:
            self.state = "waiting" if self.is_mailbox else "ended"
            return None
        self._player = play(self._waiting.popleft(), self._mono_ms)
        self.shown += 1
        return self.take()

    def take_fault(self) -> str | None:
        """Return the code of a file that could not be read since the last call."""
        fault, self._fault = self._fault, None
        return fault

    def close(self) -> None:
        """Let go of the file."""
        self._player = play_nothing()
        self._waiting.clear()
        self.state = "ended"


def play_nothing() -> Player:
    """Yield no frame."""
    yield from ()


def play(path: Path, mono_ms: Clock) -> Player:
    """Yield the frames of the picture, folder or video at ``path`` once."""
    if path.is_dir():
        for picture in _pictures_in(path):
            yield _still(picture, mono_ms)
    elif path.suffix.lower() in _VIDEOS:
        yield from _video(path, mono_ms)
    else:
        yield _still(path, mono_ms)


def follow_folder(folder: Path, mono_ms: Clock) -> Player:
    """Yield each picture of a folder by name, then those that are added or changed, for ever.

    A picture that cannot be read is passed over until it changes: it may still be being written.
    """
    seen: dict[Path, int] = {}
    while True:
        current = {path: _changed_ns(path) for path in _pictures_in(folder)}
        new = [path for path, changed in current.items() if seen.get(path) != changed]
        seen = current
        for path in new:
            frame = _still(path, mono_ms)
            yield frame if isinstance(frame, Frame) else None
        if not new:
            yield None


def _changed_ns(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0


def _pictures_in(folder: Path) -> list[Path]:
    try:
        return sorted(path for path in folder.iterdir() if path.suffix.lower() in _PICTURES)
    except OSError:
        return []


def _still(path: Path, mono_ms: Clock) -> Frame | PictureError:
    taken_ms = mono_ms()
    try:
        full = read_picture(path)
    except PictureError as error:
        return error
    working = to_working_size(full)
    return Frame(working, taken_ms, None if working is full else full, is_still=True)


def _video(path: Path, mono_ms: Clock) -> Player:
    capture = cv2.VideoCapture(str(path))
    try:
        if not capture.isOpened():
            yield SourceError("not_a_video", "use a video file that OpenCV can read")
            return
        while True:
            taken_ms = mono_ms()
            is_there, picture = capture.read()
            if not is_there:
                return
            grey = to_grey(np.asarray(picture, dtype=np.uint8))
            yield Frame(to_working_size(grey), taken_ms)
    finally:
        capture.release()
