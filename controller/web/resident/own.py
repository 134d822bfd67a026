"""Answer what a resident's pages ask about the person who looks at them, and about nobody else.

What belongs to another adult is not there (404), as if it did not exist: no page tells one person
about another (PIPL Art. 44).
"""

from sqlalchemy import select

from controller.domain.credentials import Carrier
from controller.domain.moment import Moment
from controller.domain.refusal import Refusal
from controller.domain.roles import Actor
from controller.services.access import level_access_points
from controller.services.holders import dwelling_adults, guardians_of, residences_of
from controller.services.register import active_rows
from controller.storage.models import CredentialRow, GateRow, GuardianshipRow, HolderRow
from controller.storage.unit_of_work import UnitOfWork
from controller.web.desk import Desk
from mqtt.contract.reasons import ReasonCode

__all__ = [
    "carried",
    "children_of",
    "home_of",
    "household_passes",
    "levels_of",
    "need_guest",
    "need_own",
    "own_gates",
]


def home_of(uow: UnitOfWork, holder: bytes, moment: Moment) -> int | None:
    """Return the dwelling where somebody lives now, the one moved into last."""
    current = [row for row in residences_of(uow, holder) if row.is_current(moment.utc_ms)]
    newest = max(current, key=lambda row: row.from_ms, default=None)
    return None if newest is None else newest.dwelling


def children_of(
    uow: UnitOfWork, desk: Desk, guardian: bytes, moment: Moment
) -> tuple[HolderRow, ...]:
    """Return the children for whom somebody may act now."""
    found = select(GuardianshipRow.child_id).where(GuardianshipRow.guardian_id == guardian)
    return tuple(
        uow.need(HolderRow, child)
        for child in uow.session.scalars(found)
        if guardian in guardians_of(uow, desk.site, child, moment)
    )


def carried(
    uow: UnitOfWork, holder: bytes, moment: Moment, *carriers: Carrier
) -> tuple[CredentialRow, ...]:
    """Return somebody's own working credentials of these kinds, newest first."""
    kinds = {carrier.value for carrier in carriers}
    rows = active_rows(uow, holder, moment)
    return tuple(row for row in reversed(rows) if row.carrier in kinds and row.dwelling_id is None)


def levels_of(uow: UnitOfWork, holder: bytes, moment: Moment) -> tuple[str, ...]:
    """Return where somebody's own credentials lead."""
    own = (row.levels for row in active_rows(uow, holder, moment) if row.dwelling_id is None)
    return tuple(sorted({level for levels in own for level in levels}))


def need_own(
    uow: UnitOfWork, desk: Desk, actor: Actor, credential: bytes, moment: Moment
) -> CredentialRow:
    """Return an own credential or one of an own child. Raises RefusedError(`not_found`)."""
    row = uow.find(CredentialRow, credential)
    if row is not None and row.dwelling_id is None:
        if row.holder_id == actor.id:
            return row
        if actor.id in guardians_of(uow, desk.site, row.holder_id, moment):
            return row
    raise Refusal(ReasonCode.NOT_FOUND, "CR-03", "PIPL Art. 44").as_error()


def need_guest(
    uow: UnitOfWork, desk: Desk, actor: Actor, credential: bytes, moment: Moment
) -> CredentialRow:
    """Return a pass of an own guest or of the own household. Raises RefusedError(`not_found`)."""
    row = uow.find(CredentialRow, credential)
    if row is not None and row.dwelling_id is not None:
        adults = dwelling_adults(uow, desk.site, row.dwelling_id, moment)
        if actor.id in adults and row.host_id in {None, actor.id}:
            return row
    raise Refusal(ReasonCode.NOT_FOUND, "CR-03", "PIPL Art. 44").as_error()


def household_passes(
    uow: UnitOfWork, desk: Desk, actor: Actor, moment: Moment
) -> tuple[CredentialRow, ...]:
    """Return working passes of own guests and of the household, newest first."""
    home = home_of(uow, actor.id, moment)
    if home is None or actor.id not in dwelling_adults(uow, desk.site, home, moment):
        return ()
    found = select(CredentialRow).where(
        CredentialRow.dwelling_id == home,
        CredentialRow.ended_at_ms.is_(None),
        CredentialRow.valid_until_ms > moment.utc_ms,
    )
    rows = uow.session.scalars(found.order_by(CredentialRow.created_at_ms.desc()))
    return tuple(row for row in rows if row.host_id in {None, actor.id})


def own_gates(uow: UnitOfWork, holder: bytes, moment: Moment) -> dict[str, str]:
    """Return the gates where somebody's own credentials lead: name to title."""
    reached = set(level_access_points(uow, levels_of(uow, holder, moment)).values())
    rows = uow.session.scalars(select(GateRow).order_by(GateRow.name))
    return {row.name: row.title or row.name for row in rows if row.name in reached}
