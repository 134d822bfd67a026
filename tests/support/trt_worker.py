"""Start the real face worker, or its build, on the stand-ins of TensorRT and GPU.

    python -m tests.support.trt_worker worker|build ARGUMENTS

`TRT_VERSION` is the version that the stand-in has, `TRT_FAILS` what fails in a run.
"""

import functools
import os
import sys
from collections.abc import Sequence

from edge.workers.face.hygiene import restart_without_cache
from edge.workers.face.trt import choose, prepare
from edge.workers.face.trt.api import TensorRt
from edge.workers.face.trt.api_fake import fake_tensorrt
from edge.workers.face.trt.backend import TrtBackend
from edge.workers.face.trt.driver_fake import FakeDriver

__all__ = ["main"]


def main(arguments: Sequence[str]) -> int:
    what, *rest = arguments
    driver = FakeDriver()
    module = fake_tensorrt(driver)
    version = os.environ.get("TRT_VERSION", "10.3.0")
    found = TensorRt(module.module, module.flavour, version)
    made = functools.partial(TrtBackend, compile_code=lambda _: (b"code", "fake"))
    setattr(choose, "TrtBackend", made)  # noqa: B010 - its constructor, for this process
    here = functools.partial
    opened, chosen = choose.open_backend, choose.choose
    choose.open_backend = here(opened, load=lambda: found, open_driver=lambda: driver)
    choose.choose = here(chosen, load=lambda: found, open_driver=lambda: driver)
    prepare.build_command = built_apart
    if what == "build":
        from edge.workers.face.trt.__main__ import main as build

        return build(rest)
    driver.failing = set()
    from edge.workers.face.__main__ import main as work

    if os.environ.get("TRT_FAILS"):
        _fail_later(driver, os.environ["TRT_FAILS"])
    return work(rest)


def built_apart(wish: choose.EngineWish, models: object) -> tuple[str, ...]:
    command = [sys.executable, "-m", "tests.support.trt_worker", "build", "build"]
    command += ["--models", str(models), "--precision", wish.precision]
    return (*command, "--engines", str(wish.engines))


def _fail_later(driver: FakeDriver, name: str) -> None:
    """Let the device fail in the first run for a person: after the self-test."""
    from edge.workers.face.pipeline import ModelPipeline

    analyse = ModelPipeline.analyse

    def failing(self: ModelPipeline, frame: object) -> object:
        driver.failing = {name}
        return analyse(self, frame)  # type: ignore[arg-type]  # passed on

    setattr(ModelPipeline, "analyse", failing)  # noqa: B010 - a planted fault


if __name__ == "__main__":
    restart_without_cache()
    sys.exit(main(sys.argv[1:]))
