"""Sign a guard on at the lodge with the own fob and PIN, for a shift; nobody shares an account."""

import hmac

from sqlalchemy import select

from controller.domain.moment import Moment
from controller.domain.refusal import Refusal
from controller.domain.roles import Act, Actor, staff_may
from controller.services.acts import record_act
from controller.services.staff import open_staff_session
from controller.storage.models import StaffRow
from controller.storage.unit_of_work import UnitOfWork
from mqtt.contract.pin_hash import hash_pin
from mqtt.contract.reasons import ReasonCode
from mqtt.contract.records import Role

__all__ = ["begin_shift"]

_NO_SALT = bytes(16)


def begin_shift(uow: UnitOfWork, number: int, pin: str, moment: Moment) -> str:
    """Return the cookie of a new session of 12 h.

    `number` is what the desk's reader types, or what stands on the fob. Raises
    RefusedError(`not_allowed`) alike for an unknown fob, a wrong PIN and somebody who left.
    """
    row = _holder_of(uow, number)
    # Hashed in any case, so that the answer takes as long for an unknown fob.
    given = hash_pin(pin, row.pin_salt if row is not None else _NO_SALT)
    if row is None or not row.pin_hash or not hmac.compare_digest(given, row.pin_hash):
        raise Refusal(ReasonCode.NOT_ALLOWED, "ST-02").as_error()
    cookie = open_staff_session(uow, row.id, moment)
    actor = Actor(row.id, Role(row.role))
    record_act(uow, moment, actor, Act.GIVE_COMMAND, row.id, reason="shift")
    return cookie


def _holder_of(uow: UnitOfWork, number: int) -> StaffRow | None:
    rows = uow.session.scalars(
        select(StaffRow).where(StaffRow.card_length > 0, StaffRow.ended_at_ms.is_(None))
    )
    for row in rows:
        is_it = bool(row.card_value) and int(row.card_value, 16) == number
        if is_it and staff_may(Role(row.role), Act.GIVE_COMMAND):
            return row
    return None
