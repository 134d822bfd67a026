"""One simulated gate unit: a machine and a disk that last, a daemon that dies at any point."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from edge.adapters.memory_store import CountedSalts, MemoryDisk
from edge.domain.inputs import DoorSensed, FireSensed, Input
from edge.domain.model import Moment
from edge.domain.ports import Commit
from equalgate.simulation.compound import portals_of
from equalgate.simulation.gate_process import Board, Process, start_process
from equalgate.simulation.machine import GateMachine
from equalgate.simulation.parts import Parts
from equalgate.simulation.world import Action, PowerCutError, World
from mqtt.contract import codec
from mqtt.contract.events import AdapterKind, EventKind, Leaf, Outcome, Personal

__all__ = ["GateUnit", "Restart", "Witness"]

_SIMULATED = AdapterKind.SIMULATED


@dataclass(frozen=True, slots=True)
class Restart:
    """How a gate comes back after it died; `keeps_time` False: its wall clock starts in 1970."""

    pause_ms: int = 1_000
    is_power_cut: bool = False
    keeps_time: bool = True


class Witness(Protocol):
    """Whoever watches a gate; each method may raise InvariantError."""

    def relay_opened(self, unit: "GateUnit", portal: str) -> None:
        """Hear that a relay was commanded open."""

    def writing(self, unit: "GateUnit", work: Commit) -> None:
        """Hear that a commit was handed to the disk."""

    def acted(self, unit: "GateUnit") -> None:
        """Hear that something happened inside the gate and is done."""


class GateUnit:
    """A gate's machine and disk, and its daemon while that lives."""

    def __init__(
        self, name: str, world: World, parts: Parts, trust: Mapping[bytes, bytes], witness: Witness
    ) -> None:
        self.name = name
        self.portals = portals_of(name)
        self.machine = GateMachine(world)
        self.disk = MemoryDisk()
        self.process: Process | None = None
        self.is_unreachable = False
        self.died_at: Counter[str] = Counter()
        self._world = world
        self._parts = parts
        self._trust = trust
        self._witness = witness
        self._salts = CountedSalts(world.rng.getrandbits(32))
        self._boot_id = b""
        self._run = 0
        self._beats = 0
        self._pace_ms = 1_000
        self._armed = ("", 0)
        self._restart = Restart()
        self._looked: Counter[int] = Counter()
        self._grants: dict[str, tuple[int, str]] = {}

    # Life

    def start(self) -> None:
        """Start the daemon, if it is not running."""
        if self.process is None:
            self._run += 1
            self._enter(self._run, self._boot)

    def arm(self, point: str, count: int, restart: Restart) -> None:
        """Let the process die at the count-th time that `point` is reached."""
        self._armed, self._restart = (point, count), restart

    def disarm(self) -> None:
        """Let it live."""
        self._armed, self._restart = ("", 0), Restart()

    def die(self, point: str) -> None:
        """End the process at once and plan its next start."""
        restart = self._restart
        self.died_at[point] += 1
        self.disarm()
        self._run += 1
        self._world.note(f"{self.name} dies {point}: {restart}")
        process, self.process = self.process, None
        self.disk.is_owned = False
        self.machine.relays.clear()
        self._world.broker.cut(self.name)
        if process is not None:
            process.session.stop()
        if not self.is_unreachable:
            self._world.broker.mend(self.name)
        if restart.is_power_cut:
            self.machine.lose_power(keeps_time=restart.keeps_time)
        self._world.after(restart.pause_ms, self.start)

    def reboot(self) -> None:
        """End the process now, as a kill does, and start it again."""
        if self.process is not None:
            restart = self._restart
            armed, self._armed = self._armed, ("", 0)
            self.die("killed")
            self._armed, self._restart = armed, restart

    def cut_link(self, *, noticed_after_ms: int) -> None:
        """Cut the network; with a delay the connection is half open first."""
        self.is_unreachable = True
        self._world.broker.cut(self.name, noticed_after_ms=noticed_after_ms)

    def mend_link(self) -> None:
        """Join the network again."""
        self.is_unreachable = False
        self._world.broker.mend(self.name)

    def pace(self, every_ms: int) -> None:
        """Let the link's work come round this often from now on; the daemon does it every second.

        Hours in which nothing happens cost less with a slower pace.
        """
        self._pace_ms = every_ms
        self._enter(self._run, self._beat_anew)

    def now(self) -> Moment:
        """Return the gate's moment; it must be running."""
        if self.process is None:
            raise RuntimeError(f"{self.name} is not running")
        return self.process.clock.now()

    def grants_on_disk(self, access_point: str) -> tuple[int, str]:
        """Return how many grants there are on the disk, and the personal note of the newest."""
        for epoch, kept in self.disk.epochs.items():
            for event in kept.events[self._looked[epoch] :]:
                leaf = codec.decode(event.leaf, Leaf)
                if leaf.kind is EventKind.DECISION and leaf.outcome is Outcome.GRANTED:
                    part = codec.decode(event.personal[1], Personal) if event.personal else None
                    count, _ = self._grants.get(leaf.access_point, (0, ""))
                    note = "" if part is None else part.note
                    self._grants[leaf.access_point] = (count + 1, note)
            self._looked[epoch] = len(kept.events)
        return self._grants.get(access_point, (0, ""))

    # What happens to it

    def sense(self, make: Callable[[Moment], Input]) -> bool:
        """Let something happen; `make` gets the gate's moment. False where nobody is there."""
        process = self.process
        if process is None:
            return False
        self._enter(self._run, lambda: process.gate.put(make(process.clock.now())))
        return True

    def door(self, portal: str, *, is_open: bool) -> None:
        """Open or close a door's leaf."""
        doors = self.machine.open_doors
        (doors.add if is_open else doors.discard)(portal)
        self.sense(lambda at: DoorSensed(at, portal, is_open, _SIMULATED))

    def fire(self, *, active: bool) -> None:
        """Let the fire panel's contact speak."""
        self.machine.fire = active
        self.sense(lambda at: FireSensed(at, active, False, _SIMULATED))

    def erase(self) -> None:
        """Let retention erase the personal parts of the older half of the log."""
        process = self.process
        if process is None:
            return
        size, at = len(self.disk.epochs[max(self.disk.epochs)].events), process.clock.now()
        self._enter(
            self._run,
            lambda: process.writer.ask(
                lambda log: log.erase_personal(0, size // 2, at, 0), lambda _: None, lambda _: None
            ),
        )

    # Inside

    def _enter(self, run: int, action: Action) -> None:
        """Do something inside the process of that run, if it lives, and all that follows."""
        if run != self._run:
            return
        try:
            action()
            if self.process is not None:
                self.process.gate.consume()
        except PowerCutError as cut:
            self.die(str(cut))
            return
        self._witness.acted(self)

    def _crash_point(self, name: str) -> None:
        point, count = self._armed
        if name != point:
            return
        self._armed = (point, count - 1)
        if count <= 1:
            raise PowerCutError(name)

    def _boot(self) -> None:
        run = self._run
        board = Board(
            name=self.name,
            portals=self.portals,
            machine=self.machine,
            disk=self.disk,
            salts=self._salts,
            trust=self._trust,
            parts=self._parts,
            former_boot_id=self._boot_id,
            enter=partial(self._enter, run),
            crash_point=self._crash_point,
            moved=partial(self._witness.relay_opened, self),
            writing=partial(self._witness.writing, self),
        )
        self.process = process = start_process(board)
        self._boot_id = process.boot_id
        process.begin()
        for portal in self.portals:
            is_open = portal in self.machine.open_doors
            self.sense(partial(_door, portal, is_open=is_open))
        self.sense(lambda at: FireSensed(at, self.machine.fire, False, _SIMULATED))
        self._beat_anew()

    def _beat_anew(self) -> None:
        self._beats += 1
        self._beat(self._run, self._beats)

    def _beat(self, run: int, beats: int) -> None:
        process = self.process
        if process is None or beats != self._beats:
            return
        process.uplink.on_tick(process.clock.now())
        self._world.after(self._pace_ms, partial(self._enter, run, partial(self._beat, run, beats)))


def _door(portal: str, at: Moment, *, is_open: bool) -> DoorSensed:
    return DoorSensed(at, portal, is_open, _SIMULATED)
