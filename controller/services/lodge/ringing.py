"""Pass a gate's call on to a flat: a resident answers on the page or a telephone and lets in.

The guard who passes it on stands for the opening: the order to the gate is in that guard's name,
because residents are in no gate's roster, and its reason says that the flat agreed. Only the adults
of the flat see the call; it rings for two minutes and is answered once.
"""

from dataclasses import dataclass

from sqlalchemy import select

from controller.domain.moment import MINUTE_MS, Moment
from controller.domain.refusal import Refusal
from controller.domain.roles import Act, Actor
from controller.services.acts import need_act
from controller.services.calls import gate_of
from controller.services.commands import CommandDraft, give
from controller.services.holders import dwelling_adults, residences_of
from controller.services.ports import Publication
from controller.services.site import Site
from controller.storage.models import CallRow, DwellingRow, HolderRow, RingRow, StaffRow
from controller.storage.unit_of_work import UnitOfWork
from mqtt.contract.commands import Operation
from mqtt.contract.reasons import ReasonCode
from mqtt.contract.records import Role

__all__ = [
    "RINGS_MS",
    "Ring",
    "answer_ring",
    "numbers_to_dial",
    "pass_on",
    "rings_here",
    "rings_of_call",
]

RINGS_MS = 2 * MINUTE_MS
_AGREED, _DECLINED = "open", "no"


@dataclass(frozen=True, slots=True)
class Ring:
    """A call that rings in a flat, or what became of it: `answer` is empty, `open` or `no`."""

    id: int
    access_point: str
    dwelling: str
    at_ms: int
    answer: str
    is_over: bool


def pass_on(uow: UnitOfWork, actor: Actor, call: int, dwelling: str, moment: Moment) -> RingRow:
    """Let a gate's call ring in a flat.

    Raises RefusedError: `role_not_allowed`, `not_found` (call, flat), `conflict` where the call
    does not come from a gate.
    """
    need_act(actor, Act.GIVE_COMMAND)
    row = uow.need(CallRow, call)
    if not row.access_point:
        raise Refusal(ReasonCode.CONFLICT, "CA-02", detail="no gate").as_error()
    flat = uow.session.scalar(select(DwellingRow.id).where(DwellingRow.label == dwelling.strip()))
    if flat is None:
        raise Refusal(ReasonCode.NOT_FOUND, "LO-03", detail="dwelling").as_error()
    ring = RingRow(
        call_id=row.id,
        access_point=row.access_point,
        dwelling_id=flat,
        passed_by=actor.id,
        at_ms=moment.utc_ms,
        until_ms=moment.utc_ms + RINGS_MS,
    )
    uow.session.add(ring)
    uow.session.flush()
    return ring


def numbers_to_dial(uow: UnitOfWork, site: Site, ring: int, moment: Moment) -> tuple[str, ...]:
    """Return the telephone numbers of the adults of the flat, where they gave one."""
    row = uow.need(RingRow, ring)
    adults = dwelling_adults(uow, site, row.dwelling_id, moment)
    found = (uow.need(HolderRow, adult).phone for adult in sorted(adults))
    return tuple(number for number in found if number)


def rings_here(uow: UnitOfWork, site: Site, actor: Actor, moment: Moment) -> tuple[Ring, ...]:
    """Return what rings now in the flats where somebody lives, and the last answers."""
    flats = {
        each.dwelling
        for each in residences_of(uow, actor.id)
        if each.is_current(moment.utc_ms)
        and actor.id in dwelling_adults(uow, site, each.dwelling, moment)
    }
    found = select(RingRow).where(
        RingRow.dwelling_id.in_(flats), RingRow.at_ms > moment.utc_ms - 5 * MINUTE_MS
    )
    return tuple(
        _ring(uow, row, moment) for row in uow.session.scalars(found.order_by(RingRow.id.desc()))
    )


def rings_of_call(uow: UnitOfWork, call: int, moment: Moment) -> tuple[Ring, ...]:
    """Return where a call was passed on to, for the guard's page."""
    found = select(RingRow).where(RingRow.call_id == call).order_by(RingRow.id)
    return tuple(_ring(uow, row, moment) for row in uow.session.scalars(found))


def answer_ring(
    uow: UnitOfWork,
    site: Site,
    ring: int,
    *,
    opens: bool,
    moment: Moment,
    resident: Actor | None = None,
) -> Publication | None:
    """Answer a ring, by a resident of the flat or (None) by its telephone; once.

    Returns the order to the gate, to be published after the commit. Raises RefusedError:
    `not_found` alike for another flat's ring, `conflict` where it is over; UnavailableError where
    the gate cannot be told.
    """
    row = uow.find(RingRow, ring)
    if row is None or not _may_answer(uow, site, row, resident, moment):
        raise Refusal(ReasonCode.NOT_FOUND, "CA-02", "PIPL Art. 44").as_error()
    if row.answer or row.until_ms < moment.utc_ms:
        raise Refusal(ReasonCode.CONFLICT, "CA-02", detail="over").as_error()
    row.answer, row.answered_at_ms = (_AGREED if opens else _DECLINED), moment.utc_ms
    row.answered_by = None if resident is None else resident.id
    uow.session.flush()
    if not opens:
        return None
    guard = uow.need(StaffRow, row.passed_by)
    label = uow.need(DwellingRow, row.dwelling_id).label
    gate = gate_of(uow, row.access_point)
    draft = CommandDraft(gate, Operation.OPEN, row.access_point, f"住户同意 {label}")
    command, publication = give(uow, site, Actor(guard.id, Role(guard.role)), draft, moment=moment)
    row.command_id = command
    uow.session.flush()
    return publication


def _may_answer(
    uow: UnitOfWork, site: Site, row: RingRow, resident: Actor | None, moment: Moment
) -> bool:
    if resident is None:
        return True
    return resident.id in dwelling_adults(uow, site, row.dwelling_id, moment)


def _ring(uow: UnitOfWork, row: RingRow, moment: Moment) -> Ring:
    return Ring(
        row.id,
        row.access_point,
        uow.need(DwellingRow, row.dwelling_id).label,
        row.at_ms,
        row.answer,
        is_over=bool(row.answer) or row.until_ms < moment.utc_ms,
    )
