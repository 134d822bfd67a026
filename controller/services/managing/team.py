"""Show the team: accounts, what each role may do, what staff did to whom and why."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import or_, select

from controller.domain.cards import Card, card_for
from controller.domain.refusal import Refusal
from controller.domain.roles import Act, staff_may
from controller.services.gates import access_point_names, card_formats_at
from controller.services.login.passkeys import passkeys_of
from controller.storage.models import CredentialRow, HolderRow, StaffActRow, StaffRow
from controller.storage.unit_of_work import UnitOfWork
from mqtt.contract.records import Role

__all__ = ["Member", "ShownAct", "acts", "card_of", "rights", "team"]


@dataclass(frozen=True, slots=True)
class Member:
    """One account and how it signs in."""

    row: StaffRow
    has_codes: bool
    passkeys: int


@dataclass(frozen=True, slots=True)
class ShownAct:
    """One act with the names of who did it and to whom it was done."""

    id: int
    at_ms: int
    actor: str
    role: str
    act: str
    subject: str
    reason: str
    order_reference: str


def team(uow: UnitOfWork) -> tuple[Member, ...]:
    """Return the accounts that stand, then leavers of whom something is on record."""
    order = StaffRow.ended_at_ms.is_not(None), StaffRow.role, StaffRow.login
    return tuple(
        Member(row, bool(row.totp_secret), len(passkeys_of(uow, row.id)))
        for row in uow.session.scalars(select(StaffRow).order_by(*order))
    )


def rights() -> Mapping[Role, tuple[Act, ...]]:
    """Return what each role may do."""
    return {role: tuple(act for act in Act if staff_may(role, act)) for role in Role}


def card_of(uow: UnitOfWork, number: int) -> Card:
    """Return the card of a guard's fob, as the readers here would read it.

    Raises RefusedError(`does_not_fit`).
    """
    formats = card_formats_at(uow, frozenset(access_point_names(uow)))
    card = card_for(number, None, formats)
    if isinstance(card, Refusal):
        raise card.as_error()
    return card


def acts(
    uow: UnitOfWork,
    *,
    before: int | None = None,
    subject: bytes | None = None,
    actor: bytes | None = None,
    limit: int = 100,
) -> tuple[ShownAct, ...]:
    """Return what staff did, newest first; `subject` and `actor` narrow it to one person."""
    found = select(StaffActRow)
    if before is not None:
        found = found.where(StaffActRow.id < before)
    if actor is not None:
        found = found.where(StaffActRow.actor == actor)
    if subject is not None:
        own = select(CredentialRow.id).where(CredentialRow.holder_id == subject)
        found = found.where(or_(StaffActRow.subject == subject, StaffActRow.subject.in_(own)))
    rows = uow.session.scalars(found.order_by(StaffActRow.id.desc()).limit(limit)).all()
    staff = {row.id: row for row in uow.session.scalars(select(StaffRow))}
    return tuple(_shown(uow, row, staff) for row in rows)


def _shown(uow: UnitOfWork, row: StaffActRow, staff: Mapping[bytes, StaffRow]) -> ShownAct:
    actor = staff.get(row.actor)
    return ShownAct(
        row.id,
        row.at_ms,
        actor.name if actor is not None else "—",
        actor.role if actor is not None else "",
        row.act,
        _named(uow, row.subject, staff),
        row.reason,
        row.order_reference,
    )


def _named(uow: UnitOfWork, subject: bytes, staff: Mapping[bytes, StaffRow]) -> str:
    if subject in staff:
        return staff[subject].name
    credential = uow.find(CredentialRow, subject)
    holder = uow.find(HolderRow, credential.holder_id if credential is not None else subject)
    return holder.name if holder is not None else ""
