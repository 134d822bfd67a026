"""Place pictures into input tensors with the kernel, copying a frame at most once.

A frame from jetson-utils already lies where the GPU reads; it says so by a ``device_pointer``. Any
other frame goes through one buffer that is kept for the largest frame so far.
"""

import numpy as np

from edge.workers.face.engine import EngineError
from edge.workers.face.models_input import Picture
from edge.workers.face.trt.compiling import KERNEL, SIGNATURE
from edge.workers.face.trt.driver import Argument, Buffer, CudaDriver
from edge.workers.face.trt.picture import Placing

__all__ = ["PicturePlacer"]

_BLOCK = (16, 16, 1)


class PicturePlacer:
    """Hold the compiled kernel ``image`` and the frame buffer of one driver."""

    def __init__(self, driver: CudaDriver, image: bytes) -> None:
        self._driver = driver
        self._kernel = driver.kernel(image, KERNEL, SIGNATURE)
        self._frame: Buffer | None = None

    def place(self, picture: Picture, placing: Placing, target: int) -> None:
        """Put the launch into the stream that fills ``target``, an address on the device."""
        if picture.ndim != 3 or picture.shape[2] not in (3, 4) or picture.dtype != np.uint8:
            raise EngineError("wrong_picture")
        height, width, channels = picture.shape
        pointer, pitch = self._pointer(picture)
        first, step = (0, 1) if placing.is_bgr else (2, -1)
        arguments: tuple[Argument, ...] = (
            pointer, target, width, height, pitch, channels, first, step,
            placing.width, placing.height, placing.inside_width, placing.inside_height,
            int(placing.is_area), placing.taps, int(placing.rounds),
            *placing.matrix, *placing.mean, placing.scale,
            placing.spread,
        )  # fmt: skip
        grid = (-(-placing.width // _BLOCK[0]), -(-placing.height // _BLOCK[1]), 1)
        self._kernel.launch(grid, _BLOCK, arguments)

    def wipe(self) -> None:
        """Overwrite the copy of the last frame; the stream must have come to its end."""
        if self._frame is not None:
            self._frame.host.fill(0)
            self._driver.upload(self._frame, self._frame.host.size)

    def close(self) -> None:
        """Overwrite and give back the frame buffer."""
        if self._frame is not None:
            self._driver.free(self._frame)
            self._frame = None

    def _pointer(self, picture: Picture) -> tuple[int, int]:
        """Return where the picture's pixels lie on the device and how long a row is, in bytes."""
        known = getattr(picture, "device_pointer", 0)
        if known:
            return int(known), int(picture.strides[0])
        size = picture.nbytes
        if self._frame is None or self._frame.host.size < size:
            self.close()
            self._frame = self._driver.allocate(size)
        self._frame.host[:size] = np.ascontiguousarray(picture).reshape(-1)
        self._driver.upload(self._frame, size)
        return self._frame.device, picture.shape[1] * picture.shape[2]
