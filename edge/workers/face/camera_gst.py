"""Read frames from a CSI sensor through GStreamer, the sensor closed or waiting behind a valve.

Closed: the pipeline is made when somebody presses the button, which costs a CSI sensor one to two
seconds. Valve: it runs all the time, but an element before the sink drops every frame inside
GStreamer until the button opens it, and nothing can be pulled. The site chooses; the gate signs
which one it is. A queue that holds one frame and drops the older keeps the newest in view.
"""

import importlib
from collections.abc import Callable
from typing import Any

import numpy as np

from edge.workers.face.analysis import Frame
from edge.workers.face.camera_port import CameraError, Standby

__all__ = ["CsiForm", "GstCamera", "csi_pipeline", "load_gst", "parse_csi"]

_READ_NS = 3_000_000_000
_START_NS = 8_000_000_000
_SINK, _VALVE = "frames", "gate"
_BYTES_A_PIXEL = 4
LoadGst = Callable[[], Any]


class CsiForm:
    """Hold what ``csi:N?width=W&height=H&rate=R`` asks for, each within what sensors have."""

    def __init__(self, sensor: int, width: int = 1280, height: int = 720, rate: int = 30) -> None:
        self.sensor, self.width, self.height, self.rate = sensor, width, height, rate


def parse_csi(rest: str) -> CsiForm:
    """Read what stands behind ``csi:``; raises ``CameraError``."""
    number, _, options = rest.partition("?")
    values: dict[str, int] = {}
    for part in options.split("&") if options else ():
        name, equals, text = part.partition("=")
        if not equals or not text.isdecimal() or len(text) > 4 or name in values:
            raise CameraError("unknown_source", _FORM)
        values[name] = int(text)
    limits = {"width": (160, 1920), "height": (120, 1080), "rate": (5, 60)}
    fits = all(name in limits and limits[name][0] <= v <= limits[name][1]
               for name, v in values.items())  # fmt: skip
    if not number.isdecimal() or len(number) > 2 or not fits:
        raise CameraError("unknown_source", _FORM)
    return CsiForm(int(number), **values)


_FORM = "write csi:0 or csi:0?width=1280&height=720&rate=30"


def csi_pipeline(form: CsiForm, *, source: str = "") -> str:
    """Return the pipeline for a sensor; ``source`` stands in for it in tests."""
    size = f"width={form.width},height={form.height}"
    sensor = source or (
        f"nvarguscamerasrc sensor-id={form.sensor} ! "
        f"video/x-raw(memory:NVMM),{size},framerate={form.rate}/1,format=NV12 ! nvvidconv"
    )
    return (
        f"{sensor} ! video/x-raw,{size},format=BGRx ! "
        "queue leaky=downstream max-size-buffers=1 max-size-bytes=0 max-size-time=0 ! "
        f"valve name={_VALVE} drop=true ! "
        f"appsink name={_SINK} drop=true max-buffers=1 sync=false emit-signals=false"
    )


def load_gst() -> Any:  # noqa: ANN401 - made from introspection, without types
    """Return GStreamer; raises ``CameraError`` with `no_gstreamer`."""
    try:
        gi = importlib.import_module("gi")
        gi.require_version("Gst", "1.0")
        gi.require_version("GstApp", "1.0")
        gst = importlib.import_module("gi.repository.Gst")
        importlib.import_module("gi.repository.GstApp")
        if not gst.is_initialized():
            gst.init(None)
    except (ImportError, ValueError, AttributeError):
        cure = "install python3-gi and gir1.2-gst-plugins-base-1.0; see the system's packages"
        raise CameraError("no_gstreamer", cure) from None
    return gst


class GstCamera:
    """Own one pipeline that ends in a valve and a sink; ``load`` brings GStreamer in."""

    is_simulated = False

    def __init__(self, pipeline: str, standby: Standby, *, load: LoadGst = load_gst) -> None:
        self.standby: Standby = standby
        self._pipeline_text = pipeline
        self._load = load
        self._gst: Any = None
        self._pipeline: Any = None
        self._sink: Any = None
        self._is_open = False

    def stand_by(self) -> None:
        """Begin to run behind the closed valve where that is the setting; raises nothing.

        A sensor that does not start is told by the next ``open``.
        """
        if self.standby == "valve" and self._pipeline is None:
            try:
                self._start()
            except CameraError:
                self._end()

    def open(self) -> None:
        """Open the valve, after starting the pipeline where it does not run."""
        if self._pipeline is None:
            self._start()
        self._set_valve(drops=False)
        self._is_open = True

    def read(self) -> Frame:
        """Return the next frame as an array of the caller's own."""
        if not self._is_open:
            raise CameraError("camera_missing")
        sample = self._sink.try_pull_sample(_READ_NS)
        if sample is None:
            self._end()
            raise CameraError("camera_lost", "check cable and power of the camera")
        return _frame_of(self._gst, sample)

    def close(self) -> None:
        """Close the valve, or the sensor itself; what is on its way to us is dropped."""
        self._is_open = False
        if self._pipeline is None:
            return
        if self.standby == "closed":
            self._end()
            return
        self._set_valve(drops=True)
        while self._sink.try_pull_sample(0) is not None:
            continue

    def shut(self) -> None:
        """End the pipeline for good: the worker stops."""
        self._end()

    def _set_valve(self, *, drops: bool) -> None:
        self._pipeline.get_by_name(_VALVE).set_property("drop", drops)

    def _start(self) -> None:
        self._gst = gst = self._gst or self._load()
        try:
            self._pipeline = gst.parse_launch(self._pipeline_text)
        except Exception:  # noqa: BLE001 - GLib's error has no type without it
            cure = "a part of the pipeline is missing; see gst-inspect-1.0"
            raise CameraError("camera_missing", cure) from None
        self._sink = self._pipeline.get_by_name(_SINK)
        self._pipeline.set_state(gst.State.PLAYING)
        result, _, _ = self._pipeline.get_state(0)
        if result == gst.StateChangeReturn.FAILURE or self._has_failed():
            self._end()
            raise CameraError("camera_missing", "check cable, power and sensor number")

    def _has_failed(self) -> bool:
        bus = self._pipeline.get_bus()
        return bus.pop_filtered(self._gst.MessageType.ERROR) is not None

    def _end(self) -> None:
        pipeline, self._pipeline, self._sink = self._pipeline, None, None
        self._is_open = False
        if pipeline is not None:
            pipeline.set_state(self._gst.State.NULL)


def _frame_of(gst: Any, sample: Any) -> Frame:  # noqa: ANN401 - made from introspection
    form = sample.get_caps().get_structure(0)
    width, height = form.get_value("width"), form.get_value("height")
    buffer = sample.get_buffer()
    is_mapped, view = buffer.map(gst.MapFlags.READ)
    if not is_mapped:
        raise CameraError("camera_lost", "GStreamer gives no memory")
    try:
        size = width * height * _BYTES_A_PIXEL
        if len(view.data) < size:
            raise CameraError("camera_lost", "a frame is cut off")
        pixels = np.frombuffer(view.data, np.uint8, size).reshape(height, width, _BYTES_A_PIXEL)
        return np.ascontiguousarray(pixels[:, :, :3])
    finally:
        buffer.unmap(view)
