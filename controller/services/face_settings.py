"""Switch face on at an access point, take it away there, suspend it, and prepare for children.

Everything that a compiled document would be refused for is refused here, before it is saved, with
the rule, the article and the cure (rules NS-01, NS-03, NS-09; acceptance case J11).
"""

from collections.abc import Mapping

from sqlalchemy import select

from controller.domain.face_switch import COMPOUND, ap_scope, check_settings, gate_scope
from controller.domain.gates import check_access_point
from controller.domain.moment import Moment
from controller.domain.refusal import Refusal, raise_if
from controller.domain.roles import Act, Actor
from controller.services.acts import need_act, need_reason, record_act
from controller.services.gates import point_record
from controller.services.notices import notice_in_force
from controller.storage.models import (
    AccessPointRow,
    FaceSettingsRow,
    FaceSwitchRow,
    GateRow,
    SiteValueRow,
)
from controller.storage.unit_of_work import UnitOfWork
from mqtt.contract.events import Method
from mqtt.contract.reasons import ReasonCode
from mqtt.contract.records_face import FaceSettingsRecord

__all__ = [
    "allow_under_14",
    "enable_face",
    "face_settings",
    "remove_face",
    "set_switch",
    "switches",
    "under_14_rules",
]

_UNDER_14 = "face_under_14_rules"


def enable_face(
    uow: UnitOfWork, actor: Actor, point: str, settings: FaceSettingsRecord, moment: Moment
) -> None:
    """Put on record what face needs at an access point, and fit it there.

    Raises RefusedError: `face_not_prepared` (NS-09), `face_only` (NS-03), `role_not_allowed`,
    `not_found`.
    """
    need_act(actor, Act.EDIT_FACE)
    row = uow.need(AccessPointRow, point)
    notice = notice_in_force(uow)
    in_force = notice.version if notice is not None else ""
    raise_if(check_settings(settings, in_force, moment.utc_ms))
    methods = tuple(dict.fromkeys((*row.methods, Method.FACE.value)))
    fitted = point_record(row, methods)
    raise_if(check_access_point(fitted, row.card_formats))
    row.methods = methods
    known = uow.find(FaceSettingsRow, point) or FaceSettingsRow(access_point=point)
    known.pipia_ref = settings.pipia_ref.strip()
    known.notice_version = settings.notice_version
    known.sign_attested_at_ms = settings.sign_attested_at_ms
    known.pad_accepted = settings.pad_accepted
    known.room_number_may_narrow = settings.room_number_may_narrow
    known.changed_at_ms, known.changed_by = moment.utc_ms, actor.id
    uow.session.add(known)
    record_act(uow, moment, actor, Act.EDIT_FACE, actor.id, reason=f"face on {point}")
    uow.session.flush()


def remove_face(uow: UnitOfWork, actor: Actor, point: str, moment: Moment) -> None:
    """Take face away from an access point; the other ways there stay as they are.

    The consents that named it end with the next `consent.end_due`, and its data is erased (WD-05).
    """
    need_act(actor, Act.EDIT_FACE)
    row = uow.need(AccessPointRow, point)
    row.methods = tuple(method for method in row.methods if method != Method.FACE.value)
    known = uow.find(FaceSettingsRow, point)
    if known is not None:
        uow.session.delete(known)
    record_act(uow, moment, actor, Act.EDIT_FACE, actor.id, reason=f"face removed {point}")
    uow.session.flush()


def face_settings(uow: UnitOfWork) -> dict[str, FaceSettingsRecord]:
    """Return what is on record for each access point with face."""
    return {
        row.access_point: FaceSettingsRecord(
            pipia_ref=row.pipia_ref,
            notice_version=row.notice_version,
            sign_attested_at_ms=row.sign_attested_at_ms,
            pad_accepted=row.pad_accepted,
            room_number_may_narrow=row.room_number_may_narrow,
        )
        for row in uow.session.scalars(select(FaceSettingsRow))
    }


def set_switch(
    uow: UnitOfWork,
    actor: Actor,
    scope: str,
    *,
    is_on: bool,
    reason: str,
    moment: Moment,
    order_reference: str = "",
) -> None:
    """Suspend face, or end its suspension; no other way and no consent is touched (NS-10).

    `scope` is `compound`, `gate:<name>` or `ap:<name>`. Raises RefusedError: `not_found`,
    `reason_required`, `role_not_allowed`.
    """
    need_act(actor, Act.EDIT_FACE)
    need_reason(reason)
    _need_scope(uow, scope)
    row = uow.find(FaceSwitchRow, scope)
    if row is None:
        row = FaceSwitchRow(scope=scope, is_on=True, since_ms=0)
        uow.session.add(row)
    if row.is_on is not is_on or not row.since_ms:
        row.since_ms = moment.utc_ms
    row.is_on, row.changed_by, row.order_reference = is_on, actor.id, order_reference
    word = "on" if is_on else "off"
    record_act(
        uow,
        moment,
        actor,
        Act.EDIT_FACE,
        actor.id,
        reason=f"switch {scope} {word}: {reason}",
        order_reference=order_reference,
    )
    uow.session.flush()


def switches(uow: UnitOfWork) -> Mapping[str, FaceSwitchRow]:
    """Return every switch that was ever used, by its scope."""
    return {row.scope: row for row in uow.session.scalars(select(FaceSwitchRow))}


def allow_under_14(uow: UnitOfWork, actor: Actor, rules: str, moment: Moment) -> None:
    """Name the site's special rules for children under 14; an empty name turns it off again.

    Off is the state of things (rule MI-01, PIPL Art. 31).
    """
    need_act(actor, Act.EDIT_FACE)
    row = uow.find(SiteValueRow, _UNDER_14) or SiteValueRow(name=_UNDER_14)
    row.value = rules.strip().encode()
    uow.session.add(row)
    reason = f"under 14: {rules.strip() or 'off'}"
    record_act(uow, moment, actor, Act.EDIT_FACE, actor.id, reason=reason)
    uow.session.flush()


def under_14_rules(uow: UnitOfWork) -> str:
    """Return the name of the site's special rules for children, or an empty text."""
    row = uow.find(SiteValueRow, _UNDER_14)
    return row.value.decode() if row is not None else ""


def _need_scope(uow: UnitOfWork, scope: str) -> None:
    kind, _, name = scope.partition(":")
    if scope == COMPOUND:
        return
    if kind == "gate" and scope == gate_scope(name):
        uow.need(GateRow, name)
    elif kind == "ap" and scope == ap_scope(name):
        uow.need(AccessPointRow, name)
    else:
        raise Refusal(ReasonCode.NOT_FOUND, "NS-10", detail="scope").as_error()
