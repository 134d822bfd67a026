"""The engine class on a stand-in that fails in every way that TensorRT and CUDA report."""

import numpy as np
import pytest

from edge.workers.face.engine import EngineError, Tensor
from edge.workers.face.trt import api_fake, driver_fake
from edge.workers.face.trt.api_fake import fake_plan, fake_tensorrt
from edge.workers.face.trt.driver import CudaError, DeviceLostError
from edge.workers.face.trt.driver_fake import FakeDriver
from edge.workers.face.trt.engine import TrtEngine, open_plan
from edge.workers.face.trt.placing import PicturePlacer
from tests.contract.test_face_engine_port import feed, tiny_network
from tests.unit.test_trt_picture import FRAME, SHRUNK


def opened(driver: FakeDriver, faults: set[str] | None = None, limit_s: float = 2.0) -> TrtEngine:
    trt = fake_tensorrt(driver, faults)
    plan = fake_plan(tiny_network())
    return open_plan(trt, driver, plan, precision="float16", limit_s=limit_s)


@pytest.mark.parametrize("shares_memory", [True, False])
def test_it_runs_where_memory_is_shared_and_where_it_is_not(*, shares_memory: bool) -> None:
    engine = opened(FakeDriver(shares_memory=shares_memory))
    np.testing.assert_array_equal(engine.run({"x": feed()})["minus"], -feed())
    assert (engine.info.backend, engine.info.precision) == ("fake", "float16")


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ("runtime", "no_runtime"),
        ("plan", "plan_refused"),
        ("context", "no_memory"),
        ("input_shape", "shape_refused"),
        ("infer_shapes", "shape_refused"),
        ("address", "address_refused"),
        ("open_output", "wrong_shape"),
    ],
)
def test_what_fails_while_loading_is_an_error_and_leaves_no_memory(fault: str, code: str) -> None:
    driver = FakeDriver()
    with pytest.raises(EngineError) as caught:
        opened(driver, {fault})
    assert caught.value.code == code
    assert not driver.memory


def test_a_refused_plan_repeats_the_last_words_of_tensorrt() -> None:
    with pytest.raises(EngineError, match="the engine plan file is not compatible"):
        opened(FakeDriver(), {"plan"})


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ("input_shape", "shape_refused"),
        ("infer_shapes", "missing_tensor"),
        ("execute", "run_failed"),
        ("open_output", "wrong_shape"),
    ],
)
def test_what_fails_in_a_run_is_an_error_and_the_next_run_works(fault: str, code: str) -> None:
    faults: set[str] = set()
    engine = opened(FakeDriver(), faults)
    faults.add(fault)
    with pytest.raises(EngineError) as caught:
        engine.run({"x": feed()})
    assert caught.value.code == code
    faults.clear()
    np.testing.assert_array_equal(engine.run({"x": feed()})["double"], 2 * feed())


def test_a_run_that_writes_nothing_does_not_give_the_answer_before() -> None:
    faults: set[str] = set()
    engine = opened(FakeDriver(), faults)
    engine.run({"x": feed()})
    faults.add("writes_nothing")
    assert np.isnan(engine.run({"x": feed()})["double"]).all()


@pytest.mark.parametrize("fault", ["current", "upload", "download"])
def test_a_refused_call_is_an_error_and_no_loss(fault: str) -> None:
    driver = FakeDriver()
    engine = opened(driver)
    driver.failing = {fault}
    with pytest.raises(CudaError) as caught:
        engine.run({"x": feed()})
    assert not isinstance(caught.value, DeviceLostError)
    driver.failing = set()
    engine.run({"x": feed()})


@pytest.mark.parametrize("fault", ["wait", "deadline"])
def test_after_a_loss_nothing_runs_any_more(fault: str) -> None:
    driver = FakeDriver()
    engine = opened(driver)
    driver.failing = {fault}
    with pytest.raises(DeviceLostError):
        engine.run({"x": feed()})
    driver.failing = set()
    with pytest.raises(DeviceLostError):
        engine.run({"x": feed()})
    engine.close()


def test_a_run_has_a_deadline() -> None:
    engine = opened(FakeDriver(), limit_s=-1.0)
    with pytest.raises(DeviceLostError, match="deadline"):
        engine.run({"x": feed()})


def test_no_memory_is_told_as_such() -> None:
    driver = FakeDriver()
    driver.failing = {"allocate"}
    with pytest.raises(CudaError, match="no_memory"):
        opened(driver)


def test_every_failure_that_the_stand_ins_know_has_a_case() -> None:
    tried = {"runtime", "plan", "context", "input_shape", "infer_shapes", "address", "execute",
             "writes_nothing", "open_output"}  # fmt: skip
    assert set(api_fake.FAILURES) == tried
    assert set(driver_fake.FAILURES) == {
        "allocate", "current", "upload", "download", "kernel", "launch", "wait", "deadline",
    }  # fmt: skip


@pytest.mark.parametrize("count", [0, 5])
def test_a_shape_beyond_the_profile_is_refused(count: int) -> None:
    with pytest.raises(EngineError, match="wrong_shape"):
        opened(FakeDriver()).run({"x": np.zeros((count, 3, 4), np.float32)})


@pytest.mark.parametrize("shares_memory", [True, False])
def test_nothing_of_a_run_stays_in_the_buffers(*, shares_memory: bool) -> None:
    driver = FakeDriver(shares_memory=shares_memory)
    engine = opened(driver)
    held = dict(driver.memory)
    answer: Tensor = engine.run({"x": feed() + 1})["double"]
    driver.wait(float("inf"))
    assert answer.any()
    inputs = [engine._inputs["x"].buffer, *(port.buffer for port in engine._outputs.values())]
    assert not any(buffer.host.any() for buffer in inputs)
    assert not held[inputs[0].device].any()
    engine.close()
    assert not any(memory.any() for memory in held.values())
    assert not driver.memory


def test_kernels_that_do_not_load_or_start_are_errors() -> None:
    driver = FakeDriver()
    driver.failing = {"kernel"}
    with pytest.raises(CudaError, match="kernel"):
        PicturePlacer(driver, b"code")
    driver.failing = set()
    placer = PicturePlacer(driver, b"code")
    driver.failing = {"launch"}
    with pytest.raises(CudaError, match="launch"):
        placer.place(FRAME, SHRUNK, 1)
