"""Let a household move in and out in one visit, and say in a receipt what has ended."""

from dataclasses import dataclass

from sqlalchemy import select

from controller.domain.consent import ConsentEnd
from controller.domain.credentials import EndReason
from controller.domain.erasure import GateErasure
from controller.domain.moment import Moment
from controller.domain.people import Relation
from controller.domain.refusal import Refusal
from controller.domain.roles import Act, Actor
from controller.services.acts import need_act, record_act
from controller.services.erasure import request_views, stop_face
from controller.services.holders import (
    HolderDraft,
    add_dwelling,
    add_holder,
    add_residence,
    lives_here,
)
from controller.services.leaving import move_out
from controller.services.managing.names import index_names
from controller.services.passes import IssuedPass, issue_paper
from controller.services.site import Site
from controller.services.slips import issue_login_slip
from controller.storage.models import CredentialRow, DwellingRow, HolderRow, ResidenceRow
from controller.storage.unit_of_work import UnitOfWork
from mqtt.contract.reasons import ReasonCode

__all__ = [
    "MOST",
    "Arrival",
    "Departure",
    "Newcomer",
    "household_leaves",
    "household_moves_in",
    "receipt_of",
    "residents_in",
]

MOST = 6
"""Most people in one visit's form."""


@dataclass(frozen=True, slots=True)
class Newcomer:
    """Somebody who moves in; `with_phone` prints a slip for the first login."""

    draft: HolderDraft
    relation: Relation
    with_phone: bool

    def __repr__(self) -> str:
        return f"Newcomer({self.relation.value})"


@dataclass(frozen=True, slots=True)
class Arrival:
    """What one newcomer leaves the counter with: a paper pass that works, a login slip or none."""

    holder: bytes
    name: str
    paper: IssuedPass
    slip: str

    def __repr__(self) -> str:
        return "Arrival(…)"


@dataclass(frozen=True, slots=True)
class Departure:
    """What ended for one person: credentials by carrier, sessions, and each gate's erasure."""

    holder: bytes
    name: str
    left_at_ms: int
    credentials: tuple[tuple[str, int], ...]
    gates: tuple[GateErasure, ...]


def household_moves_in(
    uow: UnitOfWork,
    site: Site,
    actor: Actor,
    dwelling: str,
    people: tuple[Newcomer, ...],
    *,
    levels: tuple[str, ...],
    moment: Moment,
) -> tuple[Arrival, ...]:
    """Register a household; everybody gets a paper pass that works at once.

    Raises RefusedError: `role_not_allowed`, `config_invalid` for no flat, nobody or too many, and
    what issuing raises; then nobody is registered.
    """
    need_act(actor, Act.EDIT_HOLDERS)
    if not dwelling.strip() or not 0 < len(people) <= MOST:
        raise Refusal(ReasonCode.CONFIG_INVALID, "HO-01", detail="dwelling, people").as_error()
    home = add_dwelling(uow, dwelling.strip())
    arrived = []
    for each in people:
        holder = add_holder(uow, each.draft, moment)
        add_residence(uow, holder, home, each.relation, moment)
        index_names(uow, [(holder, each.draft.name)])
        record_act(uow, moment, actor, Act.EDIT_HOLDERS, holder, reason="move_in")
        paper = issue_paper(uow, site, actor, holder, levels=levels, moment=moment)
        slip = issue_login_slip(uow, actor, holder, levels, moment) if each.with_phone else ""
        arrived.append(Arrival(holder, each.draft.name.strip(), paper, slip))
    return tuple(arrived)


def residents_in(uow: UnitOfWork, dwelling: str, moment: Moment) -> tuple[HolderRow, ...]:
    """Return who lives in a flat now."""
    found = (
        select(HolderRow)
        .join(ResidenceRow, ResidenceRow.holder_id == HolderRow.id)
        .join(DwellingRow, DwellingRow.id == ResidenceRow.dwelling_id)
        .where(DwellingRow.label == dwelling.strip(), ResidenceRow.ended_at_ms.is_(None))
        .order_by(HolderRow.created_at_ms, HolderRow.id)
    )
    rows = uow.session.scalars(found).unique()
    return tuple(row for row in rows if lives_here(uow, row.id, moment))


def household_leaves(
    uow: UnitOfWork,
    site: Site,
    actor: Actor,
    dwelling: str,
    holders: tuple[bytes, ...],
    *,
    moment: Moment,
) -> None:
    """End everything of these residents of a flat: passes, guests' passes, sessions, face.

    Raises RefusedError: `role_not_allowed`, `not_found` for a flat or somebody who is not of it.
    """
    number = uow.session.scalar(select(DwellingRow.id).where(DwellingRow.label == dwelling.strip()))
    if number is None or not holders:
        raise Refusal(ReasonCode.NOT_FOUND, "HO-02", detail="dwelling").as_error()
    for holder in holders:
        move_out(uow, site, actor, holder, dwelling=number, moment=moment)
        if not lives_here(uow, holder, moment):
            stop_face(uow, site, actor, holder, moment=moment, end=ConsentEnd.MOVED_OUT)


def receipt_of(uow: UnitOfWork, actor: Actor, holder: bytes, moment: Moment) -> Departure:
    """Return the receipt of somebody who has moved out.

    Raises RefusedError: `role_not_allowed`, `not_found` for somebody who still lives here.
    """
    need_act(actor, Act.EDIT_HOLDERS)
    row = uow.need(HolderRow, holder)
    if row.left_at_ms is None:
        raise Refusal(ReasonCode.NOT_FOUND, "HO-02", detail="residence").as_error()
    ended = uow.session.execute(
        select(CredentialRow.carrier, CredentialRow.ended_at_ms)
        .where(
            CredentialRow.holder_id == holder,
            CredentialRow.end_reason == EndReason.MOVE_OUT.value,
        )
        .order_by(CredentialRow.created_at_ms)
    )
    gates = {gate.gate: gate for view in request_views(uow, moment, holder) for gate in view.gates}
    return Departure(
        holder,
        row.name,
        row.left_at_ms,
        tuple((carrier, at_ms or 0) for carrier, at_ms in ended),
        tuple(gates[name] for name in sorted(gates)),
    )
