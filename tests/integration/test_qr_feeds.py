"""Feed lanes from threads, files and a real capture backend."""

import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal

import cv2
import numpy as np
import pytest
import segno

from edge.workers.qr.camera import CaptureCamera
from edge.workers.qr.feed import ThreadFeed
from edge.workers.qr.files import FileFeed, follow_folder, play, play_nothing
from edge.workers.qr.frames import CodeText, Frame, SourceError

BLANK = np.zeros((2, 2), dtype=np.uint8)


def mono_ms() -> float:
    return time.monotonic() * 1000


def wait_for(is_so: Callable[[], bool], limit_s: float = 5.0) -> None:
    end_s = time.monotonic() + limit_s
    while not is_so():
        assert time.monotonic() < end_s
        time.sleep(0.005)


class Device:
    """A source that is plugged in and out by the test."""

    def __init__(self) -> None:
        self.is_plugged = True
        self.opened = 0
        self.reads = 0
        self.error: Exception | None = None
        self.given: Sequence[Frame | CodeText] = ()

    def open(self) -> None:
        self.opened += 1
        if not self.is_plugged:
            raise SourceError("camera_missing")

    def read(self) -> Sequence[Frame | CodeText]:
        time.sleep(0.005)
        if self.error is not None:
            raise self.error
        if not self.is_plugged:
            raise SourceError("camera_lost")
        self.reads += 1
        return self.given or [Frame(BLANK, float(self.reads))]

    def close(self) -> None:
        pass


def test_lane_gets_the_newest_frame_and_older_ones_are_counted() -> None:
    device = Device()
    woken = threading.Event()
    feed = ThreadFeed(device, woken.set)
    feed.start()
    assert woken.wait(5)
    wait_for(lambda: device.reads >= 5)
    frame = feed.take()
    assert isinstance(frame, Frame)
    assert frame.mono_ms >= 5
    assert feed.dropped >= 4
    assert feed.state == "live"
    feed.close()


def test_texts_are_not_skipped() -> None:
    device = Device()
    device.given = [CodeText(f"AC1:{index}", None, 0.0, 0.0) for index in range(3)]
    feed = ThreadFeed(device, lambda: None)
    feed.start()
    wait_for(lambda: device.reads >= 1)
    taken = [feed.take() for _ in range(3)]
    assert [item.text for item in taken if isinstance(item, CodeText)] == [
        "AC1:0",
        "AC1:1",
        "AC1:2",
    ]
    feed.close()


def test_unplugged_camera_is_one_fault_and_comes_back_by_itself() -> None:
    device = Device()
    feed = ThreadFeed(device, lambda: None)
    feed.start()
    wait_for(lambda: feed.state == "live")
    device.is_plugged = False
    wait_for(lambda: feed.state == "faulted")
    opened = device.opened
    wait_for(lambda: device.opened >= opened + 2)
    assert feed.take_fault() == "camera_lost"
    assert feed.take_fault() is None
    device.is_plugged = True
    wait_for(lambda: feed.state == "live")
    # No crash loop: a quarter of a second, then twice as long each time.
    assert device.opened <= opened + 4
    feed.close()


def test_unexpected_error_of_the_thread_reaches_the_main_loop() -> None:
    device = Device()
    device.error = RuntimeError("driver")
    woken = threading.Event()
    feed = ThreadFeed(device, woken.set)
    feed.start()
    assert woken.wait(5)
    with pytest.raises(RuntimeError):
        feed.take()
    feed.close()


def video_of(path: Path, frames: int) -> Path:
    writer = cv2.VideoWriter(
        str(path), cv2.VideoWriter.fourcc(*"MJPG"), 25, (320, 240), isColor=True
    )
    for index in range(frames):
        writer.write(np.full((240, 320, 3), index * 20, dtype=np.uint8))
    writer.release()
    return path


def test_capture_backend_gives_grey_frames_and_reports_the_end(tmp_path: Path) -> None:
    camera = CaptureCamera("rtsp", str(video_of(tmp_path / "v.avi", 4)), mono_ms)
    camera.open()
    for _ in range(4):
        [frame] = camera.read()
        assert frame.grey.shape == (240, 320)
        assert not frame.is_still
    with pytest.raises(SourceError) as caught:
        camera.read()
    assert caught.value.code == "camera_lost"
    camera.close()
    camera.close()


def test_frozen_camera_is_a_fault(tmp_path: Path) -> None:
    moments = iter([0.0, 0.0, 10_000.0, 20_000.0, 30_000.0, 30_001.0])
    writer = cv2.VideoWriter(
        str(tmp_path / "f.avi"), cv2.VideoWriter.fourcc(*"MJPG"), 25, (320, 240), isColor=True
    )
    for _ in range(8):
        writer.write(np.full((240, 320, 3), 90, dtype=np.uint8))
    writer.release()
    camera = CaptureCamera("rtsp", str(tmp_path / "f.avi"), lambda: next(moments))
    camera.open()
    for _ in range(4):
        camera.read()
    with pytest.raises(SourceError) as caught:
        camera.read()
    assert caught.value.code == "camera_frozen"
    camera.close()


@pytest.mark.parametrize(
    ("kind", "address", "codes"),
    [
        ("v4l2", "/dev/video-of-nobody", {"camera_missing"}),
        ("rtsp", "rtsp://127.0.0.1:9/none", {"camera_missing"}),
        ("gst", "videotestsrc ! nonsense", {"no_gst", "camera_missing"}),
    ],
)
def test_camera_that_is_not_there_says_so(
    kind: Literal["v4l2", "rtsp", "gst"], address: str, codes: set[str]
) -> None:
    camera = CaptureCamera(kind, address, mono_ms)
    with pytest.raises(SourceError) as caught:
        camera.open()
    assert caught.value.code in codes
    assert address not in str(caught.value)


def codes_in(folder: Path, *names: str) -> None:
    for name in names:
        segno.make_qr(name).save(str(folder / name), scale=3)


def taken(feed: FileFeed, turns: int) -> int:
    return sum(isinstance(feed.take(), Frame) for _ in range(turns))


def test_followed_folder_gives_each_picture_once_and_new_ones_later(tmp_path: Path) -> None:
    codes_in(tmp_path, "b.png", "a.png")
    (tmp_path / "half.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    (tmp_path / "notes.txt").write_text("no picture")
    feed = FileFeed(follow_folder(tmp_path, mono_ms), mono_ms)
    assert feed.take() is None
    feed.start()
    assert taken(feed, 9) == 2
    assert feed.take_fault() is None
    codes_in(tmp_path, "c.png", "half.png")
    assert taken(feed, 9) == 2
    (tmp_path / "a.png").unlink()
    assert taken(feed, 9) == 0
    assert feed.state == "live"


def test_mailbox_waits_plays_and_waits_again(tmp_path: Path) -> None:
    codes_in(tmp_path, "a.png", "b.png")
    (tmp_path / "bad.png").write_bytes(b"bad")
    feed = FileFeed(play_nothing(), mono_ms, is_mailbox=True)
    feed.start()
    states = [feed.state]
    assert feed.show(tmp_path)
    states.append(feed.state)
    assert taken(feed, 4) == 2
    assert feed.take_fault() == "not_a_picture"
    assert [*states, feed.state] == ["waiting", "live", "waiting"]
    assert feed.show(tmp_path / "none.png")
    assert feed.take() is None
    assert feed.take_fault() == "not_found"
    assert all(feed.show(tmp_path / "a.png") for _ in range(64))
    assert not feed.show(tmp_path / "b.png")
    assert taken(feed, 64) == 64
    feed.close()
    assert feed.take() is None


def test_video_gives_every_frame_then_ends(tmp_path: Path) -> None:
    feed = FileFeed(play(video_of(tmp_path / "v.avi", 5), mono_ms), mono_ms)
    feed.start()
    assert taken(feed, 10) == 5
    assert feed.state == "ended"
    (tmp_path / "bad.mp4").write_bytes(b"bad")
    feed = FileFeed(play(tmp_path / "bad.mp4", mono_ms), mono_ms)
    feed.start()
    assert feed.take() is None
    assert feed.take_fault() == "not_a_video"


def test_large_still_is_kept_whole_beside_the_working_size(tmp_path: Path) -> None:
    assert cv2.imwrite(str(tmp_path / "l.png"), np.full((1000, 2000), 200, dtype=np.uint8))
    [frame] = play(tmp_path / "l.png", mono_ms)
    assert isinstance(frame, Frame)
    assert frame.grey.shape == (320, 640)
    assert frame.full is not None
    assert frame.full.shape == (1000, 2000)
