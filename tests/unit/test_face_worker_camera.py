import threading
import time
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.workers.face.analysis import Frame
from edge.workers.face.camera import CaptureCamera, FileCamera, camera_for
from edge.workers.face.camera_feed import CameraFeed
from edge.workers.face.camera_port import CameraError, Standby


@pytest.mark.parametrize(
    "spec",
    [
        "rtsp://10.0.0.1/live",
        "http://10.0.0.1/video",
        "gst:rtspsrc location=rtsp://10.0.0.1/live ! decodebin ! appsink",
        "gst:udpsrc port=5000 ! jpegdec ! appsink",
        "gst:v4l2src ! appsink udpsrc ! fakesink",
        "gst:uridecodebin uri=http://10.0.0.1 ! appsink",
        "gst:v4l2src device=/dev/video0 ! x location=tcp://10.0.0.1 ! appsink",
    ],
)
def test_a_camera_on_a_network_is_refused(spec: str) -> None:
    with pytest.raises(CameraError) as caught:
        camera_for(spec)
    assert caught.value.code == "network_camera"
    assert "10.0.0.1" not in str(caught.value)


@pytest.mark.parametrize(
    "spec",
    [
        "",
        "v4l2:",
        "v4l2:http://x",
        "v4l2:/dev/../x",
        "mailbox:x",
        "serial:/dev/ttyACM0",
        "picture:",
        "x",
    ],
)
def test_what_is_no_camera_is_refused(spec: str) -> None:
    with pytest.raises(CameraError, match="unknown_source"):
        camera_for(spec)


def test_local_cameras_are_taken() -> None:
    for spec in ("v4l2:/dev/video0", "gst:nvarguscamerasrc ! nvvidconv ! videoconvert ! appsink"):
        camera = camera_for(spec)
        assert isinstance(camera, CaptureCamera)
        assert not camera.is_simulated


def test_a_camera_that_is_not_there_says_so() -> None:
    camera = camera_for("v4l2:/dev/video98")
    with pytest.raises(CameraError, match="camera_missing"):
        camera.open()
    with pytest.raises(CameraError, match="camera_missing"):
        camera.read()
    camera.close()


def test_a_picture_repeats_and_a_folder_follows_its_names(tmp_path: Path) -> None:
    for value in (1, 2):
        assert cv2.imwrite(str(tmp_path / f"{value}.png"), np.full((4, 6, 3), value, np.uint8))
    (tmp_path / "note.txt").write_text("no picture")
    single = camera_for(f"picture:{tmp_path}/1.png")
    single.open()
    first, second = single.read(), single.read()
    first.fill(0)
    assert second[0, 0, 0] == 1
    folder = camera_for(f"folder:{tmp_path}")
    assert [int(folder.read()[0, 0, 0]) for _ in range(5)] == [1, 2, 1, 2, 1]


def test_an_empty_mailbox_sees_a_dark_room_and_shows_what_it_is_given(tmp_path: Path) -> None:
    camera = camera_for("mailbox:")
    assert isinstance(camera, FileCamera)
    assert not camera.read().any()
    with pytest.raises(CameraError, match="file_missing"):
        camera.show(tmp_path / "absent.png")
    path = tmp_path / "门.png"
    path.write_bytes(cv2.imencode(".png", np.full((4, 6, 3), 7, np.uint8))[1].tobytes())
    camera.show(path)
    assert camera.read()[0, 0, 0] == 7
    camera.close()
    assert camera.read()[0, 0, 0] == 7


@pytest.mark.parametrize("content", [b"", b"no picture", b"\x89PNG\r\n\x1a\n"])
def test_a_broken_file_is_a_fault_of_the_camera(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.png"
    path.write_bytes(content)
    with pytest.raises(CameraError, match="not_a_picture"):
        FileCamera(path).read()
    (tmp_path / "empty").mkdir()
    with pytest.raises(CameraError, match="not_a_picture"):
        FileCamera(tmp_path / "empty").read()


def test_a_large_picture_is_no_larger_than_a_camera(tmp_path: Path) -> None:
    path = tmp_path / "x.png"
    assert cv2.imwrite(str(path), np.zeros((1000, 4000, 3), np.uint8))
    assert FileCamera(path).read().shape == (480, 1920, 3)


class Counting:
    """A camera that counts, and that blocks when told to."""

    is_simulated = False

    def __init__(self) -> None:
        self.opened = 0
        self.is_open = False
        self.handed: list[Frame] = []
        self.gate = threading.Event()
        self.gate.set()
        self.standby: Standby = "closed"
        self.stood_by = 0

    def stand_by(self) -> None:
        self.stood_by += 1

    def shut(self) -> None:
        self.is_open = False

    def open(self) -> None:
        assert not self.is_open
        self.opened += 1
        self.is_open = True

    def read(self) -> Frame:
        self.gate.wait()
        time.sleep(0.005)
        frame = np.full((4, 4, 3), 9, np.uint8)
        self.handed.append(frame)
        return frame

    def close(self) -> None:
        self.is_open = False


def later(ms: float) -> float:
    return time.monotonic() * 1000 + ms


def test_a_feed_opens_its_camera_only_while_armed() -> None:
    camera = Counting()
    feed = CameraFeed(camera, lambda: None)
    assert feed.take() is None
    assert camera.opened == 0
    feed.arm(later(5000))
    end_s = time.monotonic() + 5
    while (taken := feed.take()) is None and time.monotonic() < end_s:
        time.sleep(0.005)
    assert taken is not None
    feed.disarm()
    feed.close()
    assert feed.is_closed
    assert not camera.is_open
    assert feed.take() is None
    # All but the one that was taken are overwritten.
    assert sum(bool(frame.any()) for frame in camera.handed) <= 1


def test_a_camera_that_blocks_is_not_opened_twice() -> None:
    camera = Counting()
    feed = CameraFeed(camera, lambda: None)
    camera.gate.clear()
    feed.arm(later(5000))
    time.sleep(0.05)
    feed.arm(later(5000))
    time.sleep(0.05)
    assert camera.opened == 1
    camera.gate.set()
    time.sleep(0.1)
    assert camera.opened == 2
    feed.close()
    assert feed.is_closed


def test_an_error_that_nobody_expected_reaches_the_main_loop() -> None:
    camera = Counting()
    camera.is_open = True  # the assertion in open() stands for a bug
    woken = threading.Event()
    feed = CameraFeed(camera, woken.set)
    feed.arm(later(5000))
    assert woken.wait(5)
    with pytest.raises(AssertionError):
        feed.take()
