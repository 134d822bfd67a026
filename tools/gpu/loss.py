"""Lose the device on purpose: the process must notice, refuse everything and end cleanly."""

import os
import subprocess
import sys
import time
from pathlib import Path

from edge.workers.face.trt import compiling
from edge.workers.face.trt.driver import CudaError, DeviceLostError
from tools.gpu.device import opened
from tools.gpu.record import need

__all__ = ["deadline", "illegal_address", "main"]

_SPIN = """
extern "C" __global__ void spin(unsigned char* flag, long long until) {
    long long begin = clock64();
    while (clock64() - begin < until) { if (*(volatile unsigned char*)flag == 77) return; }
}
"""
_CLEAN = 75
"""What a worker that lost its device ends with here: not a signal, not a traceback."""


def illegal_address() -> dict[str, object]:
    """Make a kernel write where nothing is; the next process must find the device intact."""
    return _drill("illegal_address")


def deadline() -> dict[str, object]:
    """Start a kernel that runs for seconds with a deadline of 0.2 s."""
    return _drill("deadline")


def main(kind: str) -> int:
    """Run in the process that loses the device."""
    driver = opened()
    begin_s = time.monotonic()
    try:
        with driver.current():
            # Freeing memory or a module waits for the device: both live until the deadline.
            _held = _lose(driver, kind)
            driver.wait(time.monotonic() + 0.2)
    except DeviceLostError as error:
        lost_s = time.monotonic() - begin_s
        code = _refuses(driver)
        print(f"{error.name} after {lost_s * 1000:.0f} ms, then {code}", flush=True)
        driver.close()
        # As the face worker ends: whoever frees memory of a device that hangs hangs too.
        os._exit(_CLEAN)
    except CudaError as error:
        print(f"not taken for a loss: {error}", flush=True)
        return 1
    print("nothing was lost", flush=True)
    return 1


def _lose(driver: object, kind: str) -> object:
    from edge.workers.face.trt.driver_pycuda import PyCudaDriver

    assert isinstance(driver, PyCudaDriver)
    if kind == "illegal_address":
        image, _ = compiling.compile_kernels(driver.facts.architecture)
        kernel = driver.kernel(image, compiling.KERNEL, compiling.SIGNATURE)
        whole = (16, 16, 16, 48, 3, 0, 1, 16, 16, 16, 16, 0, 1, 0)
        numbers = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 1.0, 1.0)
        kernel.launch((1, 1, 1), (16, 16, 1), (8, 8, *whole[:13], *numbers))
        return None
    import tempfile

    from pycuda.driver import Device  # noqa: F401 - the module is there

    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / "spin.cu", Path(folder) / "spin.cubin"
        source.write_text(_SPIN, "utf-8")
        nvcc = compiling.find_nvcc()
        if nvcc is None:
            raise CudaError("no_compiler")
        subprocess.run(
            [nvcc, "-cubin", f"-arch={driver.facts.architecture}", "-o", str(target), str(source)],
            check=True,
        )
        kernel = driver.kernel(target.read_bytes(), "spin", "Pq")
    buffer = driver.allocate(16)
    kernel.launch((1, 1, 1), (1, 1, 1), (buffer.device, 6_000_000_000))
    return buffer, kernel


def _refuses(driver: object) -> str:
    from edge.workers.face.trt.driver_pycuda import PyCudaDriver

    assert isinstance(driver, PyCudaDriver)
    try:
        with driver.current():
            return "it goes on"
    except CudaError as error:
        return str(error)


def _drill(kind: str) -> dict[str, object]:
    driver = opened()
    driver.close()
    begin_s = time.monotonic()
    command = [
        sys.executable,
        "-c",
        f"import sys; from tools.gpu.loss import main; sys.exit(main({kind!r}))",
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    took_s = time.monotonic() - begin_s
    said = (done.stdout + done.stderr).strip()[-600:]
    need(done.returncode == _CLEAN, f"ended with {done.returncode}: {said}")
    need("device_lost" in said, f"went on after the loss: {said}")
    again = opened()
    buffer = again.allocate(64)
    again.free(buffer)
    again.close()
    return {"said": said, "whole_process_s": round(took_s, 2), "next_process": "works"}
