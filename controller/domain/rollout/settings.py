"""Name the settings that a roll-out may change, and change them in a gate's records. Pure.

Which ways in are fitted, and everything about face, is not among them: that is changed by the
services that check it, and no roll-out can favour or hinder one way.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import msgspec

from controller.domain.refusal import Refusal
from mqtt.contract.reasons import ReasonCode
from mqtt.contract.records import AccessPointRecord, ConfigRecord, PortalRecord
from mqtt.contract.rollout import ArtefactKind, ArtefactRecord, Mode, mode_of

T = TypeVar("T", bound=msgspec.Struct)

__all__ = ["SETTINGS", "Changed", "Changes", "Setting", "artefact_of", "changed", "check_changes"]

Changes = Mapping[str, Mapping[str, Any]]
"""Record id (`gate`, `portal:<name>`, `portal:*`, `ap:<name>`, `ap:*`) to changed fields."""

_HASH_HEX = 64
_POINT_FIELDS = ("entry_confirmed", "zone_from", "zone_to")
_GATE_FIELDS = ("double_tap_hold", "open_needs_own_key", "passback")


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting of a kind of record, its type for a form, and when a change takes effect."""

    kind: str
    field: str
    type: str
    default: Any
    mode: Mode


def _settings() -> tuple[Setting, ...]:
    found = []
    for kind, model, names in (
        ("gate", ConfigRecord, _GATE_FIELDS),
        ("portal", PortalRecord, PortalRecord.__struct_fields__),
        ("ap", AccessPointRecord, _POINT_FIELDS),
    ):
        for info in msgspec.structs.fields(model):
            if info.name in names:
                default = () if info.default is msgspec.NODEFAULT else info.default
                type_ = getattr(info.type, "__name__", str(info.type))
                found.append(Setting(kind, info.name, type_, default, mode_of(kind)))
    return tuple(found)


SETTINGS: tuple[Setting, ...] = _settings()
"""Every setting that a configuration roll-out may change."""

_ALLOWED = {(each.kind, each.field) for each in SETTINGS}


@dataclass(frozen=True, slots=True)
class Changed:
    """One difference that a roll-out makes at a gate."""

    gate: str
    record: str
    field: str
    before: Any
    after: Any
    mode: Mode


def check_changes(changes: Changes) -> Refusal | None:
    """Return why these changes cannot be rolled out, whatever the gate."""
    if not any(changes.values()):
        return Refusal(ReasonCode.CONFIG_INVALID, "RL-01", detail="changes")
    for record, values in changes.items():
        kind, _, _ = record.partition(":")
        if kind == "artefact":
            if artefact_of(values) is None:
                return Refusal(ReasonCode.CONFIG_INVALID, "RL-01", detail=record[:64])
            continue
        for name in values:
            if (kind, name) not in _ALLOWED:
                detail = f"{record}.{name}"[:64]
                return Refusal(ReasonCode.CONFIG_INVALID, "RL-01", detail=detail)
    return None


def artefact_of(values: Mapping[str, Any]) -> ArtefactRecord | None:
    """Return the record of an offered file, None where a field is missing or wrong."""
    try:
        raw = bytes.fromhex(str(values["sha256"]))
        kind = ArtefactKind(values["kind"])
        size, version = values["size"], values["version"]
    except (KeyError, ValueError):
        return None
    is_right = isinstance(size, int) and size > 0 and isinstance(version, str) and len(version) > 0
    if not is_right or len(raw) * 2 != _HASH_HEX or len(version) > 40:
        return None
    return ArtefactRecord(kind, version, raw, size)


def changed(record_id: str, record: T, changes: Changes) -> T | Refusal:
    """Return a record with the changes for it, or why one of them does not fit."""
    kind = record_id.partition(":")[0]
    values = {**changes.get(f"{kind}:*", {}), **changes.get(record_id, {})}
    if not values:
        return record
    merged = {**msgspec.to_builtins(record), **values}
    try:
        return msgspec.convert(merged, type(record), strict=True)
    except msgspec.ValidationError:
        names = ",".join(sorted(values))
        return Refusal(ReasonCode.CONFIG_INVALID, "RL-01", detail=f"{record_id}: {names}"[:64])
