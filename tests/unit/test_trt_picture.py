"""The kernel's reference against OpenCV, the kernel's arguments, and what the compilers say."""

import cv2
import numpy as np
import pytest

from edge.workers.face.align import aligned, similarity
from edge.workers.face.engine import EngineError
from edge.workers.face.manifest import InputForm
from edge.workers.face.models_input import Picture, to_tensor
from edge.workers.face.models_scene import draw_scene
from edge.workers.face.trt import compiling
from edge.workers.face.trt.api_fake import fake_plan, fake_tensorrt
from edge.workers.face.trt.driver_fake import FakeDriver
from edge.workers.face.trt.engine import TrtEngine, open_plan
from edge.workers.face.trt.picture import MOST_TAPS, place, shrunk, warped
from edge.workers.face.trt.placing import PicturePlacer
from tests.contract.test_face_engine_port import tiny_network
from tests.support.face_assets import models_folder, shipped

BGR = InputForm("data", 128, 128, "bgr", (0.0, 0.0, 0.0), 1.0)
RGB = InputForm("data", 128, 128, "rgb", (120.0, 115.0, 100.0), 0.02)
FRAME = np.ascontiguousarray(np.tile(draw_scene(0).picture, (3, 4, 1))[:720, :1280])
SHRUNK = shrunk((1280, 720), (640, 360), BGR)
TEMPLATE = (
    (0.3156, 0.4616),
    (0.6826, 0.4616),
    (0.5003, 0.6405),
    (0.3495, 0.8247),
    (0.6534, 0.8247),
)


class Mapped(np.ndarray[tuple[int, ...], np.dtype[np.uint8]]):
    device_pointer = 0


@pytest.mark.parametrize("form", [BGR, RGB])
def test_shrinking_is_what_opencv_does(form: InputForm) -> None:
    small = np.asarray(cv2.resize(FRAME, (640, 360), interpolation=cv2.INTER_AREA), np.uint8)
    padded = cv2.copyMakeBorder(small, 0, 24, 0, 0, cv2.BORDER_CONSTANT, value=(0, 0, 0))
    known = to_tensor(np.asarray(padded, np.uint8), form)
    given = place(FRAME, shrunk((1280, 720), (640, 360), form))
    assert given.shape == known.shape == (1, 3, 384, 640)
    assert np.abs(given - known).max() <= 1.01 * form.scale


def test_a_picture_that_fits_is_not_changed() -> None:
    scene = draw_scene(1).picture
    given = place(scene, shrunk((320, 256), (320, 256), BGR))
    np.testing.assert_array_equal(given, to_tensor(scene, BGR))


@pytest.mark.parametrize("number", [0, 1, 2])
def test_warping_is_what_opencv_does(number: int) -> None:
    scene = draw_scene(number)
    matrix = similarity(scene.points.astype(float), np.asarray(TEMPLATE) * 128)
    known = to_tensor(aligned(scene.picture, scene.points, TEMPLATE, (128, 128)), BGR)
    given = place(scene.picture, warped(matrix, (128, 128), BGR))
    # OpenCV counts coordinates in 32nds of a pixel.
    assert np.abs(given - known).mean() < 0.6
    assert np.mean(np.abs(given - known) > 8) < 0.01


def test_outside_of_the_picture_is_black() -> None:
    away = np.array([[1.0, 0.0, 5000.0], [0.0, 1.0, -1e9]])
    assert not place(FRAME, warped(away, (32, 32), BGR)).any()


@pytest.mark.parametrize(("step", "taps"), [(1.0, 1), (2.0, 1), (2.5, 2), (7.9, 4), (90.0, 8)])
def test_more_points_are_read_the_more_a_face_is_shrunk(step: float, taps: int) -> None:
    assert MOST_TAPS == 8
    assert warped(np.array([[1 / step, 0, 0], [0, 1 / step, 0]]), (8, 8), BGR).taps == taps


def placed_engine(driver: FakeDriver) -> TrtEngine:
    content = (models_folder() / shipped()["yunet-2026may"].file).read_bytes()
    placer = PicturePlacer(driver, b"code")
    return open_plan(
        fake_tensorrt(driver), driver, fake_plan(content), precision="float32", placer=placer
    )


@pytest.mark.parametrize("shares_memory", [True, False])
def test_a_frame_reaches_the_network_through_the_kernel(*, shares_memory: bool) -> None:
    driver = FakeDriver(shares_memory=shares_memory)
    engine = placed_engine(driver)
    given = engine.run_picture(FRAME, SHRUNK)
    known = engine.run({"input": place(FRAME, SHRUNK)})
    for name, value in known.items():
        np.testing.assert_array_equal(given[name], value)


def test_a_frame_on_the_device_is_read_where_it_lies_row_by_row() -> None:
    driver = FakeDriver()
    engine = placed_engine(driver)
    wide = np.zeros((720, 1312, 3), np.uint8)  # rows of a camera are padded
    wide[:, :1280] = FRAME
    buffer = driver.allocate(wide.nbytes)
    driver.memory[buffer.device][:] = wide.reshape(-1)
    frame = wide[:, :1280].view(Mapped)
    frame.device_pointer = buffer.device
    before = len(driver.memory)
    given = engine.run_picture(frame, SHRUNK)
    assert len(driver.memory) == before, "nothing was copied"
    known = engine.run({"input": place(FRAME, SHRUNK)})
    np.testing.assert_array_equal(given["cls_8"], known["cls_8"])


@pytest.mark.parametrize(
    "picture",
    [np.zeros((8, 8), np.uint8), np.zeros((8, 8, 2), np.uint8), np.zeros((8, 8, 3), np.float32)],
)
def test_what_is_no_colour_picture_is_refused(picture: Picture) -> None:
    driver = FakeDriver()
    placer = PicturePlacer(driver, b"code")
    with pytest.raises(EngineError, match="wrong_picture"):
        placer.place(picture, SHRUNK, driver.allocate(64).device)


def test_an_engine_without_kernels_says_so() -> None:
    driver = FakeDriver()
    engine = open_plan(
        fake_tensorrt(driver), driver, fake_plan(tiny_network()), precision="float32"
    )
    with pytest.raises(EngineError, match="no_kernels"):
        engine.run_picture(FRAME, SHRUNK)


@pytest.mark.parametrize("architecture", ["sm_87", "sm_90"])
def test_the_kernels_compile(architecture: str) -> None:
    if compiling.find_nvcc() is None:
        pytest.skip("no nvcc on this machine")
    image, made_by = compiling.compile_kernels(architecture)
    assert made_by == "nvcc"
    assert image.startswith(b"\x7fELF")
    assert compiling.KERNEL.encode() in image


def test_a_compiler_that_refuses_is_quoted() -> None:
    if compiling.find_nvcc() is None:
        pytest.skip("no nvcc on this machine")
    with pytest.raises(EngineError, match=r"kernels_refused.*sm_1"):
        compiling.compile_kernels("sm_1")


def test_the_signature_has_a_letter_for_every_argument() -> None:
    source = compiling.kernel_source()
    head = source[source.index("void place_picture(") : source.index("{\n    int x = blockIdx")]
    kinds = {"*": "P", "int": "i", "float": "f"}
    letters = ""
    for argument in head.split("(", 1)[1].rsplit(")", 1)[0].split(","):
        letters += "P" if "*" in argument else kinds[argument.split()[0]]
    assert letters == compiling.SIGNATURE
