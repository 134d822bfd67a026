"""Refuse a configuration in which something opens for a face only (promise 1).

A grant cannot name a method, so at one access point and time a person's face opens exactly where
the person's levels open. What is left to check, with the rule of the catalogue:

- NS-01: wherever face is fitted, a QR or fob reader is fitted at the same access point;
- NS-09: wherever face is fitted, the impact assessment, the notice and the sign are on record;
- NS-04: no credential is a face, so no level belongs to a face (a lease names the person's
  non-biometric credential, and face has that one's levels, schedule and end);
- NS-03: for each lease, at each access point with face, the person holds a credential that works
  with a reader fitted there and reaches at least as far as the one that the lease names.

The controller runs all of them before it publishes; the gate runs all but the last on every
document, and the last for each attempt (`lease.judge_lease`). Articles: Hangzhou Property
Management Regulations Art. 50(2), Order 19 Art. 4, 5, 9 and 10.
"""

from collections.abc import Iterable, Mapping

from mqtt.contract.events import Method
from mqtt.contract.findings import Finding
from mqtt.contract.ids import id_from_text
from mqtt.contract.records import AccessPointRecord, CredentialRecord, LeaseRecord
from mqtt.contract.records_face import FaceSettingsRecord

__all__ = [
    "AUTOMATED_METHODS",
    "check_access_points",
    "check_credentials",
    "check_face_settings",
    "check_leases",
    "opens_without_face",
]

AUTOMATED_METHODS = frozenset({Method.QR, Method.FOB})
"""Non-biometric ways that open without another person's help and can be issued to everybody."""


_EQUAL_WAYS = "Hangzhou Property Management Regulations Art. 50(2); Order 19 Art. 10"
_BEFORE_FACE = "Order 19 Art. 4, 5, 9; PIPL Art. 55"
_NEEDED = (
    ("pipia_ref", "填写个人信息保护影响评估编号", "name the impact assessment (PIPIA)"),
    ("notice_version", "填写告知书版本", "name the version of the notice"),
    ("sign_attested_at_ms", "确认现场标识已张贴", "attest that the sign hangs there"),
)


def check_access_points(access_points: Mapping[str, AccessPointRecord]) -> list[Finding]:
    """Return a finding for each access point with face and neither QR nor fob (NS-01)."""
    return [
        Finding(
            f"ap:{name}",
            "methods",
            "加装二维码或门禁卡读头，或去掉刷脸",
            "fit a qr or fob reader too, or take face away",
            "NS-01",
            _EQUAL_WAYS,
        )
        for name, access_point in access_points.items()
        if Method.FACE in access_point.methods
        and not AUTOMATED_METHODS.intersection(access_point.methods)
    ]


def check_face_settings(
    access_points: Mapping[str, AccessPointRecord], settings: Mapping[str, FaceSettingsRecord]
) -> list[Finding]:
    """Return what is missing before face may be on at an access point (NS-09).

    Off is the state of things: face needs the reference of the impact assessment, the version of
    the notice and the attestation of the sign.
    """
    findings = []
    for name, access_point in access_points.items():
        if Method.FACE not in access_point.methods:
            continue
        record = settings.get(name)
        if record is None:
            zh, en = "补上此记录，或去掉刷脸", "add this record, or take face away"
            findings.append(Finding(f"face:{name}", "", zh, en, "NS-09", _BEFORE_FACE))
            continue
        findings += [
            Finding(f"face:{name}", field, zh, en, "NS-09", _BEFORE_FACE)
            for field, zh, en in _NEEDED
            if not getattr(record, field)
        ]
    return findings


def check_credentials(credentials: Mapping[str, CredentialRecord]) -> list[Finding]:
    """Return a finding for each credential that is a face (NS-04); keys are record ids."""
    return [
        Finding(
            key,
            "method",
            "人脸不是凭证：改为二维码或门禁卡",
            "a face is no credential: use qr or fob",
            "NS-04",
            "SPC Art. 4",
        )
        for key, credential in credentials.items()
        if credential.method is Method.FACE
    ]


def check_leases(
    access_points: Mapping[str, AccessPointRecord],
    credentials: Mapping[str, CredentialRecord],
    leases: Mapping[str, LeaseRecord],
) -> list[Finding]:
    """Return a finding for each lease under which face would reach further (NS-03).

    All keys are record ids without a prefix: names of access points, base32 text of ids.
    """
    by_id = {id_from_text(key): credential for key, credential in credentials.items()}
    by_holder: dict[bytes, list[CredentialRecord]] = {}
    for credential in by_id.values():
        by_holder.setdefault(credential.holder, []).append(credential)
    findings = []
    for key, lease in leases.items():
        named = by_id.get(lease.credential)
        held = by_holder.get(id_from_text(key), [])
        for name, access_point in access_points.items():
            if Method.FACE not in access_point.methods:
                continue
            if named is None or not opens_without_face(named, access_point, held):
                findings.append(_beyond(key, name))
    return findings


def opens_without_face(
    named: CredentialRecord, access_point: AccessPointRecord, held: Iterable[CredentialRecord]
) -> bool:
    """Tell whether, wherever and whenever `named` is allowed, the person gets in without a face.

    `held` are the person's credentials in force, `named` among them or not. One of them must work
    with an automated reader fitted at the access point, have at least the levels of `named` and
    last at least as long.
    """
    usable = AUTOMATED_METHODS.intersection(access_point.methods)
    return any(
        credential.method in usable
        and set(credential.levels).issuperset(named.levels)
        and credential.valid_from_ms <= named.valid_from_ms
        and credential.valid_until_ms >= named.valid_until_ms
        for credential in (named, *held)
        if credential.holder == named.holder
    )


def _beyond(lease: str, access_point: str) -> Finding:
    return Finding(
        f"leases/{lease}",
        f"ap:{access_point}",
        "此处为本人开通二维码或门禁卡后才能刷脸",
        "give the person a qr or fob that works here first",
        "NS-03",
        _EQUAL_WAYS,
    )
