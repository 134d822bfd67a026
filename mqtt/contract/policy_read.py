"""Decode the records of a document one by one, so that every bad one is named, not one alone."""

from collections.abc import Mapping
from typing import TypeVar

import msgspec

from mqtt.contract import codec, policy_checks
from mqtt.contract.consents import LEASE_MODELS, take_id
from mqtt.contract.containment import check_access_points, check_credentials, check_face_settings
from mqtt.contract.documents import Held
from mqtt.contract.errors import ContractError
from mqtt.contract.findings import Finding
from mqtt.contract.ids import id_from_text, parse_pseudonym
from mqtt.contract.keys import read_keys
from mqtt.contract.records import (
    AccessPointRecord,
    CalendarRecord,
    ConfigRecord,
    CredentialRecord,
    DayKind,
    LevelRecord,
    PortalRecord,
    RevocationRecord,
    ScheduleRecord,
    StaffRecord,
)
from mqtt.contract.records_face import FaceSettingsRecord
from mqtt.contract.rollout import ROLLOUT_RECORD, ArtefactRecord, RolloutRecord
from mqtt.contract.topics import DocumentName

__all__ = ["PolicyReader"]

T = TypeVar("T", bound=msgspec.Struct)

_GATE = "gate"
_BY_ID: Mapping[DocumentName, type[msgspec.Struct]] = {
    DocumentName.REVOCATIONS: RevocationRecord,
    DocumentName.ROSTER: StaffRecord,
}


class PolicyReader:
    """Collects records and findings of the documents that it is given, for one use."""

    def __init__(self) -> None:
        self.findings: list[Finding] = []
        self.gate = ConfigRecord()
        self.portals: dict[str, PortalRecord] = {}
        self.access_points: dict[str, AccessPointRecord] = {}
        self.face: dict[str, FaceSettingsRecord] = {}
        self.artefacts: dict[str, ArtefactRecord] = {}
        self.schedules: dict[str, ScheduleRecord] = {}
        self.levels: dict[str, LevelRecord] = {}
        self.calendar: dict[str, DayKind] = {}

    def document(self, name: DocumentName, held: Held) -> None:
        """Read a document of any name. Raises ContractError for keys that cannot be used."""
        match name:
            case DocumentName.CONFIG:
                self.config(held)
            case DocumentName.POLICY:
                self.policy(held)
            case DocumentName.KEYS:
                read_keys(held)
            case DocumentName.CREDENTIALS:
                self.findings += check_credentials(self._with_ids(held, CredentialRecord))
            case DocumentName.LEASES:
                self._leases(held)
            case _:
                self._with_ids(held, _BY_ID[name])

    def config(self, held: Held) -> None:
        """Read `config`: `gate`, `rollout`, `portal:`, `ap:`, `face:` and `artefact:<name>`."""
        if _GATE not in held.records:
            self.findings.append(Finding(_GATE, "", "补上此记录", "add this record"))
        for key, raw in sorted(held.records.items()):
            prefix, _, name = key.partition(":")
            if key == _GATE:
                self.gate = self._decode(key, raw, ConfigRecord) or self.gate
            elif prefix == "portal":
                self._take(key, name, self._decode(key, raw, PortalRecord), self.portals)
            elif prefix == "ap":
                found = self._decode(key, raw, AccessPointRecord)
                self._take(key, name, found, self.access_points)
            elif prefix == "face":
                self._take(key, name, self._decode(key, raw, FaceSettingsRecord), self.face)
            elif key == ROLLOUT_RECORD:
                self._decode(key, raw, RolloutRecord)
            elif prefix == "artefact":
                found_file = self._decode(key, raw, ArtefactRecord)
                self._take(key, name, found_file, self.artefacts)
            else:
                self._refuse_key(key)
        self.findings += policy_checks.check_config(self.gate, self.portals, self.access_points)
        self.findings += check_access_points(self.access_points)
        self.findings += check_face_settings(self.access_points, self.face)

    def policy(self, held: Held) -> None:
        """Read `policy`: `schedule:<name>`, `level:<name>`, `calendar:<year>`."""
        for key, raw in sorted(held.records.items()):
            prefix, _, name = key.partition(":")
            if prefix == "schedule":
                self._take(key, name, self._decode(key, raw, ScheduleRecord), self.schedules)
            elif prefix == "level":
                self._take(key, name, self._decode(key, raw, LevelRecord), self.levels)
            elif prefix == "calendar":
                self._take_calendar(name, self._decode(key, raw, CalendarRecord))
            else:
                self._refuse_key(key)
        self.findings += policy_checks.check_policy(self.schedules, self.levels)

    def _leases(self, held: Held) -> None:
        """Read `leases`: the prefix of each id tells the model (`consents`)."""
        for key, raw in sorted(held.records.items()):
            try:
                prefix, _ = take_id(key)
            except ContractError:
                self._refuse_key(key)
                continue
            self._decode(key, raw, LEASE_MODELS[prefix])

    def _with_ids(self, held: Held, model: type[T]) -> dict[str, T]:
        """Read a document whose record ids are 8-byte pseudonyms in base32."""
        found = {}
        for key, raw in sorted(held.records.items()):
            try:
                parse_pseudonym(id_from_text(key))
            except ContractError:
                self._refuse_key(key)
            record = self._decode(key, raw, model)
            if record is not None:
                found[key] = record
        return found

    def _take(self, key: str, name: str, record: T | None, into: dict[str, T]) -> None:
        if not policy_checks.is_record_name(name):
            self._refuse_key(key)
        elif record is not None:
            into[name] = record

    def _take_calendar(self, year: str, record: CalendarRecord | None) -> None:
        if record is not None:
            self.findings += policy_checks.check_calendar(year, record)
            self.calendar.update(record.days)

    def _decode(self, key: str, raw: bytes, model: type[T]) -> T | None:
        try:
            return codec.decode(raw, model)
        except ContractError as error:
            zh, en = error.text("zh-CN"), error.text("en")
            self.findings.append(Finding(_shown(key), "", f"更正：{zh}", f"correct it: {en}"))
            return None

    def _refuse_key(self, key: str) -> None:
        self.findings.append(
            Finding(
                _shown(key),
                "",
                "记录编号未知，请删除或更新软件",
                "unknown record id: remove it or update",
            )
        )


def _shown(key: str) -> str:
    """Return an id that is safe in a log line."""
    return "".join(
        character if character.isascii() and character.isprintable() else "?" for character in key
    )[:48]
