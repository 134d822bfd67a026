"""Measure the QR way: a 640x480 frame to a verified decision, and how many codes are read.

The frames are those of the tests' seeded generator: 22 conditions of a camera's bad day, and one
without a code. pyzbar reads each frame right after the product, so the ratio is one of one run.
"""

import importlib.util
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from time import perf_counter
from types import ModuleType

from edge.domain.authenticate import Authenticated, authenticate
from edge.domain.authorise import DoorView, authorise
from edge.domain.gate_memory import GateMemory
from edge.domain.knowledge import Knowledge
from edge.domain.model import AccessAttempt, Moment, PassClaim
from edge.workers.qr.decode import Decoder, load_decoder
from edge.workers.qr.frames import Grey
from equalgate.bench.figures import Desk, at_least, at_most, p50, p95
from equalgate.bench.gate_papers import IN, make_papers
from equalgate.bench.gate_rig import NOON_MS
from equalgate.places import repository_root
from mqtt.contract.events import AdapterKind, Method, Outcome

__all__ = ["run"]

_SEEDS = 10
_AT = Moment(1_000, NOON_MS)


@dataclass(frozen=True, slots=True)
class _Readers:
    """The product's reader, what its daemon knows, and the reader that it is compared with."""

    decoder: Decoder
    knowledge: Knowledge
    theirs: Callable[[Grey], tuple[str, ...]]


@dataclass(slots=True)
class _Tally:
    """Seconds of frames that were decided, and hits; `empty` are frames without a code."""

    ours: list[float] = field(default_factory=list)
    empty: list[float] = field(default_factory=list)
    theirs: list[float] = field(default_factory=list)
    frames: int = 0
    our_hits: int = 0
    their_hits: int = 0
    wrong: int = 0


def run(desk: Desk) -> None:
    """Report QR figures."""
    frames = _generator()
    papers = make_papers(desk.size(10_000, 100))
    knowledge = papers.knowledge(NOON_MS)
    readers = _Readers(load_decoder(), knowledge, _pyzbar())
    readers.decoder.warm_up()
    tally = _Tally()
    conditions = desk.size(len(frames.conditions()), 3)
    seeds = desk.size(_SEEDS, 2)
    desk.say(
        f"{conditions} conditions, {seeds} frames each, readers {', '.join(readers.decoder.names)}"
    )
    for seed in range(seeds):
        text = papers.paper_pass(seed, NOON_MS)
        for condition in frames.conditions()[:conditions]:
            _one(tally, frames.render(text, condition, seed), text, readers)
        empty = frames.render(text, frames.NEGATIVE, seed)
        began_s = perf_counter()
        readers.decoder.first(empty)
        tally.empty.append(perf_counter() - began_s)
    _report(desk, tally)


def _one(tally: _Tally, frame: Grey, text: str, readers: _Readers) -> None:
    tally.frames += 1
    began_s = perf_counter()
    outcomes = list(_decisions(frame, readers))
    took_s = perf_counter() - began_s
    if (text, Outcome.GRANTED) in outcomes:
        tally.our_hits += 1
        tally.ours.append(took_s)
    tally.wrong += any(read != text for read, _ in outcomes)
    began_s = perf_counter()
    found = readers.theirs(frame)
    tally.theirs.append(perf_counter() - began_s)
    tally.their_hits += text in found


def _decisions(frame: Grey, readers: _Readers) -> Iterator[tuple[str, Outcome]]:
    """Read a frame as the worker does and decide as the daemon does."""
    for reading in readers.decoder.thorough(frame).readings:
        claim = PassClaim(reading.text)
        attempt = AccessAttempt(IN, Method.QR, claim, _AT.mono_ms, AdapterKind.SIMULATED)
        found = authenticate(attempt, readers.knowledge, GateMemory(), _AT)
        if isinstance(found, Authenticated):
            decision = authorise(found.bearer, IN, _AT, DoorView(), readers.knowledge.rules)
            yield reading.text, decision.outcome
        else:
            yield reading.text, Outcome.DENIED


def _report(desk: Desk, tally: _Tally) -> None:
    theirs_ms = p50(tally.theirs) * 1e3
    count = len(tally.ours)
    note = "baseline: pyzbar alone, QR only, no decision, all frames"
    ours_ms = p50(tally.ours) * 1e3
    target = at_most(3)
    desk.report(
        "frame to decision p50", ours_ms, "ms", count, target=target, baseline=theirs_ms, note=note
    )
    desk.report("frame to decision p95", p95(tally.ours) * 1e3, "ms", count)
    desk.report(
        "first look at a frame without a code", p50(tally.empty) * 1e3, "ms", len(tally.empty)
    )
    share, their_share = tally.our_hits / tally.frames, tally.their_hits / tally.frames
    target = at_least(factor=1.2)
    note = "share of degraded frames read exactly; baseline: pyzbar"
    desk.report(
        "hits", share, "share", tally.frames, target=target, baseline=their_share, note=note
    )
    desk.report("wrong texts", tally.wrong, "frames", tally.frames, target=at_most(0))


def _pyzbar() -> Callable[[Grey], tuple[str, ...]]:
    from pyzbar import pyzbar

    def read(frame: Grey) -> tuple[str, ...]:
        symbols = pyzbar.decode(frame, symbols=[pyzbar.ZBarSymbol.QRCODE])
        return tuple(symbol.data.decode("utf-8", "replace") for symbol in symbols)

    return read


def _generator() -> ModuleType:
    """Load the tests' generator of frames from the checkout. Raises ImportError without one."""
    path = repository_root() / "tests" / "support" / "frames.py"
    name = "equalgate_bench_frames"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None or not path.exists():
        raise ImportError(f"{path.name} lies in the checkout only")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module
