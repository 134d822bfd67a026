"""Carry out commands that passed every check of the contract (`mqtt.contract.commands`).

An id is burnt durably before anything moves, and the lock waits for the disk: a command moves a
relay at most once, and never after its deadline, crash or not (promise 7).
"""

from dataclasses import replace

from edge.domain import gate_acts, gate_shadow
from edge.domain.authenticate import Authenticated
from edge.domain.effects import InstallMode, MemoryKind, Reply, Signal
from edge.domain.gate_attempt import decide
from edge.domain.gate_turn import Turn
from edge.domain.inputs import CommandArrived
from edge.domain.memory_codec import remember_number
from edge.domain.model import AccessAttempt, Bearer, GuardClaim
from mqtt.contract.commands import MAX_AHEAD_MS, Command, Operation
from mqtt.contract.events import EventKind, Method, Outcome, Personal
from mqtt.contract.reasons import ReasonCode

__all__ = ["INSTALL_MODE_MS", "take_command"]

INSTALL_MODE_MS = 10 * 60_000
_BURNT_KEPT_MS = 10 * 60_000

_DONE = {
    Operation.HOLD_OPEN: ReasonCode.HOLD_OPEN,
    Operation.EMERGENCY_HOLD: ReasonCode.EMERGENCY_HOLD,
    Operation.END_HOLD: ReasonCode.FREE_ENDED,
    Operation.LOCKDOWN: ReasonCode.LOCKDOWN,
    Operation.END_LOCKDOWN: ReasonCode.LOCKDOWN_ENDED,
    Operation.CLEAR_TAMPER: ReasonCode.TAMPER_CLEARED,
    Operation.CLEAR_PASSBACK: ReasonCode.PASSBACK_CLEARED,
    Operation.RESET_FIRE: ReasonCode.FIRE_ENDED,
    Operation.ANSWER_CALL: ReasonCode.CALL_ANSWERED,
    Operation.INSTALL_MODE: ReasonCode.INSTALL_MODE,
}


def take_command(turn: Turn, item: CommandArrived) -> None:
    """Execute a command once, or refuse it; either way answer and record."""
    command = item.command
    refusal = _refusal(turn, command)
    if refusal is not None:
        _record(turn, command, refusal, done=False)
        return
    deadline_ms = command.deadline_mono_ms
    memory = replace(turn.memory, burnt=turn.memory.burnt.put(command.id, deadline_ms))
    kept_ms = turn.at.utc_ms + _BURNT_KEPT_MS
    turn.learn(memory, remember_number(MemoryKind.BURNT, command.id, deadline_ms, kept_ms))
    if command.op is Operation.OPEN:
        _open(turn, command)
        return
    mark = len(turn.effects)
    reason = _do(turn, command)
    after, turn.effects = turn.effects[mark:], turn.effects[:mark]
    _record(turn, command, _DONE[command.op] if reason is None else reason, done=reason is None)
    turn.effects += after


def _refusal(turn: Turn, command: Command) -> ReasonCode | None:
    ahead_ms = command.deadline_mono_ms - turn.at.mono_ms
    if command.id in turn.memory.burnt:
        return ReasonCode.BURNT
    if ahead_ms < 0:
        return ReasonCode.LATE
    if gate_shadow.is_shadow(turn) and command.op in gate_shadow.MOVES:
        return ReasonCode.SHADOW_MODE
    return ReasonCode.NOT_ALLOWED if ahead_ms > MAX_AHEAD_MS else None


def _open(turn: Turn, command: Command) -> None:
    attempt = AccessAttempt(
        command.access_point,
        Method.REMOTE,
        GuardClaim(command.actor),
        turn.at.mono_ms,
        turn.kind,
    )
    bearer = Bearer(b"", b"", released=True, durable_first=True, actor=command.actor)
    decision = decide(turn, attempt, Authenticated(bearer, note=command.reason))
    done = decision.outcome is Outcome.GRANTED
    turn.effects.append(Reply(command.id, done, decision.reason))


def _do(turn: Turn, command: Command) -> ReasonCode | None:
    """Do anything but a single opening; return why it was not done."""
    place, duration_ms = command.access_point, command.duration_s * 1_000
    match command.op:
        case Operation.HOLD_OPEN:
            if not command.reason.strip():
                return ReasonCode.REASON_REQUIRED
            return gate_acts.hold(turn, place, duration_ms, ReasonCode.HOLD_OPEN, durable=True)
        case Operation.EMERGENCY_HOLD:
            emergency = ReasonCode.EMERGENCY_HOLD
            return gate_acts.hold(turn, place, duration_ms, emergency, durable=True)
        case Operation.END_HOLD:
            return gate_acts.end_hold(turn, place)
        case Operation.LOCKDOWN:
            return gate_acts.lockdown(turn, place)
        case Operation.END_LOCKDOWN:
            return gate_acts.end_lockdown(turn, place)
        case Operation.CLEAR_TAMPER:
            return gate_acts.clear_tamper(turn, command.reason)
        case Operation.CLEAR_PASSBACK:
            return gate_acts.clear_passback(turn, command.holder)
        case Operation.RESET_FIRE:
            return gate_acts.reset_fire(turn)
        case Operation.ANSWER_CALL:
            turn.indicate(place, Signal.ANSWERED, ReasonCode.CALL_ANSWERED)
            return None
        case _:
            turn.effects.append(InstallMode(place, INSTALL_MODE_MS))
            return None


def _record(turn: Turn, command: Command, reason: ReasonCode, *, done: bool) -> None:
    turn.record(
        EventKind.COMMAND,
        reason,
        outcome=Outcome.GRANTED if done else Outcome.DENIED,
        access_point=command.access_point,
        method=Method.REMOTE,
        personal=Personal(command.holder, b"", command.actor, command.reason),
    )
    turn.effects.append(Reply(command.id, done, reason))
