"""Read face frames from a local imager, or from files where a camera is simulated.

A camera reached over a network is refused: its frames would cross a wire, compressed, and its own
account could be watched. What a device holds is dropped when it closes.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import cv2
import numpy as np

from edge.workers.face.analysis import Frame, wipe
from edge.workers.face.camera_gst import GstCamera, csi_pipeline, parse_csi
from edge.workers.face.camera_jetson import JetsonCamera
from edge.workers.face.camera_port import CameraError, FaceCamera, Standby

__all__ = ["FORMS", "CaptureCamera", "FileCamera", "camera_for"]

FORMS = (
    "v4l2:/dev/video0, csi:0, jetson:csi://0, jetson:v4l2:///dev/video0, "
    "gst:PIPELINE that begins with a local source, "
    "and simulated: mailbox:, picture:FILE, folder:DIR, video:FILE"
)
MAX_FILE_BYTES = 64 * 1024 * 1024
# No gate camera is larger; a press photograph of 30 megapixels shown to the simulator is.
_LONGEST_SIDE_PX = 1920
_PICTURES = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".webp"})
_VIDEOS = frozenset({".mp4", ".avi", ".mkv", ".mov", ".webm"})
_LOCAL_SOURCES = ("nvarguscamerasrc", "v4l2src", "libcamerasrc", "nvv4l2camerasrc")
_BACKENDS = {"v4l2": cv2.CAP_V4L2, "gst": cv2.CAP_GSTREAMER}


class CaptureCamera:
    """Read colour frames from a local camera through OpenCV."""

    is_simulated = False
    standby: Standby = "closed"

    def __init__(self, kind: Literal["v4l2", "gst"], address: str) -> None:
        self._kind = kind
        self._address = address
        self._capture: cv2.VideoCapture | None = None

    def stand_by(self) -> None:
        """Do nothing: the sensor is closed between attempts."""

    def open(self) -> None:
        """Open the camera and let it adjust to the light for one frame."""
        backend = _BACKENDS[self._kind]
        if backend not in cv2.videoio_registry.getBackends():
            raise CameraError(f"no_{self._kind}", "use the OpenCV of JetPack, or another source")
        capture = cv2.VideoCapture(self._address, backend)
        if not capture.isOpened():
            capture.release()
            raise CameraError("camera_missing", "check cable, power, address and permission")
        capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)
        self._capture = capture

    def read(self) -> Frame:
        """Return the next frame."""
        if self._capture is None:
            raise CameraError("camera_missing")
        is_there, picture = self._capture.read()
        if not is_there or picture is None:
            raise CameraError("camera_lost", "check cable and power of the camera")
        frame = np.asarray(picture, dtype=np.uint8)
        if frame.ndim != 3 or frame.shape[2] != 3:
            raise CameraError("camera_not_colour", "an infrared or grey camera is no valid input")
        return frame

    def close(self) -> None:
        """Let go of the camera."""
        if self._capture is not None:
            self._capture.release()
            self._capture = None

    def shut(self) -> None:
        """Let go of the camera."""
        self.close()


class FileCamera:
    """Stand in for a camera: what ``path`` names stays in view until another is shown.

    A picture repeats, the pictures of a folder follow each other by name, a video runs; each of
    them begins anew at its end. Nothing is read while the camera is closed.
    """

    is_simulated = True
    standby: Standby = "closed"

    def __init__(self, path: Path | None, *, is_mailbox: bool = False) -> None:
        self.is_mailbox = is_mailbox
        self._path = path
        self._frames: Iterator[Frame] | None = None
        self._still: Frame | None = None

    def show(self, path: Path) -> None:
        """Put a picture, folder or video before the camera; raises ``CameraError``."""
        if not path.exists():
            raise CameraError("file_missing", "name a file that is there")
        self._path = path
        self._frames = None

    def stand_by(self) -> None:
        """Do nothing: files do not wait."""

    def open(self) -> None:
        """Begin with the first frame; an empty mailbox sees a dark room."""
        self._frames = None

    def read(self) -> Frame:
        """Return the next frame."""
        for _ in range(2):
            if self._frames is None:
                self._frames = self._play()
            frame = next(self._frames, None)
            if frame is not None:
                return frame
            self._frames = None
        raise CameraError("not_a_picture", "show an intact picture, folder or video")

    def close(self) -> None:
        """Forget what was in view."""
        self._frames = None
        wipe(self._still)
        self._still = None

    def shut(self) -> None:
        """Forget what was in view."""
        self.close()

    def _play(self) -> Iterator[Frame]:
        path = self._path
        if path is None:
            yield np.zeros((480, 640, 3), np.uint8)
        elif path.is_dir():
            for picture in sorted(path.iterdir()):
                if picture.suffix.lower() in _PICTURES:
                    yield _picture(picture)
        elif path.suffix.lower() in _VIDEOS:
            yield from _video(path)
        else:
            wipe(self._still)
            self._still = _picture(path)
            while self._still is not None:
                yield self._still.copy()


def camera_for(spec: str, standby: Standby = "closed") -> FaceCamera:
    """Return the camera that ``spec`` names, closed; raises ``CameraError``.

    Only a CSI sensor has a valve: others open in a fraction of a second.
    """
    kind, colon, rest = spec.partition(":")
    if standby == "valve" and kind != "csi":
        raise CameraError("no_valve", "only csi: sources wait behind a valve; leave it closed")
    if kind in ("rtsp", "rtsps", "http", "https", "udp", "tcp"):
        raise CameraError("network_camera", "face takes local cameras only")
    if kind == "mailbox" and colon and not rest:
        return FileCamera(None, is_mailbox=True)
    if rest and "\0" not in rest:
        if kind == "v4l2":
            return CaptureCamera("v4l2", _device(rest))
        if kind == "gst":
            return CaptureCamera("gst", _local_pipeline(rest))
        if kind == "csi":
            return GstCamera(csi_pipeline(parse_csi(rest)), standby)
        if kind == "jetson":
            return JetsonCamera(_local_address(rest))
        if kind in ("picture", "video", "folder"):
            if not Path(rest).exists():
                raise CameraError("file_missing", f"name a {kind} that is there")
            return FileCamera(Path(rest))
    raise CameraError("unknown_source", f"write one of: {FORMS}")


def _device(rest: str) -> str:
    if not re.fullmatch(r"/dev/[A-Za-z0-9/_.:-]+", rest) or ".." in rest:
        raise CameraError("unknown_source", "name a device as v4l2:/dev/video0")
    return rest


def _local_address(rest: str) -> str:
    if re.match(r"(rtsp|rtp|webrtc|https?)://", rest):
        raise CameraError("network_camera", "face takes local cameras only")
    if not re.fullmatch(r"csi://\d{1,2}|v4l2:///dev/video\d{1,3}", rest):
        raise CameraError("unknown_source", "write jetson:csi://0 or jetson:v4l2:///dev/video0")
    return rest


def _local_pipeline(rest: str) -> str:
    elements = [part.split(None, 1)[0] if part.split() else "" for part in rest.split("!")]
    sources = [name for name in re.findall(r"[A-Za-z0-9_]+", rest) if name.endswith(("src", "bin"))]
    if elements[0] not in _LOCAL_SOURCES or sources != [elements[0]] or "://" in rest:
        allowed = ", ".join(_LOCAL_SOURCES)
        raise CameraError("network_camera", f"begin with one of: {allowed}, and no other source")
    return rest


def _picture(path: Path) -> Frame:
    try:
        if not path.is_file() or path.stat().st_size > MAX_FILE_BYTES:
            raise CameraError("not_a_picture", "show a picture of at most 64 MiB")
        picture = cv2.imdecode(np.fromfile(path, np.uint8), cv2.IMREAD_COLOR)
    except (OSError, cv2.error):
        picture = None
    if picture is None:
        raise CameraError("not_a_picture", "show an intact PNG, JPEG, WebP or BMP")
    return _camera_size(np.asarray(picture, dtype=np.uint8))


def _camera_size(picture: Frame) -> Frame:
    height, width = picture.shape[:2]
    shrink = _LONGEST_SIDE_PX / max(height, width)
    if shrink >= 1:
        return picture
    size = (max(1, round(width * shrink)), max(1, round(height * shrink)))
    smaller = np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
    wipe(picture)
    return smaller


def _video(path: Path) -> Iterator[Frame]:
    capture = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG)
    try:
        while capture.isOpened():
            is_there, picture = capture.read()
            if not is_there:
                return
            yield _camera_size(np.asarray(picture, dtype=np.uint8))
    finally:
        capture.release()
