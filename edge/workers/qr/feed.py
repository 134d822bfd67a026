"""Keep a blocking reader running in a thread of its own and hand its newest item to the main loop.

A camera that is unplugged is a state, not a crash: the thread says so once and opens it again, each
time a little later. An error that nobody expected ends the process through ``take``.
"""

import threading
from collections import deque
from collections.abc import Callable, Sequence
from typing import Protocol

from edge.workers.qr.frames import CodeText, Frame, SourceError, SourceState

__all__ = ["Source", "ThreadFeed"]

_FIRST_WAIT_S = 0.25
_LONGEST_WAIT_S = 10.0
_TEXTS_HELD = 32


class Source(Protocol):
    """Read a device; each call may block for a few seconds and raises only ``SourceError``."""

    def open(self) -> None:
        """Open the device."""

    def read(self) -> Sequence[Frame | CodeText]:
        """Return what came in, nothing after a quiet moment."""

    def close(self) -> None:
        """Let go of the device; harmless when it is not open."""


class ThreadFeed:
    """Deliver one device to one lane: of frames the newest, of texts all, up to 32 waiting."""

    is_simulated = False

    def __init__(self, source: Source, wake: Callable[[], None]) -> None:
        self.dropped = 0
        self.state: SourceState = "opening"
        self._source = source
        self._wake = wake
        self._frame: Frame | None = None
        self._texts: deque[CodeText] = deque(maxlen=_TEXTS_HELD)
        self._faults: deque[str] = deque(maxlen=4)
        self._error: Exception | None = None
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="qr-source", daemon=True)

    def start(self) -> None:
        """Begin to read."""
        self._thread.start()

    def take(self) -> Frame | CodeText | None:
        """Return a waiting text, or the newest frame, or None; raises what broke the thread."""
        if self._error is not None:
            raise self._error
        with self._lock:
            if self._texts:
                return self._texts.popleft()
            frame, self._frame = self._frame, None
            return frame

    def take_fault(self) -> str | None:
        """Return the code of a fault that began since the last call."""
        return self._faults.popleft() if self._faults else None

    def close(self) -> None:
        """Stop reading; a device that blocks keeps its thread until the process ends."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(timeout=1.0)

    def _run(self) -> None:
        wait_s = _FIRST_WAIT_S
        try:
            while not self._stopping.is_set():
                if self._read_until_lost():
                    wait_s = _FIRST_WAIT_S
                self._stopping.wait(wait_s)
                wait_s = min(wait_s * 2, _LONGEST_WAIT_S)
        except Exception as error:  # noqa: BLE001 - handed to the main loop, which ends the process
            self._error = error
            self._wake()

    def _read_until_lost(self) -> bool:
        """Read until the source fails or the feed closes; tell whether it has worked at all."""
        has_worked = False
        try:
            self._source.open()
            while not self._stopping.is_set():
                items = self._source.read()
                # An open device proves nothing: only a read that came back does.
                if not has_worked:
                    has_worked = True
                    self._set_state("live")
                for item in items:
                    self._put(item)
        except SourceError as error:
            if self.state != "faulted":
                self._faults.append(error.code)
                self._set_state("faulted")
        finally:
            self._source.close()
        return has_worked

    def _set_state(self, state: SourceState) -> None:
        self.state = state
        self._wake()

    def _put(self, item: Frame | CodeText) -> None:
        with self._lock:
            if isinstance(item, Frame):
                self.dropped += self._frame is not None
                self._frame = item
            else:
                self.dropped += len(self._texts) == _TEXTS_HELD
                self._texts.append(item)
        self._wake()
