"""Check the device, pycuda and the kernels."""

import contextlib
import ctypes
import importlib
import platform
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator

import numpy as np

from edge.workers.face.align import similarity
from edge.workers.face.engine import EngineError
from edge.workers.face.hygiene import harden
from edge.workers.face.manifest import InputForm
from edge.workers.face.models_input import Picture
from edge.workers.face.trt import compiling
from edge.workers.face.trt.api import load_tensorrt
from edge.workers.face.trt.driver import Buffer, CudaError
from edge.workers.face.trt.driver_pycuda import PyCudaDriver, open_pycuda
from edge.workers.face.trt.picture import Placing, place, shrunk, warped
from edge.workers.face.trt.placing import PicturePlacer
from tools.gpu.record import ImpossibleError, milliseconds, need, words_of

__all__ = ["compilers", "facts", "hardened", "kernels", "memory", "opened", "versions", "zero_copy"]

Facts = dict[str, object]
_BGR = InputForm("data", 128, 128, "bgr", (0.0, 0.0, 0.0), 1.0)
_RGB = InputForm("data", 128, 128, "rgb", (123.675, 116.28, 103.53), 1 / 58.0)


def versions() -> Facts:
    """Return the versions of everything that takes part."""
    found: Facts = {"python": platform.python_version(), "machine": platform.machine()}
    found["kernels"] = compiling.kernel_sha256()[:12]
    for name in ("numpy", "cv2", "onnxruntime", "onnx", "pycuda", "torch"):
        try:
            module = __import__(name)
        except (ImportError, OSError) as error:
            found[name] = f"absent ({type(error).__name__})"
            continue
        text = getattr(module, "VERSION_TEXT", None) or getattr(module, "__version__", "present")
        found[name] = str(text)
    try:
        trt = load_tensorrt(allow_rtx=True)
        found["tensorrt"] = f"{trt.flavour} {trt.version}"
    except EngineError as error:
        found["tensorrt"] = words_of(error)
    nvcc = compiling.find_nvcc()
    if nvcc:
        said = subprocess.run([nvcc, "--version"], capture_output=True, text=True, check=False)
        found["nvcc"] = said.stdout.strip().splitlines()[-1:]
    if shutil.which("nvidia-smi"):
        query = "--query-gpu=name,driver_version,memory.total,compute_cap"
        said = subprocess.run(
            ["nvidia-smi", query, "--format=csv,noheader"], capture_output=True, text=True,
            check=False,
        )  # fmt: skip
        found["nvidia_smi"] = said.stdout.strip() or said.stderr.strip()
    return found


def opened() -> PyCudaDriver:
    """Return a driver for the first device; raises ``ImpossibleError`` where there is none."""
    try:
        return open_pycuda()
    except CudaError as error:
        if error.code in {"no_pycuda", "no_device"}:
            raise ImpossibleError(f"{words_of(error)}{_import_words()}") from None
        raise


def facts() -> Facts:
    """Describe the device."""
    driver = opened()
    known = driver.facts
    return {
        "gpu": known.name, "capability": known.capability, "cuda_driver_api": known.driver_version,
        "shares_memory": known.shares_memory, "memory_bytes": known.memory_bytes,
    }  # fmt: skip


def memory() -> Facts:
    """Copy to the device and back, nest and leave the context, close, and refuse afterwards."""
    driver = opened()
    rng = np.random.default_rng(1)
    with driver.current(), driver.current():
        pass
    for size in (1, 255, 4096, 3 * 1280 * 720):
        buffer = driver.allocate(size)
        sent = rng.integers(0, 256, size, np.uint8)
        with driver.current():
            buffer.host[:] = sent
            driver.upload(buffer, size)
            driver.wait(time.monotonic() + 5)
            if not buffer.is_mapped:
                buffer.host.fill(0)
            driver.download(buffer, size)
            driver.wait(time.monotonic() + 5)
        need(np.array_equal(buffer.host, sent), f"{size} bytes came back changed")
        driver.free(buffer)
    with driver.current():
        copied = driver.allocate(1280 * 720 * 3)

        def there_and_back() -> None:
            driver.upload(copied, copied.host.size)
            driver.wait(time.monotonic() + 5)

        timing = milliseconds(there_and_back, 50)
    is_shared = _shares_torchs_context()
    driver.free(copied)
    driver.close()
    driver.close()
    try:
        with driver.current():
            pass
    except CudaError as error:
        need(error.code == "closed", f"after close: {error}")
    else:
        need(condition=False, words="a closed driver still works")
    return {"upload_720p": timing, "primary_context_is_torchs": is_shared}


def compilers() -> Facts:
    """Compile the kernels with nvcc and with NVRTC and load both results."""
    driver = opened()
    found: Facts = {}
    ways: dict[str, Callable[[str], bytes]] = {"nvrtc": compiling._with_nvrtc}  # noqa: SLF001
    nvcc = compiling.find_nvcc()
    if nvcc is not None:
        ways["nvcc"] = lambda architecture: compiling._with_nvcc(nvcc, architecture)  # noqa: SLF001
    for name, compiled in ways.items():
        try:
            image = compiled(driver.facts.architecture)
            driver.kernel(image, compiling.KERNEL, compiling.SIGNATURE)
            found[name] = {"bytes": len(image)}
        except EngineError as error:
            found[name] = words_of(error)
    need(any(isinstance(value, dict) for value in found.values()), f"no way works: {found}")
    return found


def kernels() -> Facts:
    """Hold the kernel against the NumPy reference on pictures of several sizes and forms."""
    driver = opened()
    placer = _placer(driver)
    worst, shares = 0.0, 0.0
    count = 0
    for name, picture, placing in _cases():
        given = _placed(driver, placer, picture, placing)
        known = place(np.ascontiguousarray(picture[:, :, :3]), placing)
        levels = np.abs(given - known) / placing.scale
        worst = max(worst, float(levels.max()))
        shares = max(shares, float(np.mean(levels > 0.01)))
        need(levels.max() <= 1.001, f"{name}: {levels.max():.3f} grey levels from the reference")
        need(
            np.mean(levels > 0.01) <= 0.002, f"{name}: {np.mean(levels > 0.01):.5f} of them differ"
        )
        count += 1
    frame = np.random.default_rng(3).integers(0, 256, (720, 1280, 3), np.uint8)
    detect = shrunk((1280, 720), (640, 360), _BGR)
    timing = milliseconds(lambda: _placed(driver, placer, frame, detect), 100)
    return {
        "cases": count, "worst_grey_levels": round(worst, 4),
        "most_pixels_off_by_a_level": round(shares, 6), "frame_720p_to_640x384": timing,
    }  # fmt: skip


def hardened() -> Facts:
    """Do it all in a process that is shut in as the face worker is: CUDA must not mind."""
    in_force = harden()
    found = kernels()
    return {"in_force": in_force, "cases": found["cases"]}


def zero_copy() -> Facts:
    """Let the kernel read a picture in mapped host memory by its device pointer, without a copy."""
    driver = opened()
    placer = _placer(driver)
    cuda = driver._cuda  # noqa: SLF001
    with driver.current():
        flags = cuda.host_alloc_flags.DEVICEMAP
        held = cuda.pagelocked_empty((720, 1280, 3), np.uint8, mem_flags=flags)
        held[:] = np.random.default_rng(4).integers(0, 256, held.shape, np.uint8)
        picture = held.view(MappedPicture)
        picture.device_pointer = int(held.base.get_device_pointer())
    placing = shrunk((1280, 720), (640, 360), _BGR)
    given = _placed(driver, placer, picture, placing)
    levels = np.abs(given - place(np.asarray(held), placing))
    need(levels.max() <= 1.001, f"{levels.max()} grey levels from the reference")
    timing = milliseconds(lambda: _placed(driver, placer, picture, placing), 100)
    return {"worst_grey_levels": float(levels.max()), "frame_720p_to_640x384": timing}


class MappedPicture(np.ndarray):
    """Name where a picture lies on the device."""

    device_pointer = 0


def _placer(driver: PyCudaDriver) -> PicturePlacer:
    image, _ = compiling.compile_kernels(driver.facts.architecture)
    return PicturePlacer(driver, image)


def _placed(
    driver: PyCudaDriver, placer: PicturePlacer, picture: Picture, placing: Placing
) -> "np.ndarray[tuple[int, ...], np.dtype[np.float32]]":
    size = 12 * placing.width * placing.height
    target = _TARGETS.get(size) or driver.allocate(size)
    _TARGETS[size] = target
    with driver.current():
        if not target.is_mapped:
            target.host.fill(0xFF)
        placer.place(picture, placing, target.device)
        driver.download(target, size)
        driver.wait(time.monotonic() + 5)
    shape = (1, 3, placing.height, placing.width)
    return np.array(target.host[:size].view(np.float32).reshape(shape))


# One process per part: what is allocated here goes with it.
_TARGETS: "dict[int, Buffer]" = {}


def _cases() -> Iterator[tuple[str, Picture, Placing]]:
    rng = np.random.default_rng(2)
    for height, width, channels in ((256, 320, 3), (720, 1280, 3), (1080, 1920, 4), (97, 33, 3)):
        picture = rng.integers(0, 256, (height, width, channels), np.uint8)
        shrink = min(1.0, 640 / max(height, width))
        inside = (max(1, round(width * shrink)), max(1, round(height * shrink)))
        yield f"shrunk {width}x{height}", picture, shrunk((width, height), inside, _BGR)
        yield f"shrunk rgb {width}x{height}", picture, shrunk((width, height), inside, _RGB)
        for turn, size in ((0.1, 60.0), (-0.7, 20.0), (2.0, 300.0)):
            middle = np.array([width / 2, height / 2])
            spots = np.array([(-1, -1), (1, -1), (0, 0), (-0.7, 1), (0.7, 1)]) * size / 2
            cos, sin = np.cos(turn), np.sin(turn)
            points = spots @ np.array([[cos, sin], [-sin, cos]]) + middle
            target = np.array([(40, 59), (87, 59), (64, 82), (45, 105), (84, 105)], float)
            yield (
                f"warped {width}x{height} turned {turn}", picture,
                warped(similarity(points, target), (128, 128), _BGR),
            )  # fmt: skip


def _shares_torchs_context() -> bool | str:
    """Tell whether PyTorch, a user of the primary context, sees the same context as we do."""
    try:
        torch = importlib.import_module("torch")
    except (ImportError, OSError):
        return "no torch"
    if not torch.cuda.is_available():
        return "torch sees no device"
    torch.zeros(8, device="cuda").sum().item()
    handles = []
    driver = open_pycuda()
    for where in (contextlib.nullcontext(), driver.current()):
        with where:
            handle = ctypes.c_void_p()
            ctypes.CDLL("libcuda.so.1").cuCtxGetCurrent(ctypes.byref(handle))
            handles.append(handle.value)
    return handles[0] is not None and handles[0] == handles[1]


def _import_words() -> str:
    try:
        import pycuda.driver  # noqa: F401
    except (ImportError, OSError) as error:
        return f" ({error})"
    return ""
