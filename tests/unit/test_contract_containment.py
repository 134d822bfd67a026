"""Face never reaches further than a person's other credentials; promise 1 on both ends."""

import pytest
from msgspec.structs import replace

from mqtt.contract.containment import check_leases
from mqtt.contract.events import Method
from mqtt.contract.findings import PolicyError
from mqtt.contract.ids import id_to_text
from mqtt.contract.lease import MAX_LEASE_MS, LeaseVerdict, judge_lease
from mqtt.contract.policy import check_document
from mqtt.contract.reasons import ReasonCode
from mqtt.contract.records import (
    AccessPointRecord,
    CredentialRecord,
    GrantRecord,
    LeaseRecord,
    LevelRecord,
    StaffRecord,
)
from mqtt.contract.records_face import FaceSettingsRecord
from mqtt.contract.topics import DocumentName
from tests.unit.test_contract_policy import CONFIG, NORTH, compiled, held

FACE = replace(NORTH, methods=(Method.FACE, Method.QR))
FOB_CREDENTIAL = CredentialRecord(b"holder-1", Method.FOB, ("residents",), 0, 10_000)
QR_CREDENTIAL = replace(FOB_CREDENTIAL, method=Method.QR)
LEASE = LeaseRecord(b"credent1", 1_000, 5_000)
FACE_SETTINGS = FaceSettingsRecord("PIA-2026-01", "v1", 1_000)
SETTINGS = {"face:north-in": FACE_SETTINGS}


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
    config = {**CONFIG, **SETTINGS, "ap:north-in": replace(NORTH, methods=methods)}
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
        fitted = replace(NORTH, methods=(Method.FACE, other))
        found = compiled({**CONFIG, **SETTINGS, "ap:north-in": fitted})
        assert found.face["north-in"] == FACE_SETTINGS


@pytest.mark.parametrize("missing", ["pipia_ref", "notice_version", "sign_attested_at_ms"])
def test_face_is_off_until_assessment_notice_and_sign_are_on_record(missing: str) -> None:
    fitted = {**CONFIG, "ap:north-in": FACE}
    lacking = replace(FACE_SETTINGS, **{missing: 0 if missing.endswith("_ms") else ""})
    for settings, field in (({}, ""), ({"face:north-in": lacking}, missing)):
        for refuse in (
            compiled,
            lambda config: check_document(DocumentName.CONFIG, held(config)),
        ):
            with pytest.raises(PolicyError) as caught:
                refuse({**fitted, **settings})
            (finding,) = caught.value.findings
            assert (finding.rule, finding.record, finding.field) == (
                "NS-09",
                "face:north-in",
                field,
            )
            assert "PIPL Art. 55" in finding.said("en")
    compiled({**CONFIG, **SETTINGS})


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
