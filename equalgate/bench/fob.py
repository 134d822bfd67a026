"""Measure the way of a fob: from the inbox to the relay, the decision durable on this disk.

Between two attempts one plain SQLite commit is timed as baseline. The memory run shows what the
code alone costs; the stalled run that a door does not wait for a disk that hangs (promise 6).
"""

import asyncio
from dataclasses import dataclass
from pathlib import Path

from edge.adapters.clock import SimClock
from edge.adapters.memory_store import CountedSalts, MemoryDisk, MemoryStore
from edge.domain.event_log import EventLog
from equalgate.bench.commit_floor import CommitFloor
from equalgate.bench.figures import Desk, at_least, at_most, p50, p99
from equalgate.bench.fob_osdp import measure_osdp
from equalgate.bench.gate_papers import GATE, SITE, Papers, make_papers
from equalgate.bench.gate_rig import NOON_MS, GateRig, ProbeLock, StallingStore
from mqtt.contract.codec import decode
from mqtt.contract.events import EventKind, Leaf, Outcome

__all__ = ["run"]

_FOBS = 10_000
_STALL_S = 0.5


@dataclass(frozen=True, slots=True)
class _Times:
    """Seconds: attempt to relay, and the plain commits between them."""

    relay: list[float]
    floor: list[float]


def run(desk: Desk) -> None:
    """Report fob figures."""
    papers = make_papers(desk.size(_FOBS, 100))
    desk.say("disk answers")
    _report_healthy(desk, papers)
    desk.say(f"disk stalls {_STALL_S} s at every commit")
    _report_stalled(desk, papers)
    desk.say("OSDP secure channel, real peripheral on a pty")
    measure_osdp(desk, papers)


def _report_healthy(desk: Desk, papers: Papers) -> None:
    count = desk.size(2_000, 40)
    store = StallingStore(desk.folder / "gate.db", SITE, GATE)
    times = asyncio.run(_alternate(store, papers, count, desk.folder / "floor.db"))
    floor_ms = p50(times.floor) * 1e3
    target = at_most(factor=2)
    note = "baseline: one plain SQLite WAL/FULL commit"
    relay_ms = p50(times.relay) * 1e3
    desk.report("relay p50", relay_ms, "ms", count, target=target, baseline=floor_ms, note=note)
    tail_ms, floor_tail_ms = p99(times.relay) * 1e3, p99(times.floor) * 1e3
    desk.report("relay p99", tail_ms, "ms", count, baseline=floor_tail_ms, note=note)
    memory = MemoryStore(MemoryDisk(), SITE, GATE, salt_source=CountedSalts(1))
    bare = asyncio.run(_alternate(memory, papers, count, None))
    note = "store in memory: what the code alone costs"
    desk.report("relay p50, no disk", p50(bare.relay) * 1e3, "ms", count, note=note)


async def _alternate(
    store: EventLog, papers: Papers, count: int, floor_file: Path | None
) -> _Times:
    clock = SimClock(NOON_MS, 1_000)
    rig = GateRig(store, papers.knowledge(NOON_MS), clock, ProbeLock(), {})
    floor = None if floor_file is None else CommitFloor(floor_file)
    times = _Times([], [])
    rig.begin()
    try:
        if floor is not None:
            floor.open()
        for number in range(-3, count):
            relay_s = await rig.fob(abs(number) % 100, clock)
            await rig.rest()
            floor_s = 0.0 if floor is None else floor.commit()
            if number >= 0:
                times.relay.append(relay_s)
                times.floor.append(floor_s)
    finally:
        await rig.end()
        if floor is not None:
            floor.close()
    return times


def _report_stalled(desk: Desk, papers: Papers) -> None:
    count = desk.size(20, 2)
    store = StallingStore(desk.folder / "stalled.db", SITE, GATE)
    relay_s, granted = asyncio.run(_stalled(store, papers, count))
    note = "every commit takes 500 ms longer"
    tail_ms = p99(relay_s) * 1e3
    desk.report("stalled disk, relay p99", tail_ms, "ms", count, target=at_most(60), note=note)
    desk.report(
        "stalled disk, decisions durable later", granted, "decisions", count, target=at_least(count)
    )


async def _stalled(store: StallingStore, papers: Papers, count: int) -> tuple[list[float], int]:
    clock = SimClock(NOON_MS, 1_000)
    rig = GateRig(store, papers.knowledge(NOON_MS), clock, ProbeLock(), {})
    relay_s = []
    rig.begin()
    try:
        await rig.rest()
        store.stall_s = _STALL_S
        for number in range(count):
            relay_s.append(await rig.fob(number, clock))
            await rig.rest()
        store.stall_s = 0.0
        await rig.rest()
        granted = await asyncio.wrap_future(rig.committer.ask(_granted))
    finally:
        store.stall_s = 0.0
        await rig.end()
    return relay_s, granted


def _granted(log: EventLog) -> int:
    """Count the decisions in the log that granted."""
    leaves = (decode(event.leaf, Leaf) for event in log.read(0, 100_000))
    return sum(
        leaf.kind is EventKind.DECISION and leaf.outcome is Outcome.GRANTED for leaf in leaves
    )
