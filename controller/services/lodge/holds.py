"""Hold a door open in an emergency and have it countersigned later; lock down by its rules.

An emergency hold needs one person and a reason and lasts 10 minutes; a second person countersigns
it within a day. A lockdown refuses no resident's own credential, ends by itself after 15 minutes,
and one person may end it (DESIGN §7); the gates keep these limits too.
"""

from dataclasses import dataclass

from sqlalchemy import select

from controller.domain.moment import DAY_MS, Moment
from controller.domain.refusal import Refusal
from controller.domain.roles import Act, Actor
from controller.services.acts import need_act, record_act
from controller.services.calls import gate_of
from controller.services.commands import CommandDraft, give
from controller.services.ports import Publication
from controller.services.site import Site
from controller.storage.models import CommandRow, CountersignRow
from controller.storage.unit_of_work import UnitOfWork
from mqtt.contract.commands import Operation
from mqtt.contract.reasons import ReasonCode

__all__ = ["DOOR_ACTS", "Owing", "countersign", "order_at", "owing"]

COUNTERSIGN_DUE_MS = DAY_MS
DOOR_ACTS: dict[str, tuple[Operation, int]] = {
    "emergency-hold": (Operation.EMERGENCY_HOLD, 600),
    "end-hold": (Operation.END_HOLD, 0),
    "lockdown": (Operation.LOCKDOWN, 900),
    "end-lockdown": (Operation.END_LOCKDOWN, 0),
    "clear-tamper": (Operation.CLEAR_TAMPER, 0),
}
"""What a guard does at a door besides opening it, with the longest duration in seconds."""


@dataclass(frozen=True, slots=True)
class Owing:
    """An emergency hold that a second person has to countersign."""

    command: bytes
    access_point: str
    reason: str
    at_ms: int
    due_at_ms: int
    is_own: bool


def order_at(
    uow: UnitOfWork,
    site: Site,
    actor: Actor,
    access_point: str,
    act: str,
    *,
    reason: str,
    moment: Moment,
) -> tuple[bytes, Publication]:
    """Order one of DOOR_ACTS; return the command's id and what to publish after the commit.

    Raises RefusedError: `not_found` for an unknown act, and what `commands.give` raises.
    """
    if act not in DOOR_ACTS:
        raise Refusal(ReasonCode.NOT_FOUND, "CO-01", detail="act").as_error()
    operation, duration_s = DOOR_ACTS[act]
    draft = CommandDraft(gate_of(uow, access_point), operation, access_point, reason, duration_s)
    command, publication = give(uow, site, actor, draft, moment=moment)
    if operation is Operation.EMERGENCY_HOLD:
        due_ms = moment.utc_ms + COUNTERSIGN_DUE_MS
        uow.session.add(CountersignRow(command_id=command, actor=actor.id, due_at_ms=due_ms))
        uow.session.flush()
    return command, publication


def owing(uow: UnitOfWork, actor: Actor) -> tuple[Owing, ...]:
    """Return the holds that wait for a second person, the oldest first."""
    rows = uow.session.execute(
        select(CountersignRow, CommandRow)
        .join(CommandRow, CommandRow.id == CountersignRow.command_id)
        .where(CountersignRow.signed_at_ms.is_(None))
        .order_by(CommandRow.issued_at_ms)
    )
    return tuple(
        Owing(
            command.id,
            command.access_point,
            command.reason,
            command.issued_at_ms,
            row.due_at_ms,
            is_own=row.actor == actor.id,
        )
        for row, command in rows
    )


def countersign(uow: UnitOfWork, actor: Actor, command: bytes, moment: Moment) -> None:
    """Countersign an emergency hold as the second person.

    Raises RefusedError: `role_not_allowed`, `not_found`, `second_person_missing` for one's own,
    `conflict` where it is done.
    """
    need_act(actor, Act.GIVE_COMMAND)
    row = uow.need(CountersignRow, command)
    if row.actor == actor.id:
        raise Refusal(ReasonCode.SECOND_PERSON_MISSING, "K01").as_error()
    if row.signed_at_ms is not None:
        raise Refusal(ReasonCode.CONFLICT, "K01", detail="signed").as_error()
    row.signed_at_ms, row.signed_by = moment.utc_ms, actor.id
    record_act(uow, moment, actor, Act.GIVE_COMMAND, row.actor, reason="countersigned")
    uow.session.flush()
