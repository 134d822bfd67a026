"""Put a gate's daemon together over a simulated board, from the parts that `edge.bootstrap` takes.

Only the machine, the way of waiting and writing, and the broker differ.
"""

from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass

from edge.adapters.clock import ClockJump, SystemClock
from edge.adapters.memory_store import CountedSalts, MemoryDisk
from edge.domain.gate_boot import boot
from edge.domain.inputs import Observed
from edge.domain.knowledge import Knowledge
from edge.domain.ports import Boot, Commit, Committed, Lock
from edge.domain.trial import checks_of
from edge.gate.appearance import appearance_of
from edge.gate.disk import DirectBench
from edge.gate.loop import GateLoop
from edge.gate.mail import WILL_DELAY_S
from edge.gate.performer import Performer
from edge.gate.presence import Identity
from edge.gate.store_writer import StoreWriter
from edge.gate.uplink import Surroundings, Uplink
from equalgate.simulation.compound import SITE, gate_signer
from equalgate.simulation.machine import DelayedTiming, DelayedWriter, GateMachine, WatchedLock
from equalgate.simulation.parts import Parts
from equalgate.simulation.world import Action
from mqtt.client.memory import MemorySession
from mqtt.client.port import SessionItem, SessionSpec
from mqtt.contract.events import AdapterKind, EventKind
from mqtt.contract.ids import GateId
from mqtt.contract.reasons import ReasonCode
from mqtt.contract.trusted import TrustedDocuments
from mqtt.contract.versions import SOFTWARE

__all__ = ["Board", "Process", "start_process"]

_KIND = AdapterKind.SIMULATED


@dataclass(frozen=True, slots=True)
class Board:
    """What the process runs on.

    `enter` runs an action inside the process while it lives; `moved` and `writing` tell of relays
    and commits; `crash_point` may end the process.
    """

    name: str
    portals: tuple[str, ...]
    machine: GateMachine
    disk: MemoryDisk
    salts: CountedSalts
    trust: Mapping[bytes, bytes]
    parts: Parts
    former_boot_id: bytes
    enter: Callable[[Action], None]
    crash_point: Callable[[str], None]
    moved: Callable[[str], None]
    writing: Callable[[Commit], None]


@dataclass(frozen=True, slots=True)
class Process:
    """One run of the daemon; all of it is gone after a crash."""

    boot_id: bytes
    clock: SystemClock
    gate: GateLoop
    uplink: Uplink
    session: MemorySession
    trusted: TrustedDocuments
    writer: DelayedWriter
    begin: Action


@dataclass(frozen=True, slots=True)
class _Watched:
    """A `Writer` that tells of every commit before it is queued."""

    writer: DelayedWriter
    writing: Callable[[Commit], None]

    def submit(self, work: Commit) -> "Future[Committed]":
        """See `Writer.submit`."""
        self.writing(work)
        return self.writer.submit(work)


class _JumpReport:
    """Have backward jumps of the wall clock recorded."""

    def __init__(self) -> None:
        self.gate: GateLoop | None = None

    def __call__(self, jump: ClockJump) -> None:
        if self.gate is not None:
            note = f"{jump.back_ms} ms"
            reason = ReasonCode.CLOCK_JUMP
            self.gate.put(Observed(jump.at, EventKind.HEALTH, reason, _KIND, note=note))


@dataclass(frozen=True, slots=True)
class _Opened:
    """What is there once the store is open."""

    known: Boot
    identity: Identity
    clock: SystemClock
    timing: DelayedTiming
    writer: DelayedWriter
    trusted: TrustedDocuments
    knowledge: Knowledge


def start_process(board: Board) -> Process:
    """Open the store and put everything together; `begin` of the result does the first step."""
    jumps = _JumpReport()
    process = _assemble(board, _open(board, jumps))
    jumps.gate = process.gate
    return process


def _open(board: Board, jumps: _JumpReport) -> _Opened:
    world = board.machine.world
    store = board.parts.store(
        board.disk, SITE, board.name, salt_source=board.salts, crash_point=board.crash_point
    )
    store_writer = StoreWriter(store, _KIND)
    known = store_writer.open()
    if known is None:
        raise RuntimeError("the memory store opens at once")
    clock = SystemClock(board.machine, 0, jumps)
    clock.raise_floor(known.floor_ms)
    identity = Identity(
        SITE,
        GateId(board.name),
        board.parts.boot_id(world.rng, board.former_boot_id),
        known.boot_counter,
        gate_signer(board.name),
        _KIND,
        SOFTWARE,
    )
    timing = DelayedTiming(world, board.enter)
    writer = DelayedWriter(store_writer, board.machine, timing)
    held = store.documents()
    trusted = TrustedDocuments(SITE, board.name, board.trust)
    trusted.restore(held)
    knowledge = Knowledge.from_documents(SITE, board.name, held, lists_confirmed_ms=known.floor_ms)
    return _Opened(known, identity, clock, timing, writer, trusted, knowledge)


def _assemble(board: Board, opened: _Opened) -> Process:
    clock, writer = opened.clock, opened.writer
    at = clock.now()
    state, effects = boot(opened.known, opened.knowledge, at, _KIND)
    gate = GateLoop(clock=clock, state=state, knowledge=opened.knowledge, timing=opened.timing)
    around = Surroundings(
        emit=gate.put,
        learn=gate.learn,
        confirmed=gate.confirm_lists,
        knowledge=lambda: gate.knowledge,
        appearance=lambda: appearance_of(gate.state, gate.knowledge),
        checks=lambda: checks_of(gate.state, gate.knowledge),
    )
    uplink = board.parts.uplink(opened.identity, opened.trusted, writer, DirectBench(), around)
    session = _session(board, uplink, opened.identity, clock)
    uplink.session = session
    locks: dict[str, Lock] = {
        portal: WatchedLock(board.machine, portal, board.moved) for portal in board.portals
    }
    performer = Performer(
        clock=clock,
        writer=_Watched(writer, board.writing),
        outside=uplink,
        locks=locks,
        indicators={},
        crash_point=board.crash_point,
        timing=opened.timing,
    )

    def begin() -> None:
        gate.begin(performer, at, effects)
        session.start()

    boot_id = opened.identity.boot_id
    return Process(boot_id, clock, gate, uplink, session, opened.trusted, writer, begin)


def _session(board: Board, uplink: Uplink, identity: Identity, clock: SystemClock) -> MemorySession:
    world = board.machine.world
    spec = SessionSpec(
        client_id=board.name,
        host="simulated",
        port=8883,
        tls=None,
        subscriptions=uplink.mail.subscriptions(),
        will=uplink.mail.state(online=False, boot_id=identity.boot_id),
        will_delay_s=WILL_DELAY_S,
    )

    def hear(item: SessionItem) -> None:
        board.enter(lambda: uplink.on_item(item, clock.now()))

    return MemorySession(spec, hear, world.broker, draw=world.rng.random)
