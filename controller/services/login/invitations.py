"""Invite staff: a single-use code for the first login, told once and kept as SHA-256.

Opening the link changes nothing. An account that is invited again (a lost telephone) loses its
password, codes, passkeys and sessions in the same act.
"""

import hashlib
import secrets
from dataclasses import replace

from sqlalchemy import select, update

from controller.domain.moment import DAY_MS, Moment
from controller.domain.refusal import Refusal
from controller.domain.roles import Act, Actor
from controller.services.acts import need_act, record_act
from controller.services.login.codes import drawn_secret, is_code_right, keep_secret
from controller.services.login.sealing import ensure_seal
from controller.services.site import Site
from controller.services.staff import (
    StaffDraft,
    add_staff,
    end_sessions,
    open_staff_session,
    set_password,
)
from controller.storage.models import StaffInvitationRow, StaffPasskeyRow, StaffRow
from controller.storage.unit_of_work import UnitOfWork
from mqtt.contract.reasons import ReasonCode

__all__ = [
    "INVITATION_LIFE_MS",
    "accept_with_password",
    "invitation",
    "invite",
    "invite_again",
    "offered_secret",
    "use_invitation",
]

INVITATION_LIFE_MS = 7 * DAY_MS
_CODE_BYTES = 24


def invite(
    uow: UnitOfWork, site: Site, actor: Actor | None, draft: StaffDraft, moment: Moment
) -> tuple[bytes, str]:
    """Make an account without a password; return its id and the invitation's code.

    `actor` None is allowed for the very first account. Raises what `add_staff` raises.
    """
    closed = replace(draft, password=secrets.token_urlsafe(32))
    staff = add_staff(uow, actor, closed, moment)
    return staff, _new_code(uow, site, staff, actor, moment)


def invite_again(
    uow: UnitOfWork, site: Site, actor: Actor | None, staff: bytes, moment: Moment
) -> str:
    """Take everything from an account that it could sign in with, and return a new code.

    `actor` None is for the operator at the machine. Raises RefusedError: `role_not_allowed`,
    `not_found`, `not_allowed` for a leaver or one's own account.
    """
    row = uow.need(StaffRow, staff)
    if actor is not None:
        need_act(actor, Act.EDIT_STAFF)
        if actor.id == staff:
            raise Refusal(ReasonCode.NOT_ALLOWED, "ST-03", detail="own account").as_error()
    if row.ended_at_ms is not None:
        raise Refusal(ReasonCode.NOT_ALLOWED, "ST-02", detail="leaver").as_error()
    row.password_hash, row.totp_secret = "", b""
    uow.session.execute(
        update(StaffPasskeyRow)
        .where(StaffPasskeyRow.staff_id == staff, StaffPasskeyRow.ended_at_ms.is_(None))
        .values(ended_at_ms=moment.utc_ms)
    )
    end_sessions(uow, staff, moment)
    if actor is not None:
        record_act(uow, moment, actor, Act.EDIT_STAFF, staff, reason="invited again")
    return _new_code(uow, site, staff, actor, moment)


def invitation(uow: UnitOfWork, code: str, moment: Moment) -> tuple[StaffInvitationRow, StaffRow]:
    """Return an invitation that works and its account, and change nothing.

    Raises RefusedError(`expired`) alike for an unknown, used or old one and for a leaver's.
    """
    row = uow.session.scalar(
        select(StaffInvitationRow).where(StaffInvitationRow.code_hash == _hash(code))
    )
    if row is None or row.used_at_ms is not None or row.until_ms <= moment.utc_ms:
        raise Refusal(ReasonCode.EXPIRED, "ST-04", detail="invitation").as_error()
    staff = uow.need(StaffRow, row.staff_id)
    if staff.ended_at_ms is not None or staff.valid_until_ms <= moment.utc_ms:
        raise Refusal(ReasonCode.EXPIRED, "ST-04", detail="invitation").as_error()
    return row, staff


def offered_secret(uow: UnitOfWork, site: Site, code: str) -> str:
    """Return the secret for one-time codes that the page of this invitation shows."""
    return drawn_secret(uow, site, _hash(code))


def accept_with_password(
    uow: UnitOfWork, site: Site, code: str, *, password: str, one_time_code: str, moment: Moment
) -> str:
    """Use the invitation up: password and one-time codes are set; return a session's cookie.

    Raises RefusedError: `expired`, `config_invalid` for a short password, `not_allowed` for a
    wrong one-time code; then the invitation still works.
    """
    _, staff = invitation(uow, code, moment)
    secret = offered_secret(uow, site, code)
    if not is_code_right(secret, one_time_code, moment):
        raise Refusal(ReasonCode.NOT_ALLOWED, "ST-05", detail="code").as_error()
    set_password(uow, staff.id, password)
    keep_secret(uow, site, staff, secret)
    use_invitation(uow, code, moment)
    return open_staff_session(uow, staff.id, moment)


def use_invitation(uow: UnitOfWork, code: str, moment: Moment) -> bytes:
    """Use an invitation up and return its account; of two at once one is let through.

    Raises RefusedError(`expired`).
    """
    row, staff = invitation(uow, code, moment)
    taken = uow.session.execute(
        update(StaffInvitationRow)
        .where(
            StaffInvitationRow.code_hash == row.code_hash,
            StaffInvitationRow.used_at_ms.is_(None),
        )
        .values(used_at_ms=moment.utc_ms)
        .returning(StaffInvitationRow.staff_id)
        .execution_options(synchronize_session=False)
    ).all()
    if not taken:
        raise Refusal(ReasonCode.EXPIRED, "ST-04", detail="invitation").as_error()
    return staff.id


def _new_code(
    uow: UnitOfWork, site: Site, staff: bytes, actor: Actor | None, moment: Moment
) -> str:
    ensure_seal(uow, site)
    uow.session.execute(
        update(StaffInvitationRow)
        .where(StaffInvitationRow.staff_id == staff, StaffInvitationRow.used_at_ms.is_(None))
        .values(until_ms=moment.utc_ms)
    )
    code = secrets.token_urlsafe(_CODE_BYTES)
    uow.session.add(
        StaffInvitationRow(
            code_hash=_hash(code),
            staff_id=staff,
            made_at_ms=moment.utc_ms,
            made_by=actor.id if actor is not None else None,
            until_ms=moment.utc_ms + INVITATION_LIFE_MS,
        )
    )
    uow.session.flush()
    return code


def _hash(code: str) -> bytes:
    return hashlib.sha256(code.strip().encode()).digest()
