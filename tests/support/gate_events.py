"""Make what a gate sends, signed by its real key: batches, births and heartbeats."""

from dataclasses import dataclass, field, replace
from typing import TypeVar

import msgspec

from mqtt.client.port import Message
from mqtt.contract import audit, codec
from mqtt.contract.envelope import Ed25519Signer
from mqtt.contract.events import (
    AdapterKind,
    BatchHeader,
    Direction,
    EventKind,
    Leaf,
    Method,
    Outcome,
    Personal,
    seal_batch,
)
from mqtt.contract.presence import Birth, Heartbeat, seal_birth, seal_heartbeat
from mqtt.contract.reasons import ReasonCode
from mqtt.contract.versions import READS
from tests.support.compound import GATE_KEYS, NOW

__all__ = ["Recorder", "Said"]

T = TypeVar("T", bound=msgspec.Struct)
_SALT = b"s" * audit.SALT_BYTES


def _anybody() -> Personal:
    return Personal(b"holder-1", b"creden-1")


@dataclass(frozen=True)
class Said:
    """What an event says; everything else is filled in."""

    kind: EventKind = EventKind.DECISION
    method: Method = Method.FOB
    outcome: Outcome = Outcome.GRANTED
    reason: ReasonCode = ReasonCode.GRANTED
    at_s: int = NOW.utc_s
    person: Personal | None = field(default_factory=_anybody)


@dataclass(frozen=True)
class Recorder:
    """One gate with its key; `boot` is the boot counter."""

    gate: str = "gate-south"
    site: str = "tongxing"
    epoch: int = 7
    boot: int = 1
    access_point: str = ""
    signer: Ed25519Signer = GATE_KEYS["gate-south"]

    def topic(self, kind: str) -> str:
        return f"ac/1/{self.site}/{self.gate}/{kind}"

    def leaf(self, seq: int, said: Said = Said()) -> tuple[bytes, tuple[bytes, bytes] | None]:
        personal = None if said.person is None else (_SALT, codec.encode(said.person))
        leaf = Leaf(
            version=1,
            site=self.site,
            gate=self.gate,
            epoch=self.epoch,
            seq=seq,
            kind=said.kind,
            access_point=self.access_point or self.gate.replace("gate", "door") + "-in",
            method=said.method,
            outcome=said.outcome,
            reason=said.reason,
            at_s=said.at_s,
            boot_mono_ms=1_000 + seq,
            clock_level=0,
            policy_version=1,
            intent_to_unlock_ms=90,
            direction=Direction.IN,
            adapter_kind=AdapterKind.SIMULATED,
            cause_seq=-1,
            commitment=b"" if personal is None else audit.commitment(*personal),
        )
        return codec.encode(leaf), personal

    def payload(self, first_seq: int, *said: Said) -> bytes:
        made = [self.leaf(first_seq + at, each) for at, each in enumerate(said or (Said(),))]
        leaves = tuple(leaf for leaf, _ in made)
        header = BatchHeader(self.site, self.gate, self.epoch, first_seq, leaves)
        return seal_batch(header, tuple(part for _, part in made), self.signer)

    def batch(self, first_seq: int, *said: Said) -> Message:
        return Message(self.topic("up/ev"), self.payload(first_seq, *said), 1)

    def run(self, first_seq: int, count: int, size: int = 32) -> list[Message]:
        """Give `count` events in batches of `size`."""
        ends = range(first_seq, first_seq + count, size)
        return [self.batch(at, *[Said()] * min(size, first_seq + count - at)) for at in ends]

    def birth(self, mono_ms: int, **more: object) -> Message:
        birth = Birth(
            site=self.site,
            gate=self.gate,
            boot_id=bytes([self.boot]) * 16,
            boot_counter=self.boot,
            mono_ms=mono_ms,
            at_ms=NOW.utc_ms,
            clock_level=0,
            epoch=self.epoch,
            size=0,
            root=audit.EMPTY_ROOT,
            acked=0,
            documents={},
            reads=dict(READS),
            adapter_kind=AdapterKind.SIMULATED,
            software="test",
        )
        made = _changed(birth, more)
        return Message(self.topic("up/birth"), seal_birth(made, self.signer), 1)

    def heartbeat(self, mono_ms: int, **more: object) -> Message:
        heartbeat = Heartbeat(
            site=self.site,
            gate=self.gate,
            boot_id=bytes([self.boot]) * 16,
            mono_ms=mono_ms,
            at_ms=NOW.utc_ms,
            clock_level=0,
            epoch=self.epoch,
            size=0,
            root=audit.EMPTY_ROOT,
            doors={"door-south": "closed"},
            methods={"qr": "ready", "fob": "ready", "guard": "ready", "face": "not_installed"},
            adapter_kind=AdapterKind.SIMULATED,
        )
        made = _changed(heartbeat, more)
        return Message(self.topic("up/hb"), seal_heartbeat(made, self.signer))

    def rebooted(self) -> "Recorder":
        return replace(self, boot=self.boot + 1)


def _changed(model: T, more: dict[str, object]) -> T:
    return msgspec.structs.replace(model, **more)
