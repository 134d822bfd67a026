"""Check engines: build, load, parity with ONNX Runtime, the kernel's path, latencies."""

import time
from pathlib import Path

import numpy as np

from edge.workers.face.engine import Engine, EngineError
from edge.workers.face.manifest import ModelManifest
from edge.workers.face.models_scene import draw_scene
from edge.workers.face.selftest import check_model
from edge.workers.face.trt.api import LogTail, TensorRt, construct, load_tensorrt, make_logger
from edge.workers.face.trt.builder import BuildError, build_engine
from edge.workers.face.trt.compiling import compile_kernels
from edge.workers.face.trt.driver_pycuda import PyCudaDriver
from edge.workers.face.trt.engine import TrtEngine, open_plan
from edge.workers.face.trt.golden import Golden, golden_feeds, make_golden, worst_cosine
from edge.workers.face.trt.picture import place, shrunk
from edge.workers.face.trt.placing import PicturePlacer
from edge.workers.face.trt.precision import COSINE_FLOORS, Precision, half_precision
from tools.gpu.record import ImpossibleError, Models, milliseconds, need, words_of

__all__ = ["build_one", "engine_class", "golden_of", "tensorrt_facts"]

Facts = dict[str, object]


def tensorrt_facts() -> Facts:
    """Say which TensorRT there is and whether its builder and runtime start here."""
    trt = _found()
    tail = LogTail()
    logger = make_logger(trt, tail)
    builder = construct(trt.module.Builder, logger)
    runtime = construct(trt.module.Runtime, logger)
    return {
        "flavour": trt.flavour, "version": trt.version, "builder": builder is not None,
        "runtime": runtime is not None, "words": tail.text(),
    }  # fmt: skip


def build_one(
    models: Models, name: str, precision: Precision, golden: Golden | None, cache: Path
) -> Facts:
    """Build, load, test and time one model in one precision."""
    trt = _found()
    manifest, content = next((m, c) for m, c in models.known if m.name == name)
    facts: Facts = {"flavour": trt.flavour}
    if precision == "float16":
        content = half_precision(content)
    try:
        built = build_engine(trt, content)
    except BuildError as error:
        raise ImpossibleError(f"build: {words_of(error)}", facts) from None
    facts |= {
        "build_s": round(built.seconds, 2), "plan_bytes": len(built.plan),
        "layer_types": built.layer_types, "build_words": built.words,
    }  # fmt: skip
    (cache / f"{name}.{precision}.plan").write_bytes(built.plan)
    driver = _driver()
    image, _ = compile_kernels(driver.facts.architecture)
    begin_s = time.perf_counter()
    try:
        engine = open_plan(
            trt, driver, built.plan, precision=precision, placer=PicturePlacer(driver, image)
        )
    except EngineError as error:
        raise ImpossibleError(f"load: {words_of(error)}", facts) from None
    facts["load_ms"] = round((time.perf_counter() - begin_s) * 1000, 1)
    return facts | tested(manifest, engine, golden or _reference(models, manifest), precision)


def tested(
    manifest: ModelManifest, engine: TrtEngine, golden: Golden, precision: Precision
) -> Facts:
    """Hold an engine to the reference, the known answers and the kernel's path, and time it."""
    cosine, place_name = worst_cosine(manifest, golden, engine)
    finding = check_model(manifest, engine)
    feed = golden_feeds(manifest)[0]
    facts: Facts = {
        "reference": golden.made_by, "worst_cosine": round(cosine, 7), "worst_output": place_name,
        "limit": COSINE_FLOORS[precision], "known_answers": finding or "all come out",
        "run": milliseconds(lambda: engine.run(feed)),
    }  # fmt: skip
    if manifest.kind == "detect":
        facts |= _picture_path(manifest, engine)
    need(cosine >= COSINE_FLOORS[precision], f"parity: {facts}")
    need(not finding, f"known answers: {finding}; {facts}")
    engine.close()
    try:
        engine.run(feed)
    except EngineError as error:
        need(error.code == "closed", f"after close: {error}")
    return facts


def engine_class(models: Models) -> Facts:
    """Run the engine class on the real device with ONNX Runtime in TensorRT's place.

    It shows buffers, copies, stream and kernels of the product at work where TensorRT refuses the
    GPU; it says nothing about TensorRT.
    """
    from edge.workers.face.trt.api_fake import fake_plan, fake_tensorrt
    from tools.gpu.bridge import Bridge

    driver = _driver()
    image, _ = compile_kernels(driver.facts.architecture)
    found: Facts = {}
    for manifest, content in models.known:
        bridge = Bridge(driver)
        engine = open_plan(
            fake_tensorrt(bridge), driver, fake_plan(content), precision="float32",
            placer=PicturePlacer(driver, image),
        )  # fmt: skip
        found[manifest.name] = tested(manifest, engine, _reference(models, manifest), "float32")
    return found


def golden_of(models: Models, manifest: ModelManifest) -> Golden:
    """Return the answers of ONNX Runtime on this machine."""
    return _reference(models, manifest)


def _picture_path(manifest: ModelManifest, engine: TrtEngine) -> Facts:
    """Compare a frame placed by the kernel with the same frame placed by NumPy."""
    scene = np.tile(draw_scene(0).picture, (3, 4, 1))[:720, :1280]
    frame = np.ascontiguousarray(scene)
    placing = shrunk((1280, 720), (640, 360), manifest.input)
    given = engine.run_picture(frame, placing)
    known = engine.run({manifest.input.tensor: place(frame, placing)})
    worst = max(float(np.max(np.abs(given[name] - known[name]))) for name in known)
    scores = max(
        float(np.max(np.abs(given[name] - known[name])))
        for name in known
        if name.startswith(("cls", "obj"))
    )
    need(scores <= 5e-3, f"scores differ by {scores} between kernel and reference")
    return {
        "picture_worst": round(worst, 5), "picture_worst_score": round(scores, 6),
        "picture_720p": milliseconds(lambda: engine.run_picture(frame, placing)),
    }  # fmt: skip


def _driver() -> PyCudaDriver:
    """Return a driver, or end the part."""
    from tools.gpu.device import opened

    return opened()


def _reference(models: Models, manifest: ModelManifest) -> Golden:
    try:
        from edge.workers.face.engine_onnx import open_onnx
    except ImportError as error:
        raise ImpossibleError(f"no reference: {error}; record one with --record") from None
    content = next(c for m, c in models.known if m.name == manifest.name)
    reference: Engine = open_onnx(content)
    return make_golden(manifest, reference)


def _found() -> TensorRt:
    try:
        return load_tensorrt(allow_rtx=True)
    except EngineError as error:
        raise ImpossibleError(words_of(error)) from None
