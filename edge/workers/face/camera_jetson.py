"""Read frames through jetson-utils ``videoSource``: they lie where the GPU reads them.

jetson-utils hands out its own ring buffers and writes into them again, so each frame is converted
once, on the GPU, into a mapped image of ours. Its pixels are a NumPy array for the processor and
carry the device's address for TensorRT; no frame crosses a bus or is copied by the processor.
"""

import importlib
import weakref
from collections.abc import Callable
from typing import Any

import numpy as np

from edge.workers.face.analysis import Frame, wipe
from edge.workers.face.camera_port import CameraError, Standby

__all__ = ["DeviceFrame", "JetsonCamera", "load_jetson_utils"]

_READ_MS = 3000
_MOST_FRAMES = 8
LoadJetson = Callable[[], Any]


class DeviceFrame(np.ndarray):
    """A frame that the GPU can read at ``device_pointer``; its parts have none."""

    device_pointer: int = 0


def load_jetson_utils() -> Any:  # noqa: ANN401 - publishes no types
    """Return the module; raises ``CameraError`` with `no_jetson_utils`."""
    try:
        return importlib.import_module("jetson_utils")
    except (ImportError, OSError):
        cure = "build jetson-utils on the Jetson, or name the camera as csi:0"
        raise CameraError("no_jetson_utils", cure) from None


class JetsonCamera:
    """Own one ``videoSource``; ``address`` is csi://N or v4l2:///dev/videoN."""

    is_simulated = False
    standby: Standby = "closed"

    def __init__(self, address: str, *, load: LoadJetson = load_jetson_utils) -> None:
        self._address = address
        self._load = load
        self._utils: Any = None
        self._source: Any = None
        self._spare: list[Any] = []
        self._made = 0

    def stand_by(self) -> None:
        """Do nothing: the sensor is closed between attempts."""

    def open(self) -> None:
        """Open the sensor."""
        self._utils = self._utils or self._load()
        try:
            self._source = self._utils.videoSource(self._address, argv=["--num-buffers=4"])
            self._source.Open()
        except Exception:  # noqa: BLE001 - jetson-utils raises bare Exceptions
            self._source = None
            cure = "check cable, power, sensor number and permission"
            raise CameraError("camera_missing", cure) from None

    def read(self) -> Frame:
        """Return the next frame."""
        if self._source is None:
            raise CameraError("camera_missing")
        lost = CameraError("camera_lost", "check cable and power of the camera")
        try:
            image = self._source.Capture(format="rgb8", timeout=_READ_MS)
        except Exception:  # noqa: BLE001 - jetson-utils raises bare Exceptions
            raise lost from None
        if image is None:
            raise lost
        held = self._spare_image(int(image.width), int(image.height))
        try:
            self._utils.cudaConvertColor(image, held)
            self._utils.cudaDeviceSynchronize()
        except Exception:  # noqa: BLE001 - jetson-utils raises bare Exceptions
            raise lost from None
        return self._frame(held)

    def close(self) -> None:
        """Close the sensor."""
        source, self._source = self._source, None
        if source is not None:
            source.Close()

    def shut(self) -> None:
        """Close the sensor and let go of all images."""
        self.close()
        self._spare.clear()

    def _spare_image(self, width: int, height: int) -> Any:  # noqa: ANN401 - a cudaImage
        while self._spare:
            image = self._spare.pop()
            if (int(image.width), int(image.height)) == (width, height):
                return image
            self._made -= 1
        if self._made >= _MOST_FRAMES:
            raise CameraError("camera_lost", "frames are not given back")
        self._made += 1
        return self._utils.cudaAllocMapped(width=width, height=height, format="bgr8")

    def _frame(self, image: Any) -> Frame:  # noqa: ANN401 - a cudaImage
        frame = np.asarray(image).view(DeviceFrame)
        if frame.ndim != 3 or frame.shape[2] != 3 or frame.dtype != np.uint8:
            raise CameraError("camera_not_colour", "an infrared or grey camera is no valid input")
        pointer = getattr(image, "gpudata", 0) or image.__cuda_array_interface__["data"][0]
        frame.device_pointer = int(pointer)
        weakref.finalize(frame, self._give_back, image)
        return frame

    def _give_back(self, image: Any) -> None:  # noqa: ANN401 - a cudaImage
        """Overwrite an image whose frame nobody holds any more and keep it for the next."""
        wipe(np.asarray(image))
        self._spare.append(image)
