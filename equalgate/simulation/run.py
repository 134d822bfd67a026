"""Run one seed: a quiet start, episodes of traffic and faults, a healing, and the end."""

import traceback
from collections import Counter
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from equalgate.simulation.compound import GATES, open_compound
from equalgate.simulation.controller_unit import ControllerUnit
from equalgate.simulation.ending import (
    check_acknowledged,
    check_logs,
    check_mutations,
    converged,
)
from equalgate.simulation.faults import Fault, FaultMix, draw_mix
from equalgate.simulation.gate_unit import GateUnit
from equalgate.simulation.hostile import Hostile
from equalgate.simulation.invariants import Invariants
from equalgate.simulation.parts import PRODUCT, Parts
from equalgate.simulation.traffic import Traffic
from equalgate.simulation.trouble import Trouble
from equalgate.simulation.world import InvariantError, World

__all__ = ["Result", "run_seed"]

_HOUR_MS = 3_600_000
_INSTALL_MS = 20_000
_EPISODE_MS = 30_000
_EPISODES_AN_HOUR = 0.5
_BUSY_MS, _QUIET_MS = 1_000, 1_800_000
_HEAL_STEP_MS, _HEAL_STEPS = 15_000, 40
_MUTATIONS = 8
_NEW_SHARE = 0.15
"""Share of the runs in which gates begin with nothing; the others know the first documents."""


@dataclass(frozen=True, slots=True)
class Result:
    """What became of a seed; `failure` is empty where every promise held.

    `events` were committed by the gates, `checked` counts looks at each invariant, `died` the
    crash points that were hit.
    """

    seed: int
    mix: FaultMix
    failure: str
    last_actions: tuple[str, ...]
    events: int
    steps: int
    checked: Counter[str]
    died: Counter[str]

    def report(self) -> str:
        """Return the text for a failing seed."""
        actions = "\n".join(f"  {line}" for line in self.last_actions)
        return f"seed {self.seed}: {self.failure}\nfaults: {self.mix}\nlast actions:\n{actions}"


def run_seed(
    seed: int, hours: float, parts: Parts = PRODUCT, mix: FaultMix | None = None
) -> Result:
    """Simulate a compound for `hours`; `mix` replaces the drawn faults."""
    with TemporaryDirectory(prefix="equalgate-") as folder:
        run = _Run(seed, parts, mix, Path(folder))
        failure = ""
        try:
            run.play(hours)
        except InvariantError as error:
            failure = str(error)
        except Exception as error:  # noqa: BLE001  a bug that ends a process is a finding too
            failure = _where(error)
        return run.result(failure)


def _where(error: Exception) -> str:
    """Name an error that nobody expected, and where it was raised."""
    frames = traceback.extract_tb(error.__traceback__)
    places = (f"{Path(frame.filename).name}:{frame.lineno}" for frame in frames[-4:])
    return f"crash: {type(error).__name__} at {' > '.join(places)}"


class _Run:
    def __init__(self, seed: int, parts: Parts, mix: FaultMix | None, folder: Path) -> None:
        self._seed = seed
        self._world = world = World(seed)
        self._broker_faults = world.faults
        self._mix = draw_mix(world.rng) if mix is None else mix
        self._compound = open_compound(folder)
        self._invariants = Invariants()
        self._controller = ControllerUnit(world, parts, self._compound)
        trust = self._compound.trust
        self._units = [GateUnit(name, world, parts, trust, self._invariants) for name in GATES]
        if world.rng.random() >= _NEW_SHARE:
            for unit in self._units:
                unit.disk.documents.update(self._compound.installed[unit.name])
        self._traffic = Traffic(world, self._compound, self._controller, self._invariants)
        self._trouble = Trouble(
            world,
            units=self._units,
            controller=self._controller,
            hostile=Hostile(world, self._broker_faults),
            invariants=self._invariants,
        )

    def play(self, hours: float) -> None:
        """Go through the whole run. Raises InvariantError."""
        for unit in self._units:
            unit.start()
        self._world.run_until(_INSTALL_MS)
        for unit in self._units:
            unit.pace(_QUIET_MS)
        self._broker_faults.mix = self._mix
        end_ms = _INSTALL_MS + round(hours * _HOUR_MS)
        rng = self._world.rng
        count = max(1, round(hours * _EPISODES_AN_HOUR))
        for start_ms in sorted(rng.randrange(_INSTALL_MS, end_ms) for _ in range(count)):
            self._world.run_until(max(start_ms, self._world.now_ms))
            self._episode()
        self._world.run_until(max(end_ms, self._world.now_ms))
        self._trouble.heal()
        self._settle()

    def result(self, failure: str) -> Result:
        """Sum up."""
        died = sum((unit.died_at for unit in self._units), Counter[str]())
        died += Counter({f"controller {k}": v for k, v in self._controller.died_at.items()})
        self._compound.engine.dispose()
        return Result(
            self._seed,
            self._mix,
            failure,
            self._world.last_actions,
            sum(len(kept.events) for unit in self._units for kept in unit.disk.epochs.values()),
            self._world.steps,
            self._invariants.checked,
            died,
        )

    def _episode(self) -> None:
        """Let people come and things go wrong for half a minute, at the daemon's own pace."""
        world, rng = self._world, self._world.rng
        end_ms = world.now_ms + _EPISODE_MS
        for unit in self._units:
            unit.pace(_BUSY_MS)
        happenings = self._mix.happenings
        for _ in range(rng.randint(1, 4) if happenings else 0):
            fault = rng.choice(happenings)
            world.after(rng.randrange(_EPISODE_MS), partial(self._go_wrong, fault))
        for _ in range(rng.randint(6, 12)):
            unit = rng.choice(self._units)
            world.after(rng.randrange(2_000, _EPISODE_MS), partial(self._traffic.act, unit))
        saves = range(0, _EPISODE_MS, self._mix.autosave_ms)
        for at_ms in saves:
            world.after(at_ms, world.broker.save)
        world.run_until(end_ms)
        check_acknowledged(self._units, self._compound)
        for unit in self._units:
            unit.pace(_QUIET_MS)

    def _go_wrong(self, fault: Fault) -> None:
        """Let a fault happen, and somebody come just then."""
        unit = self._trouble.happen(fault)
        wait_ms = self._world.rng.choice((0, 300, 3_000))
        self._world.after(wait_ms, partial(self._traffic.provoke, unit))

    def _settle(self) -> None:
        """Let everything drain and converge, then compare both ends."""
        self._world.note("everything is healed")
        for unit in self._units:
            unit.pace(_BUSY_MS)
        differs = "nothing was looked at"
        for _ in range(_HEAL_STEPS):
            self._world.run_until(self._world.now_ms + _HEAL_STEP_MS)
            differs = converged(self._units, self._controller.desk)
            if not differs:
                break
        if differs:
            raise InvariantError(f"liveness: {differs}")
        check_logs(self._units, self._compound)
        recorded = self._broker_faults.recorded
        self._invariants.checked["I7"] += check_mutations(recorded, self._world.rng, _MUTATIONS)
