"""Roll a configuration out on trial: what is being tried, how a gate found it, and how it ends.

The bundle is the `config` document itself: signed, versioned, one digest over all records. A record
`rollout` in it says that the version is on trial. The gate keeps the version before it, watches its
own health, and goes back by itself when something fails; it still holds the newer version, so no
version number ever falls. The controller then issues a higher version that says what it undoes.

Rules:
1. `trial` names a bundle; one that failed at a gate is not tried there again under its name.
2. What was broken before the trial began does not fail it, and what was never used proves nothing:
   a lock is proven by an opening that it followed.
3. A health report is signed by the gate, names boot, time, version and bundle, and opens nothing.
"""

from collections.abc import Mapping
from enum import StrEnum

import msgspec

from mqtt.contract import codec, envelope, fields
from mqtt.contract.documents import Held
from mqtt.contract.errors import ContractError
from mqtt.contract.reasons import ReasonCode

__all__ = [
    "HEALTH_TYPE",
    "ROLLOUT_RECORD",
    "WIRE_VERSION",
    "ArtefactKind",
    "ArtefactRecord",
    "HealthReport",
    "Mode",
    "RolloutRecord",
    "Stage",
    "TrialVerdict",
    "mode_of",
    "open_health",
    "rollout_of",
    "seal_health",
]

HEALTH_TYPE = "health"
WIRE_VERSION = 1
ROLLOUT_RECORD = "rollout"
"""The id of the record within `config`."""


class Stage(StrEnum):
    """Where a bundle stands."""

    TRIAL = "trial"
    KEPT = "kept"
    ROLLED_BACK = "rolled_back"


class Mode(StrEnum):
    """When a changed setting takes effect."""

    LIVE = "live"
    RESTART = "restart"


class TrialVerdict(StrEnum):
    """How a gate finds a bundle; `unproven` is a whole window without a fault and without use."""

    WAITING = "waiting"
    HEALTHY = "healthy"
    UNPROVEN = "unproven"
    FAILED = "failed"


class ArtefactKind(StrEnum):
    """What else travels by the same gate: software and models, offered by hash."""

    SOFTWARE = "software"
    MODEL = "model"


class RolloutRecord(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`config/rollout`: the bundle this version belongs to.

    `window_ms` is how long a trial must stay without a fault; `undoes` is the version that a
    roll-back takes back, 0 otherwise.
    """

    bundle: fields.Name
    stage: Stage
    window_ms: fields.Count = 900_000
    undoes: fields.Count = 0


class ArtefactRecord(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`config/artefact:<name>`: a file that the gate should run, by version, SHA-256 and size."""

    kind: ArtefactKind
    version: fields.Name
    sha256: fields.Hash
    size: fields.Count


class HealthReport(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a gate says on `up/health` while a bundle is on trial, and once when it went back.

    `checks` maps a check (`lock:<portal>`, `door:<portal>`, `fire`, `reader:<access point>:<way>`,
    `refusals`, `boots`, `artefact:<name>`) to `ok`, `unproven`, `before` (broken before the trial)
    or `fault`; `failed` names the check that failed, or is empty. Counts are those of the trial.
    """

    site: fields.Name
    gate: fields.Name
    boot_id: fields.BootId
    mono_ms: fields.Count
    version: fields.Count
    bundle: fields.Name
    verdict: TrialVerdict
    checks: dict[fields.RecordId, fields.Name]
    failed: fields.RecordId
    elapsed_ms: fields.Count
    decided: fields.Count
    refused: fields.Count


_RESTART = frozenset({"artefact"})
"""Kinds of records that take effect when a process starts again; doors never wait for that."""


def mode_of(record: str) -> Mode:
    """Return when a changed record of `config` takes effect at a gate."""
    return Mode.RESTART if record.partition(":")[0] in _RESTART else Mode.LIVE


def rollout_of(held: Held) -> RolloutRecord | None:
    """Return the record of a `config` document, None without one. Raises ContractError."""
    raw = held.records.get(ROLLOUT_RECORD)
    return None if raw is None else codec.decode(raw, RolloutRecord)


def seal_health(report: HealthReport, signer: envelope.Signer) -> bytes:
    """Return the signed report."""
    return envelope.seal(HEALTH_TYPE, WIRE_VERSION, codec.encode(report), signer)


def open_health(data: bytes, site: str, gate: str, keys: Mapping[bytes, bytes]) -> HealthReport:
    """Verify a report by the gate's own key. Raises ContractError."""
    opened = envelope.open_envelope(data, HEALTH_TYPE, keys)
    if opened.version != WIRE_VERSION:
        raise ContractError(ReasonCode.VERSION_UNSUPPORTED)
    report = codec.decode(opened.body, HealthReport)
    if (report.site, report.gate) != (site, gate):
        raise ContractError(ReasonCode.WRONG_AUDIENCE)
    return report
