"""Answer "is face optional here?" with four lamps from the configuration and the records.

They use the rules' own words and articles. Events of simulated hardware never count for parity
(promise 11): where a measurement would be needed, the lamp says that there is none.
"""

from dataclasses import dataclass

from sqlalchemy import Engine, func, select

from controller.services.face_plan import check_plan
from controller.services.site import Site
from controller.storage.models import EventRow, FaceConsentRow, FaceEnrolmentRow
from controller.storage.unit_of_work import UnitOfWork
from equalgate.demo.compound import moment
from mqtt.contract.errors import EqualGateError
from mqtt.contract.events import EventKind, Method
from mqtt.contract.reasons import ReasonCode
from mqtt.contract.rules import rule_of

__all__ = ["Lamp", "lamps"]

Text = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Lamp:
    """One question: `verdict` as rules have it, what was looked at, the rule and its articles."""

    name: str
    question: Text
    verdict: str
    evidence: Text
    rule: str
    rule_text: Text
    articles: Text


def lamps(engine: Engine, site: Site, ways: dict[str, str]) -> tuple[Lamp, ...]:
    """Return the four lamps; `ways` are the ways at the gate with their states now."""
    with UnitOfWork(engine, writes=False) as uow:
        return (
            _others_there(uow, site, ways),
            _same_for_all(ways),
            _only_when_pressed(uow),
            _nobody_else(uow),
        )


def _others_there(uow: UnitOfWork, site: Site, ways: dict[str, str]) -> Lamp:
    works = [way for way in ("qr", "fob") if ways.get(way) == "ready"]
    try:
        check_plan(uow, site, moment())
        is_sound = True
    except EqualGateError:
        is_sound = False
    names_zh = "、".join({"qr": "二维码", "fob": "门禁卡"}[way] for way in works) or "无"
    evidence = (
        f"现在可用：{names_zh}；配置核对{'通过' if is_sound else '未通过'}。",
        (
            f"Work now: {', '.join(works) or 'none'}; the configuration "
            f"{'holds' if is_sound else 'does not hold'}."
        ),
    )
    question = ("不用人脸也能进", "One can enter without face")
    return _lamp("others", question, "PASS" if works and is_sound else "FAIL", evidence, "NS-01")


def _same_for_all(ways: dict[str, str]) -> Lamp:
    evidence = (
        (
            f"这道门的 {len(ways)} 种方式共用同一把锁、同样的开门时间；"
            "没有任何设置能让一种方式变慢。"
            "时间是否相同需要真实通行数据，模拟硬件的数据不计。"
        ),
        (
            f"The {len(ways)} ways here share one lock and opening time; no setting slows any "
            "of them. Whether times are equal takes real passages; simulated ones do not count."
        ),
    )
    question = ("同样的门、同样的速度", "Same door, same speed")
    return _lamp("same", question, "INSUFFICIENT DATA", evidence, "EQ-01")


def _only_when_pressed(uow: UnitOfWork) -> Lamp:
    presses = _count(uow, EventKind.FACE, ReasonCode.FACE_ARMED)
    found = select(func.count()).where(
        EventRow.kind == EventKind.DECISION.value, EventRow.method == Method.FACE.value
    )
    judged = int(uow.session.scalar(found) or 0)
    evidence = (
        f"按键开启摄像头 {presses} 次，人脸判断 {judged} 次，不按键时为 0 次。",
        f"The button opened the camera {presses} times, {judged} decisions by face; none without.",
    )
    verdict = "PASS" if judged <= presses else "FAIL"
    return _lamp("press", ("按下按钮才识别", "Only when asked to"), verdict, evidence, "DM-01")


def _nobody_else(uow: UnitOfWork) -> Lamp:
    agreed = select(FaceConsentRow.holder_id)
    stored = uow.session.scalar(select(func.count(func.distinct(FaceEnrolmentRow.holder_id)))) or 0
    without = uow.session.scalar(
        select(func.count()).where(FaceEnrolmentRow.holder_id.not_in(agreed))
    )
    evidence = (
        f"登记过人脸的 {stored} 人都有本人在门口的同意；没有同意而登记的 {without} 人。",
        f"{stored} people enrolled, each with a consent at the gate; {without} without one.",
    )
    question = ("没同意的人没有人脸数据", "Nothing of those who did not agree")
    return _lamp("consent", question, "FAIL" if without else "PASS", evidence, "CO-01")


def _count(uow: UnitOfWork, kind: EventKind, reason: ReasonCode) -> int:
    found = select(func.count()).where(EventRow.kind == kind.value, EventRow.reason == reason.value)
    return int(uow.session.scalar(found) or 0)


def _lamp(name: str, question: Text, verdict: str, evidence: Text, rule: str) -> Lamp:
    known = rule_of(rule)
    zh = "；".join(source.said("zh-CN") for source in known.sources)
    articles = (zh, "; ".join(source.said("en") for source in known.sources))
    return Lamp(name, question, verdict, evidence, rule, (known.zh, known.en), articles)
