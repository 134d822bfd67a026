"""Record what staff did to somebody's access, in the same transaction as the act itself.

The act enters the controller's own log too, where who it was is bound by a salted commitment.
"""

from controller.domain.moment import Moment
from controller.domain.refusal import Refusal, raise_if
from controller.domain.roles import Act, Actor, staff_may
from controller.services.logbook.control import append
from controller.storage.models import StaffActRow
from controller.storage.unit_of_work import UnitOfWork
from mqtt.contract import codec
from mqtt.contract.control_log import ControlKind
from mqtt.contract.reasons import ReasonCode

__all__ = ["need_act", "need_reason", "record_act"]


def record_act(
    uow: UnitOfWork,
    moment: Moment,
    actor: Actor,
    act: Act,
    subject: bytes,
    *,
    reason: str = "",
    order_reference: str = "",
) -> None:
    """Add one line to the record of acts; acts of holders on their own access are not recorded."""
    if actor.role is None:
        return
    uow.session.add(
        StaffActRow(
            at_ms=moment.utc_ms,
            actor=actor.id,
            act=act.value,
            subject=subject,
            reason=reason,
            order_reference=order_reference,
        )
    )
    who: list[codec.Plain] = [actor.id, subject, reason, order_reference]
    said = {"act": act.value, "role": actor.role.value}
    append(uow, moment, ControlKind.STAFF_ACT, personal=who, **said)


def need_act(actor: Actor, act: Act) -> None:
    """Raise RefusedError(`role_not_allowed`) unless the actor's role may do the act."""
    if actor.role is None or not staff_may(actor.role, act):
        raise_if(Refusal(ReasonCode.ROLE_NOT_ALLOWED, "RO-01", detail=act.value))


def need_reason(reason: str) -> None:
    """Raise RefusedError(`reason_required`) for an empty reason."""
    if not reason.strip():
        raise_if(Refusal(ReasonCode.REASON_REQUIRED, "RO-02"))
