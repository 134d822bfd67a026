"""Compile the records of `config` and `policy` into one checked, frozen view of what a gate may do.

The controller compiles before it publishes, the gate before it uses: both refuse the same things
and name every finding at once. Limits follow acceptance case D01: unlock 1-60 s (an exit request
opens for the unlock time, so for at least 1 s), held-open alarms after 10 s or more.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Self

from mqtt.contract.documents import Held
from mqtt.contract.findings import PolicyError
from mqtt.contract.policy_checks import check_references
from mqtt.contract.policy_read import PolicyReader
from mqtt.contract.records import (
    AccessPointRecord,
    ConfigRecord,
    DayKind,
    LevelRecord,
    PortalRecord,
    ScheduleRecord,
)
from mqtt.contract.records_face import FaceSettingsRecord
from mqtt.contract.topics import DocumentName

__all__ = ["CompiledPolicy", "check_document"]


@dataclass(frozen=True, slots=True)
class CompiledPolicy:
    """What one gate may do: each mapping goes from the name after the prefix to the record.

    `calendar` maps an ISO date to how it differs from its weekday; `version` is the version of the
    `policy` document, which every leaf names; `face` goes by access point.
    """

    version: int
    gate: ConfigRecord
    portals: Mapping[str, PortalRecord]
    access_points: Mapping[str, AccessPointRecord]
    schedules: Mapping[str, ScheduleRecord]
    levels: Mapping[str, LevelRecord]
    calendar: Mapping[str, DayKind]
    face: Mapping[str, FaceSettingsRecord]

    @classmethod
    def from_records(cls, config: Held, policy: Held) -> Self:
        """Compile. Raises PolicyError (a ConfigError) with every finding of both documents."""
        read = PolicyReader()
        read.config(config)
        read.policy(policy)
        read.findings += check_references(read.portals, read.schedules)
        if read.findings:
            raise PolicyError(tuple(read.findings))
        return cls(
            policy.version,
            read.gate,
            MappingProxyType(read.portals),
            MappingProxyType(read.access_points),
            MappingProxyType(read.schedules),
            MappingProxyType(read.levels),
            MappingProxyType(read.calendar),
            MappingProxyType(read.face),
        )


def check_document(name: DocumentName, held: Held) -> None:
    """Refuse a document with a record that cannot be used; the `check` of `TrustedDocuments`.

    References from `config` to `policy` are left to `CompiledPolicy.from_records`, because the two
    documents arrive one after the other. Raises PolicyError or ContractError.
    """
    read = PolicyReader()
    read.document(name, held)
    if read.findings:
        raise PolicyError(tuple(read.findings))
