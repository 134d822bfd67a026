"""Measure a fob over an OSDP secure channel: a real libosdp peripheral on a pty, to the relay.

The peripheral's side runs in a thread of this process; on the wire in the field it has a processor
of its own.
"""

import asyncio
import secrets
from time import perf_counter

from edge.adapters import wiring
from edge.adapters.clock import KernelClock, SystemClock
from edge.adapters.hardware import Hardware
from edge.config import GateConfig, load
from edge.domain.inputs import Input, WayChanged
from edge.domain.model import ClockTrust, Moment
from edge.domain.ports import Clock
from equalgate.bench.figures import Desk, at_most, p50, p95
from equalgate.bench.gate_folder import lay_out
from equalgate.bench.gate_papers import DOOR, GATE, IN, SITE, Papers, card
from equalgate.bench.gate_rig import GateRig, ProbeLock, StallingStore
from mqtt.client.tls import TlsFiles

__all__ = ["measure_osdp"]

_LIMIT_S = 10.0
_TARGET_MS = 300


class _Synchronised:
    """This machine's clocks, believed: benchmarks judge no clock."""

    def __init__(self) -> None:
        self._clock: Clock = SystemClock(KernelClock(), 0)

    def now(self) -> Moment:
        """See `Clock.now`."""
        read = self._clock.now()
        return Moment(read.mono_ms, read.utc_ms, ClockTrust.SYNCED)


def measure_osdp(desk: Desk, papers: Papers) -> None:
    """Report the time from the fob at the reader to the relay."""
    count = desk.size(60, 5)
    tls = TlsFiles(desk.folder, desk.folder, desk.folder)
    config = load(lay_out(desk.folder / "osdp", papers, 1, tls).config)
    seconds, online_s = asyncio.run(_present(desk, config, papers, count))
    target = at_most(_TARGET_MS)
    desk.report("OSDP fob to relay p50", p50(seconds) * 1e3, "ms", count)
    desk.report("OSDP fob to relay p95", p95(seconds) * 1e3, "ms", count, target=target)
    desk.say(f"reader was online after {online_s * 1e3:.0f} ms")


async def _present(
    desk: Desk, config: GateConfig, papers: Papers, count: int
) -> tuple[list[float], float]:
    clock = _Synchronised()
    hardware = wiring.build(config, clock, simulate=True)
    lock = ProbeLock(hardware.locks[DOOR])
    store = StallingStore(desk.folder / "osdp.db", SITE, GATE)
    knowledge = papers.knowledge(clock.now().utc_ms)
    rig = GateRig(store, knowledge, clock, lock, hardware.indicators)
    rig.begin()
    began_s = perf_counter()
    online = asyncio.Event()
    loop = asyncio.get_running_loop()

    def emit(item: Input) -> None:
        rig.running.emit(item)
        if isinstance(item, WayChanged) and item.status == "ready":
            loop.call_soon_threadsafe(online.set)

    try:
        hardware.start(emit)
        await asyncio.wait_for(online.wait(), _LIMIT_S)
        online_s = perf_counter() - began_s
        return [await _one(rig, hardware, number) for number in range(count)], online_s
    finally:
        hardware.stop()
        await rig.end()


async def _one(rig: GateRig, hardware: Hardware, number: int) -> float:
    """Hold one fob to the reader, at any phase of its polls; return the seconds to the relay."""
    assert hardware.bench is not None
    await asyncio.sleep(0.1 + secrets.randbelow(50) / 1e3)
    await rig.rest()
    rig.lock.moved.clear()
    began_s = perf_counter()
    hardware.bench.readers[IN].present(card(number))
    await asyncio.wait_for(rig.lock.moved.wait(), _LIMIT_S)
    return rig.lock.moved_s - began_s
