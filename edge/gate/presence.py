"""Say that the gate lives: a signed birth at every connection, a signed heartbeat every 15 s."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from edge.domain.event_log import LogHead
from edge.domain.model import Moment
from mqtt.contract.envelope import Signer
from mqtt.contract.events import AdapterKind
from mqtt.contract.ids import GateId, SiteId
from mqtt.contract.presence import (
    HEARTBEAT_TYPE,
    Birth,
    Heartbeat,
    seal_birth,
    seal_heartbeat,
)
from mqtt.contract.versions import READS, choose

__all__ = ["HEARTBEAT_MS", "Appearance", "Identity", "Presence"]

HEARTBEAT_MS = 15_000
_REPEAT_AFTER_MS = 1_000


@dataclass(frozen=True, slots=True)
class Identity:
    """Who this gate is in this boot; `boot_id` is 16 random bytes, new at each start."""

    site: SiteId
    gate: GateId
    boot_id: bytes
    boot_counter: int
    signer: Signer
    adapter_kind: AdapterKind
    software: str


@dataclass(frozen=True, slots=True)
class Appearance:
    """What a heartbeat tells of the gate: door states by portal, ways in by method, the supply.

    `face` and `face_state` are those of `Heartbeat`.
    """

    doors: Mapping[str, str]
    methods: Mapping[str, str]
    power: str = "mains"
    face: Mapping[str, int] = field(default_factory=dict)
    face_state: str = "not_installed"


class Presence:
    """Makes births and heartbeats whose monotonic time always rises, as the controller demands."""

    def __init__(self, identity: Identity) -> None:
        self._identity = identity
        self._last_mono_ms = -1
        self._due_ms = 0
        self._born_ms = 0
        self._peer_reads: Mapping[str, int] | None = None

    def peer_reads(self, reads: Mapping[str, int]) -> None:
        """Take note of the versions that the controller announced."""
        self._peer_reads = dict(reads)

    def birth(
        self, head: LogHead, documents: Mapping[str, tuple[int, bytes]], now: Moment
    ) -> bytes:
        """Return the signed birth; the next heartbeat is due one period later."""
        who = self._identity
        self._born_ms = now.mono_ms
        birth = Birth(
            site=who.site,
            gate=who.gate,
            boot_id=who.boot_id,
            boot_counter=who.boot_counter,
            mono_ms=self._rising(now),
            at_ms=max(0, now.utc_ms),
            clock_level=int(now.trust),
            epoch=head.epoch,
            size=head.size,
            root=head.root,
            acked=head.acked,
            documents=dict(documents),
            reads=dict(READS),
            adapter_kind=who.adapter_kind,
            software=who.software,
        )
        self._due_ms = now.mono_ms + HEARTBEAT_MS
        return seal_birth(birth, who.signer)

    def may_repeat(self, now: Moment) -> bool:
        """Tell whether the last birth is long enough ago to say it again when asked."""
        return now.mono_ms - self._born_ms >= _REPEAT_AFTER_MS

    def is_due(self, now: Moment) -> bool:
        """Tell whether a heartbeat is due."""
        return now.mono_ms >= self._due_ms

    def heartbeat(self, head: LogHead, appearance: Appearance, now: Moment) -> bytes:
        """Return the signed heartbeat in the version that the controller reads."""
        who = self._identity
        heartbeat = Heartbeat(
            site=who.site,
            gate=who.gate,
            boot_id=who.boot_id,
            mono_ms=self._rising(now),
            at_ms=max(0, now.utc_ms),
            clock_level=int(now.trust),
            epoch=head.epoch,
            size=head.size,
            root=head.root,
            doors=dict(appearance.doors),
            methods=dict(appearance.methods),
            adapter_kind=who.adapter_kind,
            power=appearance.power,
            face=dict(appearance.face),
            face_state=appearance.face_state,
        )
        self._due_ms = now.mono_ms + HEARTBEAT_MS
        version = choose(HEARTBEAT_TYPE, self._peer_reads)
        return seal_heartbeat(heartbeat, who.signer, version)

    def _rising(self, now: Moment) -> int:
        self._last_mono_ms = max(now.mono_ms, self._last_mono_ms + 1)
        return self._last_mono_ms
