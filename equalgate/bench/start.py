"""Measure power return: exec of the gate's daemon to its first relay command.

Baseline is a process that only imports what the daemon imports, started in turn with it.
"""

import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from edge.adapters.sim.client import SimClient
from equalgate.bench.figures import Desk, at_most, p50, p95
from equalgate.bench.gate_folder import GateFolder, lay_out
from equalgate.bench.gate_papers import DOOR, IN, card, make_papers
from equalgate.bench.wire import lone_identity

__all__ = ["run"]

_IMPORTS = "import time; import edge.__main__; print(time.monotonic_ns())"
_BARE = "import time; print(time.monotonic_ns())"
_FEW = 200
_LIMIT_S = 30.0
_ONLINE_MS = 1_000
_SHOWN_EVERY_S = 0.1


def run(desk: Desk) -> None:
    """Report start figures."""
    count = desk.size(25, 2)
    many = desk.size(10_000, 50)
    gates = {many: _gate(desk.folder / "many", many)}
    if not desk.is_quick:
        gates[_FEW] = _gate(desk.folder / "few", _FEW)
    for fobs, gate in gates.items():
        desk.say(f"{count} starts with {fobs} credentials")
        _report_starts(desk, gate, fobs, count)
    desk.say("reader on a pty after a start")
    _report_reader(desk, gates[many], desk.size(5, 1))


def _gate(folder: Path, fobs: int) -> GateFolder:
    """Lay out a gate whose broker does not answer: power is back before the network."""
    folder.mkdir()
    return lay_out(folder / "gate", make_papers(fobs), 1, lone_identity(folder / "tls"))


def _report_starts(desk: Desk, gate: GateFolder, fobs: int, count: int) -> None:
    child = ("-m", "equalgate.bench.daemon_child", str(gate.config), str(card(0).value))
    starts: list[float] = []
    imports: list[float] = []
    bare: list[float] = []
    for number in range(-1, count):
        seconds = (_until_told(child), _until_told(("-c", _IMPORTS)), _until_told(("-c", _BARE)))
        if number >= 0:
            for samples, sample in zip((starts, imports, bare), seconds, strict=True):
                samples.append(sample * 1e3)
    note = "baseline: imports alone"
    what = f"exec to first relay command, {fobs} credentials"
    target = at_most(150, factor=1.5)
    baseline = p50(imports)
    desk.report(
        f"{what}, p50", p50(starts), "ms", count, target=target, baseline=baseline, note=note
    )
    desk.report(f"{what}, p95", p95(starts), "ms", count, baseline=p95(imports), note=note)
    desk.report("bare interpreter p50", p50(bare), "ms", count)


def _until_told(arguments: Sequence[str]) -> float:
    """Start Python with `arguments`; return the seconds until the time that it prints."""
    began_ns = time.monotonic_ns()
    ended = subprocess.run(
        [sys.executable, *arguments], capture_output=True, text=True, timeout=_LIMIT_S, check=False
    )
    if ended.returncode != 0 or not ended.stdout.strip().isdecimal():
        raise RuntimeError(f"{arguments[:2]} ended with {ended.returncode}: {ended.stderr[-500:]}")
    return (int(ended.stdout) - began_ns) / 1e9


def _report_reader(desk: Desk, gate: GateFolder, count: int) -> None:
    seconds = [_first_fob(gate) for _ in range(count)]
    note = "the whole way of a real daemon: a fob is shown every 100 ms until the relay moves"
    worst_ms = max(seconds) * 1e3
    what = "exec to an opening by a fob over OSDP, longest"
    desk.report(what, worst_ms, "ms", count, target=at_most(_ONLINE_MS), note=note)


def _first_fob(gate: GateFolder) -> float:
    """Start the daemon and hold fobs to its reader until the relay moves; return the seconds."""
    gate.sim_socket.unlink(missing_ok=True)
    began_s = time.monotonic()
    daemon = subprocess.Popen(
        [sys.executable, "-m", "edge", "run", "--config", str(gate.config)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        with SimClient(gate.sim_socket) as hand:
            hand.wait_ready(_LIMIT_S)
            number = 0
            while hand.wait_unlocked(DOOR, timeout_s=_SHOWN_EVERY_S) is None:
                # Each time another fob: one that lies there is one attempt only.
                hand.present_fob(IN, card(number).value, card(number).length)
                number = (number + 1) % 50
                if time.monotonic() - began_s > _LIMIT_S:
                    raise TimeoutError("no opening")
            return time.monotonic() - began_s
    finally:
        daemon.terminate()
        daemon.wait(_LIMIT_S)
