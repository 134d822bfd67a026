"""Bring calls to the guard, and keep the reason that an opening from the console still owes.

A call at a gate is the gate's own signed event; one from a resident's page is a row here. A guard's
single opening goes out at once and its reason is due within five minutes (acceptance case K01).
"""

from dataclasses import dataclass

from sqlalchemy import select

from controller.domain.moment import MINUTE_MS, Moment
from controller.domain.refusal import Refusal
from controller.domain.roles import Act, Actor
from controller.services.acts import need_act, need_reason, record_act
from controller.services.commands import CommandDraft, give
from controller.services.holders import lives_here
from controller.services.ports import Publication
from controller.services.site import Site
from controller.storage.models import (
    AccessPointRow,
    CallRow,
    CommandRow,
    EventRow,
    OpenReasonRow,
    PortalRow,
)
from controller.storage.unit_of_work import UnitOfWork
from mqtt.contract.commands import Operation
from mqtt.contract.events import EventKind
from mqtt.contract.reasons import ReasonCode

__all__ = [
    "REASON_DUE_MS",
    "Owed",
    "answer_call",
    "call_guard",
    "collect_calls",
    "gate_of",
    "give_reason",
    "has_new_calls",
    "open_now",
    "owed_reasons",
    "own_call",
    "take_call",
    "waiting_calls",
]

REASON_DUE_MS = 5 * MINUTE_MS
_RINGS_MS = 10 * MINUTE_MS
TO_FOLLOW = "原因五分钟内补记"


@dataclass(frozen=True, slots=True)
class Owed:
    """An opening from the console: what became of it, and the reason that is given or due."""

    command: bytes
    gate: str
    access_point: str
    at_ms: int
    state: str
    result: str
    due_at_ms: int
    is_overdue: bool


def call_guard(uow: UnitOfWork, actor: Actor, access_point: str, moment: Moment) -> CallRow:
    """Ring at the guard's console for a resident; an own call that still rings is returned.

    `access_point` is where the caller stands, or empty. Raises RefusedError: `not_allowed`,
    `not_found`.
    """
    if actor.role is not None or not lives_here(uow, actor.id, moment):
        raise Refusal(ReasonCode.NOT_ALLOWED, "CA-01").as_error()
    if access_point:
        uow.need(AccessPointRow, access_point)
    rings = own_call(uow, actor.id, moment)
    if rings is not None and rings.answered_at_ms is None:
        return rings
    row = CallRow(holder_id=actor.id, access_point=access_point, at_ms=moment.utc_ms)
    uow.session.add(row)
    uow.session.flush()
    return row


def own_call(uow: UnitOfWork, holder: bytes, moment: Moment) -> CallRow | None:
    """Return a resident's newest call of the last ten minutes."""
    found = select(CallRow).where(
        CallRow.holder_id == holder, CallRow.at_ms > moment.utc_ms - _RINGS_MS
    )
    return uow.session.scalar(found.order_by(CallRow.at_ms.desc()).limit(1))


def has_new_calls(uow: UnitOfWork, moment: Moment) -> bool:
    """Tell whether `collect_calls` would find any; only reads."""
    return bool(_uncollected(uow, moment))


def collect_calls(uow: UnitOfWork, moment: Moment) -> int:
    """Make rows for calls at gates in the last ten minutes; return how many. May run twice."""
    new = _uncollected(uow, moment)
    for id_, point, at_s in new:
        uow.session.add(CallRow(event_id=id_, access_point=point, at_ms=at_s * 1000))
    uow.session.flush()
    return len(new)


def _uncollected(uow: UnitOfWork, moment: Moment) -> list[tuple[int, str, int]]:
    known = select(CallRow.event_id).where(CallRow.event_id.is_not(None))
    found = select(EventRow.id, EventRow.access_point, EventRow.at_s).where(
        EventRow.at_s > (moment.utc_ms - _RINGS_MS) // 1000,
        EventRow.kind == EventKind.GUARD.value,
        EventRow.reason == ReasonCode.CALLED.value,
        EventRow.id.not_in(known),
    )
    return [(row.id, row.access_point, row.at_s) for row in uow.session.execute(found)]


def waiting_calls(uow: UnitOfWork, moment: Moment) -> tuple[CallRow, ...]:
    """Return calls of the last ten minutes that nobody has answered, the oldest first."""
    found = select(CallRow).where(
        CallRow.answered_at_ms.is_(None), CallRow.at_ms > moment.utc_ms - _RINGS_MS
    )
    return tuple(uow.session.scalars(found.order_by(CallRow.at_ms)))


def answer_call(
    uow: UnitOfWork, site: Site, actor: Actor, call: int, moment: Moment
) -> Publication | None:
    """Take a call; the gate's screen says so, where it came from a gate.

    Returns what the caller publishes after the commit. Raises RefusedError: `role_not_allowed`,
    `not_found`; UnavailableError where the gate cannot be told.
    """
    row = take_call(uow, actor, call, moment)
    if row.event_id is None:
        return None
    gate = gate_of(uow, row.access_point)
    draft = CommandDraft(gate, Operation.ANSWER_CALL, row.access_point, "answer")
    return give(uow, site, actor, draft, moment=moment)[1]


def take_call(uow: UnitOfWork, actor: Actor, call: int, moment: Moment) -> CallRow:
    """Note who took a call first; taking it again is no error.

    Raises RefusedError: `role_not_allowed`, `not_found`.
    """
    need_act(actor, Act.GIVE_COMMAND)
    row = uow.need(CallRow, call)
    if row.answered_at_ms is None:
        row.answered_at_ms, row.answered_by = moment.utc_ms, actor.id
    uow.session.flush()
    return row


def open_now(
    uow: UnitOfWork, site: Site, actor: Actor, access_point: str, *, reason: str, moment: Moment
) -> tuple[bytes, Publication]:
    """Open at once; without a reason it is due within five minutes.

    Returns the command's id and what the caller publishes after the commit. Raises what
    `commands.give` raises.
    """
    gate = gate_of(uow, access_point)
    draft = CommandDraft(gate, Operation.OPEN, access_point, reason.strip() or TO_FOLLOW)
    command, publication = give(uow, site, actor, draft, moment=moment)
    is_given = bool(reason.strip())
    row = OpenReasonRow(
        command_id=command,
        actor=actor.id,
        due_at_ms=moment.utc_ms + REASON_DUE_MS,
        reason=reason.strip(),
        given_at_ms=moment.utc_ms if is_given else None,
        given_by=actor.id if is_given else None,
    )
    uow.session.add(row)
    uow.session.flush()
    return command, publication


def give_reason(uow: UnitOfWork, actor: Actor, command: bytes, reason: str, moment: Moment) -> None:
    """Give the reason for an opening, once; a late one is taken too and the alarm stays.

    Raises RefusedError: `role_not_allowed`, `reason_required`, `not_found`, `conflict`.
    """
    need_act(actor, Act.GIVE_COMMAND)
    need_reason(reason)
    row = uow.need(OpenReasonRow, command)
    if row.given_at_ms is not None:
        raise Refusal(ReasonCode.CONFLICT, "K01", detail="given").as_error()
    row.reason, row.given_at_ms, row.given_by = reason.strip(), moment.utc_ms, actor.id
    record_act(uow, moment, actor, Act.GIVE_COMMAND, row.actor, reason=reason.strip())
    uow.session.flush()


def owed_reasons(uow: UnitOfWork, moment: Moment) -> tuple[Owed, ...]:
    """Return openings whose reason is still owed, and those of the last minute, newest first."""
    since_ms = moment.utc_ms - MINUTE_MS
    rows = uow.session.execute(
        select(OpenReasonRow, CommandRow)
        .join(CommandRow, CommandRow.id == OpenReasonRow.command_id)
        .where(OpenReasonRow.given_at_ms.is_(None) | (OpenReasonRow.given_at_ms > since_ms))
        .order_by(CommandRow.issued_at_ms.desc())
    )
    return tuple(
        Owed(
            command.id,
            command.gate,
            command.access_point,
            command.issued_at_ms,
            _state(command, moment),
            command.result,
            0 if owed.given_at_ms is not None else owed.due_at_ms,
            owed.given_at_ms is None and owed.due_at_ms <= moment.utc_ms,
        )
        for owed, command in rows
    )


def gate_of(uow: UnitOfWork, access_point: str) -> str:
    """Return the gate unit of an access point. Raises RefusedError(`not_found`)."""
    point = uow.need(AccessPointRow, access_point)
    return uow.need(PortalRow, point.portal).gate


def _state(command: CommandRow, moment: Moment) -> str:
    """Return the state as it is now, even before the house-keeping has written it."""
    if command.state == "sent" and command.expires_at_ms < moment.utc_ms:
        return "expired"
    return command.state
