"""Check counters, retention, logs, assessments, complaints and inspectors' looks."""

from collections.abc import Mapping

from sqlalchemy import func, select

from controller.domain.desk.filing import FILING_AT, WARN_AT
from controller.domain.desk.forms import DeskKind
from controller.domain.moment import DAY_MS, Moment
from controller.services.attestations import COMPOUND, chain_break
from controller.services.attestations import in_force as attested
from controller.services.complaints import complaint_figures
from controller.services.desk.filing import filing
from controller.services.desk.records import in_force
from controller.services.logbook.control import control_head, first_break
from controller.services.records import KEPT_MS
from controller.services.rules.case import (
    Case,
    Check,
    failed_or_passed,
    no_data,
    not_applicable,
    said,
)
from controller.services.rules.ways import NO_FACE
from controller.storage.models import (
    AlarmRow,
    ControlledPointRow,
    DisputeRow,
    GateEpochRow,
    GateHeadRow,
    InspectorLookRow,
    LegalHoldRow,
    PassageRow,
    SiteValueRow,
)
from mqtt.contract.reasons import ReasonCode
from mqtt.contract.rules import Evaluation, Evidence, Verdict

__all__ = ["DUTIES"]

_HEARD_MS = 10 * 60_000
_RIGHTS_MS = 15 * DAY_MS
_BROKEN = (ReasonCode.FORK.value, ReasonCode.GAP.value, ReasonCode.EPOCH_CHANGED.value)
_CAUSES = ("entry", "enrolment")
_WHAT = ("armed", "frames", "detections", "pad_votes", "embeddings", "unknown")


def _unpressed(case: Case, rule: str) -> Evaluation:
    gates = sorted({point.gate for point in case.with_face})
    if not gates:
        return not_applicable(rule, *NO_FACE)
    wrong: list[Evidence] = []
    right: list[Evidence] = []
    for gate in gates:
        row = case.presence.get(gate)
        if row is None or row.face is None or _is_old(row.heard_at_ms, case.moment):
            continue
        counts = row.face
        presses = counts.get("presses", 0)
        done = sum(counts.get(f"{cause}_{what}", 0) for cause in _CAUSES for what in _WHAT)
        armed = sum(counts.get(f"{cause}_armed", 0) for cause in _CAUSES)
        shown = Evidence(
            "heartbeat", f"{gate}/{row.epoch}/{row.size}", f"{presses} presses, {done} done"
        )
        (wrong if (done and not presses) or armed > presses else right).append(shown)
    if not wrong and len(right) < len(gates):
        return no_data(
            rule,
            "有人脸设备近十分钟没有签名计数。",
            "A unit with face told no counters of late.",
            right,
        )
    return failed_or_passed(
        rule,
        wrong,
        right,
        fails=("没有人按按钮，人脸却工作过。", "Face worked without a press."),
        passes=("签名计数：没有按下就没有画面。", "Signed counters: no press, no frame."),
    )


def _is_old(heard_ms: int, moment: Moment) -> bool:
    return moment.utc_ms - heard_ms > _HEARD_MS


def _retained(case: Case, rule: str) -> Evaluation:
    oldest_s = case.uow.session.scalar(select(func.min(PassageRow.at_s)))
    if oldest_s is None:
        return said(rule, Verdict.PASS, "没有实名通行记录。", "No named passage is held.")
    days = (case.moment.utc_ms - oldest_s * 1000) // DAY_MS
    held = case.uow.session.scalar(select(func.count()).select_from(LegalHoldRow)) or 0
    disputed = case.uow.session.scalar(select(func.count()).select_from(DisputeRow)) or 0
    shown = [Evidence("count", "oldest named passage", f"{days} d", f"{KEPT_MS // DAY_MS} d")]
    is_late = days > KEPT_MS // DAY_MS + 1 and not held and not disputed
    return failed_or_passed(
        rule,
        shown if is_late else [],
        shown,
        fails=("有实名通行记录超过 30 天。", "A named passage is older than 30 days."),
        passes=(
            "实名通行记录按期删除，或依法留存。",
            "Named passages go in time, or are held by law.",
        ),
    )


def _holds(case: Case, rule: str) -> Evaluation:
    rows = case.uow.session.scalars(
        select(LegalHoldRow).where(LegalHoldRow.ended_at_ms.is_(None))
    ).all()
    if not rows:
        return not_applicable(rule, "没有依法留存。", "Nothing is held.")
    past = sum(row.until_ms <= case.moment.utc_ms for row in rows)
    shown = [Evidence("count", f"of {len(rows)} holds past their end", str(past), "0")]
    return failed_or_passed(
        rule,
        shown if past else [],
        shown,
        fails=("有留存超过结束日期。", "A hold is past its end."),
        passes=("每项留存都有文书和结束日期。", "Each hold has its order and end."),
    )


def _logged(case: Case, rule: str) -> Evaluation:
    broken = first_break(case.uow)
    chained = chain_break(case.uow)
    alarms = select(AlarmRow).where(AlarmRow.cleared_at_ms.is_(None), AlarmRow.reason.in_(_BROKEN))
    wrong = [
        Evidence("event", f"{row.gate}/{row.epoch}/{row.seq}", row.reason)
        for row in case.uow.session.scalars(alarms)
    ]
    if broken is not None:
        wrong.append(Evidence("record", f"controller log {broken}", "changed"))
    if chained is not None:
        wrong.append(Evidence("attestation", str(chained), "changed"))
    head = control_head(case.uow)
    right = [Evidence("record", "controller log", f"{head.size}", "")]
    logs = case.uow.session.execute(
        select(GateEpochRow.gate, GateEpochRow.epoch, GateEpochRow.size)
    )
    for gate, epoch, size in logs:
        newest = select(func.max(GateHeadRow.size)).where(
            GateHeadRow.gate == gate, GateHeadRow.epoch == epoch, GateHeadRow.note != ""
        )
        witnessed = case.uow.session.scalar(newest) or 0
        right.append(Evidence("record", f"{gate}/{epoch}", f"{size} held, {witnessed} witnessed"))
    return failed_or_passed(
        rule,
        wrong,
        right,
        fails=(
            "记录有改动、缺失或未说明的更换。",
            "A log was changed, has a gap, or changed hands unexplained.",
        ),
        passes=("各门与后台记录完整。", "The logs of gates and controller are whole."),
    )


def _rights(case: Case, rule: str) -> Evaluation:
    found = select(DisputeRow.opened_at_ms, DisputeRow.answered_at_ms)
    rows = case.uow.session.execute(found).all()
    if not rows:
        return not_applicable(rule, "没有查阅、更正等请求。", "Nobody asked.")
    late = sum((end or case.moment.utc_ms) - start > _RIGHTS_MS for start, end in rows)
    shown = [Evidence("count", f"of {len(rows)} requests later than 15 days", str(late), "0")]
    return failed_or_passed(
        rule,
        shown if late else [],
        shown,
        fails=("有请求超过 15 天未答复。", "A request waited for more than 15 days."),
        passes=(
            "请求都在 15 天内答复或在时限内。",
            "Requests were answered within 15 days or are in time.",
        ),
    )


def _assessed(case: Case, rule: str) -> Evaluation:
    if not case.with_face:
        return not_applicable(rule, *NO_FACE)
    rows = in_force(case.uow, DeskKind.PIPIA, case.moment)
    if not rows:
        return said(
            rule,
            Verdict.FAIL,
            "没有经批准且在期内的影响评估。",
            "No approved assessment is in force.",
        )
    shown = [Evidence("record", f"{row.kind} {row.id}", row.digest.hex()) for row in rows]
    return said(rule, Verdict.PASS, "影响评估在期内。", "An assessment is in force.", shown)


def _filed(case: Case, rule: str) -> Evaluation:
    state = filing(case.uow)
    shown = [
        Evidence("count", "people enrolled with the operator", str(state.people), str(FILING_AT))
    ]
    if state.people < FILING_AT and case.uow.find(SiteValueRow, "filing_elsewhere") is None:
        return no_data(
            rule,
            "运营者未申报其他小区的人数。",
            "The operator stated no number for other compounds.",
            shown,
        )
    if state.due is None:
        zh = "接近备案人数，请准备。" if state.people >= WARN_AT else "未达到备案人数。"
        en = (
            "Filing comes near: prepare."
            if state.people >= WARN_AT
            else "Below the number for filing."
        )
        return said(rule, Verdict.PASS, zh, en, shown)
    today = case.site.today(case.moment)
    if today <= state.due:
        return said(
            rule,
            Verdict.NEEDS_HUMAN,
            f"须在 {state.due} 前备案。",
            f"File until {state.due}.",
            shown,
        )
    if attested(case.uow, rule, COMPOUND, case.moment) is not None:
        return said(rule, Verdict.PASS, "已登记备案。", "The filing is on record.", shown)
    return said(
        rule, Verdict.FAIL, f"备案已于 {state.due} 到期。", f"Filing was due on {state.due}.", shown
    )


def _operator(case: Case, rule: str) -> Evaluation:
    found = select(ControlledPointRow.operator).where(ControlledPointRow.operator != "")
    names = case.uow.session.scalars(found.distinct()).all()
    if not names:
        return said(rule, Verdict.FAIL, "没有登记运营者名称。", "No operator is named.")
    shown = [Evidence("record", "operators", str(len(names)))]
    return said(rule, Verdict.PASS, "运营者已登记。", "The operator is named.", shown)


def _complaints(case: Case, rule: str) -> Evaluation:
    figures = complaint_figures(case.uow, case.moment)
    shown = [
        Evidence("count", "complaints", str(figures.received)),
        Evidence("count", "later than 10 days", str(figures.late), "0"),
    ]
    return failed_or_passed(
        rule,
        shown if figures.late else [],
        shown,
        fails=("有投诉超过 10 天未答复。", "A complaint waited for more than 10 days."),
        passes=(
            "投诉都在 10 天内答复或在时限内。",
            "Complaints were answered within 10 days or are in time.",
        ),
    )


def _looked(case: Case, rule: str) -> Evaluation:
    count = case.uow.session.scalar(select(func.count()).select_from(InspectorLookRow)) or 0
    shown = [Evidence("count", "looks logged", str(count))]
    return said(
        rule,
        Verdict.PASS,
        "检查人员只读，每次查看都有记录。",
        "Inspectors only read, and every look is logged.",
        shown,
    )


DUTIES: Mapping[str, Check] = {
    "DM-01": _unpressed,
    "RT-01": _retained,
    "RT-02": _holds,
    "SE-04": _logged,
    "WD-06": _rights,
    "WD-07": _logged,
    "PI-01": _assessed,
    "PI-03": _filed,
    "PR-01": _operator,
    "CM-01": _complaints,
    "IN-02": _looked,
}
