"""Check that face is never needed where and when things open (NS, EQ-04, EQ-06, AC-01)."""

from collections.abc import Mapping

from sqlalchemy import select

from controller.domain.moment import MINUTE_MS
from controller.domain.people import HolderKind
from controller.services.face_settings import face_settings, switches
from controller.services.gates import config_of
from controller.services.proofs import present_proof
from controller.services.rules.case import (
    Case,
    Check,
    Point,
    failed_or_passed,
    no_data,
    not_applicable,
    said,
)
from controller.storage.models import CredentialRow, DocumentRow, HolderRow
from mqtt.contract.containment import check_face_settings
from mqtt.contract.rules import Evaluation, Evidence, Verdict

__all__ = ["WAYS"]

_HEARD_MS = 2 * MINUTE_MS
NO_FACE = ("没有安装人脸的通行点。", "Face is fitted nowhere.")
NO_CONSENT = ("目前没有有效的同意。", "No consent stands.")


def _point(point: Point, value: str, limit: str = "") -> Evidence:
    return Evidence("document", f"{point.gate}/config ap:{point.name}", value, limit)


def _beside_face(case: Case, rule: str) -> Evaluation:
    if not case.with_face:
        return not_applicable(rule, *NO_FACE)
    seen = [_point(point, ",".join(point.automated) or "-", "qr|fob") for point in case.with_face]
    wrong = [each for each, point in zip(seen, case.with_face, strict=True) if not point.automated]
    return failed_or_passed(
        rule,
        wrong,
        seen,
        fails=(
            "有通行点只有人脸而没有二维码或门禁卡。",
            "A point has face and neither QR nor fob.",
        ),
        passes=("每个人脸点都有二维码或门禁卡。", "Each point with face has QR or fob."),
    )


def _two_ways(case: Case, rule: str) -> Evaluation:
    if not case.points:
        return no_data(rule, "还没有通行点。", "There is no access point yet.")
    seen = [_point(point, ",".join(point.methods), "2, fob, guard") for point in case.points]
    wrong = [
        each
        for each, point in zip(seen, case.points, strict=True)
        if len({"qr", "fob"} & set(point.methods)) < 2 or "guard" not in point.methods
    ]
    return failed_or_passed(
        rule,
        wrong,
        seen,
        fails=("有通行点少于两种非生物方式，或没有门卫。", "A point lacks two ways or the guard."),
        passes=("每处都有二维码、门禁卡和门卫。", "Each point has QR, fob and guard."),
    )


def _without_phone(case: Case, rule: str) -> Evaluation:
    if not case.points:
        return no_data(rule, "还没有通行点。", "There is no access point yet.")
    seen = [_point(point, ",".join(point.methods), "qr|fob") for point in case.points]
    wrong = [e for e, p in zip(seen, case.points, strict=True) if not p.automated]
    return failed_or_passed(
        rule,
        wrong,
        seen,
        fails=("有通行点没有手机就进不去。", "A point cannot be passed without a phone."),
        passes=("每处可刷卡或出示纸质码。", "Each point takes a fob or a paper pass."),
    )


def _contained(case: Case, rule: str) -> Evaluation:
    if not case.with_face:
        return not_applicable(rule, *NO_FACE)
    wrong: list[Evidence] = []
    right: list[Evidence] = []
    for gate in sorted({point.gate for point in case.with_face}):
        proof = present_proof(case.uow, gate)
        config = case.uow.find(DocumentRow, (gate, "config"))
        if proof is None or config is None or proof.config_version != config.version:
            return no_data(
                rule, "现行配置尚未证明。", "The present configuration is not proven yet."
            )
        shown = Evidence("record", proof.proof_hash.hex(), str(proof.beyond), "0")
        (wrong if proof.beyond else right).append(shown)
    return failed_or_passed(
        rule,
        wrong,
        right,
        fails=(
            "有时段人脸能开而其他方式不能。",
            "At some time face opens where nothing else does.",
        ),
        passes=(
            "全部时间区间已比较，人脸不比其他方式多开一分钟。",
            "All intervals compared: none is face's alone.",
        ),
    )


def _suspended(case: Case, rule: str) -> Evaluation:
    gates = {point.gate for point in case.with_face}
    if not gates:
        return not_applicable(rule, *NO_FACE)
    wrong: list[Evidence] = []
    right: list[Evidence] = []
    for gate in sorted(gates):
        row = case.presence.get(gate)
        if row is None or case.moment.utc_ms - row.heard_at_ms > _HEARD_MS:
            continue
        value = ",".join(f"{way}:{row.methods.get(way, '-')}" for way in ("qr", "fob", "face"))
        shown = Evidence("heartbeat", f"{gate}/{row.epoch}/{row.size}", value)
        (wrong if _is_alone(row.methods) else right).append(shown)
    if not wrong and len(right) < len(gates):
        return no_data(
            rule, "有大门两分钟内没有消息。", "A gate was silent for two minutes.", right
        )
    return failed_or_passed(
        rule,
        wrong,
        right,
        fails=("其他方式都不可用时人脸仍可用。", "Face works while no other way does."),
        passes=(
            "各门签名的状态：人脸可用时其他方式可用。",
            "Signed states: where face works, another way does.",
        ),
    )


def _is_alone(methods: Mapping[str, str]) -> bool:
    others = (methods.get("qr"), methods.get("fob"))
    return methods.get("face") == "ready" and "ready" not in others


def _has_credential(case: Case, rule: str) -> Evaluation:
    if not case.consents:
        return not_applicable(rule, *NO_CONSENT)
    people = {row.holder_id for row in case.consents}
    held = set(
        case.uow.session.scalars(
            select(CredentialRow.holder_id).where(
                CredentialRow.holder_id.in_(people),
                CredentialRow.ended_at_ms.is_(None),
                CredentialRow.valid_until_ms > case.moment.utc_ms,
                CredentialRow.dwelling_id.is_(None),
            )
        )
    )
    without = len(people - held)
    shown = [Evidence("count", "people without", str(without), "0")]
    return failed_or_passed(
        rule,
        shown if without else [],
        shown,
        fails=(
            "有人同意了人脸却没有其他有效凭证。",
            "Somebody consented without another credential.",
        ),
        passes=("同意人脸的人都另有有效凭证。", "Whoever consented holds another credential."),
    )


def _residents_only(case: Case, rule: str) -> Evaluation:
    if not case.consents:
        return not_applicable(rule, *NO_CONSENT)
    people = {row.holder_id for row in case.consents}
    others = select(HolderRow.id).where(
        HolderRow.id.in_(people), HolderRow.kind != HolderKind.RESIDENT.value
    )
    count = len(case.uow.session.scalars(others).all())
    shown = [Evidence("count", "consents of others", str(count), "0")]
    return failed_or_passed(
        rule,
        shown if count else [],
        shown,
        fails=("有非住户的人脸同意。", "Somebody who is no resident consented."),
        passes=("人脸只有住户登记。", "Residents alone have face."),
    )


def _on_record(case: Case, rule: str) -> Evaluation:
    if not case.with_face:
        return not_applicable(rule, *NO_FACE)
    records = face_settings(case.uow)
    wrong = [
        Evidence("record", finding.where, "-")
        for gate in sorted({point.gate for point in case.with_face})
        for finding in check_face_settings(
            config_of(case.uow, case.site, gate).access_points, records
        )
    ]
    right = [Evidence("record", f"face:{point.name}") for point in case.with_face]
    return failed_or_passed(
        rule,
        wrong,
        right,
        fails=("有人脸点缺少评估、告知书或标识记录。", "A point lacks assessment, notice or sign."),
        passes=("每个人脸点的记录齐全。", "Each point's record is complete."),
    )


def _switch(case: Case, rule: str) -> Evaluation:
    if not case.with_face:
        return not_applicable(rule, *NO_FACE)
    used = switches(case.uow)
    if not used:
        return said(
            rule,
            Verdict.NEEDS_HUMAN,
            "开关还没有用过：请在演练中实际暂停一次。",
            "The switch was never used: suspend face once in a drill.",
        )
    shown = [
        Evidence("record", f"switch {scope}", str(row.since_ms)) for scope, row in used.items()
    ]
    return said(rule, Verdict.PASS, "开关已实际用过。", "The switch was used.", shown)


def _lanes(case: Case, rule: str) -> Evaluation:
    if not case.with_face:
        return not_applicable(rule, *NO_FACE)
    wrong = [
        _point(point, ",".join(point.methods)) for point in case.with_face if not point.automated
    ]
    shown = [
        Evidence("count", "points with face", str(len(case.with_face))),
        Evidence("count", "points without face", str(len(case.points) - len(case.with_face))),
    ]
    return failed_or_passed(
        rule,
        wrong,
        shown,
        fails=("有人脸通道没有其他读头。", "A lane with face has no other reader."),
        passes=(
            "每条人脸通道都有其他读头；通道数须现场核对。",
            "Each lane with face has another reader; count lanes on site.",
        ),
    )


WAYS: Mapping[str, Check] = {
    "NS-01": _beside_face,
    "NS-02": _two_ways,
    "NS-03": _contained,
    "NS-05": _suspended,
    "NS-07": _has_credential,
    "NS-08": _residents_only,
    "NS-09": _on_record,
    "NS-10": _switch,
    "EQ-04": _lanes,
    "EQ-06": _contained,
    "AC-01": _without_phone,
}
