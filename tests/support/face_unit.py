"""Run a whole simulated gate unit with a real face worker, without a broker."""

import asyncio
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from edge.adapters.memory_store import MemoryDisk
from edge.adapters.sim.client import SimClient
from edge.adapters.wiring import build, sim_socket
from edge.config import GateConfig, parse
from edge.domain.effects import Reply, TellGates, TellMove
from edge.domain.gate_boot import boot
from edge.domain.knowledge import Knowledge
from edge.domain.model import Moment
from edge.gate.committer import Committer
from edge.gate.loop import GateLoop
from edge.gate.performer import Performer
from mqtt.contract import codec
from mqtt.contract.events import AdapterKind, Direction, Leaf, Method, Personal
from mqtt.contract.ids import id_to_text
from mqtt.contract.reasons import ReasonCode
from mqtt.contract.records import LeaseRecord
from mqtt.contract.records_face import ReservationRecord
from tests.support.face_gate import HASH, NOTICE, WHO
from tests.support.gate_factories import CARD, FACE_SETTINGS, FOB, Papers, make_access_point
from tests.support.gate_log import GATE, SITE, memory_store
from tests.support.hardware import MonotonicClock

__all__ = ["PLACE", "FaceUnit", "config_in", "face_unit"]

PLACE = "ap-1"
_HOUR_MS = 3_600_000
_TOML = """
[gate]
site = "site-1"
id = "gate-1"
[broker]
host = "localhost"
[keys]
trust = "{trust}"
[workers]
face = true
face_models = "{models}"
[[portals]]
name = "main"
lock = "sim"
door_sensor = "sim"
[[readers]]
access_point = "ap-1"
protocol = "osdp"
device = "sim"
keypad = "osdp"
[[imagers]]
access_point = "ap-1"
source = "sim"
[[face_buttons]]
access_point = "ap-1"
device = "sim"
[[face_cameras]]
access_point = "ap-1"
source = "sim"
[inputs]
battery = "sim"
"""


def config_in(folder: Path, models: Path) -> GateConfig:
    return parse(_TOML.format(trust="ab" * 32, models=models), folder=str(folder))


class Outside:
    """Stands for the link to the controller, which is never there."""

    def committed(self, now: Moment) -> None:
        return None

    def tell_gates(self, effect: TellGates | TellMove, now: Moment) -> None:
        return None

    def reply(self, effect: Reply, now: Moment) -> None:
        return None


class FaceUnit:
    """A gate unit that runs in a thread; `client` drives its simulated hardware."""

    def __init__(self, config: GateConfig) -> None:
        self.config = config
        self.disk = MemoryDisk()
        self.papers = _papers()
        self.client = SimClient(sim_socket(config))
        self._clock = MonotonicClock()
        self._gate: GateLoop | None = None
        self._loop = asyncio.new_event_loop()
        self._is_up = threading.Event()
        self._stopping = asyncio.Event()
        self._thread = threading.Thread(target=self._run, name="gate", daemon=True)

    def start(self) -> None:
        self._thread.start()
        assert self._is_up.wait(20)
        self.client.wait_ready()

    def stop(self) -> None:
        self.client.close()
        self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join(20)
        assert not self._thread.is_alive()
        self._loop.close()

    def _run(self) -> None:
        self._loop.run_until_complete(self._main())

    async def _main(self) -> None:
        store = memory_store(self.disk)
        hardware = build(self.config, self._clock, simulate=True)
        committer = Committer(store, AdapterKind.SIMULATED)
        known = committer.start()
        assert known is not None
        knowledge, at = self.knowledge(), self._clock.now()
        state, effects = boot(known, knowledge, at, hardware.kind)
        gate = self._gate = GateLoop(clock=self._clock, state=state, knowledge=knowledge)
        performer = Performer(
            clock=self._clock,
            writer=committer,
            outside=Outside(),
            locks=hardware.locks,
            indicators=hardware.indicators,
            crash_point=lambda _: None,
            face=hardware.face,
        )
        gate.begin(performer, at, effects)
        hardware.start(gate.emit)
        running = asyncio.create_task(gate.run())
        self._is_up.set()
        await self._stopping.wait()
        running.cancel()
        hardware.stop()
        committer.stop()

    @property
    def gate(self) -> GateLoop:
        assert self._gate is not None
        return self._gate

    def knowledge(self) -> Knowledge:
        documents = self.papers.documents()
        return Knowledge.from_documents(SITE, GATE, documents, lists_confirmed_ms=0)

    def learn(self) -> None:
        """Put the changed papers in force."""
        self.papers.version += 1
        self._loop.call_soon_threadsafe(self.gate.learn, self.knowledge())

    def lease(self) -> None:
        """Give the holder of the usual fob a lease, in place of the reservation."""
        now_ms = self._clock.now().utc_ms
        lease = LeaseRecord(FOB, now_ms - 1_000, now_ms + _HOUR_MS)
        name = id_to_text(WHO)
        self.papers.consents = {"notice:v1": NOTICE, f"lease:{name}": lease}
        self.learn()

    def events(self) -> list[tuple[Leaf, Personal | None]]:
        """Return every event in the log."""
        rows = [event for epoch in self.disk.epochs.values() for event in epoch.events]
        return [
            (
                codec.decode(row.leaf, Leaf),
                None if row.personal is None else codec.decode(row.personal[1], Personal),
            )
            for row in rows
        ]

    def reasons(self, method: Method = Method.FACE) -> list[ReasonCode]:
        """Return the reasons of every event of one way in."""
        return [leaf.reason for leaf, _ in self.events() if leaf.method is method]

    def until(
        self,
        reason: ReasonCode,
        count: int = 1,
        limit_s: float = 15.0,
        method: Method = Method.FACE,
    ) -> None:
        """Wait for an event of face, or of another way in."""
        end_s = time.monotonic() + limit_s
        while self.reasons(method).count(reason) < count:
            assert time.monotonic() < end_s, f"no {reason}: {self.reasons(method)}"
            time.sleep(0.05)

    def until_locked(self, limit_s: float = 10.0) -> None:
        """Wait for the end of an opening."""
        end_s = time.monotonic() + limit_s
        while self.client.relay("main").is_active:
            assert time.monotonic() < end_s
            time.sleep(0.1)

    def fob(self) -> None:
        """Present the usual fob; return once it is decided."""
        before = len(self.reasons(Method.FOB))
        self.client.present_fob(PLACE, CARD.value, CARD.length)
        end_s = time.monotonic() + 5
        while len(self.reasons(Method.FOB)) == before:
            assert time.monotonic() < end_s
            time.sleep(0.02)


def _papers() -> Papers:
    papers = Papers()
    ways = (Method.QR, Method.FOB, Method.PIN, Method.FACE)
    point = make_access_point(Direction.IN, methods=ways, portal="main")
    papers.access_points = {PLACE: point}
    papers.portals = {"main": next(iter(papers.portals.values()))}
    level = papers.levels["residents"]
    grants = tuple(msgspec.structs.replace(g, access_points=(PLACE,)) for g in level.grants)
    papers.levels = {"residents": msgspec.structs.replace(level, grants=grants)}
    papers.face = {PLACE: FACE_SETTINGS}
    wish = ReservationRecord("v1", HASH, 4_000_000_000_000, (PLACE,))
    papers.consents = {"notice:v1": NOTICE, f"reserved:{id_to_text(WHO)}": wish}
    return papers


@contextmanager
def face_unit(folder: Path, models: Path) -> Iterator[FaceUnit]:
    """Yield a running unit whose face worker has come; end both."""
    unit = FaceUnit(config_in(folder, models))
    unit.start()
    try:
        unit.until(ReasonCode.WAY_READY, limit_s=40)
        yield unit
    finally:
        unit.stop()
