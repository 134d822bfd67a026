"""Configuration is refused whole, with every finding; limits of single records (D01)."""

from collections.abc import Mapping

import msgspec
import pytest
from msgspec.structs import replace

from mqtt.contract import codec, documents
from mqtt.contract.documents import Held
from mqtt.contract.errors import ContractError
from mqtt.contract.events import Direction, Method
from mqtt.contract.findings import PolicyError
from mqtt.contract.ids import id_to_text
from mqtt.contract.policy import CompiledPolicy, check_document
from mqtt.contract.reasons import ReasonCode
from mqtt.contract.records import (
    AccessPointRecord,
    CalendarRecord,
    ConfigRecord,
    DayKind,
    GrantRecord,
    LeaseRecord,
    LevelRecord,
    PortalRecord,
    ScheduleRecord,
    WindowRecord,
)
from mqtt.contract.topics import DocumentName

NORTH = AccessPointRecord("north", Direction.IN, (Method.QR, Method.FOB, Method.GUARD))
CONFIG: Mapping[str, msgspec.Struct] = {
    "gate": ConfigRecord(),
    "portal:north": PortalRecord(),
    "ap:north-in": NORTH,
}
POLICY: Mapping[str, msgspec.Struct] = {
    "schedule:day": ScheduleRecord((WindowRecord((0, 1, 2, 3, 4), 480, 1_440),)),
    "schedule:always": ScheduleRecord(always=True),
    "level:residents": LevelRecord((GrantRecord(("north-in",), "always"),)),
    "calendar:2026": CalendarRecord({"2026-10-01": DayKind.HOLIDAY}),
}


def held(records: Mapping[str, msgspec.Struct], version: int = 7) -> Held:
    encoded = {key: codec.encode(record) for key, record in records.items()}
    return Held(version, documents.digest_of(encoded), encoded)


def compiled(
    config: Mapping[str, msgspec.Struct] = CONFIG, policy: Mapping[str, msgspec.Struct] = POLICY
) -> CompiledPolicy:
    return CompiledPolicy.from_records(held(config), held(policy))


def found(
    config: Mapping[str, msgspec.Struct] = CONFIG, policy: Mapping[str, msgspec.Struct] = POLICY
) -> list[str]:
    with pytest.raises(PolicyError) as caught:
        compiled(config, policy)
    return [finding.where for finding in caught.value.findings]


def test_a_good_configuration_compiles() -> None:
    policy = compiled()
    assert policy.version == 7
    assert policy.access_points == {"north-in": NORTH}
    assert set(policy.schedules) == {"day", "always"}
    assert policy.calendar["2026-10-01"] is DayKind.HOLIDAY
    with pytest.raises(TypeError):
        policy.portals["south"] = PortalRecord()  # type: ignore[index]  # it must be frozen


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"unlock_ms": 999}, "unlock_ms"),
        ({"unlock_ms": 60_001, "longer_unlock_ms": 60_001}, "unlock_ms"),
        ({"longer_unlock_ms": 4_999}, "longer_unlock_ms"),
        ({"held_warn_ms": 9_999}, "held_warn_ms"),
        ({"held_alarm_ms": 29_999}, "held_alarm_ms"),
        ({"held_alarm_ms": 9_999, "held_warn_ms": 10_000}, "held_alarm_ms"),
        ({"interlock_with": ("north",)}, "interlock_with"),
        ({"interlock_with": ("south",)}, "interlock_with"),
        ({"free_schedule": "night"}, "free_schedule"),
    ],
)
def test_d01_a_portal_out_of_range_is_refused(changes: dict[str, object], field: str) -> None:
    portal = replace(PortalRecord(), **changes)
    assert f"portal:north.{field}" in found({**CONFIG, "portal:north": portal})


def test_d01_the_limits_themselves_are_accepted() -> None:
    for unlock_ms in (1_000, 60_000):
        portal = PortalRecord(unlock_ms, 60_000, 10_000, 10_000)
        assert compiled({**CONFIG, "portal:north": portal}).portals["north"] == portal


@pytest.mark.parametrize(
    "config",
    [
        {"gate": ConfigRecord(zone="../etc/passwd")},
        {"gate": ConfigRecord(zone="Shanghai")},
        {"gate": ConfigRecord(passback="strict")},
        {"gate": ConfigRecord(phone_window_s=29)},
        {"gate": ConfigRecord(phone_skew_s=121)},
        {"ap:north-in": replace(NORTH, portal="south")},
        {"ap:north-in": replace(NORTH, methods=())},
        {"ap:north-in": replace(NORTH, methods=(Method.QR, Method.QR))},
        {"ap:north-in": replace(NORTH, methods=(Method.QR, Method.REMOTE))},
        {"ap:up": NORTH},
        {"ap:../north": NORTH},
        {"portal:": PortalRecord()},
        {"gates": ConfigRecord()},
        {"camera:north": ConfigRecord()},
        {"portal:north": ConfigRecord()},
    ],
)
def test_a_bad_config_record_is_refused(config: dict[str, msgspec.Struct]) -> None:
    assert found({**CONFIG, **config})


@pytest.mark.parametrize(
    "policy",
    [
        {"schedule:day": ScheduleRecord((WindowRecord((7,), 0, 60),))},
        {"schedule:day": ScheduleRecord((WindowRecord((), 0, 60),))},
        {"schedule:day": ScheduleRecord((WindowRecord((1, 1), 0, 60),))},
        {"schedule:day": ScheduleRecord((WindowRecord((1,), 1_440, 60),))},
        {"schedule:day": ScheduleRecord((WindowRecord((1,), 0, 0),))},
        {"schedule:day": ScheduleRecord((WindowRecord((1,), 0, 1_441),))},
        {"schedule:day": ScheduleRecord((WindowRecord((1,), -1, 60),))},
        {"schedule:day": ScheduleRecord((WindowRecord((1,), 0, 60),), always=True)},
        {"level:residents": LevelRecord((GrantRecord(("north-in",), "never-made"),))},
        {"level:residents": LevelRecord((GrantRecord((), "always"),))},
        {"calendar:2026": CalendarRecord({"2026-02-30": DayKind.HOLIDAY})},
        {"calendar:2026": CalendarRecord({"2027-01-01": DayKind.HOLIDAY})},
        {"calendar:2026": CalendarRecord({"20261001": DayKind.HOLIDAY})},
        {"script:x": ScheduleRecord()},
    ],
)
def test_a_bad_policy_record_is_refused(policy: dict[str, msgspec.Struct]) -> None:
    assert found(policy={**POLICY, **policy})


def test_every_finding_is_named_at_once_with_its_cure() -> None:
    config = {"portal:north": PortalRecord(1), "ap:north-in": replace(NORTH, portal="south")}
    with pytest.raises(PolicyError) as caught:
        compiled(config)
    error = caught.value
    assert error.code is ReasonCode.CONFIG_INVALID
    named = ["gate", "portal:north.unlock_ms", "ap:north-in.portal"]
    assert [finding.where for finding in error.findings] == named
    assert "1000 to 60000" in error.cure("en")
    assert "取 1000 至 60000" in error.cure("zh-CN")


def test_a_hostile_record_id_stays_out_of_the_text() -> None:
    with pytest.raises(PolicyError) as caught:
        compiled({**CONFIG, "x\n\x1b[31m" + "y" * 500: ConfigRecord()})
    assert "\n" not in str(caught.value)
    assert "\x1b" not in str(caught.value)
    assert len(str(caught.value)) < 500


def test_single_documents_are_checked_as_they_arrive() -> None:
    check_document(
        DocumentName.CONFIG, held({**CONFIG, "portal:north": PortalRecord(free_schedule="day")})
    )
    check_document(DocumentName.POLICY, held(POLICY))
    check_document(DocumentName.ROSTER, held({}))
    with pytest.raises(PolicyError):
        check_document(DocumentName.ROSTER, held({"nobody": LeaseRecord(b"", 0, 1)}))
    lease = f"lease:{id_to_text(b'holder-1')}"
    with pytest.raises(PolicyError):
        check_document(DocumentName.LEASES, held({lease: ConfigRecord()}))
    with pytest.raises(ContractError):
        check_document(DocumentName.KEYS, held({"00": ConfigRecord()}))
