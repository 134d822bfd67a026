"""One gate's uplink on the in-memory broker, with a controller of a few lines at the other end."""

from collections.abc import Callable, Mapping

import msgspec

from edge.adapters.clock import SimClock
from edge.adapters.memory_store import MemoryDisk
from edge.domain.artefacts import Artefacts
from edge.domain.inputs import CommandArrived, Input, Observed
from edge.domain.knowledge import Knowledge
from edge.domain.model import Moment
from edge.gate.disk import DirectBench, DirectDisk
from edge.gate.presence import Appearance, Identity
from edge.gate.trial.keeper import TrialKeeper
from edge.gate.uplink import Surroundings, Uplink
from mqtt.client.memory import MemorySession
from mqtt.client.memory_broker import MemoryBroker
from mqtt.client.port import Connected, Inbound, Message, SessionItem, SessionSpec
from mqtt.contract import codec
from mqtt.contract.commands import Command, Operation, seal_command
from mqtt.contract.delivery import DELIVERY
from mqtt.contract.documents import DocumentHeader, Get, Held, chunks_of, digest_of, seal_header
from mqtt.contract.envelope import Ed25519Signer, key_id
from mqtt.contract.events import AdapterKind
from mqtt.contract.ids import GateId, SiteId, id_to_text
from mqtt.contract.policy import check_document
from mqtt.contract.reasons import ReasonCode
from mqtt.contract.records import KeyRecord, KeyScope, Role, StaffRecord
from mqtt.contract.topics import DocumentName, TopicKind, build, parse, site_filter
from mqtt.contract.trusted import TrustedDocuments
from mqtt.contract.versions import READS
from tests.support.gate_log import (
    ACK_SIGNER,
    GATE,
    GATE_SIGNER,
    NOON_MS,
    SITE,
    FakeController,
    memory_store,
)

__all__ = ["BOOT_ID", "COMMAND_SIGNER", "GUARD", "GateLink"]

ROOT = Ed25519Signer.from_seed(b"r" * 32)
COMMAND_SIGNER = Ed25519Signer.from_seed(b"c" * 32)
OTHER_GATE = Ed25519Signer.from_seed(b"o" * 32)
BOOT_ID = b"b" * 16
GUARD = b"guard-01"
_FOREVER_MS = NOON_MS * 2


def key_records() -> dict[str, bytes]:
    scopes = {
        ROOT: (KeyScope.DOCUMENT,),
        ACK_SIGNER: (KeyScope.ACK,),
        COMMAND_SIGNER: (KeyScope.COMMAND,),
    }
    found = {
        key_id(signer.public_key).hex(): codec.encode(
            KeyRecord(signer.public_key, scope, 0, _FOREVER_MS)
        )
        for signer, scope in scopes.items()
    }
    feed = KeyRecord(OTHER_GATE.public_key, (KeyScope.REDEMPTION,), 0, _FOREVER_MS, "gate-south")
    found[key_id(OTHER_GATE.public_key).hex()] = codec.encode(feed)
    return found


def roster_records() -> dict[str, bytes]:
    return {id_to_text(GUARD): codec.encode(StaffRecord(Role.GUARD))}


class GateLink:
    """`step` lets all that is due happen; the test looks at what gate and wire say."""

    def __init__(
        self,
        disk: MemoryDisk | None = None,
        *,
        trial: TrialKeeper | None = None,
        checks: Callable[[], Mapping[str, str]] = dict,
        artefacts: Artefacts | None = None,
    ) -> None:
        self.clock = SimClock(NOON_MS, 1_000)
        self.broker = MemoryBroker(lambda: self.clock.now().mono_ms)
        self.log = memory_store(disk)
        self.inputs: list[Input] = []
        self.knowledge = Knowledge(SITE, GATE)
        self.confirmed = 0
        self.trusted = TrustedDocuments(
            SITE, GATE, {key_id(ROOT.public_key): ROOT.public_key}, check_document
        )
        self.uplink = self._uplink(trial, checks, artefacts)
        self.session = self._session()
        self.controller = FakeController()
        self.acks = True
        self.keep_back = 0  # how many chunks of a document are lost on the way
        self.heard: list[tuple[TopicKind, Message]] = []
        self.wanted: dict[DocumentName, dict[int, Held]] = {}
        self.desk = self._desk()
        self.desk.start()
        self.publish_document(DocumentName.KEYS, 1, key_records())
        self.publish_document(DocumentName.ROSTER, 1, roster_records())
        self.step()

    def _uplink(
        self,
        trial: TrialKeeper | None,
        checks: Callable[[], Mapping[str, str]],
        artefacts: Artefacts | None,
    ) -> Uplink:
        who = Identity(
            SiteId(SITE), GateId(GATE), BOOT_ID, 1, GATE_SIGNER, AdapterKind.SIMULATED, "test"
        )
        around = Surroundings(
            emit=self.inputs.append,
            learn=self._learn,
            confirmed=self._confirm,
            knowledge=lambda: self.knowledge,
            appearance=lambda: Appearance({"north": "secured"}, {"qr": "ready"}),
            checks=checks,
        )
        around_it = (DirectDisk(self.log), DirectBench(), around)
        return Uplink(who, self.trusted, *around_it, trial=trial, artefacts=artefacts)

    def _learn(self, knowledge: Knowledge) -> None:
        self.knowledge = knowledge

    def _confirm(self, _: Moment) -> None:
        self.confirmed += 1

    def _session(self) -> MemorySession:
        mail = self.uplink.mail
        spec = SessionSpec(
            GATE,
            "localhost",
            1883,
            None,
            mail.subscriptions(),
            will=mail.state(online=False, boot_id=BOOT_ID),
        )
        session = MemorySession(spec, self._on_item, self.broker)
        self.uplink.session = session
        return session

    def _on_item(self, item: SessionItem) -> None:
        self.uplink.on_item(item, self.clock.now())

    def _desk(self) -> MemorySession:
        kinds = (
            TopicKind.STATE,
            TopicKind.BIRTH,
            TopicKind.HEARTBEAT,
            TopicKind.EVENTS,
            TopicKind.GET,
            TopicKind.HELD,
            TopicKind.HEALTH,
            TopicKind.RESPONSE,
        )
        filters = tuple((site_filter(SiteId(SITE), kind), 1) for kind in kinds)
        redeem = (f"ac/1/{SITE}/_/redeem/+", 1)
        spec = SessionSpec("ctl-ingest-1", "localhost", 1883, None, (*filters, redeem))
        return MemorySession(spec, self._at_desk, self.broker)

    def _at_desk(self, item: SessionItem) -> None:
        if isinstance(item, Connected):
            for name, versions in self.wanted.items():
                self._want(name, max(versions))
        if not isinstance(item, Inbound):
            return
        topic = parse(item.message.topic)
        self.heard.append((topic.kind, item.message))
        if topic.kind is TopicKind.EVENTS and self.acks:
            self.send(TopicKind.ACK, self.controller.take(item.message.payload))
        if topic.kind is TopicKind.GET and topic.document is not None:
            self.answer(topic.document, codec.decode(item.message.payload, Get))
        if item.message.qos:
            self.desk.ack(item)

    def send(self, kind: TopicKind, payload: bytes, *, retain: bool = False) -> None:
        """Publish to the gate as a controller would, or as whoever got hold of the broker."""
        how = DELIVERY[kind]
        topic = build(SiteId(SITE), GateId(GATE), kind)
        self.desk.publish(Message(topic, payload, how.qos, retain, how.expiry_s))

    def publish_document(
        self,
        name: DocumentName,
        version: int,
        records: Mapping[str, bytes],
        *,
        signer: Ed25519Signer = ROOT,
    ) -> None:
        held = Held(version, digest_of(records), dict(records))
        self.wanted.setdefault(name, {})[version] = held
        self.step()
        self._want(name, version, signer)

    def _want(self, name: DocumentName, version: int, signer: Ed25519Signer = ROOT) -> None:
        held = self.wanted[name][version]
        header = DocumentHeader(
            SITE,
            GATE,
            name,
            version,
            held.digest,
            len(held.records),
            self.clock.now().utc_ms,
            dict(READS),
        )
        topic = build(SiteId(SITE), GateId(GATE), TopicKind.WANT, name)
        self.desk.publish(Message(topic, seal_header(header, signer), 1, retain=True))

    def answer(self, name: DocumentName, asked: Get) -> None:
        """Send the newest version: a delta where the base is known, else a full copy."""
        versions = self.wanted[name]
        newest = versions[max(versions)]
        base = versions.get(asked.have_version) if asked.want == "delta" else None
        old = base.records if base else {}
        puts = {key: value for key, value in newest.records.items() if old.get(key) != value}
        gone = [key for key in old if key not in newest.records]
        topic = build(SiteId(SITE), GateId(GATE), TopicKind.DOCUMENT, name)
        chunks = chunks_of(name, newest.version, base.version if base else 0, puts, gone)
        for chunk in chunks[: len(chunks) - self.keep_back]:
            self.desk.publish(Message(topic, chunk, 1))

    def start(self) -> None:
        """Connect the gate and let the documents arrive."""
        self.session.start()
        self.run(2_000)

    def run(self, ms: int, tick_ms: int = 500) -> None:
        """Let time pass."""
        for _ in range(0, ms, tick_ms):
            self.clock.advance(tick_ms)
            self.step()
            self.uplink.on_tick(self.clock.now())
            self.step()

    def step(self) -> None:
        self.broker.pump()

    def payloads(self, kind: TopicKind) -> list[bytes]:
        return [message.payload for known, message in self.heard if known is kind]

    def command(self, **changes: object) -> bytes:
        now = self.clock.now()
        command = Command(
            SITE,
            GATE,
            BOOT_ID,
            b"i" * 16,
            Operation.OPEN,
            "north-in",
            0,
            GUARD,
            "visitor",
            now.utc_ms,
            now.mono_ms + 10_000,
        )
        return seal_command(msgspec.structs.replace(command, **changes), COMMAND_SIGNER)

    def commands(self) -> list[Command]:
        return [item.command for item in self.inputs if isinstance(item, CommandArrived)]

    def observed(self) -> list[tuple[str, ReasonCode, str]]:
        return [
            (item.kind.value, item.reason, item.note)
            for item in self.inputs
            if isinstance(item, Observed)
        ]
