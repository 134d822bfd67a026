"""Grab frames from a real camera: V4L2, RTSP or a GStreamer pipeline, through OpenCV.

A camera that answers but repeats one picture is broken too: a sensor has noise, so bit-identical
frames for ``_FROZEN_MS`` are a fault, and the camera is opened again.
"""

from collections.abc import Callable
from typing import Literal

import cv2
import numpy as np

from edge.workers.qr.frames import (
    WORKING_HEIGHT,
    WORKING_WIDTH,
    Frame,
    SourceError,
    to_grey,
    to_working_size,
)

__all__ = ["CaptureCamera"]

_FROZEN_MS = 30_000.0
_OPEN_LIMIT_MS = 5000
_READ_LIMIT_MS = 3000
_BACKENDS = {"v4l2": cv2.CAP_V4L2, "rtsp": cv2.CAP_FFMPEG, "gst": cv2.CAP_GSTREAMER}


class CaptureCamera:
    """Read grey 640x480 frames; blocks until the next frame, for 3 s at most."""

    def __init__(
        self,
        kind: Literal["v4l2", "rtsp", "gst"],
        address: str,
        mono_ms: Callable[[], float],
    ) -> None:
        self._kind = kind
        self._address = address
        self._mono_ms = mono_ms
        self._capture: cv2.VideoCapture | None = None
        self._print = b""
        self._changed_ms = 0.0

    def __repr__(self) -> str:
        """Leave the address out: it may hold a password."""
        return f"CaptureCamera({self._kind})"

    def open(self) -> None:
        """Open the camera; raises ``SourceError`` when there is none."""
        backend = _BACKENDS[self._kind]
        if backend not in cv2.videoio_registry.getBackends():
            cure = "this build of OpenCV lacks it; on a Jetson use the OpenCV of JetPack"
            raise SourceError(f"no_{self._kind}", cure)
        capture = cv2.VideoCapture(self._address, backend, _settings(self._kind))
        if not capture.isOpened():
            capture.release()
            raise SourceError("camera_missing", "check cable, power, address and permission")
        # Where the driver allows it, no old frames queue up behind the newest one.
        capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)
        self._capture = capture
        self._print = b""
        self._changed_ms = self._mono_ms()

    def read(self) -> list[Frame]:
        """Return the next frame; raises ``SourceError`` when the camera has stopped."""
        if self._capture is None:
            raise SourceError("camera_missing", "open it first")
        is_there, picture = self._capture.read()
        if not is_there or picture is None:
            raise SourceError("camera_lost", "check cable, power and network of the camera")
        now_ms = self._mono_ms()
        grey = to_grey(np.asarray(picture, dtype=np.uint8))
        now_print = grey[::8, ::8].tobytes()
        if now_print != self._print:
            self._print, self._changed_ms = now_print, now_ms
        elif now_ms - self._changed_ms > _FROZEN_MS:
            raise SourceError("camera_frozen", "power the camera off and on")
        return [Frame(to_working_size(grey), now_ms)]

    def close(self) -> None:
        """Let go of the camera."""
        if self._capture is not None:
            self._capture.release()
            self._capture = None


def _settings(kind: Literal["v4l2", "rtsp", "gst"]) -> list[int]:
    if kind == "v4l2":
        size = [cv2.CAP_PROP_FRAME_WIDTH, WORKING_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT, WORKING_HEIGHT]
        return [*size, cv2.CAP_PROP_FPS, 30]
    if kind == "rtsp":
        limit = [cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, _OPEN_LIMIT_MS]
        return [*limit, cv2.CAP_PROP_READ_TIMEOUT_MSEC, _READ_LIMIT_MS]
    return []
