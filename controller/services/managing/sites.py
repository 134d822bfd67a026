"""Save the plan of an access point: ways, lanes, readers' places, sign. Nothing unfair is saved.

Fitting face here needs what `face_settings.enable_face` keeps on record first (rule NS-09).
"""

from typing import Any

from controller.domain.managing.fairness import Finding, Place, PointPlan, judge
from controller.domain.moment import Moment
from controller.domain.refusal import Refusal
from controller.domain.roles import Act, Actor
from controller.services.acts import need_act, record_act
from controller.services.gates import point_record, save_access_point
from controller.storage.models import AccessPointRow, AccessPointSiteRow
from controller.storage.unit_of_work import UnitOfWork
from mqtt.contract.errors import RefusedError
from mqtt.contract.events import Method
from mqtt.contract.reasons import ReasonCode

__all__ = [
    "PlanRefusedError",
    "note_sign",
    "plan_of",
    "restore_site",
    "save_plan",
    "site_document",
]

_FRAMES, _EXPOSURE = 25, 5_000
_HASH_BYTES = 32


class PlanRefusedError(RefusedError):
    """A plan that needs or favours a face; `findings` has every rule that it breaks."""

    def __init__(self, findings: tuple[Finding, ...]) -> None:
        first = next(each for each in findings if each.blocks)
        super().__init__(ReasonCode.FACE_ONLY, rule=first.rule, article=first.article)
        self.findings = findings


def plan_of(uow: UnitOfWork, point: str) -> PointPlan:
    """Return the plan in force at an access point. Raises RefusedError(`not_found`)."""
    row = uow.need(AccessPointRow, point)
    site = uow.find(AccessPointSiteRow, point)
    layout = site.layout if site is not None else {}
    methods = frozenset(Method(each) for each in row.methods)
    return PointPlan(
        methods,
        row.card_formats,
        {way: Place(*layout.get(way.value, (1, 0, 0))) for way in sorted(methods)},
        site.qr_frames_per_s if site is not None else _FRAMES,
        site.qr_exposure_us if site is not None else _EXPOSURE,
    )


def save_plan(uow: UnitOfWork, actor: Actor, point: str, plan: PointPlan, moment: Moment) -> None:
    """Put a plan in force; other settings of the access point stay.

    Raises PlanRefusedError with every finding, RefusedError: `role_not_allowed`, `not_found`,
    `face_not_prepared`, `config_invalid`.
    """
    need_act(actor, Act.EDIT_GATES)
    findings = judge(plan)
    if any(each.blocks for each in findings):
        raise PlanRefusedError(findings)
    row = uow.need(AccessPointRow, point)
    record = point_record(row, tuple(way.value for way in _in_order(plan.methods)))
    save_access_point(uow, point, record, card_formats=plan.card_formats, title=row.title)
    site = _site(uow, actor, point, moment)
    site.layout = {
        way.value: [place.lanes, place.distance_cm, place.height_cm]
        for way, place in plan.places.items()
        if way in plan.methods
    }
    site.qr_frames_per_s, site.qr_exposure_us = plan.qr_frames_per_s, plan.qr_exposure_us
    record_act(uow, moment, actor, Act.EDIT_GATES, actor.id, reason=f"plan {point}")
    uow.session.flush()


def note_sign(
    uow: UnitOfWork, actor: Actor, point: str, digest: bytes, *, seen_at_ms: int, moment: Moment
) -> None:
    """Keep the SHA-256 of a photo of the sign at an access point; the site keeps the photo (NO-02).

    Raises RefusedError: `role_not_allowed`, `not_found`, `config_invalid`.
    """
    need_act(actor, Act.EDIT_GATES)
    uow.need(AccessPointRow, point)
    if len(digest) != _HASH_BYTES or seen_at_ms > moment.utc_ms:
        raise Refusal(ReasonCode.CONFIG_INVALID, "NO-02", detail="photo").as_error()
    site = _site(uow, actor, point, moment)
    site.sign_hash, site.sign_seen_at_ms = digest, seen_at_ms
    record_act(uow, moment, actor, Act.EDIT_GATES, actor.id, reason=f"sign {point}")
    uow.session.flush()


def site_document(row: AccessPointSiteRow | None) -> dict[str, Any]:
    """Return what a snapshot keeps of a site; the sign's photo is evidence and no setting."""
    if row is None:
        return {}
    return {
        "layout": {way: list(place) for way, place in sorted(row.layout.items())},
        "qr_frames_per_s": row.qr_frames_per_s,
        "qr_exposure_us": row.qr_exposure_us,
    }


def restore_site(
    uow: UnitOfWork, actor: Actor, point: str, document: dict[str, Any], moment: Moment
) -> None:
    """Set a site as a snapshot has it; an empty one is left as it is."""
    if not document:
        return
    site = _site(uow, actor, point, moment)
    site.layout = document["layout"]
    site.qr_frames_per_s = document["qr_frames_per_s"]
    site.qr_exposure_us = document["qr_exposure_us"]
    uow.session.flush()


def _site(uow: UnitOfWork, actor: Actor, point: str, moment: Moment) -> AccessPointSiteRow:
    row = uow.find(AccessPointSiteRow, point)
    if row is None:
        row = AccessPointSiteRow(
            access_point=point,
            layout={},
            qr_frames_per_s=_FRAMES,
            qr_exposure_us=_EXPOSURE,
            sign_hash=b"",
        )
        uow.session.add(row)
    row.changed_at_ms, row.changed_by = moment.utc_ms, actor.id
    return row


def _in_order(methods: frozenset[Method]) -> list[Method]:
    order = {Method.QR: 0, Method.FOB: 1, Method.PIN: 2, Method.GUARD: 3, Method.FACE: 9}
    return sorted(methods, key=lambda way: order.get(way, 5))
