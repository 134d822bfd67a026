"""Turn the form of an access point into a plan, and know every field that it can have."""

from controller.domain.managing.fairness import (
    WAYS,
    Finding,
    Place,
    PointPlan,
    judge,
    unknown_settings,
)
from controller.web.manager.forms import Fields, wrong
from mqtt.contract.events import Method

__all__ = ["FIELDS", "FORMATS", "judged", "read_plan"]

FORMATS = ("w26", "w34", "w37", "h10302", "h10304")
_FITTED = (*WAYS, Method.PIN)
_ASKED = frozenset({"way", "card_format", "qr_frames_per_s", "qr_exposure_us", "step", "reason"})
FIELDS = _ASKED | {
    f"{what}_{way.value}" for way in WAYS for what in ("lanes", "distance", "height")
}
"""Every field of the form. No delay, no tries, no price, no hours of one way exist."""


def read_plan(fields: Fields) -> PointPlan:
    """Return the plan that a form says. Raises RefusedError(`config_invalid`) for odd values."""
    known = {way.value: way for way in _FITTED}
    if not set(fields.many("way")) <= set(known):
        raise wrong("way")
    methods = frozenset(known[name] for name in fields.many("way"))
    places = {way: _place(fields, way) for way in methods}
    return PointPlan(
        methods,
        tuple(name for name in fields.many("card_format") if name in FORMATS),
        places,
        fields.number("qr_frames_per_s", 25),
        fields.number("qr_exposure_us", 5_000),
    )


def judged(fields: Fields, plan: PointPlan) -> tuple[Finding, ...]:
    """Return what is wrong with a plan, and with settings that no plan has."""
    return tuple(_unknown(name) for name in unknown_settings(fields.names, FIELDS)) + judge(plan)


def _unknown(name: str) -> Finding:
    shown = "".join(each for each in name if each.isalnum() or each == "_")[:40]
    zh = f"没有“{shown}”这个设置：不能单独给某一种方式设延时、次数、价格、时段或开锁时间。"
    en = (
        f"There is no setting {shown}: "
        "no way can have a delay, tries, price, hours or unlock time of its own."
    )
    article = "Hangzhou Property Management Regulations Art. 50(2); Order 19 Art. 10"
    return Finding("EQ-06", article, zh, en, None)


def _place(fields: Fields, way: Method) -> Place:
    lanes, distance, height = (
        fields.number(f"{what}_{way.value}", default)
        for what, default in (("lanes", 1), ("distance", 0), ("height", 0))
    )
    if not (1 <= lanes <= 40 and 0 <= distance <= 2_000 and 0 <= height <= 300):
        raise wrong(way.value)
    return Place(lanes, distance, height)
