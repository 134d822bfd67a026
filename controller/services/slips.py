"""Print slips for a resident's first login, and turn one into a signed-in device, once.

The code has 60 random bits, is told once and kept as SHA-256. Opening its link changes nothing, so
that a chat program that looks at links beforehand does not use it up.
"""

import hashlib
import secrets
from dataclasses import dataclass

from sqlalchemy import select, update

from controller.domain.credentials import Carrier
from controller.domain.moment import DAY_MS, Moment
from controller.domain.refusal import Refusal
from controller.domain.roles import Act, Actor
from controller.services.acts import need_act, record_act
from controller.services.holders import lives_here
from controller.services.passes import open_phone
from controller.services.register import active_rows
from controller.services.staff import open_holder_session
from controller.storage.models import HolderRow, LoginSlipRow
from controller.storage.unit_of_work import UnitOfWork
from mqtt.contract.reasons import ReasonCode

__all__ = ["SLIP_LIFE_MS", "SignedIn", "check_login_slip", "issue_login_slip", "use_login_slip"]

SLIP_LIFE_MS = 14 * DAY_MS
_LETTERS = "ABCDEFGHJKMNPQRSTVWXYZ0123456789"
_GROUPS, _GROUP = 3, 4


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A device that is signed in now: its cookie, and whether gates must hear of a new pass."""

    holder: bytes
    cookie: str
    language: str
    is_new_pass: bool

    def __repr__(self) -> str:
        return "SignedIn(…)"


def issue_login_slip(
    uow: UnitOfWork, actor: Actor, holder: bytes, levels: tuple[str, ...], moment: Moment
) -> str:
    """Return the code of a new slip, as `ABCD-EFGH-JKMN`; slips not yet used stop working.

    It is good for 14 days. Raises RefusedError: `role_not_allowed`, `not_found`, `not_allowed` for
    somebody who does not live here.
    """
    need_act(actor, Act.ISSUE_CREDENTIAL)
    uow.need(HolderRow, holder)
    if not lives_here(uow, holder, moment):
        raise Refusal(ReasonCode.NOT_ALLOWED, "LO-01", detail="residence").as_error()
    uow.session.execute(
        update(LoginSlipRow)
        .where(LoginSlipRow.holder_id == holder, LoginSlipRow.used_at_ms.is_(None))
        .values(until_ms=moment.utc_ms)
    )
    drawn = "".join(secrets.choice(_LETTERS) for _ in range(_GROUPS * _GROUP))
    uow.session.add(
        LoginSlipRow(
            code_hash=_hash(drawn),
            holder_id=holder,
            levels=levels,
            made_at_ms=moment.utc_ms,
            made_by=actor.id,
            until_ms=moment.utc_ms + SLIP_LIFE_MS,
        )
    )
    record_act(uow, moment, actor, Act.ISSUE_CREDENTIAL, holder, reason="login slip")
    uow.session.flush()
    return "-".join(drawn[at : at + _GROUP] for at in range(0, len(drawn), _GROUP))


def check_login_slip(uow: UnitOfWork, code: str, moment: Moment) -> LoginSlipRow:
    """Return a slip that works, and change nothing.

    Raises RefusedError(`expired`) alike for an unknown, a used and an old one.
    """
    found = select(LoginSlipRow).where(LoginSlipRow.code_hash == _hash(code))
    row = uow.session.scalar(found)
    if row is None or row.used_at_ms is not None or row.until_ms <= moment.utc_ms:
        raise Refusal(ReasonCode.EXPIRED, "LO-02", detail="code").as_error()
    if not lives_here(uow, row.holder_id, moment):
        raise Refusal(ReasonCode.EXPIRED, "LO-02", detail="code").as_error()
    return row


def use_login_slip(uow: UnitOfWork, code: str, moment: Moment) -> SignedIn:
    """Use a slip up and sign its device in; the resident gets a phone pass if there is none yet.

    Raises RefusedError(`expired`), and what `register.begin` raises.
    """
    row = check_login_slip(uow, code, moment)
    # Of two devices at once the database lets one through.
    taken = uow.session.execute(
        update(LoginSlipRow)
        .where(LoginSlipRow.code_hash == row.code_hash, LoginSlipRow.used_at_ms.is_(None))
        .values(used_at_ms=moment.utc_ms)
        .returning(LoginSlipRow.holder_id)
        .execution_options(synchronize_session=False)
    ).all()
    if not taken:
        raise Refusal(ReasonCode.EXPIRED, "LO-02", detail="code").as_error()
    held = active_rows(uow, row.holder_id, moment)
    has_phone = any(each.carrier == Carrier.PHONE.value for each in held)
    if not has_phone:
        open_phone(uow, row.holder_id, row.levels, moment)
    cookie = open_holder_session(uow, row.holder_id, moment)
    language = uow.need(HolderRow, row.holder_id).language
    return SignedIn(row.holder_id, cookie, language, is_new_pass=not has_phone)


def _hash(code: str) -> bytes:
    """Hash what was typed: case, spaces and dashes do not matter, O and I are 0 and 1."""
    typed = "".join(letter for letter in code.upper() if letter.isalnum())
    plain = typed.translate(str.maketrans("OIL", "011"))
    return hashlib.sha256(plain.encode()).digest()
