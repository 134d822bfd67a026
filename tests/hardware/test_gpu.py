"""Everything of `tools/gpu_check.py` that an NVIDIA GPU can do, on a machine that has one."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from edge.workers.face.trt.driver import CudaError
from edge.workers.face.trt.driver_pycuda import open_pycuda
from tests.support.face_assets import models_folder
from tests.support.repository import ROOT


@pytest.mark.hardware
def test_no_part_of_the_gpu_check_fails(tmp_path: Path) -> None:
    try:
        open_pycuda().close()
    except CudaError as error:
        pytest.skip(f"needs an NVIDIA GPU and pycuda ({error})")
    command = [sys.executable, "tools/gpu_check.py", "--models", str(models_folder())]
    done = subprocess.run(
        [*command, "--out", str(tmp_path)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    parts = [json.loads(line) for line in done.stdout.splitlines()]
    assert [part for part in parts if part["state"] == "failed"] == []
    assert {"memory", "kernels", "engine_class"} <= {
        part["part"] for part in parts if part["state"] == "ok"
    }
