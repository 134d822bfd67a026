"""End everything that a right carried, at once: move-out, an ended lease, staff who leave.

Acceptance case I11; DESIGN §9: loss of right ends every pass, guest pass and session at once.
"""

from dataclasses import dataclass

from sqlalchemy import or_, select, update

from controller.domain.credentials import EndReason
from controller.domain.ending import ends_with_right
from controller.domain.moment import Moment
from controller.domain.people import HolderKind
from controller.domain.refusal import Refusal
from controller.domain.roles import Act, Actor
from controller.services.acts import need_act, record_act
from controller.services.holders import dwelling_adults, lives_here
from controller.services.register import as_credential, end_row
from controller.services.site import Site
from controller.storage.models import CredentialRow, HolderRow, ResidenceRow, SessionRow
from controller.storage.unit_of_work import UnitOfWork
from mqtt.contract.reasons import ReasonCode

__all__ = ["Left", "end_expired_rights", "move_out"]


@dataclass(frozen=True, slots=True)
class Left:
    """What ended with a right: credential ids and the number of sessions."""

    credentials: tuple[bytes, ...]
    sessions: int


def move_out(
    uow: UnitOfWork, site: Site, actor: Actor, holder: bytes, *, dwelling: int, moment: Moment
) -> Left:
    """End a holder's right to live in a dwelling, and all that stood on it.

    Raises RefusedError: `role_not_allowed`, `not_found` if the holder does not live there.
    """
    need_act(actor, Act.EDIT_HOLDERS)
    rows = uow.session.scalars(
        select(ResidenceRow).where(
            ResidenceRow.holder_id == holder, ResidenceRow.dwelling_id == dwelling
        )
    )
    standing = [row for row in rows if row.ended_at_ms is None]
    if not standing:
        raise Refusal(ReasonCode.NOT_FOUND, "HO-02", detail="residence").as_error()
    record_act(uow, moment, actor, Act.EDIT_HOLDERS, holder, reason=EndReason.MOVE_OUT.value)
    return _end_right(uow, site, actor, standing, moment)


def end_expired_rights(uow: UnitOfWork, site: Site, actor: Actor, moment: Moment) -> Left:
    """End every right whose date has come; runs every minute and may run twice."""
    due = uow.session.scalars(
        select(ResidenceRow).where(
            ResidenceRow.ended_at_ms.is_(None), ResidenceRow.until_ms <= moment.utc_ms
        )
    ).all()
    ended = [_end_right(uow, site, actor, [row], moment) for row in due]
    credentials = tuple(each for left in ended for each in left.credentials)
    return Left(credentials, sum(left.sessions for left in ended))


def _end_right(
    uow: UnitOfWork, site: Site, actor: Actor, rows: list[ResidenceRow], moment: Moment
) -> Left:
    holder, dwelling = rows[0].holder_id, rows[0].dwelling_id
    for row in rows:
        row.ended_at_ms = moment.utc_ms
    uow.session.flush()
    has_other_home = lives_here(uow, holder, moment)
    found = uow.session.scalars(
        select(CredentialRow).where(
            CredentialRow.ended_at_ms.is_(None),
            or_(CredentialRow.holder_id == holder, CredentialRow.dwelling_id == dwelling),
        )
    )
    known = {row.id: row for row in found}
    ending = ends_with_right(
        holder,
        dwelling,
        tuple(as_credential(row) for row in known.values()),
        moment.utc_ms,
        has_other_home=has_other_home,
        leaves_empty=not dwelling_adults(uow, site, dwelling, moment),
    )
    for credential in ending:
        end_row(uow, known[credential.id], EndReason.MOVE_OUT, actor, moment)
    sessions = 0 if has_other_home else _end_sessions(uow, holder, moment)
    if not has_other_home:
        person = uow.need(HolderRow, holder)
        if person.kind == HolderKind.RESIDENT.value:
            person.left_at_ms = moment.utc_ms
    uow.session.flush()
    return Left(tuple(credential.id for credential in ending), sessions)


def _end_sessions(uow: UnitOfWork, holder: bytes, moment: Moment) -> int:
    done = uow.session.execute(
        update(SessionRow)
        .where(SessionRow.holder_id == holder, SessionRow.ended_at_ms.is_(None))
        .values(ended_at_ms=moment.utc_ms)
        .returning(SessionRow.cookie_hash)
    )
    return len(done.all())
