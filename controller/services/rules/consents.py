"""Check consents, their ends and what they stand on (CO, WD, MI, NO)."""

from collections.abc import Mapping

from sqlalchemy import func, select

from controller.domain.erasure import BREACH_MS
from controller.domain.face_switch import NoticeText, check_notice
from controller.domain.moment import DAY_MS, HOUR_MS
from controller.services.erasure import RequestView, request_views
from controller.services.notices import hash_of, notice_in_force
from controller.services.rules.case import (
    Case,
    Check,
    counted,
    failed_or_passed,
    no_data,
    not_applicable,
    said,
)
from controller.services.rules.ways import NO_CONSENT, NO_FACE
from controller.storage.models import (
    DocumentRecordRow,
    EventRow,
    FaceConsentRow,
    FaceEnrolmentRow,
    HolderRow,
)
from mqtt.contract import codec
from mqtt.contract.lease import MAX_LEASE_MS
from mqtt.contract.records import LeaseRecord
from mqtt.contract.records_face import ENTRY_PURPOSE
from mqtt.contract.rules import Evaluation, Evidence, Verdict

__all__ = ["CONSENTS"]

TERM_MS = 367 * DAY_MS
_NEVER = ("从未有人同意人脸。", "Nobody ever consented to face.")


def _separate(case: Case, rule: str) -> Evaluation:
    if not case.consents:
        return not_applicable(rule, *NO_CONSENT)
    wrong = sum(row.purpose != ENTRY_PURPOSE for row in case.consents)
    return counted(
        rule,
        "consents with another purpose",
        wrong,
        ("有同意含其他目的。", "A consent has another purpose."),
        ("每份同意只为进门一个目的。", "Each consent is for entry alone."),
    )


def _others_on_screen(case: Case, rule: str) -> Evaluation:
    notice = notice_in_force(case.uow)
    if notice is None:
        return not_applicable(rule, "没有告知书，人脸不能启用。", "Without a notice face is off.")
    words = (("卡", "码"), ("fob", "qr"))
    texts = (notice.screen_zh.lower(), notice.screen_en.lower())
    wrong = sum(word not in text for text, both in zip(texts, words, strict=True) for word in both)
    return counted(
        rule,
        "ways missing on the screen",
        wrong,
        ("同意屏幕没有写全其他方式。", "The screen does not name the other ways."),
        ("同意屏幕上写明了其他方式。", "The screen names the other ways."),
    )


def _own_act(case: Case, rule: str) -> Evaluation:
    if not case.ever_consented:
        return not_applicable(rule, *_NEVER)
    backed = (
        select(func.count(FaceConsentRow.id))
        .join(
            EventRow,
            (EventRow.gate == FaceConsentRow.gate)
            & (EventRow.epoch == FaceConsentRow.epoch)
            & (EventRow.seq == FaceConsentRow.seq),
        )
        .where(EventRow.kind == "consent")
    )
    every = case.uow.session.scalar(select(func.count(FaceConsentRow.id))) or 0
    without = every - (case.uow.session.scalar(backed) or 0)
    return counted(
        rule,
        f"of {every} consents without a signed event",
        without,
        ("有同意没有门口签名的事件。", "A consent has no event that a gate signed."),
        ("每份同意都有门口签名的事件。", "A gate signed the event behind each consent."),
    )


def _bound(case: Case, rule: str) -> Evaluation:
    if not case.consents:
        return not_applicable(rule, *NO_CONSENT)
    notice = notice_in_force(case.uow)
    now = None if notice is None else (notice.version, notice.text_hash)
    grace_ms = case.moment.utc_ms - 2 * 60_000
    wrong = sum((row.notice_version, row.notice_hash) != now for row in case.consents)
    if wrong and notice is not None and notice.published_at_ms > grace_ms:
        return no_data(
            rule,
            "新告知书刚发布，旧同意正在终止。",
            "A new notice is just out; old consents are ending.",
        )
    return counted(
        rule,
        "consents to another notice",
        wrong,
        ("有同意对应的不是现行告知书。", "A consent is to another notice."),
        ("有效同意都与现行告知书绑定。", "Consents are bound to the notice in force."),
    )


def _limited(case: Case, rule: str) -> Evaluation:
    if not case.ever_consented:
        return not_applicable(rule, *_NEVER)
    rows = case.uow.session.execute(select(FaceConsentRow.given_at_ms, FaceConsentRow.until_ms))
    wrong = sum(until_ms - given_ms > TERM_MS for given_ms, until_ms in rows)
    return counted(
        rule,
        "consents longer than 12 months",
        wrong,
        ("有同意超过 12 个月。", "A consent is longer than 12 months."),
        ("同意都不超过 12 个月，告知书没有不当用语。", "No consent is longer than 12 months."),
    )


def _founded(case: Case, rule: str) -> Evaluation:
    held = select(FaceEnrolmentRow.gate, FaceEnrolmentRow.holder_id).where(
        FaceEnrolmentRow.erased_at_ms.is_(None)
    )
    enrolled = {(gate, holder) for gate, holder in case.uow.session.execute(held)}
    standing = {(row.gate, row.holder_id) for row in case.consents}
    asked = {
        (gate, view.holder)
        for view in request_views(case.uow, case.moment, only_open=True)
        for gate in view.progress.outstanding
    }
    if not enrolled and not standing:
        return not_applicable(rule, "没有人登记人脸。", "Nobody is enrolled.")
    return counted(
        rule,
        f"of {len(enrolled)} enrolments without consent or request to erase",
        len(enrolled - standing - asked),
        ("有特征没有同意作依据。", "References stand without a consent."),
        ("各门登记数与同意一致。", "Enrolments equal consents."),
    )


def _leases(case: Case, rule: str) -> Evaluation:
    rows = case.uow.session.execute(
        select(DocumentRecordRow.gate, DocumentRecordRow.body).where(
            DocumentRecordRow.name == "leases", DocumentRecordRow.record.like("lease:%")
        )
    ).all()
    if not rows:
        return not_applicable(rule, "没有租约。", "There is no lease.")
    leases = [codec.decode(body, LeaseRecord) for _, body in rows]
    longest = max(lease.until_ms - lease.from_ms for lease in leases)
    shown = [
        Evidence("document", "leases", f"{longest // HOUR_MS} h", f"{MAX_LEASE_MS // HOUR_MS} h")
    ]
    return failed_or_passed(
        rule,
        shown if longest > MAX_LEASE_MS else [],
        shown,
        fails=("有租约超过 24 小时。", "A lease is longer than 24 h."),
        passes=("租约都不超过 24 小时。", "No lease is longer than 24 h."),
    )


def _erased(case: Case, rule: str) -> Evaluation:
    views = request_views(case.uow, case.moment)
    if not views:
        return not_applicable(rule, "没有删除请求。", "Nobody asked to erase.")
    late = sum(view.progress.is_breach or _took_ms(view) > BREACH_MS for view in views)
    waiting = sum(not view.progress.is_closed for view in views)
    shown = [
        Evidence("count", "requests", str(len(views))),
        Evidence("count", "waiting for receipts", str(waiting)),
        Evidence("count", "over 72 h", str(late), "0"),
    ]
    return failed_or_passed(
        rule,
        shown if late else [],
        shown,
        fails=("有删除请求超过 72 小时。", "A request to erase is older than 72 h."),
        passes=(
            "删除请求按时办结或在时限内，回执逐门核对。",
            "Requests are closed by receipts or in time.",
        ),
    )


def _took_ms(view: RequestView) -> int:
    return 0 if view.closed_at_ms is None else view.closed_at_ms - view.opened_at_ms


def _unasked(case: Case, rule: str) -> Evaluation:
    left = (
        select(func.count())
        .select_from(FaceEnrolmentRow)
        .join(HolderRow, HolderRow.id == FaceEnrolmentRow.holder_id)
        .where(
            FaceEnrolmentRow.erased_at_ms.is_(None),
            HolderRow.left_at_ms.is_not(None),
            HolderRow.left_at_ms < case.moment.utc_ms - 3 * DAY_MS,
        )
    )
    return counted(
        rule,
        "people who left and are enrolled still",
        case.uow.session.scalar(left) or 0,
        ("有搬离的人仍登记人脸。", "Somebody who left is still enrolled."),
        ("搬离的人都已删除。", "Whoever left is erased."),
    )


def _notice(case: Case, rule: str) -> Evaluation:
    row = notice_in_force(case.uow)
    if row is None:
        if not case.with_face:
            return not_applicable(rule, *NO_FACE)
        return said(rule, Verdict.FAIL, "没有告知书。", "There is no notice.")
    text = NoticeText(row.version, row.text_zh, row.text_en, row.screen_zh, row.screen_en)
    refusal = check_notice(text)
    changed = hash_of(text) != row.text_hash
    shown = [Evidence("record", f"notice {row.version}", row.text_hash.hex())]
    wrong = [Evidence("record", f"notice {row.version}", refusal.detail if refusal else "hash")]
    return failed_or_passed(
        rule,
        wrong if refusal or changed else [],
        shown,
        fails=("告知书缺内容或被改动。", "The notice lacks an element or was changed."),
        passes=("告知书要素齐全。", "The notice has its elements."),
    )


CONSENTS: Mapping[str, Check] = {
    "CO-01": _separate,
    "CO-02": _others_on_screen,
    "CO-03": _own_act,
    "CO-04": _bound,
    "CO-05": _limited,
    "CO-06": _founded,
    "WD-02": _leases,
    "WD-03": _erased,
    "WD-04": _erased,
    "WD-05": _unasked,
    "NO-01": _notice,
    "NO-03": _notice,
}
