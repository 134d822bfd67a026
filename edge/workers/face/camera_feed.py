"""Open a face camera for a few seconds, in a thread of its own, and close it whatever happens.

The thread knows the deadline itself: a main loop that hangs leaves no camera open. Of the frames
that nobody took only the newest is kept, the others are overwritten.
"""

import threading
import time
from collections.abc import Callable

from edge.workers.face.analysis import Frame, wipe
from edge.workers.face.camera_port import CameraError, FaceCamera

__all__ = ["CameraFeed"]

# Files are not faster than a camera would be.
_SIMULATED_FRAME_S = 0.05
_LONGEST_CLOSE_S = 5.0


class CameraFeed:
    """Hold one camera; ``arm`` opens it until a deadline in monotonic ms, ``disarm`` closes it."""

    def __init__(self, camera: FaceCamera, wake: Callable[[], None]) -> None:
        self.camera = camera
        self._wake = wake
        self._lock = threading.Lock()
        self._frame: tuple[Frame, float] | None = None
        self._fault = ""
        self._error: Exception | None = None
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def is_closed(self) -> bool:
        """Tell whether the device is closed for certain."""
        return self._thread is None or not self._thread.is_alive()

    def arm(self, deadline_mono_ms: float) -> None:
        """Open the camera until the deadline."""
        self.disarm()
        self._fault = ""
        self._stopping = threading.Event()
        run = (self._stopping, self._thread, deadline_mono_ms / 1000)
        self._thread = threading.Thread(target=self._run, args=run, name="face", daemon=True)
        self._thread.start()

    def disarm(self) -> None:
        """Close the camera; a device that blocks closes as soon as it lets go, within 3 s."""
        self._stopping.set()
        self._put(None)

    def take(self) -> tuple[Frame, float] | None:
        """Return the newest frame and when it was taken, in monotonic ms; the caller wipes it.

        Raises what broke the thread.
        """
        if self._error is not None:
            raise self._error
        with self._lock:
            taken, self._frame = self._frame, None
        return taken

    def take_fault(self) -> str:
        """Return the code of a fault that closed the camera, empty for none."""
        fault, self._fault = self._fault, ""
        return fault

    def stand_by(self) -> None:
        """Let the camera wait as its setting says: closed, or behind a closed valve."""
        self.camera.stand_by()

    def close(self) -> None:
        """Close the camera for good and wait for it a little."""
        self.disarm()
        if self._thread is not None:
            self._thread.join(timeout=1.0)
        if self.is_closed:
            self.camera.shut()

    def _run(
        self, stopping: threading.Event, before: threading.Thread | None, deadline_s: float
    ) -> None:
        try:
            _await_end(before)
            self._read_until(stopping, deadline_s)
        except CameraError as error:
            if not stopping.is_set():
                self._fault = error.code
        except Exception as error:  # noqa: BLE001 - handed to the main loop, which ends the process
            self._error = error
        self._wake()

    def _read_until(self, stopping: threading.Event, deadline_s: float) -> None:
        try:
            self.camera.open()
            while not stopping.is_set() and time.monotonic() < deadline_s:
                frame = self.camera.read()
                self._put((frame, time.monotonic() * 1000), stopping)
                self._wake()
                if self.camera.is_simulated:
                    stopping.wait(_SIMULATED_FRAME_S)
        finally:
            self.camera.close()

    def _put(
        self, item: tuple[Frame, float] | None, stopping: threading.Event | None = None
    ) -> None:
        with self._lock:
            # A frame that nobody waits for any more must not meet the next press.
            is_late = stopping is not None and stopping.is_set()
            dropped = item if is_late else self._frame
            if dropped is not None:
                wipe(dropped[0])
            if not is_late:
                self._frame = item


def _await_end(before: threading.Thread | None) -> None:
    """Wait for the thread that still closes the same device."""
    if before is not None:
        before.join(_LONGEST_CLOSE_S)
        if before.is_alive():
            raise CameraError("camera_busy")
