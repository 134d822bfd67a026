"""Announce that a gate lives: signed birth and heartbeat, and the check that refuses old ones.

Command deadlines stand on the gate's monotonic clock as the controller last heard it. A replayed
heartbeat would shift them, so:
1. a birth is refused unless its durable boot counter rises;
2. a heartbeat is refused unless it names the current boot and its monotonic time rises.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

from mqtt.contract import codec, envelope, fields
from mqtt.contract.errors import ContractError
from mqtt.contract.events import AdapterKind
from mqtt.contract.reasons import ReasonCode

__all__ = [
    "BIRTH_TYPE",
    "HEARTBEAT_TYPE",
    "Birth",
    "GateState",
    "Heartbeat",
    "HeartbeatV2",
    "PresenceTracker",
    "seal_birth",
    "seal_heartbeat",
]

BIRTH_TYPE = "birth"
HEARTBEAT_TYPE = "hb"
BIRTH_VERSION = 1
HEARTBEAT_VERSION = 3
"""Version 3 added face counters and state; version 2 is read as a gate without face."""


class Birth(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Sent at every connect.

    `mono_ms` is the gate's monotonic clock, `at_ms` its UTC clock with `clock_level`; `size` and
    `root` are the tree of `epoch`, `acked` is how many leaves of it the controller has
    acknowledged; `documents` maps name to [version, digest]; `reads` maps type to the highest
    version read.
    """

    site: fields.Name
    gate: fields.Name
    boot_id: fields.BootId
    boot_counter: fields.Count
    mono_ms: fields.Count
    at_ms: fields.Count
    clock_level: fields.Level
    epoch: fields.Count
    size: fields.Count
    root: fields.Hash
    acked: fields.Count
    documents: dict[fields.Name, tuple[fields.Count, fields.Hash]]
    reads: dict[fields.Name, fields.Count]
    adapter_kind: AdapterKind
    software: fields.Shown


class HeartbeatV2(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The heartbeat of the release before, still read and written (N-1)."""

    site: fields.Name
    gate: fields.Name
    boot_id: fields.BootId
    mono_ms: fields.Count
    at_ms: fields.Count
    clock_level: fields.Level
    epoch: fields.Count
    size: fields.Count
    root: fields.Hash
    doors: dict[fields.Name, fields.Name]
    methods: dict[fields.Name, fields.Name]
    adapter_kind: AdapterKind
    power: fields.Name = "mains"


class Heartbeat(HeartbeatV2, frozen=True, forbid_unknown_fields=True):
    """Sent every 15 s.

    `doors` maps portal to its state, `methods` maps way in to `ready`, `fault`, `suspended` or
    `not_installed`; `power` is `mains` or `battery`. `face_state` is `not_installed`, `off` (the
    worker says that it cannot be armed), `lost` (no worker), `suspended` at some access point or
    `ready`. `face` counts since the start of the daemon what was done and for whom: `presses`, and
    `<cause>_<what>` with the causes `entry`, `enrolment` and `self_test` and what is `armed`,
    `frames`, `detections`, `pad_votes`, `embeddings` or `unknown` (rule DM-01: without a press,
    everything of `entry` and `enrolment` stays 0). `valve` is 1 where a sensor runs behind a closed
    valve between attempts, which the site has chosen, and 0 where every sensor is closed.
    """

    face: dict[fields.Name, fields.Count] = {}
    face_state: fields.Name = "not_installed"


class GateState(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Retained on `state` as JSON, unsigned; the will says `online: false`. For display only."""

    online: bool
    boot: str


def seal_birth(birth: Birth, signer: envelope.Signer) -> bytes:
    """Return the signed birth."""
    return envelope.seal(BIRTH_TYPE, BIRTH_VERSION, codec.encode(birth), signer)


def seal_heartbeat(
    heartbeat: Heartbeat, signer: envelope.Signer, version: int = HEARTBEAT_VERSION
) -> bytes:
    """Return the signed heartbeat in the version that the controller announced (N or N-1)."""
    if version == HEARTBEAT_VERSION:
        return envelope.seal(HEARTBEAT_TYPE, version, codec.encode(heartbeat), signer)
    if version != HEARTBEAT_VERSION - 1:
        raise ContractError(ReasonCode.VERSION_UNSUPPORTED)
    names = HeartbeatV2.__struct_fields__
    older = HeartbeatV2(**{name: getattr(heartbeat, name) for name in names})
    return envelope.seal(HEARTBEAT_TYPE, version, codec.encode(older), signer)


@dataclass(frozen=True, slots=True)
class _Heard:
    boot_id: bytes
    boot_counter: int
    mono_ms: int


class PresenceTracker:
    """Decide which births and heartbeats of one gate to believe; keeps no clock and does no I/O.

    The boot counter must be restored from storage after a controller restart (`restore`), so that a
    recorded birth stays refused.
    """

    def __init__(self, site: str, gate: str, keys: Mapping[bytes, bytes]) -> None:
        self._site = site
        self._gate = gate
        self._keys = keys
        self._heard = _Heard(b"", -1, -1)

    def restore(self, boot_id: bytes, boot_counter: int, mono_ms: int) -> None:
        """Take up what was stored for this gate."""
        self._heard = _Heard(boot_id, boot_counter, mono_ms)

    def hear_birth(self, data: bytes) -> Birth:
        """Return a believed birth. Raises ContractError (`old_boot` for one that does not rise).

        A reconnect of the same boot repeats the counter with the same boot id and a later monotonic
        time.
        """
        opened = envelope.open_envelope(data, BIRTH_TYPE, self._keys)
        if opened.version != BIRTH_VERSION:
            raise ContractError(ReasonCode.VERSION_UNSUPPORTED)
        birth = codec.decode(opened.body, Birth)
        self._check_audience(birth.site, birth.gate)
        heard = self._heard
        again = birth.boot_id == heard.boot_id and birth.boot_counter == heard.boot_counter
        newer = birth.mono_ms > heard.mono_ms if again else birth.boot_counter > heard.boot_counter
        if not newer:
            raise ContractError(ReasonCode.OLD_BOOT)
        self._heard = _Heard(birth.boot_id, birth.boot_counter, birth.mono_ms)
        return birth

    def hear_heartbeat(self, data: bytes) -> Heartbeat:
        """Return a believed heartbeat of the current boot. Raises ContractError."""
        opened = envelope.open_envelope(data, HEARTBEAT_TYPE, self._keys)
        heartbeat = _read_heartbeat(opened)
        self._check_audience(heartbeat.site, heartbeat.gate)
        heard = self._heard
        if heartbeat.boot_id != heard.boot_id or heartbeat.mono_ms <= heard.mono_ms:
            raise ContractError(ReasonCode.OLD_BOOT)
        self._heard = _Heard(heard.boot_id, heard.boot_counter, heartbeat.mono_ms)
        return heartbeat

    def _check_audience(self, site: str, gate: str) -> None:
        if (site, gate) != (self._site, self._gate):
            raise ContractError(ReasonCode.WRONG_AUDIENCE)


def _read_heartbeat(opened: envelope.Envelope) -> Heartbeat:
    if opened.version == HEARTBEAT_VERSION:
        return codec.decode(opened.body, Heartbeat)
    if opened.version == HEARTBEAT_VERSION - 1:
        older = codec.decode(opened.body, HeartbeatV2)
        fields = {name: getattr(older, name) for name in older.__struct_fields__}
        return Heartbeat(**fields)
    raise ContractError(ReasonCode.VERSION_UNSUPPORTED)
