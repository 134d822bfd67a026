"""Put one gate unit together from `gate.toml`: the only place where parts are chosen.

Order, so that the fob path is up first after a power cut: store, documents, state, locks, readers;
then workers and the broker, which may take their time.
"""

import asyncio
import logging
import os
import secrets
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

from edge.adapters import wiring
from edge.adapters.artefacts import ArtefactFolder
from edge.adapters.clock import ClockJump, KernelClock, SystemClock
from edge.adapters.hardware import Hardware
from edge.adapters.keystore import KeyStore
from edge.adapters.sim.clock import SettableMachine, SimulatedClock
from edge.adapters.store import SqliteStore
from edge.adapters.trial_shelf import FileShelf
from edge.adapters.vault import vault_of
from edge.config import BrokerConfig, GateConfig
from edge.domain.gate_boot import boot
from edge.domain.inputs import Observed
from edge.domain.knowledge import Knowledge
from edge.domain.outlook import outlook_at
from edge.domain.ports import Boot, Clock, Emit
from edge.domain.trial import checks_of
from edge.gate.appearance import appearance_of
from edge.gate.committer import Committer
from edge.gate.crash_points import crash_point_from
from edge.gate.daemon import Daemon
from edge.gate.disk import LoopBench, LoopDisk
from edge.gate.health import Notifier
from edge.gate.loop import GateLoop
from edge.gate.mail import WILL_DELAY_S, Mail
from edge.gate.performer import Performer
from edge.gate.presence import Identity
from edge.gate.trial.keeper import TrialKeeper
from edge.gate.uplink import Surroundings, Uplink
from edge.gate.witness import WitnessDesk
from mqtt.client.backoff import Backoff
from mqtt.client.port import SessionSpec
from mqtt.client.session import PahoSession
from mqtt.client.tls import TlsFiles
from mqtt.contract.envelope import Signer, key_id
from mqtt.contract.events import AdapterKind, EventKind
from mqtt.contract.ids import GateId, SiteId
from mqtt.contract.reasons import ReasonCode
from mqtt.contract.trusted import TrustedDocuments
from mqtt.contract.versions import SOFTWARE

__all__ = ["run"]

_log = logging.getLogger(__name__)
_BOOT_ID_BYTES = 16


async def run(config: GateConfig, *, simulate: bool) -> None:
    """Run the gate unit of `config` until it is cancelled.

    Raises ConfigError or StorageError for what only a person can cure.
    """
    loop = asyncio.get_running_loop()
    parts = _open(config, simulate=simulate)
    with ThreadPoolExecutor(1, thread_name_prefix="documents") as executor:
        identity = _identity(parts)
        gate, uplink = _assemble(parts, identity, loop, executor)
        daemon = Daemon(
            clock=parts.clock,
            gate=gate,
            devices=parts.hardware,
            uplink=uplink,
            notifier=Notifier(),
            stand=partial(_stand, gate, uplink, parts.hardware),
        )
        spec = _session_spec(config, uplink.mail, identity)
        uplink.session = PahoSession(spec, daemon.emit_session)
        try:
            await daemon.run()
        finally:
            parts.committer.stop()


_NOTHING_KNOWN = Boot(0, 0, 0, 0, 0, quarantined=False, memory={}, unfinished=())


@dataclass(frozen=True, slots=True)
class _Parts:
    config: GateConfig
    clock: Clock
    signer: Signer
    committer: Committer
    known: Boot
    hardware: Hardware
    crash_point: Callable[[str], None]
    jumps: "_JumpReport"
    trial: TrialKeeper


def _open(config: GateConfig, *, simulate: bool) -> _Parts:
    folder = config.path(config.gate.state_dir)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    jumps = _JumpReport()
    clock, system_clock = _clocks(jumps, simulate=simulate)
    signer = KeyStore(config.path(config.keys.folder), vault_of(config.keys.store)).signer()
    crash_point = crash_point_from(os.environ)
    hardware = wiring.build(config, clock, simulate=simulate)
    store = SqliteStore(
        folder / "gate.db",
        config.gate.site,
        config.gate.id,
        signer=signer,
        crash_point=crash_point,
    )
    committer = Committer(store, hardware.kind)
    known = committer.start() or _NOTHING_KNOWN
    system_clock.raise_floor(known.floor_ms)
    trial = TrialKeeper(FileShelf(folder / "trial"))
    trial.begin_boot()
    return _Parts(config, clock, signer, committer, known, hardware, crash_point, jumps, trial)


class _JumpReport:
    """Have backward jumps of the wall clock recorded, once there is a gate to record them."""

    def __init__(self) -> None:
        self.gate: tuple[Emit, AdapterKind] | None = None

    def __call__(self, jump: ClockJump) -> None:
        if self.gate is not None:
            emit, kind = self.gate
            note = f"{jump.back_ms} ms"
            emit(Observed(jump.at, EventKind.HEALTH, ReasonCode.CLOCK_JUMP, kind, note=note))


def _clocks(jumps: _JumpReport, *, simulate: bool) -> tuple[Clock, SystemClock]:
    if not simulate:
        clock = SystemClock(KernelClock(), 0, jumps)
        return clock, clock
    machine = SettableMachine(KernelClock())
    system_clock = SystemClock(machine, 0, jumps)
    return SimulatedClock(machine, system_clock), system_clock


def _identity(parts: _Parts) -> Identity:
    return Identity(
        SiteId(parts.config.gate.site),
        GateId(parts.config.gate.id),
        secrets.token_bytes(_BOOT_ID_BYTES),
        parts.known.boot_counter,
        parts.signer,
        parts.hardware.kind,
        SOFTWARE,
    )


def _assemble(
    parts: _Parts,
    identity: Identity,
    loop: asyncio.AbstractEventLoop,
    executor: ThreadPoolExecutor,
) -> tuple[GateLoop, Uplink]:
    trusted, knowledge = _known_documents(parts, identity)
    at = parts.clock.now()
    state, effects = boot(parts.known, knowledge, at, parts.hardware.kind)
    gate = GateLoop(clock=parts.clock, state=state, knowledge=knowledge, watch=parts.trial.watch)
    around = _surroundings(gate)
    disk = LoopDisk(parts.committer, loop)
    files = ArtefactFolder(parts.config.path(parts.config.gate.state_dir) / "artefacts")
    bench = LoopBench(executor, loop)
    uplink = Uplink(identity, trusted, disk, bench, around, trial=parts.trial, artefacts=files)
    performer = Performer(
        clock=parts.clock,
        writer=parts.committer,
        outside=uplink,
        locks=parts.hardware.locks,
        indicators=parts.hardware.indicators,
        face=parts.hardware.face,
        crash_point=parts.crash_point,
        witness=_witness(parts, identity, (disk, bench), around, trusted).answer,
    )
    parts.hardware.ask_for_pin(
        lambda card: gate.knowledge.credentials.needs_pin((card.value, card.length))
    )
    parts.jumps.gate = (gate.emit, parts.hardware.kind)
    gate.begin(performer, at, effects)
    return gate, uplink


def _surroundings(gate: GateLoop) -> Surroundings:
    """Return what the link needs of the gate around it."""
    return Surroundings(
        emit=gate.put,
        learn=gate.learn,
        confirmed=gate.confirm_lists,
        knowledge=lambda: gate.knowledge,
        appearance=lambda: appearance_of(gate.state, gate.knowledge),
        checks=lambda: checks_of(gate.state, gate.knowledge),
    )


def _witness(
    parts: _Parts,
    identity: Identity,
    asks: tuple[LoopDisk, LoopBench],
    around: Surroundings,
    trusted: TrustedDocuments,
) -> WitnessDesk:
    look, screens = around.appearance, parts.hardware.indicators
    return WitnessDesk(identity, parts.clock, *asks, look, trusted.versions, screens)


def _stand(gate: GateLoop, uplink: Uplink, hardware: Hardware) -> None:
    """Tell every screen how things stand at its access point."""
    age_s, waiting = gate.list_age_s(), uplink.events_waiting
    for place, screen in hardware.screens.items():
        screen.stand(outlook_at(gate.state, gate.knowledge, place, age_s, waiting))


def _known_documents(parts: _Parts, identity: Identity) -> tuple[TrustedDocuments, Knowledge]:
    """Take up the saved documents; a damaged one is left out and asked for again."""
    trust = bytes.fromhex(parts.config.keys.trust)
    trusted = TrustedDocuments(identity.site, identity.gate, {key_id(trust): trust})
    held = parts.committer.ask(lambda log: log.documents()).result()
    damaged = trusted.restore(held)
    for name in damaged:
        _log.error("document_damaged", extra={"document": name.value})
    documents = {name: document for name, document in held.items() if name not in damaged}
    chosen = parts.trial.chosen(documents)
    knowledge = Knowledge.from_documents(
        identity.site, identity.gate, chosen, lists_confirmed_ms=parts.known.floor_ms
    )
    return trusted, knowledge


def _session_spec(config: GateConfig, mail: Mail, identity: Identity) -> SessionSpec:
    broker = config.broker
    return SessionSpec(
        client_id=config.gate.id,
        host=broker.host,
        port=broker.port,
        tls=_tls(config, broker),
        subscriptions=mail.subscriptions(),
        will=mail.state(online=False, boot_id=identity.boot_id),
        will_delay_s=WILL_DELAY_S,
        backoff=Backoff(broker.retry_from_ms / 1000, broker.retry_to_ms / 1000),
    )


def _tls(config: GateConfig, broker: BrokerConfig) -> TlsFiles:
    return TlsFiles(
        config.path(broker.ca_file), config.path(broker.cert_file), config.path(broker.key_file)
    )
