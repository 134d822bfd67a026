"""Check consents of people under 18 (MI)."""

from collections.abc import Mapping

from sqlalchemy import select

from controller.domain.consent import Band, band_of
from controller.domain.local_time import local_date
from controller.services.face_settings import under_14_rules
from controller.services.rules.case import Case, Check, counted, not_applicable
from controller.services.rules.ways import NO_CONSENT
from controller.storage.models import HolderRow
from mqtt.contract.rules import Evaluation

__all__ = ["MINORS"]


def _under_14(case: Case, rule: str) -> Evaluation:
    count = sum(row.band == Band.UNDER_14.value for row in case.consents)
    allowed = bool(under_14_rules(case.uow))
    unguarded = sum(
        row.band == Band.UNDER_14.value and row.guardian_id is None for row in case.consents
    )
    return counted(
        rule,
        "consents under 14 without rules or guardian",
        unguarded if allowed else count,
        (
            "有未满 14 周岁的人脸同意缺少规则或监护人。",
            "A consent under 14 lacks rules or guardian.",
        ),
        ("未满 14 周岁没有人脸，或监护人均已同意。", "No face under 14, or each guardian agreed."),
    )


def _teenagers(case: Case, rule: str) -> Evaluation:
    rows = [row for row in case.consents if row.band == Band.MINOR.value]
    if not rows:
        return not_applicable(rule, "没有 14 至 17 周岁的同意。", "Nobody from 14 to 17 consented.")
    return counted(
        rule,
        "consents from 14 to 17 without a guardian",
        sum(row.guardian_agreed_at_ms is None for row in rows),
        ("有 14 至 17 周岁的同意缺少监护人同意。", "A guardian's consent is missing."),
        ("监护人均已另行同意。", "Each guardian agreed as well."),
    )


def _birthdays(case: Case, rule: str) -> Evaluation:
    if not case.consents:
        return not_applicable(rule, *NO_CONSENT)
    today = local_date(case.moment.utc_ms, case.site.zone)
    found = select(HolderRow.id, HolderRow.adult_from).where(
        HolderRow.id.in_({row.holder_id for row in case.consents})
    )
    born = {row.id: row.adult_from for row in case.uow.session.execute(found)}
    wrong = sum(
        band_of(born.get(row.holder_id, ""), today).value != row.band for row in case.consents
    )
    return counted(
        rule,
        "consents across a birthday",
        wrong,
        ("有同意跨过了 14 或 18 岁生日。", "A consent runs past the 14th or 18th birthday."),
        ("没有同意跨过 14 或 18 岁生日。", "No consent runs past a birthday."),
    )


MINORS: Mapping[str, Check] = {
    "MI-01": _under_14,
    "MI-02": _teenagers,
    "MI-03": _birthdays,
}
