"""Start the face worker: ``python -m edge.workers.face --socket PATH --lane ap-1=SPEC …``."""

import argparse
import logging
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from edge.workers.face.hygiene import harden, restart_without_cache

if TYPE_CHECKING:
    from edge.workers.face.analysis import Inferences
    from edge.workers.face.camera_port import FaceCamera
    from edge.workers.face.references_live import Instant
    from edge.workers.face.trt.choose import EngineWish
    from edge.workers.face.worker import FaceWorker
    from edge.workers.face.worker_desk import FaceModelsState
    from edge.workers.harness import Waker

__all__ = ["main"]

_log = logging.getLogger(__name__)


def main(argv: Sequence[str]) -> int:
    """Run the worker; 0 for a clean end, 1 for a crash, 2 for bad use."""
    # First of all, because libraries start threads when they are imported.
    in_force = harden()
    from edge.workers.harness import run_worker

    parser = _parser()
    options = parser.parse_args(argv)

    losses: list[str] = []

    def body(waker: "Waker") -> None:
        _log.info("process_hardened", extra={"in_force": in_force})
        _run(parser, options, waker, losses)

    status = run_worker("face", body)
    if losses:
        # Whoever frees memory of a device that hangs hangs too: nothing of it is touched again.
        logging.shutdown()
        os._exit(status)
    return status


def _run(
    parser: argparse.ArgumentParser,
    options: argparse.Namespace,
    waker: "Waker",
    losses: "list[str]",
) -> None:
    from edge.workers.face.engine import EngineError
    from edge.workers.face.trt.losses import DeviceLosses
    from edge.workers.face.worker_lane import LaneFailed

    try:
        _serve(parser, options, waker)
    except (LaneFailed, EngineError) as error:
        if error.code == "device_lost":
            losses.append(error.code)
            _log.critical("device_lost", extra={"then": "the process ends and starts anew"})
            DeviceLosses(_wish(options).losses_file(options.models)).add(time.time())
        raise


def _serve(parser: argparse.ArgumentParser, options: argparse.Namespace, waker: "Waker") -> None:
    from edge.workers.face.trt.choose import choose
    from edge.workers.face.trt.prepare import Preparation, build_command
    from edge.workers.face.worker_models import load_models

    wish = _wish(options)
    choice = choose(wish, options.models, time.time())
    loaded = load_models(options.models, accepts_no_pad=options.without_pad, choice=choice)
    worker = _worker(parser, options, waker, loaded)
    preparation = None
    if loaded[0].off_code == "preparing":
        preparation = Preparation(build_command(wish, options.models), waker.stop)
        preparation.start()
    try:
        worker.run(options.socket, waker)
    finally:
        if preparation is not None:
            preparation.stop()


def _wish(options: argparse.Namespace) -> "EngineWish":
    from edge.workers.face.trt.choose import EngineWish

    engines = options.engines or options.store.parent / "engines"
    return EngineWish(options.engine, options.precision, engines)


def _worker(
    parser: argparse.ArgumentParser,
    options: argparse.Namespace,
    waker: "Waker",
    loaded: "tuple[FaceModelsState, Inferences]",
) -> "FaceWorker":
    from edge.workers.face.keys import FileCabinet
    from edge.workers.face.references import ReferenceStore
    from edge.workers.face.worker import FaceWorker
    from edge.workers.face.worker_desk import FaceDesk
    from edge.workers.face.worker_lane import FaceLane

    cameras = _cameras(parser, options)
    cabinet = FileCabinet(options.keys or options.store / "keys")
    store = ReferenceStore(options.store, cabinet)
    store.open()
    models, tested = loaded
    desk = FaceDesk(models, store, cabinet, _now)
    desk.counters.ran("self_test", tested)
    lanes = [
        FaceLane(key, camera, desk, waker.wake, options.most_people)
        for key, camera in cameras.items()
    ]
    return FaceWorker(lanes, desk, is_simulated=options.simulated)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m edge.workers.face", description=__doc__)
    parser.add_argument("--socket", type=Path, required=True, help="the daemon's Unix socket")
    parser.add_argument(
        "--lane", action="append", required=True, metavar="ID=SPEC", help="access point and camera"
    )
    parser.add_argument("--models", type=Path, required=True, help="the installed models")
    parser.add_argument("--store", type=Path, required=True, help="the sealed references")
    parser.add_argument("--keys", type=Path, help="the wrapping key; default: keys in the store")
    parser.add_argument("--most-people", type=int, default=1500, help="how many may be enrolled")
    parser.add_argument(
        "--standby",
        choices=("closed", "valve"),
        default="closed",
        help="the sensor between attempts",
    )
    engines = ("auto", "tensorrt", "onnxruntime")
    parser.add_argument("--engine", choices=engines, default="auto", help="what runs the models")
    parser.add_argument("--precision", choices=("float16", "float32"), default="float16")
    parser.add_argument("--engines", type=Path, help="built engines; default: beside the store")
    parser.add_argument(
        "--without-pad", action="store_true", help="the site has recorded that it accepts no PAD"
    )
    parser.add_argument(
        "--simulated", action="store_true", help="say in every record that this is no real camera"
    )
    return parser


def _cameras(
    parser: argparse.ArgumentParser, options: argparse.Namespace
) -> "dict[str, FaceCamera]":
    from edge.worker_wire import FaceDisarm, WireError, encode
    from edge.workers.face.camera import camera_for
    from edge.workers.face.camera_port import CameraError

    cameras: dict[str, FaceCamera] = {}
    for text in options.lane:
        name, equals, spec = text.partition("=")
        try:
            encode(FaceDisarm(name))
            cameras[name] = camera_for(spec, options.standby)
        except WireError:
            parser.error("the ID of a --lane has 4 to 40 of a-z, 0-9 and -")
        except CameraError as error:
            parser.error(str(error))
        if not equals:
            parser.error("--lane is ID=SPEC")
    if len(cameras) != len(options.lane):
        parser.error("--lane names each access point once")
    if not options.simulated and any(camera.is_simulated for camera in cameras.values()):
        parser.error("files are no camera: add --simulated, which every record will state")
    return cameras


def _now() -> "Instant":
    from edge.workers.face.references_live import Instant

    return Instant(time.monotonic() * 1000, time.time() * 1000)


if __name__ == "__main__":
    restart_without_cache()
    sys.exit(main(sys.argv[1:]))
