"""Let faults happen, and heal them: each for a while, at a random place."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from random import Random

from equalgate.simulation.controller_unit import DESK, INGEST, WORK_MS, ControllerUnit
from equalgate.simulation.faults import Fault
from equalgate.simulation.gate_unit import GateUnit, Restart
from equalgate.simulation.hostile import Hostile
from equalgate.simulation.invariants import Invariants
from equalgate.simulation.world import World
from mqtt.contract.reasons import ReasonCode

__all__ = ["CONTROLLER_POINTS", "Trouble"]

CONTROLLER_POINTS = ("before_commit", "after_commit", "after_gate_ack")
"""Every durability boundary of ingest."""

_ARMED_FOR_MS = 60_000
_SHORT_MS = (1_000, 5_000, 30_000)
_LONG_MS = (5_000, 60_000, 600_000, 3_600_000)


class Trouble:
    """Does faults to the parts of a run."""

    def __init__(
        self,
        world: World,
        *,
        units: Sequence[GateUnit],
        controller: ControllerUnit,
        hostile: Hostile,
        invariants: Invariants,
    ) -> None:
        self._world = world
        self._broker_faults = world.faults
        self._units = units
        self._controller = controller
        self._hostile = hostile
        self._invariants = invariants
        self._is_healed = False
        self._happen: Mapping[Fault, Callable[[GateUnit], None]] = {
            Fault.LINK_CUT: partial(self._cut, half_open=False),
            Fault.HALF_OPEN: partial(self._cut, half_open=True),
            Fault.DEAF: partial(self._one_way, to_client=True),
            Fault.MUTE: partial(self._one_way, to_client=False),
            Fault.BROKER_RESTART: partial(self._broker_ends, kill=False),
            Fault.BROKER_KILL: partial(self._broker_ends, kill=True),
            Fault.SLOW_CONTROLLER: self._slow_controller,
            Fault.CONTROLLER_RESTART: self._controller_restarts,
            Fault.CONTROLLER_CRASH: self._controller_crashes,
            Fault.GATE_KILL: partial(self._gate_dies, power=False),
            Fault.POWER_CUT: partial(self._gate_dies, power=True),
            Fault.CLOCK_JUMP: self._clock_jumps,
            Fault.CONTROLLER_CLOCK_JUMP: self._controller_clock_jumps,
            Fault.DISK_STALL: self._disk_stalls,
            Fault.DISK_FULL: self._disk_fills,
            Fault.DISK_LOST: self._disk_is_lost,
            Fault.REPLAY: lambda _: self._hostile.replay(),
            Fault.FORGE: lambda _: self._hostile.forge(),
        }

    @property
    def _rng(self) -> Random:
        return self._world.rng

    def happen(self, fault: Fault) -> GateUnit:
        """Let a fault happen now; return the gate that it is near to."""
        unit = self._rng.choice(self._units)
        self._world.note(f"fault {fault.value} ({unit.name})")
        self._happen[fault](unit)
        return unit

    def heal(self) -> None:
        """End every fault and start everything; nothing more happens."""
        self._is_healed = True
        world, broker = self._world, self._world.broker
        self._broker_faults.heal()
        # A broker that restarts makes everybody connect and announce themselves again.
        broker.stop()
        broker.start()
        for name in (INGEST, DESK):
            broker.mend(name)
        self._controller.arm("")
        self._controller.work_ms, self._controller.clock_offset_ms = WORK_MS, 0
        self._controller.start()
        for unit in self._units:
            unit.disarm()
            unit.mend_link()
            unit.machine.set_clock()
            unit.machine.stalled_until_ms = world.now_ms
            unit.disk.faults.refusal = None
            unit.fire(active=False)
            unit.start()

    def _later(self, delay_ms: int, action: Callable[[], object]) -> None:
        """End a fault after a while, unless everything has been healed before."""

        def act() -> None:
            if not self._is_healed:
                action()

        self._world.after(delay_ms, act)

    def _cut(self, unit: GateUnit, *, half_open: bool) -> None:
        noticed_ms = self._rng.choice((5_000, 22_000)) if half_open else 0
        for_ms = self._rng.choice(_LONG_MS)
        if self._rng.random() < 0.75:
            unit.cut_link(noticed_after_ms=noticed_ms)
            self._later(for_ms, unit.mend_link)
            return
        for name in (INGEST, DESK):
            self._world.broker.cut(name, noticed_after_ms=noticed_ms)
            self._later(min(for_ms, 60_000), partial(self._world.broker.mend, name))

    def _one_way(self, unit: GateUnit, *, to_client: bool) -> None:
        name = self._rng.choice((unit.name, unit.name, INGEST, DESK))
        struck = self._broker_faults.deaf if to_client else self._broker_faults.mute
        struck.add(name)
        self._later(self._rng.choice(_SHORT_MS), partial(struck.discard, name))

    def _broker_ends(self, _: GateUnit, *, kill: bool) -> None:
        broker = self._world.broker
        if kill:
            broker.crash()
        else:
            broker.stop()
        self._later(self._rng.choice((200, 5_000, 60_000)), broker.start)

    def _slow_controller(self, _: GateUnit) -> None:
        self._controller.work_ms = self._rng.choice((500, 3_000, 20_000))
        self._later(60_000, self._controller_is_quick)

    def _controller_is_quick(self) -> None:
        self._controller.work_ms = WORK_MS

    def _controller_restarts(self, _: GateUnit) -> None:
        self._controller.stop()
        self._later(self._rng.choice(_SHORT_MS), self._controller.start)

    def _controller_crashes(self, _: GateUnit) -> None:
        self._controller.arm(self._rng.choice(CONTROLLER_POINTS))

    def _gate_dies(self, unit: GateUnit, *, power: bool) -> None:
        rng = self._rng
        point = rng.choice(self._broker_faults.mix.points)
        pause_ms = rng.choice((500, 2_000, 20_000, 120_000))
        unit.arm(point, rng.randint(1, 2), Restart(pause_ms, power, rng.random() < 0.5))
        if point in {"before_boot", "after_boot"}:
            unit.arm(point, 1, Restart(pause_ms, power, rng.random() < 0.5))
            unit.reboot()
        elif point == "after_erasure":
            unit.erase()
        self._later(_ARMED_FOR_MS, unit.disarm)
        self._later(600_000, unit.machine.set_clock)

    def _clock_jumps(self, unit: GateUnit) -> None:
        unit.machine.offset_ms += self._rng.choice((-3_600_000, -5_000, 5_000, 3_600_000))
        unit.machine.is_synchronised = self._rng.random() < 0.5
        self._later(self._rng.choice((60_000, 3_600_000)), unit.machine.set_clock)

    def _controller_clock_jumps(self, _: GateUnit) -> None:
        self._controller.clock_offset_ms += self._rng.choice((-60_000, -6_000, 6_000, 60_000))
        self._later(120_000, self._controller_clock_is_set)

    def _controller_clock_is_set(self) -> None:
        self._controller.clock_offset_ms = 0

    def _disk_stalls(self, unit: GateUnit) -> None:
        for_ms = self._rng.choice((40, 500, 3_000, 20_000))
        unit.machine.stalled_until_ms = self._world.now_ms + for_ms

    def _disk_fills(self, unit: GateUnit) -> None:
        unit.disk.faults.refusal = ReasonCode.DISK_FULL
        self._later(self._rng.choice(_SHORT_MS), partial(_has_room, unit))

    def _disk_is_lost(self, unit: GateUnit) -> None:
        """Let the next start find the database damaged, and start."""
        unit.disk.faults.damaged = True
        self._invariants.facts_lost(unit.name)
        unit.reboot()


def _has_room(unit: GateUnit) -> None:
    unit.disk.faults.refusal = None
