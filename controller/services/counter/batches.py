"""Print for many at once: paper passes whose successor is due, login slips of a whole building."""

from dataclasses import dataclass

from sqlalchemy import select

from controller.domain.credentials import Carrier
from controller.domain.moment import Moment
from controller.domain.refusal import Refusal
from controller.domain.roles import Act, Actor
from controller.services.acts import need_act
from controller.services.holders import lives_here
from controller.services.passes import (
    IssuedPass,
    due_successors,
    issue_paper,
    issue_successor,
)
from controller.services.register import active_rows
from controller.services.site import Site
from controller.services.slips import issue_login_slip
from controller.storage.models import CredentialRow, DwellingRow, HolderRow, ResidenceRow
from controller.storage.unit_of_work import UnitOfWork
from mqtt.contract.reasons import ReasonCode

__all__ = ["MOST_SHEETS", "Sheet", "login_slips_of", "papers_of", "successors_due"]

MOST_SHEETS = 60
"""Most sheets of one print."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """One sheet: whose it is, the flat, and either a pass or the code of a login slip."""

    name: str
    dwelling: str
    paper: IssuedPass | None = None
    slip: str = ""

    def __repr__(self) -> str:
        return "Sheet(…)"


def login_slips_of(
    uow: UnitOfWork, actor: Actor, building: str, moment: Moment
) -> tuple[Sheet, ...]:
    """Print a login slip for every resident of a building who has not signed in on a phone yet.

    `building` is how its flats' labels begin, such as `3-1`. Raises RefusedError:
    `role_not_allowed`, `config_invalid` for nothing, `capacity` for more than MOST_SHEETS.
    """
    need_act(actor, Act.ISSUE_CREDENTIAL)
    sheets = []
    for row, dwelling in _people_of(uow, building, moment):
        held = active_rows(uow, row.id, moment)
        levels = _levels(held)
        if levels and not any(each.carrier == Carrier.PHONE.value for each in held):
            slip = issue_login_slip(uow, actor, row.id, levels, moment)
            sheets.append(Sheet(row.name, dwelling, slip=slip))
    return tuple(sheets)


def papers_of(
    uow: UnitOfWork, site: Site, actor: Actor, building: str, moment: Moment
) -> tuple[Sheet, ...]:
    """Issue a standing paper pass to every resident of a building who has none.

    Raises what `login_slips_of` raises.
    """
    need_act(actor, Act.ISSUE_CREDENTIAL)
    sheets = []
    for row, dwelling in _people_of(uow, building, moment):
        held = active_rows(uow, row.id, moment)
        levels = _levels(held)
        if levels and not any(each.carrier == Carrier.PAPER.value for each in held):
            paper = issue_paper(uow, site, actor, row.id, levels=levels, moment=moment)
            sheets.append(Sheet(row.name, dwelling, paper))
    return tuple(sheets)


def successors_due(uow: UnitOfWork, site: Site, actor: Actor, moment: Moment) -> tuple[Sheet, ...]:
    """Print the successors that are due within 30 days; the old paper works until then."""
    need_act(actor, Act.ISSUE_CREDENTIAL)
    sheets = []
    for credential in due_successors(uow, moment)[:MOST_SHEETS]:
        holder = uow.need(CredentialRow, credential).holder_id
        if lives_here(uow, holder, moment):
            paper = issue_successor(uow, site, actor, credential, moment)
            sheets.append(Sheet(uow.need(HolderRow, holder).name, _flat(uow, holder), paper))
    return tuple(sheets)


def _people_of(uow: UnitOfWork, building: str, moment: Moment) -> list[tuple[HolderRow, str]]:
    start = building.strip()
    if not start or len(start) > 20:
        raise Refusal(ReasonCode.CONFIG_INVALID, "HO-01", detail="building").as_error()
    rows = uow.session.execute(
        select(HolderRow, DwellingRow.label)
        .join(ResidenceRow, ResidenceRow.holder_id == HolderRow.id)
        .join(DwellingRow, DwellingRow.id == ResidenceRow.dwelling_id)
        .where(DwellingRow.label.startswith(start, autoescape=True))
        .order_by(DwellingRow.label, HolderRow.created_at_ms)
    )
    people = {row.id: (row, label) for row, label in rows if lives_here(uow, row.id, moment)}
    if len(people) > MOST_SHEETS:
        detail = f"{len(people)} > {MOST_SHEETS}"
        raise Refusal(ReasonCode.CAPACITY, "HO-01", detail=detail).as_error()
    return list(people.values())


def _levels(held: tuple[CredentialRow, ...]) -> tuple[str, ...]:
    return tuple(sorted({level for row in held if row.dwelling_id is None for level in row.levels}))


def _flat(uow: UnitOfWork, holder: bytes) -> str:
    found = (
        select(DwellingRow.label)
        .join(ResidenceRow, ResidenceRow.dwelling_id == DwellingRow.id)
        .where(ResidenceRow.holder_id == holder, ResidenceRow.ended_at_ms.is_(None))
    )
    return uow.session.scalars(found).first() or ""
