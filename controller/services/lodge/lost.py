"""Block a lost fob at the lodge and print a free paper pass, without looking anybody up.

The guard types the flat and the name that the person gives and sees no list: whoever does not know
both gets the same answer as for somebody who does not exist.
"""

from dataclasses import dataclass

from sqlalchemy import select

from controller.domain.credentials import Carrier
from controller.domain.moment import HOUR_MS, Moment
from controller.domain.refusal import Refusal
from controller.domain.roles import Act, Actor
from controller.services.acts import need_act
from controller.services.credentials import report_lost
from controller.services.holders import residences_of
from controller.services.passes import IssuedPass, issue_slip
from controller.services.register import active_rows
from controller.services.site import Site
from controller.storage.models import DwellingRow, HolderRow, ResidenceRow
from controller.storage.unit_of_work import UnitOfWork
from mqtt.contract.reasons import ReasonCode

__all__ = ["SLIP_HOURS", "LostAtLodge", "block_lost_fob", "find_resident"]

SLIP_HOURS = 72
_NOWHERE = "LO-03"


@dataclass(frozen=True, slots=True)
class LostAtLodge:
    """What was done: how many fobs are blocked, and the slip that works at once for 72 h."""

    blocked: int
    slip: IssuedPass


def block_lost_fob(
    uow: UnitOfWork, site: Site, actor: Actor, dwelling: str, name: str, *, moment: Moment
) -> LostAtLodge:
    """Block every fob of a resident and issue a paper slip for 72 h in the same act.

    Raises RefusedError: `role_not_allowed`; `not_found` unless flat and name fit exactly one
    resident who lives there now; what `report_lost` raises.
    """
    need_act(actor, Act.REPORT_LOST)
    need_act(actor, Act.ISSUE_SLIP)
    holder = find_resident(uow, dwelling, name, moment)
    held = active_rows(uow, holder, moment)
    own = [row for row in held if row.dwelling_id is None]
    fobs = [row.id for row in own if row.carrier == Carrier.FOB.value]
    levels = tuple(sorted({level for row in own for level in row.levels}))
    if not levels:
        raise Refusal(ReasonCode.NO_ACCESS_LEVEL, _NOWHERE).as_error()
    until_ms = moment.utc_ms + SLIP_HOURS * HOUR_MS
    # The slip comes first: nobody is without a way in at any moment.
    slip = issue_slip(uow, site, actor, holder, levels=levels, until_ms=until_ms, moment=moment)
    for fob in fobs:
        report_lost(uow, site, actor, fob, moment)
    return LostAtLodge(len(fobs), slip)


def find_resident(uow: UnitOfWork, dwelling: str, name: str, moment: Moment) -> bytes:
    """Return the one resident of this name in this flat. Raises RefusedError(`not_found`)."""
    found = (
        select(HolderRow.id)
        .join(ResidenceRow, ResidenceRow.holder_id == HolderRow.id)
        .join(DwellingRow, DwellingRow.id == ResidenceRow.dwelling_id)
    )
    wanted = found.where(DwellingRow.label == dwelling.strip(), HolderRow.name == name.strip())
    holders = {
        holder
        for holder in uow.session.scalars(wanted)
        if any(each.is_current(moment.utc_ms) for each in residences_of(uow, holder))
    }
    if len(holders) != 1:
        raise Refusal(ReasonCode.NOT_FOUND, _NOWHERE, detail="dwelling, name").as_error()
    return holders.pop()
