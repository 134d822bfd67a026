"""Compile the kernels on the unit that runs them, for its own GPU, and keep the result.

Code of a newer compiler need not load under an older driver, so none is shipped: the source is,
and its hash is part of every key. nvcc comes with JetPack; without it the run-time compiler of
CUDA does, which every CUDA library folder has.
"""

import ctypes
import ctypes.util
import hashlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from edge.workers.face.engine import EngineError

__all__ = ["KERNEL", "SIGNATURE", "compile_kernels", "find_nvcc", "kernel_sha256", "kernel_source"]

KERNEL = "place_picture"
SIGNATURE = "PP" + 13 * "i" + 11 * "f"
_LIMIT_S = 120
_NVRTC_NAMES = ("libnvrtc.so", "libnvrtc.so.13", "libnvrtc.so.12")


def kernel_source() -> str:
    """Return the CUDA source."""
    return (Path(__file__).parent / "kernels" / "preproc.cu").read_text("utf-8")


def kernel_sha256() -> str:
    """Return the hash of the source; it is part of the key of every engine."""
    return hashlib.sha256(kernel_source().encode()).hexdigest()


def find_nvcc() -> str | None:
    """Return the path of nvcc, None where there is none."""
    root = Path(os.environ.get("CUDA_HOME", "/usr/local/cuda"))
    return shutil.which("nvcc") or shutil.which("nvcc", path=str(root / "bin"))


def compile_kernels(architecture: str) -> tuple[bytes, str]:
    """Return code for ``architecture`` (``sm_87``) and what made it, ``nvcc`` or ``nvrtc``.

    Raises ``EngineError`` with `no_compiler` or `kernels_refused`, with the compiler's words.
    """
    nvcc = find_nvcc()
    if nvcc is not None:
        return _with_nvcc(nvcc, architecture), "nvcc"
    return _with_nvrtc(architecture), "nvrtc"


def _with_nvcc(nvcc: str, architecture: str) -> bytes:
    with tempfile.TemporaryDirectory(prefix="kernels-") as folder:
        source, target = Path(folder) / "preproc.cu", Path(folder) / "preproc.cubin"
        source.write_text(kernel_source(), "utf-8")
        command = [nvcc, "-cubin", f"-arch={architecture}", "-o", str(target), str(source)]
        try:
            done = subprocess.run(
                command, capture_output=True, text=True, timeout=_LIMIT_S, check=False
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise EngineError("kernels_refused", type(error).__name__) from None
        if done.returncode != 0:
            raise EngineError("kernels_refused", done.stderr.strip()[-400:])
        return target.read_bytes()


def _with_nvrtc(architecture: str) -> bytes:
    """Compile to PTX, which the driver turns into code; NVRTC User Guide, "Basic Usage"."""
    nvrtc = _load_nvrtc()
    program = ctypes.c_void_p()
    text = kernel_source().encode()
    made = nvrtc.nvrtcCreateProgram(ctypes.byref(program), text, b"preproc.cu", 0, None, None)
    if made != 0:
        raise EngineError("kernels_refused", f"nvrtcCreateProgram {made}")
    try:
        option = f"--gpu-architecture={architecture.replace('sm_', 'compute_')}".encode()
        options = (ctypes.c_char_p * 1)(option)
        result = nvrtc.nvrtcCompileProgram(program, 1, options)
        if result != 0:
            raise EngineError("kernels_refused", _nvrtc_text(nvrtc, program, "ProgramLog")[-400:])
        return _nvrtc_text(nvrtc, program, "PTX").encode()
    finally:
        nvrtc.nvrtcDestroyProgram(ctypes.byref(program))


def _load_nvrtc() -> ctypes.CDLL:
    found = ctypes.util.find_library("nvrtc")
    for name in (*_NVRTC_NAMES, *((found,) if found else ())):
        try:
            return ctypes.CDLL(name)
        except OSError:
            continue
    raise EngineError("no_compiler", "nvcc, libnvrtc")


def _nvrtc_text(nvrtc: ctypes.CDLL, program: ctypes.c_void_p, what: str) -> str:
    size = ctypes.c_size_t()
    if getattr(nvrtc, f"nvrtcGet{what}Size")(program, ctypes.byref(size)) != 0:
        raise EngineError("kernels_refused", what)
    text = ctypes.create_string_buffer(size.value)
    if getattr(nvrtc, f"nvrtcGet{what}")(program, text) != 0:
        raise EngineError("kernels_refused", what)
    return text.value.decode("utf-8", "replace")
