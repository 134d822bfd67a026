"""Check that the other ways are as good as face, by what was measured (EQ)."""

from collections.abc import Callable, Iterator, Mapping

from sqlalchemy import select

from controller.domain.moment import DAY_MS
from controller.services.parity.months import Cell
from controller.services.parity.steering import FACE_SHARE, steering
from controller.services.rules.case import Case, Check, Point, failed_or_passed, no_data, said
from controller.services.rules.ways import NO_FACE
from controller.storage.models import (
    AccessPointSiteRow,
    CallRow,
    FaceRefusalRow,
    FaceReservationRow,
    InspectionRow,
    InspectionStepRow,
)
from mqtt.contract.parity import MIN_SAMPLES
from mqtt.contract.rules import Evaluation, Evidence, Verdict

__all__ = ["EQUAL"]

AVAILABLE_PPM = 995_000
BELOW_FACE_PPM = 5_000
P95_MS = 3_000
SLOWER_MS = 1_000
FIRST_TRY_PERMILLE = 20
ANSWER_MS = 60_000
_FEW = (
    f"样本少于 {MIN_SAMPLES} 次（本系统所定），不下结论。",
    f"Fewer than {MIN_SAMPLES} samples (our number): nothing is concluded.",
)

Judge = Callable[[Cell, Cell | None], tuple[bool | None, str, str]]
"""Takes the cell of a way and that of face; says whether it holds (None: too few), value, limit."""


def _available(cell: Cell, face: Cell | None) -> tuple[bool | None, str, str]:
    if cell.availability_ppm < 0:
        return None, "?", f">= {AVAILABLE_PPM / 10_000} %"
    least = AVAILABLE_PPM
    if face is not None and face.availability_ppm >= 0:
        least = max(least, face.availability_ppm - BELOW_FACE_PPM)
    value = f"{cell.availability_ppm / 10_000:.2f} %"
    return cell.availability_ppm >= least, value, f">= {least / 10_000:.2f} %"


def _fast(cell: Cell, face: Cell | None) -> tuple[bool | None, str, str]:
    row = cell.row
    if not row.is_enough:
        return None, f"n={row.granted}", f"n >= {MIN_SAMPLES}"
    holds, limit = row.p95_ms <= P95_MS, f"p95 <= {P95_MS} ms"
    if face is not None and face.row.is_enough:
        most = min(face.row.median_ms + SLOWER_MS, face.row.median_ms * 3 // 2)
        holds, limit = holds and row.median_ms <= most, f"{limit}, median <= {most} ms"
    return holds, f"n={row.granted} median={row.median_ms} p95={row.p95_ms} ms", limit


def _first_try(cell: Cell, face: Cell | None) -> tuple[bool | None, str, str]:
    row = cell.row
    if row.first_tries < MIN_SAMPLES or face is None or face.row.first_tries < MIN_SAMPLES:
        return None, f"n={row.first_tries}", f"n >= {MIN_SAMPLES}"
    own = 1000 * row.first_granted // row.first_tries
    least = 1000 * face.row.first_granted // face.row.first_tries - FIRST_TRY_PERMILLE
    interval = f"{row.low_permille / 10:.1f}-{row.high_permille / 10:.1f} %"
    return own >= least, f"{own / 10:.1f} % ({interval})", f">= {least / 10:.1f} %"


def _judged(judge: Judge, *, is_timed: bool) -> Check:
    """Return the check that applies a judge to every way at every point with face."""

    def check(case: Case, rule: str) -> Evaluation:
        if not case.with_face:
            return said(rule, Verdict.NOT_APPLICABLE, *NO_FACE)
        wrong: list[Evidence] = []
        right: list[Evidence] = []
        few: list[Evidence] = []
        for point, way, holds, value, limit in _walk(case, judge):
            shown = Evidence("count", f"{case.months[-1]} {point.name} {way}", value, limit)
            (few if holds is None else right if holds else wrong).append(shown)
            if holds is None and is_timed and _unproven_for_two_months(case, point, way):
                wrong.append(Evidence("count", f"{point.name} {way}", value, "2 months"))
        if few and not wrong:
            return no_data(rule, *_FEW, (*few, *right))
        return failed_or_passed(
            rule,
            wrong,
            right,
            fails=(
                "有方式不如人脸，或连续两月无足够数据且无步行测试。",
                "A way is worse, or two months lack data and a walk test.",
            ),
            passes=("每种方式都在界限之内。", "Every way is within the limits."),
        )

    return check


def _walk(case: Case, judge: Judge) -> Iterator[tuple[Point, str, bool | None, str, str]]:
    month = case.months[-1]
    for point in case.with_face:
        face = case.cells.get((month, point.name, "face"))
        for way in point.automated:
            cell = case.cells.get((month, point.name, way))
            found = (None, "n=0", "") if cell is None else judge(cell, face)
            yield (point, way, *found)


def _unproven_for_two_months(case: Case, point: Point, way: str) -> bool:
    """Tell whether face was in use for two months without enough openings by a way.

    A walk test in these months fills the gap.
    """
    for month in case.months:
        face = case.cells.get((month, point.name, "face"))
        cell = case.cells.get((month, point.name, way))
        if face is None or face.row.granted == 0 or (cell is not None and cell.row.is_enough):
            return False
    walked = (
        select(InspectionStepRow.id)
        .join(InspectionRow, InspectionRow.id == InspectionStepRow.inspection_id)
        .where(
            InspectionRow.kind == "walk",
            InspectionStepRow.access_point == point.name,
            InspectionStepRow.way == way,
            InspectionStepRow.outcome == "granted",
            InspectionStepRow.done_at_ms > case.moment.utc_ms - 62 * DAY_MS,
        )
    )
    return case.uow.session.scalar(walked.limit(1)) is None


def _distance(case: Case, rule: str) -> Evaluation:
    if not case.with_face:
        return said(rule, Verdict.NOT_APPLICABLE, *NO_FACE)
    wrong: list[Evidence] = []
    right: list[Evidence] = []
    for point in case.with_face:
        row = case.uow.find(AccessPointSiteRow, point.name)
        measured = {} if row is None else row.layout
        if "face" not in measured or not measured.keys() & set(point.automated):
            return said(
                rule,
                Verdict.NEEDS_HUMAN,
                "有人脸点尚未量过距离。",
                "The distances at a point with face were not measured.",
            )
        most = min(100, measured["face"][1] + 30)
        for way in measured.keys() & set(point.automated):
            shown = Evidence(
                "record", f"{point.name} {way}", f"{measured[way][1]} cm", f"<= {most} cm"
            )
            (right if measured[way][1] <= most else wrong).append(shown)
    return failed_or_passed(
        rule,
        wrong,
        right,
        fails=("有读头离得太远。", "A reader stands too far away."),
        passes=("读头都在近处；高度须现场看。", "Readers are near; look at heights on site."),
    )


def _asked_again(case: Case, rule: str) -> Evaluation:
    found = (
        select(FaceRefusalRow.declined_at_ms, FaceReservationRow.made_at_ms)
        .join(FaceReservationRow, FaceReservationRow.holder_id == FaceRefusalRow.holder_id)
        .where(FaceReservationRow.channel == "paper")
    )
    soon = sum(
        0 < made_ms - declined_ms < 180 * DAY_MS
        for declined_ms, made_ms in case.uow.session.execute(found)
    )
    shown = [Evidence("count", "prepared by staff within 180 days of a no", str(soon), "0")]
    return failed_or_passed(
        rule,
        shown if soon else [],
        shown,
        fails=(
            "有人拒绝后 180 天内又被动员登记。",
            "Somebody was approached within 180 days of a no.",
        ),
        passes=("拒绝之后没有再被动员。", "Nobody was approached after a no."),
    )


def _answered(case: Case, rule: str) -> Evaluation:
    found = select(CallRow.at_ms, CallRow.answered_at_ms).where(
        CallRow.at_ms > case.moment.utc_ms - 31 * DAY_MS
    )
    rows = case.uow.session.execute(found).all()
    waits = sorted((case.moment.utc_ms if end is None else end) - start for start, end in rows)
    if len(waits) < MIN_SAMPLES:
        return no_data(rule, *_FEW, [Evidence("count", "calls of 31 days", str(len(waits)))])
    p90 = waits[-(-len(waits) * 90 // 100) - 1]
    shown = [Evidence("count", f"calls n={len(waits)}", f"p90={p90 // 1000} s", "60 s")]
    return failed_or_passed(
        rule,
        shown if p90 > ANSWER_MS else [],
        shown,
        fails=("门卫应答太慢。", "The guard answers too slowly."),
        passes=("门卫应答在 60 秒内。", "The guard answers within 60 s."),
    )


def _steered(case: Case, rule: str) -> Evaluation:
    if not case.with_face:
        return said(rule, Verdict.NOT_APPLICABLE, *NO_FACE)
    found = steering(case.uow, case.moment)
    shown = [
        Evidence("count", f"{place} face", f"{share:.0%}", f"<= {FACE_SHARE:.0%}")
        for place, share in found.shares.items()
    ]
    shown.append(Evidence("count", "days without fobs", str(found.days_without_fobs or 0), "<= 60"))
    shown.append(Evidence("count", "consents after fob trouble", str(found.after_trouble), "0"))
    if found.is_noticed:
        return said(
            rule,
            Verdict.FAIL,
            "有引导迹象，须说明。",
            "There are signs: an explanation is due.",
            shown,
        )
    if not found.shares:
        return no_data(rule, *_FEW, shown)
    return said(rule, Verdict.PASS, "未见引导迹象。", "No sign was noticed.", shown)


EQUAL: Mapping[str, Check] = {
    "EQ-01": _judged(_available, is_timed=False),
    "EQ-02": _judged(_fast, is_timed=True),
    "EQ-03": _judged(_first_try, is_timed=False),
    "EQ-05": _distance,
    "EQ-11": _asked_again,
    "EQ-13": _answered,
    "EQ-15": _steered,
}
