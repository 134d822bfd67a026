"""Read the `leases` document: whose face may be used here, who wants to opt in, what to erase.

Record ids: `lease:<holder>`, `reserved:<holder>`, `erase:<holder>` (holder: 8 bytes in base32),
`switch:<access point | gate | compound>`, `notice:<version>`.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, TypeVar

import msgspec

from mqtt.contract import codec
from mqtt.contract.errors import ContractError
from mqtt.contract.ids import id_from_text, parse_pseudonym
from mqtt.contract.reasons import ReasonCode
from mqtt.contract.records import LeaseRecord
from mqtt.contract.records_face import (
    ErasureRequestRecord,
    FaceSwitchRecord,
    NoticeRecord,
    ReservationRecord,
)

__all__ = ["COMPOUND_SWITCH", "GATE_SWITCH", "LEASE_MODELS", "Consents", "read_consents", "take_id"]

T = TypeVar("T", bound=msgspec.Struct)

COMPOUND_SWITCH = "compound"
GATE_SWITCH = "gate"
_NAME = re.compile(r"[a-z0-9-]{1,40}\Z")

LEASE_MODELS: Final[Mapping[str, type[msgspec.Struct]]] = {
    "lease": LeaseRecord,
    "reserved": ReservationRecord,
    "erase": ErasureRequestRecord,
    "switch": FaceSwitchRecord,
    "notice": NoticeRecord,
}
"""Prefix of a record id to the record's model."""

_OF_PEOPLE = frozenset({"lease", "reserved", "erase"})


@dataclass(frozen=True, slots=True)
class Consents:
    """What a gate knows about consents; the first three go by holder (8 bytes)."""

    leases: Mapping[bytes, LeaseRecord] = field(default_factory=dict)
    reservations: Mapping[bytes, ReservationRecord] = field(default_factory=dict)
    erasures: Mapping[bytes, ErasureRequestRecord] = field(default_factory=dict)
    switches: Mapping[str, FaceSwitchRecord] = field(default_factory=dict)
    notices: Mapping[str, NoticeRecord] = field(default_factory=dict)

    def switched_off(self, access_point: str) -> FaceSwitchRecord | None:
        """Return the switch that keeps face off at an access point, or None (rule NS-10)."""
        for name in (COMPOUND_SWITCH, GATE_SWITCH, access_point):
            found = self.switches.get(name)
            if found is not None and not found.on:
                return found
        return None

    def people(self) -> frozenset[bytes]:
        """Return whose references may lie at this gate: a lease or a reservation stands."""
        return frozenset(self.leases) | frozenset(self.reservations)


def take_id(key: str) -> tuple[str, bytes | str]:
    """Return prefix and holder, or prefix and name, of a record id.

    Raises ContractError(`bad_id`) for an id that this version does not know.
    """
    prefix, _, name = key.partition(":")
    if prefix in _OF_PEOPLE:
        return prefix, parse_pseudonym(id_from_text(name))
    if prefix not in LEASE_MODELS or not _NAME.match(name):
        raise ContractError(ReasonCode.BAD_ID)
    return prefix, name


def read_consents(records: Mapping[str, bytes]) -> Consents:
    """Read every record. Raises ContractError for one that cannot be read."""
    return Consents(
        leases=_of(records, "lease", LeaseRecord),
        reservations=_of(records, "reserved", ReservationRecord),
        erasures=_of(records, "erase", ErasureRequestRecord),
        switches={str(key): row for key, row in _named(records, "switch", FaceSwitchRecord)},
        notices={str(key): row for key, row in _named(records, "notice", NoticeRecord)},
    )


def _of(records: Mapping[str, bytes], prefix: str, model: type[T]) -> dict[bytes, T]:
    found = _named(records, prefix, model)
    return {key: record for key, record in found if isinstance(key, bytes)}


def _named(
    records: Mapping[str, bytes], prefix: str, model: type[T]
) -> list[tuple[bytes | str, T]]:
    return [
        (take_id(key)[1], codec.decode(raw, model))
        for key, raw in sorted(records.items())
        if key.startswith(f"{prefix}:")
    ]
