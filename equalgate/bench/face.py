"""Measure face: a frame to a decision on the processor, 1:N, and what the other ways notice of it.

It needs models and a picture of a face (`EQUALGATE_ASSETS`); without them it says so and measures
the comparison alone, which needs neither.
"""

import asyncio
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

from edge.adapters.clock import SimClock
from edge.workers.face.compare import Gallery, unit
from edge.workers.face.pipeline import ModelPipeline, open_pipeline
from edge.workers.qr.decode import Decoder, load_decoder
from equalgate.bench.face_companion import STATES, beside
from equalgate.bench.figures import Desk, at_most, p50, p95
from equalgate.bench.gate_papers import GATE, SITE, make_papers
from equalgate.bench.gate_rig import NOON_MS, GateRig, ProbeLock, StallingStore
from equalgate.demo.pictures import draw_pass
from equalgate.models import find_models
from equalgate.places import assets_folder

__all__ = ["run"]

_LENGTH = 256
_REFERENCES = (200, 1_500, 5_000)
_EACH = 3
_WIDTH, _HEIGHT = 640, 480
_ROUNDS = 6


def run(desk: Desk) -> None:
    """Report face figures."""
    _compare(desk)
    models, picture = find_models(), assets_folder() / "faces/public_officials/biden_2.jpg"
    if not any(models.glob("*.onnx")) or not picture.is_file():
        desk.say("no models or pictures: EQUALGATE_ASSETS names no folder that has them")
        return
    frame = _frame_file(desk, picture)
    _frame_to_decision(desk, models, frame)
    _others_beside(desk, models, frame)


def _compare(desk: Desk) -> None:
    """Compare one probe with everybody; each person has three references."""
    draw = np.random.default_rng(1)
    for count in _REFERENCES:
        people = [f"p{number}" for number in range(-(-count // _EACH))]
        rows = unit(draw.standard_normal((len(people) * _EACH, _LENGTH)).astype(np.float32))
        gallery = Gallery(people, np.split(rows, len(people)))
        probe = rows[0].copy()
        times = [_timed(gallery.best_two, probe) for _ in range(desk.size(2_000, 20))]
        target = at_most(0.5) if count == _REFERENCES[-1] else None
        name = f"1:N over {count} references p50"
        desk.report(name, p50(times[3:]) * 1e3, "ms", len(times) - 3, target=target)


def _frame_file(desk: Desk, picture: Path) -> Path:
    import cv2

    whole = np.asarray(cv2.imread(str(picture)), dtype=np.uint8)
    scale = max(_WIDTH / whole.shape[1], _HEIGHT / whole.shape[0])
    small = cv2.resize(whole, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    # A head is in the upper part of a portrait: cut a quarter of the rest off above it.
    top, left = (small.shape[0] - _HEIGHT) // 4, (small.shape[1] - _WIDTH) // 2
    frame = small[top : top + _HEIGHT, left : left + _WIDTH]
    file = desk.folder / "frame.png"
    cv2.imwrite(str(file), frame)
    return file


def _frame_to_decision(desk: Desk, models: Path, file: Path) -> None:
    """Look at a frame, compare the embedding with 200 references: one frame's share of a try."""
    import cv2

    pipeline = open_pipeline(models)
    frame = np.asarray(cv2.imread(str(file)), dtype=np.uint8)
    draw = np.random.default_rng(2)
    rows = unit(draw.standard_normal((_REFERENCES[0], _LENGTH)).astype(np.float32))
    gallery = Gallery([str(number) for number in range(len(rows))], [row[None] for row in rows])
    desk.say("real models, 640x480, ONNX Runtime on the processor")
    times = [_timed(_look, pipeline, gallery, frame) for _ in range(desk.size(60, 3) + 2)][2:]
    note = "detect, quality, PAD votes, embed, 1:200; ONNX Runtime with 2 threads"
    desk.report(
        "frame to decision p50", p50(times) * 1e3, "ms", len(times), target=at_most(60), note=note
    )
    desk.report("frame to decision p95", p95(times) * 1e3, "ms", len(times))
    pipeline.close()


def _look(pipeline: ModelPipeline, gallery: Gallery, frame: Any) -> None:  # noqa: ANN401
    found = pipeline.analyse(frame)
    if found.embedding is None:
        raise RuntimeError(f"no face to compare: {found.outcome}")
    gallery.best_two(found.embedding)


def _others_beside(desk: Desk, models: Path, frame: Path) -> None:
    """Measure fob and QR with a face worker in every state, in turn, several rounds of each."""
    papers = make_papers(desk.size(1_000, 100))
    code = draw_pass(papers.paper_pass(1, NOON_MS), desk.folder / "code.png")
    decoder = load_decoder()
    decoder.warm_up()
    fobs: dict[str, list[float]] = {state: [] for state in STATES}
    codes: dict[str, list[float]] = {state: [] for state in STATES}
    for number in range(desk.size(_ROUNDS, 1)):
        for state in STATES:
            desk.say(f"round {number + 1}: face worker {state}")
            with beside(state, models, frame):
                store = StallingStore(desk.folder / f"{number}-{state}.db", SITE, GATE)
                fobs[state] += asyncio.run(_fobs(store, papers, desk.size(150, 3)))
                codes[state] += _codes(decoder, code, desk.size(150, 3))
    for name, times in (("fob to relay", fobs), ("QR frame to text", codes)):
        base_ms = p50(times["absent"]) * 1e3
        for state in STATES[1:]:
            value_ms, count = p50(times[state]) * 1e3, len(times[state])
            note = "baseline: without a face worker, same run"
            desk.report(
                f"{name} p50, face worker {state}", value_ms, "ms", count,
                target=at_most(factor=1.05), baseline=base_ms, note=note,
            )  # fmt: skip


async def _fobs(store: StallingStore, papers: Any, count: int) -> list[float]:  # noqa: ANN401
    clock = SimClock(NOON_MS, 1_000)
    rig = GateRig(store, papers.knowledge(NOON_MS), clock, ProbeLock(), {})
    rig.begin()
    try:
        times = []
        for number in range(count):
            times.append(await rig.fob(number % 100, clock))
            await rig.rest()
        return times
    finally:
        await rig.end()


def _codes(decoder: Decoder, picture: Path, count: int) -> list[float]:
    import cv2

    frame = cv2.imread(str(picture), cv2.IMREAD_GRAYSCALE)
    return [_timed(decoder.first, frame) for _ in range(count)]


def _timed(act: Any, *arguments: Any) -> float:  # noqa: ANN401
    began_s = perf_counter()
    act(*arguments)
    return perf_counter() - began_s
