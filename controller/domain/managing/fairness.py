"""Judge the plan of an access point: face must be neither needed nor favoured there.

The same answer stands beside the form while it is filled in and behind the button that saves it.
A finding that blocks is refused with 422; each names its rule, the article, and one change that
cures it. Numbers marked "ours" define "equal" for us and are no law.

There is deliberately no field for a delay, a number of tries, a price, a schedule or an unlock time
of one way: what a plan cannot say, nobody can set (`unknown_settings`).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from mqtt.contract.events import Method

__all__ = [
    "FRAMES_LEAST",
    "HEIGHT_CM",
    "WAYS",
    "Cure",
    "Finding",
    "Place",
    "PointPlan",
    "cured",
    "judge",
    "unknown_settings",
]

WAYS = (Method.QR, Method.FOB, Method.GUARD, Method.FACE)
"""The four ways of an access point in their fixed order."""

FRAMES_LEAST = 10
"""Frames a second of the QR reader; a gate refuses less too (gate.toml). Ours."""

EXPOSURE_LEAST_US, EXPOSURE_MOST_US = 500, 20_000
"""Exposure of the QR reader: darker or more blurred pictures read fewer codes. Ours."""

DISTANCE_MOST_CM = 100
"""EQ-05: from the lane's centre to a reader. Ours."""

FURTHER_MOST_CM = 30
"""EQ-05: how much further away than the face unit a reader may be. Ours."""

HEIGHT_CM = (80, 120)
"""EQ-05: reach from a wheelchair, GB 50763 gives 0.85-1.10 m for controls. Ours."""

_NO_PHONE = frozenset({Method.FOB, Method.PIN})
_EQUAL_WAYS = "Hangzhou Property Management Regulations Art. 50(2); Order 19 Art. 10"
_OURS = "Order 19 Art. 5, 10; the number is ours"
_ELDERLY = "Order 19 Art. 5"


class Cure(StrEnum):
    """One change of a plan that one tap makes."""

    ADD_WAYS = "add_ways"
    ADD_FOB = "add_fob"
    ADD_GUARD = "add_guard"
    REMOVE_FACE = "remove_face"
    EQUAL_LANES = "equal_lanes"
    SAME_PLACE = "same_place"
    RAISE_FLOORS = "raise_floors"


@dataclass(frozen=True, slots=True)
class Place:
    """Where the reader of one way is: lanes that have it, cm to the lane's centre, cm of height.

    0 cm stands for "not measured yet".
    """

    lanes: int = 1
    distance_cm: int = 0
    height_cm: int = 0


@dataclass(frozen=True, slots=True)
class PointPlan:
    """What is planned at one access point. `places` has an entry for each fitted way."""

    methods: frozenset[Method]
    card_formats: tuple[str, ...]
    places: Mapping[Method, Place]
    qr_frames_per_s: int = 25
    qr_exposure_us: int = 5_000

    def place(self, way: Method) -> Place:
        """Return where the reader of a way is; the guard's place is not measured."""
        return self.places.get(way, Place())


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong with a plan; `blocks` tells whether it can be saved all the same."""

    rule: str
    article: str
    zh: str
    en: str
    cure: Cure | None
    blocks: bool = True


def judge(plan: PointPlan) -> tuple[Finding, ...]:
    """Return everything that is wrong, what blocks first; an empty tuple is a good plan."""
    found = [*_needed(plan), *_favoured(plan), *_slowed(plan), *_measured(plan)]
    return tuple(sorted(found, key=lambda each: not each.blocks))


def cured(plan: PointPlan, cure: Cure) -> PointPlan:
    """Return the plan after one tap; nothing that works for somebody today is taken away."""
    ways = plan.methods
    match cure:
        case Cure.ADD_WAYS:
            ways = ways | {Method.QR, Method.FOB, Method.GUARD}
        case Cure.ADD_FOB:
            ways = ways | {Method.FOB}
        case Cure.ADD_GUARD:
            ways = ways | {Method.GUARD}
        case Cure.REMOVE_FACE:
            ways = ways - {Method.FACE}
        case Cure.EQUAL_LANES:
            return replace(plan, places=_with_lanes(plan))
        case Cure.SAME_PLACE:
            return replace(plan, places=_beside_face(plan))
        case Cure.RAISE_FLOORS:
            frames = max(plan.qr_frames_per_s, FRAMES_LEAST)
            exposure = min(max(plan.qr_exposure_us, EXPOSURE_LEAST_US), EXPOSURE_MOST_US)
            return replace(plan, qr_frames_per_s=frames, qr_exposure_us=exposure)
    formats = plan.card_formats or (("w26", "w34") if Method.FOB in ways else ())
    lanes = plan.place(Method.FACE).lanes if Method.FACE in ways else 1
    places = {way: plan.places.get(way, Place(max(lanes, 1))) for way in ways}
    return replace(plan, methods=ways, card_formats=formats, places=places)


def unknown_settings(names: Iterable[str], known: frozenset[str]) -> tuple[str, ...]:
    """Return what was sent that a plan cannot say, such as `qr_delay_ms` or `face_price`."""
    return tuple(sorted(name for name in names if name not in known))


def _needed(plan: PointPlan) -> Iterable[Finding]:
    """NS-01 and NS-02: what opens here without a face, without a phone, without a machine."""
    ways = plan.methods
    others = ways & {Method.QR, Method.FOB}
    if not ways:
        zh, en = "还没有任何进门方式。", "No way in is fitted."
        yield Finding("NS-02", _ELDERLY, zh, en, Cure.ADD_WAYS)
    elif Method.FACE in ways and not others:
        zh = "这里只有人脸能自动开门。"
        en = "Only a face opens here by itself."
        yield Finding("NS-01", _EQUAL_WAYS, zh, en, Cure.ADD_WAYS)
    elif Method.FACE in ways and not ways & _NO_PHONE:
        zh = "有人脸的地方，还要有不用手机的方式（门禁卡）。"
        en = "Where face is fitted, a way without a phone (fob) is needed too."
        yield Finding("NS-02", _ELDERLY, zh, en, Cure.ADD_FOB)
    elif Method.FACE in ways and len(ways & {Method.QR, Method.FOB, Method.PIN}) < 2:
        zh = "有人脸的地方，至少要有两种非人脸的自动方式。"
        en = "Where face is fitted, at least two automated ways without a face are needed."
        yield Finding("NS-02", _ELDERLY, zh, en, Cure.ADD_WAYS)
    if ways and Method.GUARD not in ways:
        zh = "没有保安或对讲协助：不便使用机器的人进不来。"
        en = "No help by a guard or intercom: who cannot use the machines stays outside."
        yield Finding("NS-02", _ELDERLY, zh, en, Cure.ADD_GUARD, blocks=Method.FACE in ways)


def _favoured(plan: PointPlan) -> Iterable[Finding]:
    """EQ-04 and EQ-05: as many lanes and as near as face."""
    if Method.FACE not in plan.methods:
        return
    face = plan.place(Method.FACE)
    readers = sorted(plan.methods & {Method.QR, Method.FOB})
    if any(plan.place(way).lanes < face.lanes for way in readers):
        zh = f"人脸有 {face.lanes} 条通道，二维码或门禁卡更少：每条有人脸的通道都要能刷卡、扫码。"
        en = f"Face has {face.lanes} lanes and QR or fob fewer: every lane with face needs both."
        yield Finding("EQ-04", _EQUAL_WAYS, zh, en, Cure.EQUAL_LANES)
    further = [
        way
        for way in readers
        if face.distance_cm and plan.place(way).distance_cm > face.distance_cm + FURTHER_MOST_CM
    ]
    if further:
        zh = f"二维码或门禁卡读头比人脸远 {FURTHER_MOST_CM} 厘米以上。"
        en = f"The QR or fob reader is more than {FURTHER_MOST_CM} cm further away than face."
        yield Finding("EQ-05", _OURS, zh, en, Cure.SAME_PLACE)


def _slowed(plan: PointPlan) -> Iterable[Finding]:
    """Frame rate and exposure have floors, so that QR cannot be made slow by a setting."""
    if Method.QR not in plan.methods:
        return
    is_slow = plan.qr_frames_per_s < FRAMES_LEAST
    if is_slow or not EXPOSURE_LEAST_US <= plan.qr_exposure_us <= EXPOSURE_MOST_US:
        zh = (
            f"二维码读头：每秒至少 {FRAMES_LEAST} 帧，"
            f"曝光 {EXPOSURE_LEAST_US}–{EXPOSURE_MOST_US} 微秒。"
        )
        en = (
            f"QR reader: at least {FRAMES_LEAST} frames a second, "
            f"exposure {EXPOSURE_LEAST_US} to {EXPOSURE_MOST_US} us."
        )
        yield Finding("EQ-02", _OURS, zh, en, Cure.RAISE_FLOORS)


def _measured(plan: PointPlan) -> Iterable[Finding]:
    """EQ-05 for every reader, whether there is face or not; it needs eyes, so it never blocks."""
    for way in sorted(plan.methods & {Method.QR, Method.FOB}):
        place = plan.place(way)
        least, most = HEIGHT_CM
        if not place.distance_cm or not place.height_cm:
            zh = "读头的距离和高度还没有量。"
            en = "The readers' distance and height are not measured yet."
            yield Finding("EQ-05", _OURS, zh, en, None, blocks=False)
            return
        if place.distance_cm > DISTANCE_MOST_CM or not least <= place.height_cm <= most:
            zh = f"读头应在 {DISTANCE_MOST_CM} 厘米以内、高 {least}–{most} 厘米，坐轮椅也够得着。"
            en = (
                f"Readers within {DISTANCE_MOST_CM} cm and {least} to {most} cm high, "
                "in reach from a wheelchair."
            )
            yield Finding("EQ-05", _OURS, zh, en, Cure.SAME_PLACE, blocks=False)
            return


def _with_lanes(plan: PointPlan) -> dict[Method, Place]:
    lanes = plan.place(Method.FACE).lanes
    return {
        way: replace(place, lanes=max(place.lanes, lanes)) if way is not Method.FACE else place
        for way, place in plan.places.items()
    }


def _beside_face(plan: PointPlan) -> dict[Method, Place]:
    """Plan every reader beside the face unit and in reach; somebody has to move it there."""
    face = plan.place(Method.FACE).distance_cm or DISTANCE_MOST_CM
    least, most = HEIGHT_CM
    return {
        way: replace(
            place,
            distance_cm=min(place.distance_cm, face, DISTANCE_MOST_CM),
            height_cm=min(max(place.height_cm, least), most),
        )
        if way in {Method.QR, Method.FOB}
        else place
        for way, place in plan.places.items()
    }
