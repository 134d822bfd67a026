"""Configuration is refused whole, with every finding; face never reaches further (promise 1)."""

from collections.abc import Mapping

import msgspec
import pytest
from msgspec.structs import replace

from mqtt.contract import codec, documents
from mqtt.contract.containment import check_leases
from mqtt.contract.documents import Held
from mqtt.contract.errors import ContractError
from mqtt.contract.events import Direction, Method
from mqtt.contract.findings import PolicyError
from mqtt.contract.ids import id_to_text
from mqtt.contract.lease import MAX_LEASE_MS, LeaseVerdict, judge_lease
from mqtt.contract.policy import CompiledPolicy, check_document
from mqtt.contract.reasons import ReasonCode
from mqtt.contract.records import (
    AccessPointRecord,
    CalendarRecord,
    ConfigRecord,
    CredentialRecord,
    DayKind,
    GrantRecord,
    LeaseRecord,
    LevelRecord,
    PortalRecord,
    ScheduleRecord,
    StaffRecord,
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
    with pytest.raises(PolicyError):
        check_document(DocumentName.LEASES, held({id_to_text(b"holder-1"): ConfigRecord()}))
    with pytest.raises(ContractError):
        check_document(DocumentName.KEYS, held({"00": ConfigRecord()}))


# Promise 1 and rules NS-01, NS-03, NS-04.

FACE = replace(NORTH, methods=(Method.FACE, Method.QR))
FOB_CREDENTIAL = CredentialRecord(b"holder-1", Method.FOB, ("residents",), 0, 10_000)
QR_CREDENTIAL = replace(FOB_CREDENTIAL, method=Method.QR)
LEASE = LeaseRecord(b"credent1", 1_000, 5_000)


@pytest.mark.parametrize(
    "methods",
    [
        (Method.FACE,),
        (Method.FACE, Method.GUARD),
        (Method.FACE, Method.PIN),
        (Method.FACE, Method.PIN, Method.GUARD),
    ],
)
def test_j11_face_without_qr_or_fob_is_refused_by_controller_and_gate(
    methods: tuple[Method, ...],
) -> None:
    config = {**CONFIG, "ap:north-in": replace(NORTH, methods=methods)}
    for refuse in (
        lambda: compiled(config),
        lambda: check_document(DocumentName.CONFIG, held(config)),
    ):
        with pytest.raises(PolicyError) as caught:
            refuse()
        assert caught.value.code is ReasonCode.FACE_ONLY
        (finding,) = caught.value.findings
        assert (finding.rule, finding.record) == ("NS-01", "ap:north-in")


def test_face_beside_qr_or_fob_is_accepted() -> None:
    for other in (Method.QR, Method.FOB):
        compiled({**CONFIG, "ap:north-in": replace(NORTH, methods=(Method.FACE, other))})


def test_a_face_is_no_credential() -> None:
    face = replace(QR_CREDENTIAL, method=Method.FACE)
    records = {id_to_text(b"credent1"): face, id_to_text(b"credent2"): QR_CREDENTIAL}
    with pytest.raises(PolicyError) as caught:
        check_document(DocumentName.CREDENTIALS, held(records))
    assert [finding.rule for finding in caught.value.findings] == ["NS-04"]


def test_a_staff_record_or_lease_has_no_method_to_favour() -> None:
    assert "method" not in LeaseRecord.__struct_fields__ + StaffRecord.__struct_fields__
    assert "method" not in GrantRecord.__struct_fields__ + LevelRecord.__struct_fields__


def verdict(
    lease: LeaseRecord | None = LEASE,
    named: CredentialRecord | None = QR_CREDENTIAL,
    held_credentials: tuple[CredentialRecord, ...] = (),
    now_ms: int | None = 2_000,
    access_point: AccessPointRecord = FACE,
) -> LeaseVerdict:
    return judge_lease(lease, b"holder-1", named, held_credentials, access_point, now_ms=now_ms)


def test_a_lease_holds_in_its_window_and_ends_with_the_named_credential() -> None:
    assert verdict() == LeaseVerdict(ReasonCode.GRANTED, 5_000)
    assert verdict().holds
    assert verdict(now_ms=999).reason is ReasonCode.NOT_YET_VALID
    assert verdict(now_ms=5_000).reason is ReasonCode.EXPIRED
    shorter = replace(QR_CREDENTIAL, valid_until_ms=3_000)
    assert verdict(named=shorter) == LeaseVerdict(ReasonCode.GRANTED, 3_000)
    assert verdict(named=shorter, now_ms=3_000).reason is ReasonCode.EXPIRED
    later = replace(QR_CREDENTIAL, valid_from_ms=2_500)
    assert verdict(named=later).reason is ReasonCode.NOT_YET_VALID


def test_no_lease_without_a_lease_a_clock_or_the_persons_own_credential() -> None:
    assert verdict(lease=None).reason is ReasonCode.NO_LEASE
    day = LeaseRecord(b"credent1", 1_000, 1_000 + MAX_LEASE_MS)
    long_lived = replace(QR_CREDENTIAL, valid_until_ms=10 * MAX_LEASE_MS)
    assert verdict(lease=day, named=long_lived).holds
    longer = replace(day, until_ms=day.until_ms + 1)
    assert verdict(lease=longer, named=long_lived).reason is ReasonCode.NO_LEASE
    assert verdict(now_ms=None).reason is ReasonCode.CLOCK_UNTRUSTED
    assert verdict(named=None).reason is ReasonCode.UNKNOWN_CREDENTIAL
    other = replace(QR_CREDENTIAL, holder=b"holder-2")
    assert verdict(named=other).reason is ReasonCode.UNKNOWN_CREDENTIAL
    face = replace(QR_CREDENTIAL, method=Method.FACE)
    assert verdict(named=face).reason is ReasonCode.UNKNOWN_CREDENTIAL


def test_face_does_not_open_where_the_persons_own_credential_cannot_be_read() -> None:
    """A fob holder at a gate with a face camera and a QR reader only."""
    assert verdict(named=FOB_CREDENTIAL).reason is ReasonCode.METHOD_SUSPENDED
    assert verdict(named=FOB_CREDENTIAL, held_credentials=(QR_CREDENTIAL,)).holds
    for lesser in (
        replace(QR_CREDENTIAL, levels=("visitors",)),
        replace(QR_CREDENTIAL, valid_until_ms=9_999),
        replace(QR_CREDENTIAL, valid_from_ms=1),
        replace(QR_CREDENTIAL, holder=b"holder-2"),
        replace(QR_CREDENTIAL, method=Method.PIN),
    ):
        refused = verdict(named=FOB_CREDENTIAL, held_credentials=(lesser,))
        assert refused.reason is ReasonCode.METHOD_SUSPENDED


def test_leases_that_would_reach_further_are_found_before_publishing() -> None:
    fob, qr, lease = (id_to_text(each) for each in (b"credent1", b"credent2", b"holder-1"))
    points = {"north-in": FACE, "south-in": NORTH}
    findings = check_leases(points, {fob: FOB_CREDENTIAL}, {lease: LEASE})
    assert [(each.rule, each.where) for each in findings] == [
        ("NS-03", f"leases/{lease}.ap:north-in")
    ]
    both = {fob: FOB_CREDENTIAL, qr: QR_CREDENTIAL}
    assert check_leases(points, both, {lease: LEASE}) == []
    assert check_leases(points, {qr: QR_CREDENTIAL}, {lease: LEASE})
    assert check_leases({"south-in": NORTH}, {}, {lease: LEASE}) == []
