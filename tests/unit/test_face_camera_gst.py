"""The closed sensor and the valve, on real GStreamer with its own test picture."""

import importlib.util
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from edge.workers.face.camera import camera_for
from edge.workers.face.camera_gst import GstCamera, csi_pipeline, load_gst, parse_csi
from edge.workers.face.camera_port import CameraError

SOURCE = "videotestsrc is-live=true pattern=smpte"
FORM = parse_csi("0?width=320&height=240&rate=30")
# The bindings' own importer is of an older kind.
pytestmark = pytest.mark.filterwarnings("ignore:DynamicImporter:ImportWarning")
SYSTEM = Path("/usr/lib/python3/dist-packages/gi")


@pytest.fixture(autouse=True, scope="module")
def _system_gi(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A gate's environment sees the system's packages; of them this one alone is let in."""
    if importlib.util.find_spec("gi") is None and SYSTEM.is_dir():
        folder = tmp_path_factory.mktemp("gi")
        (folder / "gi").symlink_to(SYSTEM)
        sys.path.append(str(folder))
        yield
        sys.path.remove(str(folder))
    else:
        yield


@pytest.fixture
def gstreamer() -> None:
    try:
        gst = load_gst()
    except CameraError as error:
        pytest.skip(f"{error}")
    if any(gst.ElementFactory.find(name) is None for name in ("videotestsrc", "appsink", "valve")):
        pytest.skip("no gstreamer1.0-plugins-base")


def of_test(standby: str) -> GstCamera:
    assert standby in ("closed", "valve")
    return GstCamera(csi_pipeline(FORM, source=SOURCE), standby)  # type: ignore[arg-type]  # checked


@pytest.mark.parametrize("standby", ["closed", "valve"])
@pytest.mark.usefixtures("gstreamer")
def test_frames_come_between_open_and_close_and_belong_to_the_caller(standby: str) -> None:
    camera = of_test(standby)
    camera.stand_by()
    with pytest.raises(CameraError, match="camera_missing"):
        camera.read()
    for _ in range(2):
        camera.open()
        frame = camera.read()
        assert frame.shape == (240, 320, 3)
        # Bars: white, yellow, cyan, green, magenta, red, blue; in blue, green, red.
        assert np.all(frame[20, 60] == (0, 192, 192)) or np.ptp(frame[20, 60]) > 100
        frame.fill(0)
        assert camera.read().any()
        camera.close()
        with pytest.raises(CameraError, match="camera_missing"):
            camera.read()
    camera.shut()
    camera.shut()


@pytest.mark.usefixtures("gstreamer")
def test_behind_the_valve_nothing_can_be_pulled_until_the_button_opens_it() -> None:
    camera = of_test("valve")
    camera.stand_by()
    time.sleep(0.3)  # ten frames have been made
    assert camera._sink.try_pull_sample(0) is None
    camera.open()
    camera.read()
    camera.close()
    assert camera._sink.try_pull_sample(200_000_000) is None
    camera.shut()
    assert camera._pipeline is None


@pytest.mark.usefixtures("gstreamer")
def test_a_closed_sensor_has_no_pipeline_at_all() -> None:
    camera = of_test("closed")
    camera.stand_by()
    assert camera._pipeline is None
    camera.open()
    camera.close()
    assert camera._pipeline is None


@pytest.mark.parametrize("standby", ["closed", "valve"])
@pytest.mark.usefixtures("gstreamer")
def test_a_sensor_that_is_not_there_is_told_when_it_is_opened(standby: str) -> None:
    camera = camera_for("csi:0") if standby == "closed" else camera_for("csi:0", "valve")
    camera.stand_by()
    with pytest.raises(CameraError, match="camera_missing"):
        camera.open()
    camera.close()
    camera.shut()


def test_without_gstreamer_the_cure_names_the_packages() -> None:
    def nothing() -> object:
        raise CameraError("no_gstreamer", "install python3-gi")

    camera = GstCamera("any", "valve", load=nothing)
    camera.stand_by()
    with pytest.raises(CameraError, match="no_gstreamer"):
        camera.open()


def test_the_pipeline_holds_one_frame_and_drops_the_older_ones() -> None:
    text = csi_pipeline(parse_csi("1?width=1920&height=1080"))
    assert text.startswith("nvarguscamerasrc sensor-id=1 ! ")
    assert "memory:NVMM),width=1920,height=1080,framerate=30/1,format=NV12 ! nvvidconv ! " in text
    assert "queue leaky=downstream max-size-buffers=1 " in text
    assert text.index("valve name=gate drop=true") < text.index("appsink name=frames drop=true")


@pytest.mark.parametrize(
    "spec",
    ["csi:", "csi:x", "csi:0?width=4000", "csi:0?rate=1", "csi:0?size=3", "csi:0?width=640&width=1",
     "csi:0?width", "csi:0!x", "csi:123"],
)  # fmt: skip
def test_what_no_sensor_has_is_refused(spec: str) -> None:
    with pytest.raises(CameraError, match="unknown_source"):
        camera_for(spec)


@pytest.mark.parametrize("spec", ["v4l2:/dev/video0", "jetson:csi://0", "mailbox:"])
def test_only_a_csi_sensor_has_a_valve(spec: str) -> None:
    assert camera_for(spec).standby == "closed"
    with pytest.raises(CameraError, match="no_valve"):
        camera_for(spec, "valve")
