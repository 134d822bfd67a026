"""Believe births and heartbeats and turn them into the row that commands and pages read.

The boot counter lives in the row, so a recorded birth stays refused after a controller restart.
"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import RowMapping

from controller.domain.moment import Moment
from controller.ingest.intake import PresenceArrival, StateArrival, Trouble
from mqtt.contract.envelope import key_id
from mqtt.contract.errors import ContractError
from mqtt.contract.presence import Birth, Heartbeat, PresenceTracker
from mqtt.contract.reasons import ReasonCode

__all__ = ["Unheard", "Values", "adopted", "hear", "hear_state"]

Values = dict[str, Any]
"""Columns of `gate_presence` that change."""


@dataclass(frozen=True, slots=True)
class Unheard:
    """A gate lives in a boot whose birth was not heard: it has to be asked for it."""

    gate: str


def hear(
    arrival: PresenceArrival, site: str, row: RowMapping | None, moment: Moment
) -> Values | Trouble | Unheard | None:
    """Return the columns to store, an alarm, a gate to be asked, or None for what is only old.

    A birth of an earlier boot is an alarm: somebody replays it. The same birth twice and a late
    heartbeat are what a broker does on its own, and change nothing.
    """
    gate, keys = arrival.gate, {key_id(arrival.public_key): arrival.public_key}
    tracker = PresenceTracker(site, gate, keys)
    if row is not None:
        tracker.restore(row["boot_id"], row["boot_counter"], row["mono_ms"])
    try:
        if arrival.is_birth:
            return _born(tracker.hear_birth(arrival.payload), row, moment)
        return _alive(tracker.hear_heartbeat(arrival.payload), moment)
    except ContractError as error:
        if error.code is ReasonCode.OLD_BOOT and not arrival.is_birth:
            return _late_or_unheard(tracker, arrival, row)
        unheard = PresenceTracker(site, gate, keys)
        if error.code is ReasonCode.OLD_BOOT and _is_copy(unheard, arrival.payload, row):
            return None
        return Trouble(gate, error.code, "birth" if arrival.is_birth else "heartbeat")


def _late_or_unheard(
    tracker: PresenceTracker, arrival: PresenceArrival, row: RowMapping | None
) -> Unheard | None:
    """Tell a late heartbeat of the boot that is known from one of a boot that is not."""
    if row is None:
        return Unheard(arrival.gate)
    tracker.restore(row["boot_id"], row["boot_counter"], -1)
    try:
        tracker.hear_heartbeat(arrival.payload)
    except ContractError:
        return Unheard(arrival.gate)
    return None


def hear_state(arrival: StateArrival, row: RowMapping | None) -> Values | None:
    """Return the change that the unsigned state makes: only the current boot can go offline."""
    if row is None or arrival.online or row["boot_id"] != arrival.boot_id or not row["online"]:
        return None
    return {"online": False}


def adopted(row: RowMapping, name: str, version: int, digest: bytes) -> Values | None:
    """Return the change that a gate's word of a document in force makes; None if it is old."""
    documents: dict[str, list[int | str]] = dict(row["documents"])
    held = documents.get(name)
    if held is not None and int(held[0]) >= version:
        return None
    documents[name] = [version, digest.hex()]
    return {"documents": documents}


def _is_copy(tracker: PresenceTracker, payload: bytes, row: RowMapping | None) -> bool:
    """Tell whether an old birth is of the boot that is alive, or of one that is past."""
    birth = tracker.hear_birth(payload)
    return row is not None and (birth.boot_id, birth.boot_counter) == (
        row["boot_id"],
        row["boot_counter"],
    )


def _born(birth: Birth, row: RowMapping | None, moment: Moment) -> Values:
    # A reconnection changes no door; a new boot tells its doors with the first heartbeat.
    is_reconnection = row is not None and row["boot_id"] == birth.boot_id
    unknown: Values = {"power": "mains", "doors": {}, "methods": {}}
    kept: Values = {name: row[name] for name in unknown} if row and is_reconnection else unknown
    return kept | {
        "gate": birth.gate,
        "boot_id": birth.boot_id,
        "boot_counter": birth.boot_counter,
        "mono_ms": birth.mono_ms,
        "heard_at_ms": moment.utc_ms,
        "heard_mono_ms": moment.mono_ms,
        "online": True,
        "clock_level": birth.clock_level,
        "epoch": birth.epoch,
        "size": birth.size,
        "root": birth.root,
        "adapter_kind": birth.adapter_kind.value,
        "software": birth.software,
        "reads": dict(birth.reads),
        "documents": {
            name: [version, digest.hex()] for name, (version, digest) in birth.documents.items()
        },
    }


def _alive(heartbeat: Heartbeat, moment: Moment) -> Values:
    return {
        "mono_ms": heartbeat.mono_ms,
        "heard_at_ms": moment.utc_ms,
        "heard_mono_ms": moment.mono_ms,
        "online": True,
        "clock_level": heartbeat.clock_level,
        "epoch": heartbeat.epoch,
        "size": heartbeat.size,
        "root": heartbeat.root,
        "adapter_kind": heartbeat.adapter_kind.value,
        "power": heartbeat.power,
        "doors": dict(heartbeat.doors),
        "methods": dict(heartbeat.methods),
        "face": dict(heartbeat.face),
        "face_state": heartbeat.face_state,
    }
