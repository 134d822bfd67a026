"""Let the example compound live under mixed traffic and faults, and watch memory and file handles.

    python tools/soak.py [--minutes 30] [--seed 1]

People come by every way at both gates while the broker restarts, ingest stops and starts, and the
code worker is killed. One JSON line a minute with every process's resident memory (MiB) and open
files; at the end the gates' logs are held against the controller's. Exit status 0 when nothing was
lost and nothing grew by more than a quarter after the first third.
"""

import argparse
import json
import random
import sys
import tempfile
import time
from contextlib import suppress
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from edge.adapters.sim import requests as ask
from edge.adapters.sim.client import RequestRefusedError
from equalgate.demo import ledger
from equalgate.demo.compound import Compound, Ports
from equalgate.demo.processes import wait_until
from equalgate.demo.scene import Door, Scene
from equalgate.demo.steps import Result, StepFailedError
from equalgate.demo.tour_entry import guard_sign_on, phone_windows, release, tap_fob, window_now
from mqtt.contract.errors import EqualGateError

__all__ = ["main"]

_GROWTH = 1.25
_FAULT_EVERY_S = 45.0
_HARMLESS = (StepFailedError, EqualGateError, RequestRefusedError, OSError)
"""What a person meets while a fault lasts; the ledger at the end says whether anything was lost."""


class Soak:
    """One run; `counts` says what happened."""

    def __init__(self, compound: Compound, scene: Scene, draw: random.Random) -> None:
        self._compound = compound
        self._scene = scene
        self._draw = draw
        self._phone = phone_windows(compound, scene.seeded.person("owner").phone)
        self.counts = dict.fromkeys(("granted", "denied", "failed", "faults"), 0)

    def act(self) -> None:
        """Let one person come to one gate."""
        door = self._draw.choice(list(self._scene.doors.values()))
        result = Result("any")
        ways = (self._fob, self._fob, self._paper, self._phone_pass, self._guard, self._stranger)
        try:
            self._draw.choice(ways)(door, result)
        except _HARMLESS:
            self.counts["failed"] += 1
            return
        self.counts[result.outcome if result.outcome in self.counts else "failed"] += 1

    def trouble(self) -> str:
        """Let one thing go wrong, and mend it after a few seconds."""
        self.counts["faults"] += 1
        compound = self._compound
        kind = self._draw.choice(("broker", "ingest", "web", "worker", "cable"))
        if kind == "worker":
            with suppress(*_HARMLESS):
                self._scene.south.sim.do(ask.WorkerKill())
        elif kind == "cable":
            with suppress(*_HARMLESS):
                self._scene.north.sim.do(ask.Cable(False, "north-in"))
                time.sleep(3)
                self._scene.north.sim.do(ask.Cable(True, "north-in"))
        else:
            program = getattr(compound, kind)
            program.stop()
            time.sleep(self._draw.uniform(0, 8))
            program.start()
        return kind

    def _fob(self, door: Door, result: Result) -> None:
        people = [person for person in self._scene.seeded.people if person.card is not None]
        tap_fob(door, result, self._draw.choice(people).card)

    def _paper(self, door: Door, result: Result) -> None:
        paper = self._scene.seeded.person("elder").paper
        assert paper is not None
        door.show(result, paper.text)

    def _phone_pass(self, door: Door, result: Result) -> None:
        door.show(result, window_now(self._phone))

    def _guard(self, door: Door, result: Result) -> None:
        guard_sign_on(self._scene, door)
        release(door, result)
        door.sim.panel(door.inside, "give_reason", reason="快递")

    def _stranger(self, door: Door, result: Result) -> None:
        door.tap(result, self._draw.randrange(1 << 32), 32)


def _sizes(compound: Compound) -> dict[str, list[float]]:
    """Return resident MiB and open files of every process; workers are under their gate."""
    found = {}
    for program in (compound.web, compound.ingest, *compound.units.values()):
        for pid in (program.pid, *_children(program.pid)):
            with suppress(OSError):
                status = Path(f"/proc/{pid}/status").read_text("ascii")
                rss = next(row for row in status.splitlines() if row.startswith("VmRSS"))
                words = Path(f"/proc/{pid}/cmdline").read_bytes().decode().split("\0")
                module = next((word for word in words if word.startswith("edge.workers")), "")
                name = f"{program.name} {module}".strip()
                files = len(list(Path(f"/proc/{pid}/fd").iterdir()))
                found[name] = [round(int(rss.split()[1]) / 1024, 1), files]
    return found


def _children(pid: int) -> list[int]:
    found = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(OSError):
            found += [int(child) for child in task.read_text("ascii").split()]
    return found


def _grown(first: dict[str, list[float]], last: dict[str, list[float]]) -> list[str]:
    return [
        f"{name}: {first[name]} -> {now}"
        for name, now in last.items()
        if name in first
        and (now[0] > first[name][0] * _GROWTH + 5 or now[1] > first[name][1] * _GROWTH + 5)
    ]


def main(arguments: list[str]) -> int:
    """Run; see the module text."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="equalgate-soak-") as folder:
        compound = Compound(Path(folder), Ports.free())
        seeded = compound.make()
        with compound.running():
            scene = Scene(compound, seeded)
            scene.wait_ready()
            for gate in compound.gates:
                wait_until(partial(ledger.has_documents, compound, gate), gate, 60.0)
            soak = Soak(compound, scene, random.Random(given.seed))  # noqa: S311 - a story
            return _run(soak, compound, given.minutes * 60)


def _run(soak: Soak, compound: Compound, length_s: float) -> int:
    began_s = minute_s = fault_s = time.monotonic()
    samples = []
    while time.monotonic() - began_s < length_s:
        soak.act()
        now_s = time.monotonic()
        if now_s - fault_s > _FAULT_EVERY_S:
            fault_s = now_s
            print(json.dumps({"fault": soak.trouble()}), flush=True)
        if now_s - minute_s > 60:
            minute_s = now_s
            samples.append(_sizes(compound))
            row = {"minute": round((now_s - began_s) / 60), **soak.counts, "sizes": samples[-1]}
            print(json.dumps(row), flush=True)
    time.sleep(15)
    same = {gate: ledger.check_same(compound, gate, timeout_s=60.0) for gate in compound.gates}
    grown = _grown(samples[len(samples) // 3], samples[-1]) if samples else []
    told = {"events": same, **soak.counts, "grown": grown, "ok": not grown}
    print(json.dumps(told), flush=True)
    return int(bool(grown))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
