"""Look for what a gate unit with an NVIDIA GPU has more: TensorRT, pycuda, compilers, cameras.

All of it is optional: without it the face models run on the processor.
"""

import importlib.util
from pathlib import Path

from equalgate.setup_checks_kind import Check, Need, check

__all__ = ["jetson_checks"]

_RELEASE = Path("/etc/nv_tegra_release")
_VENV = "python3 -m venv --system-site-packages, JetPack"


def jetson_checks() -> list[Check]:
    """Return the findings; empty on a machine that has neither NVIDIA's driver nor its tools."""
    if not (_RELEASE.exists() or Path("/dev/nvidiactl").exists() or Path("/dev/nvmap").exists()):
        return []
    try:
        return [_board(), _tensorrt(), _device(), _compiler(), _gstreamer(), _jetson_utils()]
    except ImportError as error:
        cure = f"pip install 'equalgate[face]' ({error.name})"
        return [check("face worker", None, Need.NOTHING, cure)]


def _board() -> Check:
    from edge.workers.face.trt.cache_key import l4t_release

    cure = "不是 Jetson，也可以用 / no Jetson; works too"
    return check("Jetson Linux", l4t_release() or None, Need.NOTHING, cure)


def _tensorrt() -> Check:
    from edge.workers.face.engine import EngineError
    from edge.workers.face.trt.api import load_tensorrt

    try:
        found = load_tensorrt().version
    except EngineError as error:
        return check("TensorRT", None, Need.NOTHING, f"{_VENV} ({error})")
    return check("TensorRT", found, Need.NOTHING, "")


def _device() -> Check:
    from edge.workers.face.trt.driver import CudaError
    from edge.workers.face.trt.driver_pycuda import open_pycuda

    cure = "pip install 'equalgate[jetson]'; sudo usermod -aG video,render $USER"
    try:
        driver = open_pycuda()
    except CudaError as error:
        return check("GPU through pycuda", None, Need.NOTHING, f"{cure} ({error})")
    facts = driver.facts
    driver.close()
    return check("GPU through pycuda", f"{facts.name}, {facts.architecture}", Need.NOTHING, cure)


def _compiler() -> Check:
    from edge.workers.face.trt.compiling import find_nvcc

    cure = "sudo apt-get install -y cuda-nvcc; PATH=/usr/local/cuda/bin:$PATH"
    return check("nvcc", find_nvcc(), Need.NOTHING, cure)


def _gstreamer() -> Check:
    from edge.workers.face.camera_gst import load_gst
    from edge.workers.face.camera_port import CameraError

    cure = "sudo apt-get install -y python3-gi gir1.2-gst-plugins-base-1.0"
    try:
        found = str(load_gst().version_string())
    except CameraError:
        return check("GStreamer (csi: cameras)", None, Need.NOTHING, cure)
    return check("GStreamer (csi: cameras)", found, Need.NOTHING, cure)


def _jetson_utils() -> Check:
    there = importlib.util.find_spec("jetson_utils") is not None
    cure = "从源码编译 jetson-utils，或改用 csi:0 / build jetson-utils from source, or use csi:0"
    return check("jetson-utils", "there" if there else None, Need.NOTHING, cure)
