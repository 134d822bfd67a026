"""Run the parts, each in a process of its own, print a line for each and keep the result."""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from edge.workers.face.trt.golden import read_golden, write_golden
from tools.gpu.record import ImpossibleError, Models, Outcome, words_of
from tools.gpu.report import write_report

__all__ = ["main"]

_LIMIT_S = 180
_ROOT = Path(__file__).resolve().parents[2]
_FIXED = (
    "versions", "device", "memory", "compilers", "kernels", "hardened", "zero_copy",
    "engine_class", "tensorrt",
)  # fmt: skip
_LAST = ("detection", "loss_deadline", "loss_illegal_address", "device_afterwards")


def main(arguments: Sequence[str]) -> int:
    """Run the command; see ``tools/gpu_check.py``."""
    options = _parser().parse_args(arguments)
    if options.part:
        return _one(options)
    models = Models.of(options.models)
    if options.record:
        return _record(models, options.record)
    builds = [f"build:{m.name}:{p}" for m, _ in models.known for p in ("float32", "float16")]
    wanted = [*_FIXED, *builds, *_LAST]
    if options.parts:
        wanted = [part for part in wanted if part.split(":")[0] in options.parts]
    outcomes = []
    with tempfile.TemporaryDirectory(prefix="gpu-check-") as cache:
        for part in wanted:
            outcome = _apart(part, options, cache)
            outcomes.append(outcome)
            print(json.dumps(outcome.line(), ensure_ascii=False), flush=True)
    paths = write_report(outcomes, options.out, time.strftime("%Y-%m-%d"))
    print(json.dumps({"part": "report", "state": "ok", "files": [path.name for path in paths]}))
    return int(any(outcome.state == "failed" for outcome in outcomes))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="tools/gpu_check.py", description=__doc__)
    parser.add_argument("--models", type=Path, required=True, help="folder of the models")
    parser.add_argument("--out", type=Path, default=_ROOT / "docs" / "hardware")
    parser.add_argument("--parts", nargs="*", help="only these; build stands for all builds")
    parser.add_argument("--golden", type=Path, help="recorded answers, without ONNX Runtime")
    parser.add_argument("--record", type=Path, help="record the answers of ONNX Runtime and end")
    parser.add_argument("--part", help=argparse.SUPPRESS)
    parser.add_argument("--cache", type=Path, help=argparse.SUPPRESS)
    return parser


def _apart(part: str, options: argparse.Namespace, cache: str) -> Outcome:
    """Run one part in a process of its own: a lost device or a crash ends only that."""
    command = [
        sys.executable, str(_ROOT / "tools" / "gpu_check.py"), "--part", part, "--cache", cache,
        "--models", str(options.models.resolve()),
    ]  # fmt: skip
    if options.golden:
        command += ["--golden", str(options.golden.resolve())]
    begin_s = time.monotonic()
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=_LIMIT_S, check=False, cwd=_ROOT
        )
    except subprocess.TimeoutExpired:
        return Outcome(part, "failed", {"words": f"no end after {_LIMIT_S} s"})
    took: dict[str, object] = {"seconds": round(time.monotonic() - begin_s, 1)}
    for line in reversed(done.stdout.strip().splitlines()):
        if line.startswith("{"):
            known = json.loads(line)
            state, name = known.pop("state"), known.pop("part")
            return Outcome(name, state, known | took)
    said = (done.stdout + done.stderr).strip()[-1500:]
    return Outcome(part, "failed", {"words": f"ended with {done.returncode}: {said}"} | took)


def _one(options: argparse.Namespace) -> int:
    try:
        outcome = Outcome(options.part, "ok", _body(options)())
    except ImpossibleError as error:
        outcome = Outcome(options.part, "impossible", {"words": str(error)} | error.facts)
    except Exception as error:  # noqa: BLE001 - every part tells how it ended
        outcome = Outcome(options.part, "failed", {"words": words_of(error)[-1500:]})
    print(json.dumps(outcome.line(), ensure_ascii=False, default=str), flush=True)
    return 0


def _body(options: argparse.Namespace) -> Callable[[], dict[str, object]]:
    from tools.gpu import detection, device, engines, loss

    part = options.part
    models = Models.of(options.models)
    if part.startswith("build:"):
        _, name, precision = part.split(":")
        golden = None
        if options.golden:
            golden = read_golden((options.golden.parent / f"{name}.golden.npz").read_bytes())
        return lambda: engines.build_one(models, name, precision, golden, options.cache)
    bodies: dict[str, Callable[[], dict[str, object]]] = {
        "versions": device.versions,
        "device": device.facts,
        "memory": device.memory,
        "compilers": device.compilers,
        "kernels": device.kernels,
        "hardened": device.hardened,
        "zero_copy": device.zero_copy,
        "engine_class": lambda: engines.engine_class(models),
        "tensorrt": engines.tensorrt_facts,
        "detection": lambda: detection.detection(models, options.cache),
        "loss_deadline": loss.deadline,
        "loss_illegal_address": loss.illegal_address,
        "device_afterwards": device.facts,
    }
    return bodies[part]


def _record(models: Models, folder: Path) -> int:
    from tools.gpu.engines import golden_of

    folder.parent.mkdir(parents=True, exist_ok=True)
    for manifest, _ in models.known:
        path = folder.parent / f"{manifest.name}.golden.npz"
        path.write_bytes(write_golden(golden_of(models, manifest)))
        print(json.dumps({"part": "record", "state": "ok", "file": path.name}))
    folder.write_text("recorded\n", "utf-8")
    return 0
