"""Gather what is printed once a year: for owners, and for those who review and sign.

Four sheets from the data that the bundle is made of. Numbers of people below ten are not given;
no sheet says whether the law is kept.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import select

from controller.domain.local_time import local_date
from controller.domain.moment import Moment
from controller.services.face_views import LEAST_SHOWN, counts
from controller.services.inspection.overview import is_simulated, months_of
from controller.services.parity.months import cells, last_months
from controller.services.site import Site
from controller.storage.models import (
    DeskRecordRow,
    FaceConsentRow,
    RuleFindingRow,
    StaffActRow,
    StaffRow,
)
from controller.storage.unit_of_work import UnitOfWork
from mqtt.contract.rules import rules

__all__ = ["Part", "Sheet", "SheetKind", "sheet"]

Said = tuple[str, str]
"""Chinese and English."""
Cell = str | Said


class SheetKind(StrEnum):
    """The sheets that there are."""

    OWNERS = "owners"
    PIPIA = "pipia"
    MINORS = "minors"
    RIGHTS = "rights"


@dataclass(frozen=True, slots=True)
class Part:
    """One table of a sheet."""

    title: Said
    columns: tuple[Said, ...]
    rows: tuple[tuple[Cell, ...], ...]


@dataclass(frozen=True, slots=True)
class Sheet:
    """What is printed; `signers` get a line each, `simulated` stands on every page."""

    title: Said
    parts: tuple[Part, ...]
    signers: tuple[Said, ...]
    simulated: bool


def sheet(uow: UnitOfWork, site: Site, kind: SheetKind, moment: Moment) -> Sheet:
    """Return a sheet as of now."""
    title, make, signers = _KINDS[kind]
    return Sheet(title, make(uow, site, moment), signers, is_simulated(uow))


def _owners(uow: UnitOfWork, site: Site, moment: Moment) -> tuple[Part, ...]:
    months = tuple(
        (
            each.month,
            str(each.fail_days) if each.known_days else "–",
            str(each.known_days),
            " ".join(each.rules),
        )
        for each in months_of(uow, site, moment)
    )
    seen = counts(uow, moment)
    people = tuple(
        (gate, _shown(number), _shown(seen.ended.get(gate, 0)))
        for gate, number in sorted(seen.standing.items())
    )
    return (
        Part(
            ("十二个月", "Twelve months"),
            (("月份", "Month"), ("有不符合项的天数", "Days with FAIL"),
             ("有结论的天数", "Days known"),
             ("规则", "Rules")),
            months,
        ),
        Part(
            ("各方式的使用", "Use of each way"),
            (("通行点", "Access point"), ("方式", "Way"), ("开门次数", "Openings"),
             ("一次成功", "First try")),
            _use(uow, moment),
        ),
        Part(
            ("同意人脸的人数", "People who agreed to face"),
            (("门", "Gate"), ("现有", "Standing"), ("已结束", "Ended")),
            people,
        ),
    )  # fmt: skip


def _use(uow: UnitOfWork, moment: Moment) -> tuple[tuple[Cell, ...], ...]:
    """Add up twelve months; simulated tries are not in the numbers."""
    total: dict[tuple[str, str], list[int]] = {}
    for cell in cells(uow, last_months(moment)):
        row = cell.row
        added = total.setdefault((row.access_point, row.method), [0, 0, 0])
        for at, number in enumerate((row.granted, row.first_tries, row.first_granted)):
            added[at] += number
    return tuple(
        (point, way, _shown(opened if opened >= LEAST_SHOWN or not opened else None),
         f"{100 * first / tries:.1f} %" if tries >= LEAST_SHOWN else "–")
        for (point, way), (opened, tries, first) in sorted(total.items())
    )  # fmt: skip


def _pipia(uow: UnitOfWork, site: Site, _moment: Moment) -> tuple[Part, ...]:
    found = select(DeskRecordRow).where(DeskRecordRow.kind == "pipia", DeskRecordRow.is_approved)
    rows = uow.session.scalars(found.order_by(DeskRecordRow.made_at_ms.desc()))
    versions = tuple(
        (
            row.title,
            _day(site, row.approved_at_ms),
            _day(site, row.due_at_ms),
            row.digest.hex()[:16],
        )
        for row in rows
    )
    columns = (("版本", "Version"), ("批准日", "Approved"), ("下次复审", "Due"), ("指纹", "Hash"))
    return (
        Part(("影响评估的版本", "Versions of the assessment"), columns, versions),
        _verdicts(uow, site, ("PI-",)),
        _to_answer(
            (
                "目的、方式、模型、接收方有无变化",
                "Has purpose, manner, model or recipient changed?",
            ),
            ("有无事件或投诉", "Were there incidents or complaints?"),
            ("复审结论与下次日期", "Outcome and next date"),
        ),
    )


def _minors(uow: UnitOfWork, site: Site, _moment: Moment) -> tuple[Part, ...]:
    bands = uow.session.scalars(select(FaceConsentRow.band).where(FaceConsentRow.end_reason == ""))
    counted = Counter(bands)
    names = (("under_14", ("未满 14", "Under 14")), ("14_17", ("14 至 17", "14 to 17")))
    rows = tuple((name, _shown(_least(counted[band]))) for band, name in names)
    return (
        Part(
            ("现有同意，按年龄段", "Standing consents by age"),
            (("年龄段", "Age"), ("人数", "People")),
            rows,
        ),
        _verdicts(uow, site, ("MI-",)),
        _to_answer(
            ("抽查监护人书面同意", "Guardians' written consents looked at"),
            ("跨过 14 岁、18 岁生日的处理", "Consents across the 14th and 18th birthday"),
        ),
    )


def _rights(uow: UnitOfWork, site: Site, _moment: Moment) -> tuple[Part, ...]:
    last: dict[bytes, int] = {}
    for actor, at_ms in uow.session.execute(select(StaffActRow.actor, StaffActRow.at_ms)):
        last[actor] = max(at_ms, last.get(actor, 0))
    found = select(StaffRow).where(StaffRow.ended_at_ms.is_(None))
    rows = uow.session.scalars(found.order_by(StaffRow.role, StaffRow.login))
    accounts = tuple(
        (row.role, row.name, row.login, _day(site, last.get(row.id)), "□", "□") for row in rows
    )
    columns = (
        ("岗位", "Role"), ("姓名", "Name"), ("登录名", "Login"), ("最近操作", "Last act"),
        ("保留", "Keep"), ("结束", "End"),
    )  # fmt: skip
    return (Part(("账号", "Accounts"), columns, accounts),)


def _verdicts(uow: UnitOfWork, site: Site, prefixes: tuple[str, ...]) -> Part:
    found = uow.session.scalars(select(RuleFindingRow).where(RuleFindingRow.until_ms.is_(None)))
    present = {row.rule: row for row in found}
    rows: list[tuple[Cell, ...]] = []
    for rule in rules():
        if not rule.id.startswith(prefixes):
            continue
        row = present.get(rule.id)
        verdict = "INSUFFICIENT DATA" if row is None else row.verdict
        since = "–" if row is None else _day(site, row.since_ms)
        rows.append((rule.id, (rule.zh, rule.en), verdict, since))
    columns = (("规则", "Rule"), ("内容", "Text"), ("结论", "Verdict"), ("自", "Since"))
    return Part(("规则的结论", "Verdicts"), columns, tuple(rows))


def _to_answer(*asked: Said) -> Part:
    rows = tuple((each, "") for each in asked)
    return Part(
        ("由人填写", "To be written by hand"), (("问题", "Question"), ("回答", "Answer")), rows
    )


def _least(number: int) -> int | None:
    return number if number == 0 or number >= LEAST_SHOWN else None


def _shown(number: int | None) -> str:
    return f"<{LEAST_SHOWN}" if number is None else str(number)


def _day(site: Site, at_ms: int | None) -> str:
    return "–" if at_ms is None else local_date(at_ms, site.zone).isoformat()


_Make = Callable[[UnitOfWork, Site, Moment], tuple[Part, ...]]
_REVIEWER: Said = ("复审人", "Reviewed by")
_KINDS: dict[SheetKind, tuple[Said, _Make, tuple[Said, ...]]] = {
    SheetKind.OWNERS: (("给业主的年度说明", "Yearly sheet for owners"), _owners, ()),
    SheetKind.PIPIA: (
        ("个人信息保护影响评估复审", "Review of the impact assessment"),
        _pipia,
        (_REVIEWER, ("负责人", "Person in charge")),
    ),
    SheetKind.MINORS: (("未成年人年度审计", "Yearly audit of minors"), _minors, (_REVIEWER,)),
    SheetKind.RIGHTS: (
        ("账号权限复核签字", "Sign-off of access rights"),
        _rights,
        (("项目经理", "Manager"), ("公司", "Company")),
    ),
}
