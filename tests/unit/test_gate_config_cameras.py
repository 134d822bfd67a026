"""Face cameras in gate.toml: local, on another device than codes are read with, standby chosen."""

from pathlib import Path

import pytest

from edge.config import devices, parse
from mqtt.contract.errors import ConfigError
from tests.unit.test_gate_config import GATE, PORTAL

BUTTON = '[[face_buttons]]\naccess_point = "ap-1"\ndevice = "sim"\n'
WORKERS = "[workers]\nface = true\n"


def text_of(face: str, *, qr: str = "v4l2:/dev/video0", standby: str = "") -> str:
    more = f'standby = "{standby}"\n' if standby else ""
    return (
        GATE + WORKERS + PORTAL + BUTTON
        + f'[[imagers]]\naccess_point = "ap-1"\nsource = "{qr}"\n'
        + f'[[face_cameras]]\naccess_point = "ap-1"\nsource = "{face}"\n{more}'
    )  # fmt: skip


def refusal(text: str) -> str:
    with pytest.raises(ConfigError) as caught:
        parse(text)
    return str(caught.value)


@pytest.mark.parametrize(
    "face",
    ["v4l2:/dev/video2", "csi:0", "jetson:csi://1", "jetson:v4l2:///dev/video2", "sim",
     "gst:nvarguscamerasrc sensor-id=1 ! nvvidconv ! videoconvert ! appsink"],
)  # fmt: skip
def test_a_local_camera_of_its_own_is_taken(face: str) -> None:
    assert parse(text_of(face)).face_cameras[0].standby == "closed"


@pytest.mark.parametrize(
    ("face", "qr"),
    [
        ("v4l2:/dev/video0", "v4l2:/dev/video0"),
        ("jetson:v4l2:///dev/video0", "v4l2:/dev/video0"),
        ("gst:v4l2src device=/dev/video0 ! appsink", "v4l2:/dev/video0"),
        ("csi:0", "gst:nvarguscamerasrc ! nvvidconv ! appsink"),
        ("jetson:csi://1", "gst:nvarguscamerasrc sensor-id=1 ! nvvidconv ! appsink"),
        ("csi:01", "gst:nvarguscamerasrc sensor-id=1 ! appsink"),
    ],
)
def test_one_device_for_qr_and_face_is_refused_by_both_keys(face: str, qr: str) -> None:
    said = refusal(text_of(face, qr=qr))
    assert "face_cameras[0].source" in said
    assert "imagers[0]" in said


def test_a_link_to_the_imager_is_the_imager() -> None:
    # udev names a camera by links; /dev/stdin is one that is everywhere.
    assert devices.camera("v4l2:/dev/stdin") == str(Path("/dev/stdin").resolve())
    assert devices.camera("v4l2:/dev/null") == devices.camera("gst:v4l2src device=/dev/null ! x")


def test_two_simulated_cameras_are_two() -> None:
    parse(text_of("sim", qr="sim"))


@pytest.mark.parametrize(
    "face", ["rtsp://10.0.0.1/live", "jetson:rtsp://10.0.0.1/live", "http://10.0.0.1/", "udp:5000"]
)
def test_a_camera_on_a_network_is_for_qr_only(face: str) -> None:
    assert "face_cameras[0].source" in refusal(text_of(face))
    parse(text_of("csi:0", qr="rtsp://10.0.0.1/live"))


def test_a_valve_is_for_csi_sensors_and_has_to_be_named() -> None:
    assert parse(text_of("csi:0", standby="valve")).face_cameras[0].standby == "valve"
    assert "face_cameras[0].standby" in refusal(text_of("csi:0", standby="open"))
    assert "face_cameras[0].standby" in refusal(text_of("v4l2:/dev/video2", standby="valve"))
