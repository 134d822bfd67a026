"""jetson-utils behind our camera: frames in our own mapped images, each with its device address.

Its module is built only on a Jetson; the stand-in has the calls that we use, named as in its
python bindings.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from edge.workers.face.camera import camera_for
from edge.workers.face.camera_jetson import DeviceFrame, JetsonCamera, load_jetson_utils
from edge.workers.face.camera_port import CameraError


class Image:
    def __init__(self, width: int, height: int, channels: int = 3) -> None:
        self.width, self.height = width, height
        self.pixels = np.zeros((height, width, channels), np.uint8)

    @property
    def __array_interface__(self) -> dict[str, Any]:
        return dict(self.pixels.__array_interface__)

    @property
    def __cuda_array_interface__(self) -> dict[str, Any]:
        return dict(self.pixels.__array_interface__)


class JetsonError(Exception):
    """The bindings raise bare Exceptions; any kind will do."""


class Utils:
    """One ring of two images that is written over and over, as the real one does."""

    def __init__(self) -> None:
        self.ring = [Image(8, 4), Image(8, 4)]
        self.taken = 0
        self.allocated: list[Image] = []
        self.is_open = False
        self.fails = ""
        self.channels = 3

    def videoSource(self, address: str, argv: list[str]) -> "Utils":
        assert address == "csi://0"
        assert argv == ["--num-buffers=4"]
        if self.fails == "source":
            raise JetsonError("failed to create videoSource device")
        return self

    def Open(self) -> None:
        if self.fails == "open":
            raise JetsonError("failed to open videoSource device for streaming")
        self.is_open = True

    def Close(self) -> None:
        self.is_open = False

    def Capture(self, format: str, timeout: int) -> Image | None:  # noqa: A002
        assert (format, timeout) == ("rgb8", 3000)
        if self.fails == "capture":
            raise JetsonError("videoSource failed to capture image")
        if self.fails == "nothing":
            return None
        self.taken += 1
        image = self.ring[self.taken % 2]
        image.pixels[:] = (self.taken, 2, 3)
        return image

    def cudaAllocMapped(self, width: int, height: int, format: str) -> Image:  # noqa: A002
        assert format == "bgr8"
        self.allocated.append(Image(width, height, self.channels))
        return self.allocated[-1]

    def cudaConvertColor(self, source: Image, target: Image) -> None:
        if self.fails == "convert":
            raise JetsonError("failed")
        target.pixels[:, :, :3] = source.pixels[:, :, ::-1]

    def cudaDeviceSynchronize(self) -> None:
        return None


@pytest.fixture
def utils() -> Utils:
    return Utils()


@pytest.fixture
def camera(utils: Utils) -> JetsonCamera:
    return JetsonCamera("csi://0", load=lambda: utils)


def test_a_frame_is_ours_in_our_colours_and_the_gpu_knows_where_it_lies(
    camera: JetsonCamera, utils: Utils
) -> None:
    camera.open()
    first, second = camera.read(), camera.read()
    assert isinstance(first, DeviceFrame)
    assert first[0, 0].tolist() == [3, 2, 1]
    assert second[0, 0].tolist() == [3, 2, 2]
    assert first.device_pointer == utils.allocated[0].pixels.ctypes.data
    assert getattr(first[1:], "device_pointer", 0) == 0, "a part lies elsewhere"
    camera.close()
    assert not utils.is_open


def test_memory_is_used_again_and_overwritten_first(camera: JetsonCamera, utils: Utils) -> None:
    camera.open()
    for _ in range(9):
        frame = camera.read()
        assert frame.any()
        del frame
        assert not any(image.pixels.any() for image in utils.allocated)
    assert len(utils.allocated) == 1


def test_frames_that_nobody_gives_back_end_the_camera(camera: JetsonCamera) -> None:
    camera.open()
    held = [camera.read() for _ in range(8)]
    with pytest.raises(CameraError, match="camera_lost"):
        camera.read()
    assert len(held) == 8


@pytest.mark.parametrize("fails", ["source", "open"])
def test_a_sensor_that_does_not_open_is_missing(
    camera: JetsonCamera, utils: Utils, fails: str
) -> None:
    utils.fails = fails
    with pytest.raises(CameraError, match="camera_missing"):
        camera.open()
    with pytest.raises(CameraError, match="camera_missing"):
        camera.read()
    camera.close()


@pytest.mark.parametrize("fails", ["capture", "nothing", "convert"])
def test_a_sensor_that_stops_is_lost(camera: JetsonCamera, utils: Utils, fails: str) -> None:
    camera.open()
    utils.fails = fails
    with pytest.raises(CameraError, match="camera_lost"):
        camera.read()
    camera.close()
    camera.shut()


def test_an_infrared_sensor_is_no_camera(camera: JetsonCamera, utils: Utils) -> None:
    utils.channels = 4
    camera.open()
    with pytest.raises(CameraError, match="camera_not_colour"):
        camera.read()


def test_without_jetson_utils_another_source_is_named() -> None:
    with pytest.raises(CameraError, match=r"no_jetson_utils.*csi:0"):
        load_jetson_utils()


@pytest.mark.parametrize(
    ("spec", "code"),
    [
        ("jetson:rtsp://10.0.0.1/live", "network_camera"),
        ("jetson:webrtc://@:8554/x", "network_camera"),
        ("jetson:file:///x.mp4", "unknown_source"),
        ("jetson:csi://0 --output", "unknown_source"),
        ("jetson:v4l2:///dev/../x", "unknown_source"),
    ],
)
def test_face_takes_local_sensors_only(spec: str, code: str) -> None:
    with pytest.raises(CameraError) as caught:
        camera_for(spec)
    assert caught.value.code == code
    assert "10.0.0.1" not in str(caught.value)


def test_both_local_forms_are_taken() -> None:
    make: Callable[[str], object] = camera_for
    assert isinstance(make("jetson:csi://0"), JetsonCamera)
    assert isinstance(make("jetson:v4l2:///dev/video2"), JetsonCamera)
