"""Order something at a gate that is alive now: signed, bound to its boot and to its own clock.

The deadline is the gate's monotonic time as last heard, plus what has passed here since, plus the
time to live; a wrong wall clock at either side cannot make a late command run.
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass

from controller.domain.moment import Moment
from controller.domain.refusal import Refusal
from controller.domain.roles import Act, Actor
from controller.services.acts import need_act, need_reason
from controller.services.keys import signer_for
from controller.services.ports import Publication
from controller.services.site import Site
from controller.storage.models import (
    AccessPointRow,
    CommandRow,
    GatePresenceRow,
    GateRow,
    PortalRow,
)
from controller.storage.unit_of_work import UnitOfWork
from mqtt.contract import codec
from mqtt.contract.commands import Command, CommandResult, Operation, seal_command
from mqtt.contract.errors import UnavailableError
from mqtt.contract.ids import COMMAND_ID_BYTES, GateId, id_from_text
from mqtt.contract.reasons import ReasonCode
from mqtt.contract.records import KeyScope
from mqtt.contract.topics import TopicKind, build

__all__ = ["HEARD_WITHIN_MS", "CommandDraft", "expire_commands", "give", "take_result", "ttl_s"]

HEARD_WITHIN_MS = 45_000
"""Three heartbeats: an older word of a gate is no ground for a deadline."""

_DISAGREEMENT_MS = 5_000
"""How far our wall and monotonic clock may differ over that time before we trust neither."""

_TTL_S = {Operation.HOLD_OPEN: 60, Operation.EMERGENCY_HOLD: 60}
_DEFAULT_TTL_S = 10

Endorser = Callable[[bytes], tuple[bytes, ...]]
"""Turns the encoded command into the signatures of staff members' own keys."""


@dataclass(frozen=True, slots=True)
class CommandDraft:
    """What to order. `duration_s` 0 where the operation has none; `holder` for clear_passback."""

    gate: str
    op: Operation
    access_point: str
    reason: str
    duration_s: int = 0
    holder: bytes = b""


def ttl_s(op: Operation) -> int:
    """Return how long a command may take to arrive: 10 s, for holding open 60 s."""
    return _TTL_S.get(op, _DEFAULT_TTL_S)


def give(
    uow: UnitOfWork,
    site: Site,
    actor: Actor,
    draft: CommandDraft,
    *,
    moment: Moment,
    endorse: Endorser | None = None,
) -> tuple[bytes, Publication]:
    """Return the command's id and the message for `dn/cmd`; the caller commits, then publishes.

    Raises RefusedError: `role_not_allowed`, `reason_required`, `not_found`; UnavailableError
    (`timeout`) where the gate has not been heard for 45 s.
    """
    need_act(actor, Act.GIVE_COMMAND)
    need_reason(draft.reason)
    _check_place(uow, draft)
    presence = uow.find(GatePresenceRow, draft.gate)
    lives_s = ttl_s(draft.op)
    command = Command(
        site=site.name,
        gate=draft.gate,
        boot_id=presence.boot_id if presence else b"",
        id=secrets.token_bytes(COMMAND_ID_BYTES),
        op=draft.op,
        access_point=draft.access_point,
        duration_s=draft.duration_s,
        actor=actor.id,
        reason=draft.reason,
        issued_at_ms=moment.utc_ms,
        deadline_mono_ms=_gate_now_ms(presence, moment) + lives_s * 1000,
        holder=draft.holder,
    )
    _record(uow, command, lives_s)
    signer = signer_for(uow, site, KeyScope.COMMAND, moment)
    endorsements = endorse(codec.encode(command)) if endorse else ()
    topic = build(site.name, GateId(draft.gate), TopicKind.COMMAND)
    payload = seal_command(command, signer, endorsements)
    return command.id, Publication(topic, payload, expiry_s=lives_s)


def take_result(uow: UnitOfWork, gate: str, result: CommandResult, moment: Moment) -> bool:
    """Note a gate's answer; False for an unknown command or one of another gate.

    The answer is for the person who waits; the record is the gate's event.
    """
    row = uow.find(CommandRow, id_from_text(result.id))
    if row is None or row.gate != gate:
        return False
    row.state = "done" if result.done else "refused"
    row.result, row.answered_at_ms = result.reason.value, moment.utc_ms
    uow.session.flush()
    return True


def expire_commands(uow: UnitOfWork, moment: Moment) -> int:
    """Mark unanswered commands whose time has passed as expired (G02); return how many."""
    due = (
        uow.session.query(CommandRow)
        .filter(CommandRow.state == "sent", CommandRow.expires_at_ms < moment.utc_ms)
        .all()
    )
    for row in due:
        row.state = "expired"
    uow.session.flush()
    return len(due)


def _check_place(uow: UnitOfWork, draft: CommandDraft) -> None:
    uow.need(GateRow, draft.gate)
    point = uow.need(AccessPointRow, draft.access_point)
    if uow.need(PortalRow, point.portal).gate != draft.gate:
        raise Refusal(ReasonCode.NOT_FOUND, "CO-01", detail="access_point").as_error()


def _gate_now_ms(presence: GatePresenceRow | None, moment: Moment) -> int:
    """Return the gate's monotonic time now, as far as it can be known."""
    if presence is None or not presence.online:
        raise UnavailableError(ReasonCode.TIMEOUT, "gate")
    passed_ms = moment.mono_ms - presence.heard_mono_ms
    by_wall_ms = moment.utc_ms - presence.heard_at_ms
    if not 0 <= passed_ms <= HEARD_WITHIN_MS or abs(passed_ms - by_wall_ms) > _DISAGREEMENT_MS:
        raise UnavailableError(ReasonCode.TIMEOUT, "gate")
    return presence.mono_ms + passed_ms


def _record(uow: UnitOfWork, command: Command, lives_s: int) -> None:
    row = CommandRow(
        id=command.id,
        gate=command.gate,
        op=command.op.value,
        access_point=command.access_point,
        actor=command.actor,
        reason=command.reason,
        boot_id=command.boot_id,
        issued_at_ms=command.issued_at_ms,
        deadline_mono_ms=command.deadline_mono_ms,
        expires_at_ms=command.issued_at_ms + lives_s * 1000,
    )
    uow.session.add(row)
    uow.session.flush()
