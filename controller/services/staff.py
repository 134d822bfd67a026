"""Keep staff accounts: Argon2id passwords (RFC 9106), sessions, roster PINs, leavers.

A session is looked up at every request and never cached, so that an ended account is refused at
its next request without any restart (acceptance case B08).
"""

import hashlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import select, update

from controller.domain.cards import Card
from controller.domain.credentials import EndReason
from controller.domain.moment import DAY_MS, HOUR_MS, Moment
from controller.domain.refusal import Refusal
from controller.domain.roles import Act, Actor
from controller.services.acts import need_act, record_act
from controller.services.holders import lives_here
from controller.services.register import active_rows, end_row
from controller.services.site import new_pseudonym
from controller.storage.models import SessionRow, StaffRow
from controller.storage.unit_of_work import UnitOfWork
from mqtt.contract.pin_hash import SALT_BYTES, hash_pin
from mqtt.contract.reasons import ReasonCode
from mqtt.contract.records import Role

__all__ = [
    "HOLDER_SESSION_MS",
    "SESSION_MS",
    "StaffDraft",
    "add_account",
    "add_staff",
    "cookie_hash",
    "end_session",
    "end_sessions",
    "end_staff",
    "open_holder_session",
    "open_session",
    "open_staff_session",
    "session_actor",
    "set_password",
]

SESSION_MS = 12 * HOUR_MS
HOLDER_SESSION_MS = 400 * DAY_MS
_PASSWORD_LEAST = 12
# Checked when the login is unknown, so that the answer takes as long as for a wrong password.
_NOBODY = (
    "$argon2id$v=19$m=65536,t=3,p=4$AAAAAAAAAAAAAAAAAAAAAA$"
    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
)


@dataclass(frozen=True, slots=True)
class StaffDraft:
    """A staff account about to begin. `card` and `pin` sign on at a gate's guard panel.

    `holder` is set for somebody who also holds credentials of the compound as staff; they end with
    the account.
    """

    login: str
    name: str
    role: Role
    password: str
    card: Card | None = None
    pin: str = ""
    public_key: bytes = b""
    holder: bytes | None = None
    valid_for_ms: int = 366 * DAY_MS

    def __repr__(self) -> str:
        return f"StaffDraft(role={self.role.value})"


def add_staff(uow: UnitOfWork, actor: Actor | None, draft: StaffDraft, moment: Moment) -> bytes:
    """Make an account; return its pseudonym. `actor` None is allowed for the very first account.

    Raises RefusedError: `role_not_allowed`, `conflict` (login in use), `config_invalid`.
    """
    if actor is not None:
        need_act(actor, Act.EDIT_STAFF)
    elif uow.session.scalar(select(StaffRow.id).limit(1)) is not None:
        raise Refusal(ReasonCode.ROLE_NOT_ALLOWED, "RO-01").as_error()
    id_ = add_account(uow, draft, moment)
    if actor is not None:
        record_act(uow, moment, actor, Act.EDIT_STAFF, id_)
    return id_


def add_account(uow: UnitOfWork, draft: StaffDraft, moment: Moment) -> bytes:
    """Make an account as part of another act, which has already been allowed.

    Raises RefusedError: `conflict` (login in use), `config_invalid`.
    """
    _check_password(draft.password)
    if uow.session.scalar(select(StaffRow.id).where(StaffRow.login == draft.login)) is not None:
        raise Refusal(ReasonCode.CONFLICT, "ST-01", detail="login").as_error()
    salt = secrets.token_bytes(SALT_BYTES) if draft.pin else b""
    row = StaffRow(
        id=new_pseudonym(),
        login=draft.login,
        name=draft.name,
        role=draft.role.value,
        password_hash=PasswordHasher().hash(draft.password),
        pin_salt=salt,
        pin_hash=hash_pin(draft.pin, salt) if draft.pin else b"",
        card_value=draft.card.stored if draft.card else "",
        card_length=draft.card.length if draft.card else 0,
        public_key=draft.public_key,
        holder_id=draft.holder,
        valid_until_ms=moment.utc_ms + draft.valid_for_ms,
        created_at_ms=moment.utc_ms,
    )
    uow.session.add(row)
    uow.session.flush()
    return row.id


def open_session(
    uow: UnitOfWork,
    login: str,
    password: str,
    moment: Moment,
    *,
    second_step: Callable[[StaffRow], bool] | None = None,
) -> str:
    """Check login and password; return the cookie of a new session, 12 h long.

    `second_step` checks the one-time code of an account that has one; without it such an account
    does not get in. Raises RefusedError(`not_allowed`) alike for an unknown login, a wrong
    password, a wrong code and a leaver.
    """
    row = uow.session.scalar(select(StaffRow).where(StaffRow.login == login))
    try:
        PasswordHasher().verify(row.password_hash if row is not None else _NOBODY, password)
    except (VerificationError, InvalidHashError):
        row = None
    if row is None or not _is_current(row, moment):
        raise Refusal(ReasonCode.NOT_ALLOWED, "ST-02").as_error()
    if row.totp_secret and (second_step is None or not second_step(row)):
        raise Refusal(ReasonCode.NOT_ALLOWED, "ST-02").as_error()
    return _new_session(uow, moment, SESSION_MS, staff_id=row.id)


def open_staff_session(uow: UnitOfWork, staff: bytes, moment: Moment) -> str:
    """Return the cookie of a new session of somebody who has proved who it is.

    Raises RefusedError(`not_allowed`) for a leaver.
    """
    if not _is_current(uow.need(StaffRow, staff), moment):
        raise Refusal(ReasonCode.NOT_ALLOWED, "ST-02").as_error()
    return _new_session(uow, moment, SESSION_MS, staff_id=staff)


def set_password(uow: UnitOfWork, staff: bytes, password: str) -> None:
    """Give an account a password. Raises RefusedError(`config_invalid`) for a short one."""
    _check_password(password)
    uow.need(StaffRow, staff).password_hash = PasswordHasher().hash(password)
    uow.session.flush()


def end_sessions(uow: UnitOfWork, staff: bytes, moment: Moment) -> None:
    """End every session of an account at once."""
    uow.session.execute(
        update(SessionRow)
        .where(SessionRow.staff_id == staff, SessionRow.ended_at_ms.is_(None))
        .values(ended_at_ms=moment.utc_ms)
    )


def open_holder_session(uow: UnitOfWork, holder: bytes, moment: Moment) -> str:
    """Return the cookie of a new session of a resident's own device."""
    return _new_session(uow, moment, HOLDER_SESSION_MS, holder_id=holder)


def session_actor(uow: UnitOfWork, cookie: str, moment: Moment) -> Actor | None:
    """Return who a cookie belongs to, or None if it is unknown, old or ended."""
    session = uow.find(SessionRow, cookie_hash(cookie))
    if session is None or session.ended_at_ms is not None or session.until_ms <= moment.utc_ms:
        return None
    if session.holder_id is not None:
        return Actor(session.holder_id)
    row = uow.find(StaffRow, session.staff_id)
    if row is None or not _is_current(row, moment):
        return None
    return Actor(row.id, Role(row.role))


def end_session(uow: UnitOfWork, cookie: str, moment: Moment) -> None:
    """Sign out; an unknown cookie is no error."""
    session = uow.find(SessionRow, cookie_hash(cookie))
    if session is not None and session.ended_at_ms is None:
        session.ended_at_ms = moment.utc_ms
        uow.session.flush()


def end_staff(uow: UnitOfWork, actor: Actor, staff: bytes, moment: Moment) -> None:
    """End a leaver everywhere at once: sign-in, sessions, every gate's roster, own credentials.

    Raises RefusedError: `role_not_allowed`, `not_allowed` for one's own account.
    """
    need_act(actor, Act.EDIT_STAFF)
    if actor.id == staff:
        raise Refusal(ReasonCode.NOT_ALLOWED, "ST-03", detail="own account").as_error()
    row = uow.need(StaffRow, staff)
    row.ended_at_ms = moment.utc_ms
    _end_credentials(uow, row.holder_id, actor, moment)
    end_sessions(uow, staff, moment)
    record_act(uow, moment, actor, Act.EDIT_STAFF, staff, reason="leaver")
    uow.session.flush()


def _check_password(password: str) -> None:
    if len(password) < _PASSWORD_LEAST:
        detail = f"password: {_PASSWORD_LEAST} characters or more"
        raise Refusal(ReasonCode.CONFIG_INVALID, "ST-01", detail=detail).as_error()


def _end_credentials(uow: UnitOfWork, holder: bytes | None, actor: Actor, moment: Moment) -> None:
    """End what a leaver held as staff; a resident's credentials stay."""
    if holder is None or lives_here(uow, holder, moment):
        return
    for credential in active_rows(uow, holder, moment):
        end_row(uow, credential, EndReason.LEAVER, actor, moment)


def _new_session(
    uow: UnitOfWork,
    moment: Moment,
    length_ms: int,
    *,
    staff_id: bytes | None = None,
    holder_id: bytes | None = None,
) -> str:
    cookie = secrets.token_urlsafe(32)
    row = SessionRow(
        cookie_hash=cookie_hash(cookie),
        staff_id=staff_id,
        holder_id=holder_id,
        created_at_ms=moment.utc_ms,
        until_ms=moment.utc_ms + length_ms,
    )
    uow.session.add(row)
    uow.session.flush()
    return cookie


def cookie_hash(cookie: str) -> bytes:
    """Return what is kept of a session cookie."""
    return hashlib.sha256(cookie.encode()).digest()


def _is_current(row: StaffRow, moment: Moment) -> bool:
    return row.ended_at_ms is None and moment.utc_ms < row.valid_until_ms
