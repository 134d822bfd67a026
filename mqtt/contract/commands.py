"""Order something at a gate, so that a hostile broker can neither forge, replay, delay nor redirect it.

What a gate checks before anything moves (`check_command`), in this order:
1. the message was not retained and is signed by a key of scope `command`;
2. it is for this site, this gate and the current boot (the boot id is random, so a replay after a restart is dead);
3. its deadline, given in the gate's own monotonic clock, has not passed;
4. the actor's role in the signed roster allows the operation; two-person operations carry two staff signatures, and where the site
   asks for it an open carries the guard's own.
The id is burnt durably by the caller before the relay moves; burning is not done for a command that fails a check.
"""

from collections.abc import Mapping
from enum import StrEnum

import msgspec

from mqtt.contract import codec, envelope
from mqtt.contract.errors import ContractError
from mqtt.contract.ids import COMMAND_ID_BYTES
from mqtt.contract.reasons import ReasonCode
from mqtt.contract.records import Role, StaffRecord

__all__ = [
    "COMMAND_TYPE",
    "ENDORSE_TYPE",
    "Command",
    "CommandContext",
    "CommandResult",
    "Operation",
    "check_command",
    "endorse",
    "seal_command",
]

COMMAND_TYPE = "cmd"
ENDORSE_TYPE = "cmd-endorse"
WIRE_VERSION = 1


class Operation(StrEnum):
    """What can be ordered. Nothing here can delay, price or schedule one way in."""

    OPEN = "open"
    HOLD_OPEN = "hold_open"
    EMERGENCY_HOLD = "emergency_hold"
    END_HOLD = "end_hold"
    LOCKDOWN = "lockdown"
    END_LOCKDOWN = "end_lockdown"
    CLEAR_TAMPER = "clear_tamper"
    CLEAR_PASSBACK = "clear_passback"
    RESET_FIRE = "reset_fire"
    ANSWER_CALL = "answer_call"
    INSTALL_MODE = "install_mode"


_ROLES: Mapping[Operation, frozenset[Role]] = {
    Operation.OPEN: frozenset({Role.GUARD, Role.MANAGER}),
    Operation.HOLD_OPEN: frozenset({Role.GUARD, Role.MANAGER}),
    Operation.EMERGENCY_HOLD: frozenset({Role.GUARD, Role.MANAGER}),
    Operation.END_HOLD: frozenset({Role.GUARD, Role.MANAGER}),
    Operation.LOCKDOWN: frozenset({Role.GUARD, Role.MANAGER}),
    Operation.END_LOCKDOWN: frozenset({Role.GUARD, Role.MANAGER}),
    Operation.CLEAR_TAMPER: frozenset({Role.GUARD, Role.MANAGER, Role.INSTALLER}),
    Operation.CLEAR_PASSBACK: frozenset({Role.GUARD, Role.MANAGER}),
    Operation.RESET_FIRE: frozenset({Role.MANAGER}),
    Operation.ANSWER_CALL: frozenset({Role.GUARD, Role.MANAGER}),
    Operation.INSTALL_MODE: frozenset({Role.INSTALLER, Role.MANAGER}),
}
_TWO_PERSONS = frozenset({Operation.HOLD_OPEN})


class Command(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One order. `deadline_mono_ms` is in the gate's monotonic clock; `duration_s` is 0 where the operation has no duration;
    `actor` is the staff pseudonym (8 bytes); `holder` only for `clear_passback`."""

    site: str
    gate: str
    boot_id: bytes
    id: bytes
    op: Operation
    access_point: str
    duration_s: int
    actor: bytes
    reason: str
    issued_at_ms: int
    deadline_mono_ms: int
    holder: bytes = b""


class CommandResult(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The gate's answer for the person who waits; the record is the event, not this. Sent as JSON, no decision reads it."""

    id: str
    done: bool
    reason: ReasonCode


class _CommandMessage(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    signed: bytes
    endorsements: tuple[bytes, ...]


class CommandContext(msgspec.Struct, frozen=True):
    """What the gate knows when a command arrives. `keys` are those of scope `command` (kid -> public key); `roster` maps staff
    pseudonym to record; `open_needs_own_key` is the site's setting for remote opens."""

    site: str
    gate: str
    boot_id: bytes
    now_mono_ms: int
    keys: Mapping[bytes, bytes]
    roster: Mapping[bytes, StaffRecord]
    open_needs_own_key: bool = False


def endorse(body: bytes, signer: envelope.Signer) -> bytes:
    """Sign an encoded Command with a staff member's own key."""
    return envelope.seal(ENDORSE_TYPE, WIRE_VERSION, body, signer)


def seal_command(
    command: Command, signer: envelope.Signer, endorsements: tuple[bytes, ...] = ()
) -> bytes:
    """Return the message to publish on `dn/cmd`, never retained."""
    signed = envelope.seal(COMMAND_TYPE, WIRE_VERSION, codec.encode(command), signer)
    return codec.encode(_CommandMessage(signed, endorsements))


def check_command(data: bytes, context: CommandContext, *, retained: bool) -> Command:
    """Return the command if every check of the module text holds. Raises ContractError with the failed one's code."""
    if retained:
        raise ContractError(ReasonCode.RETAINED)
    message = codec.decode(data, _CommandMessage)
    opened = envelope.open_envelope(message.signed, COMMAND_TYPE, context.keys)
    if opened.version != WIRE_VERSION:
        raise ContractError(ReasonCode.VERSION_UNSUPPORTED)
    command = codec.decode(opened.body, Command)
    _check_audience(command, context)
    _check_people(command, opened.body, message.endorsements, context)
    return command


def _check_audience(command: Command, context: CommandContext) -> None:
    if (command.site, command.gate) != (context.site, context.gate):
        raise ContractError(ReasonCode.WRONG_AUDIENCE)
    if command.boot_id != context.boot_id:
        raise ContractError(ReasonCode.OLD_BOOT)
    if len(command.id) != COMMAND_ID_BYTES:
        raise ContractError(ReasonCode.BAD_ID)
    if context.now_mono_ms > command.deadline_mono_ms:
        raise ContractError(ReasonCode.LATE)


def _check_people(
    command: Command, body: bytes, endorsements: tuple[bytes, ...], context: CommandContext
) -> None:
    staff = context.roster.get(command.actor)
    if staff is None or staff.role not in _ROLES[command.op]:
        raise ContractError(ReasonCode.ROLE_NOT_ALLOWED)
    own_keys = {
        envelope.key_id(person.public_key): person.public_key
        for person in context.roster.values()
        if person.public_key and person.role in _ROLES[command.op]
    }
    signed_by = set()
    for endorsement in endorsements:
        opened = envelope.open_envelope(endorsement, ENDORSE_TYPE, own_keys)
        if opened.body != body:
            raise ContractError(ReasonCode.BAD_SIGNATURE)
        signed_by.add(opened.kid)
    own = envelope.key_id(staff.public_key) if staff.public_key else b""
    if command.op in _TWO_PERSONS and len(signed_by) < 2:  # noqa: PLR2004
        raise ContractError(ReasonCode.SECOND_PERSON_MISSING)
    if command.op is Operation.OPEN and context.open_needs_own_key and own not in signed_by:
        raise ContractError(ReasonCode.ROLE_NOT_ALLOWED)
