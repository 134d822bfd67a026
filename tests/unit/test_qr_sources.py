import pytest

from edge.workers.qr.camera import CaptureCamera
from edge.workers.qr.files import FileFeed
from edge.workers.qr.frames import SourceError
from edge.workers.qr.sources import open_source


def clock() -> float:
    return 0.0


@pytest.mark.parametrize(
    "spec",
    [
        "",
        "mailbox",
        "mailbox:x",
        "v4l2:",
        "telepathy:x",
        "rtsp:x",
        "folder:",
        "picture:\0",
        "http://x",
    ],
)
def test_unknown_words_name_the_known_forms(spec: str) -> None:
    with pytest.raises(SourceError) as caught:
        open_source(spec, mono_ms=clock)
    assert caught.value.code == "unknown_source"
    assert "v4l2:/dev/video0" in caught.value.cure


@pytest.mark.parametrize(
    "spec",
    [
        "serial:/dev/x?baud=1",
        "serial:/dev/x?baud=",
        "serial:/dev/x?baud=9600&baud=9600",
        "serial:/dev/x?parity=odd",
        "serial:/dev/x?baud=９６００x",
    ],
)
def test_bad_serial_options_are_refused(spec: str) -> None:
    with pytest.raises(SourceError) as caught:
        open_source(spec, mono_ms=clock)
    assert caught.value.code == "bad_serial_options"


def test_sensors_are_real_and_files_are_simulated() -> None:
    for spec in ("v4l2:/dev/video0", "rtsp://h/s", "rtsps://h/s", "gst:v4l2src ! appsink"):
        assert not open_source(spec, mono_ms=clock).is_simulated
    assert not open_source("serial:/dev/ttyACM0?baud=9600", mono_ms=clock).is_simulated
    mailbox = open_source("mailbox:", mono_ms=clock)
    assert isinstance(mailbox, FileFeed)
    assert mailbox.is_simulated
    assert mailbox.is_mailbox


def test_password_of_a_camera_stays_out_of_texts() -> None:
    camera = CaptureCamera("rtsp", "rtsp://admin:hunter2@10.0.0.9/1", clock)
    assert "hunter2" not in repr(camera)
    with pytest.raises(SourceError) as caught:
        open_source("rtps://admin:hunter2@10.0.0.9/1", mono_ms=clock)
    assert "hunter2" not in str(caught.value)
