"""Order something at a gate; a hostile broker can neither forge, replay, delay nor redirect it.

What a gate checks before anything moves (`check_command`), in this order:
1. the message was not retained and is signed by a key of scope `command`;
2. it is for this site, this gate and the current boot (the boot id is random, so a replay after a
   restart is dead);
3. its deadline, given in the gate's own monotonic clock, has not passed and is not far away;
4. the actor's role in the signed roster allows the operation; two-person operations carry two staff
   signatures, and where the site asks for it an open carries the guard's own. The id is burnt
   durably by the caller before the relay moves; burning is not done for a command that fails a
   check.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated

import msgspec

from mqtt.contract import codec, envelope, fields
from mqtt.contract.errors import ContractError
from mqtt.contract.events import NOTE_CHARACTERS
from mqtt.contract.ids import COMMAND_ID_BYTES
from mqtt.contract.reasons import ReasonCode
from mqtt.contract.records import Role, StaffRecord

__all__ = [
    "COMMAND_TYPE",
    "ENDORSE_TYPE",
    "MAX_AHEAD_MS",
    "MAX_DURATION_S",
    "REASON_CHARACTERS",
    "Command",
    "CommandContext",
    "CommandMessage",
    "CommandResult",
    "Operation",
    "check_command",
    "endorse",
    "seal_command",
]

COMMAND_TYPE = "cmd"
ENDORSE_TYPE = "cmd-endorse"
WIRE_VERSION = 1
MAX_AHEAD_MS = 120_000
"""Furthest deadline that a gate believes: one further away would be an order stored for later."""
REASON_CHARACTERS = NOTE_CHARACTERS
"""Longest reason: the gate's record has room for it whole."""
_MAX_ENDORSEMENTS = 4


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
MAX_DURATION_S: Mapping[Operation, int] = {
    Operation.OPEN: 60,
    Operation.HOLD_OPEN: 12 * 3_600,
    Operation.EMERGENCY_HOLD: 600,
    Operation.LOCKDOWN: 900,
    Operation.INSTALL_MODE: 600,
}
"""Longest duration of each operation that has one (DESIGN §7); the others take 0."""
_TWO_PERSONS = frozenset({Operation.HOLD_OPEN})


class Command(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One order.

    `deadline_mono_ms` is in the gate's monotonic clock and at most `MAX_AHEAD_MS` away;
    `duration_s` is 0 where the operation has no duration, and at most `MAX_DURATION_S` of it;
    `actor` is the staff pseudonym (8 bytes); `holder` only for `clear_passback`.
    """

    site: fields.Name
    gate: fields.Name
    boot_id: fields.BootId
    id: Annotated[bytes, msgspec.Meta(max_length=COMMAND_ID_BYTES)]
    op: Operation
    access_point: fields.Name
    duration_s: fields.Count
    actor: fields.Id
    reason: Annotated[str, msgspec.Meta(max_length=REASON_CHARACTERS)]
    issued_at_ms: fields.Count
    deadline_mono_ms: fields.Count
    holder: fields.Id = b""


class CommandResult(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The gate's answer for the person who waits; the record is the event, not this.

    Sent as JSON, no decision reads it.
    """

    id: str
    done: bool
    reason: ReasonCode


class CommandMessage(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """What travels on `dn/cmd`: the signed command, and staff signatures over its body."""

    signed: bytes
    endorsements: Annotated[tuple[bytes, ...], msgspec.Meta(max_length=_MAX_ENDORSEMENTS)]


class CommandContext(msgspec.Struct, frozen=True):
    """What the gate knows when a command arrives.

    `keys` are those of scope `command` (kid -> public key); `roster` maps staff pseudonym to
    record; `open_needs_own_key` is the site's setting for remote opens; `now_ms` is UTC, or None
    while the clock is not trusted (the end of a staff member's time is then not judged).
    """

    site: str
    gate: str
    boot_id: bytes
    now_mono_ms: int
    keys: Mapping[bytes, bytes]
    roster: Mapping[bytes, StaffRecord]
    open_needs_own_key: bool = False
    now_ms: int | None = None


def endorse(body: bytes, signer: envelope.Signer) -> bytes:
    """Sign an encoded Command with a staff member's own key."""
    return envelope.seal(ENDORSE_TYPE, WIRE_VERSION, body, signer)


def seal_command(
    command: Command, signer: envelope.Signer, endorsements: tuple[bytes, ...] = ()
) -> bytes:
    """Return the message to publish on `dn/cmd`, never retained.

    Raises ContractError(`wrong_shape`) for what every gate would refuse, such as a long reason.
    """
    body = codec.encode(command)
    codec.decode(body, Command)
    signed = envelope.seal(COMMAND_TYPE, WIRE_VERSION, body, signer)
    return codec.encode(CommandMessage(signed, endorsements))


def check_command(data: bytes, context: CommandContext, *, retained: bool) -> Command:
    """Return the command if every check of the module text holds.

    Raises ContractError with the code of the check that failed: `retained`, `unknown_key`,
    `bad_signature`, `version_unsupported`, `unknown_operation`, `wrong_audience`, `old_boot`,
    `bad_id`, `late`, `role_not_allowed`, `second_person_missing`, or what the codec raises.
    """
    if retained:
        raise ContractError(ReasonCode.RETAINED)
    message = codec.decode(data, CommandMessage)
    opened = envelope.open_envelope(message.signed, COMMAND_TYPE, context.keys)
    if opened.version != WIRE_VERSION:
        raise ContractError(ReasonCode.VERSION_UNSUPPORTED)
    command = _decode(opened.body)
    _check_audience(command, context)
    _check_people(command, opened.body, message.endorsements, context)
    return command


def _decode(body: bytes) -> Command:
    try:
        return codec.decode(body, Command)
    except ContractError as error:
        if error.detail.endswith("$.op"):
            raise ContractError(ReasonCode.UNKNOWN_OPERATION) from error
        raise


def _check_audience(command: Command, context: CommandContext) -> None:
    if (command.site, command.gate) != (context.site, context.gate):
        raise ContractError(ReasonCode.WRONG_AUDIENCE)
    if command.boot_id != context.boot_id:
        raise ContractError(ReasonCode.OLD_BOOT)
    if len(command.id) != COMMAND_ID_BYTES:
        raise ContractError(ReasonCode.BAD_ID)
    if not 0 <= command.deadline_mono_ms - context.now_mono_ms <= MAX_AHEAD_MS:
        raise ContractError(ReasonCode.LATE)
    if command.duration_s > MAX_DURATION_S.get(command.op, 0):
        raise ContractError(ReasonCode.WRONG_SHAPE, "duration_s")


def _may(staff: StaffRecord, operation: Operation, now_ms: int | None) -> bool:
    ended = now_ms is not None and 0 < staff.valid_until_ms <= now_ms
    return staff.role in _ROLES[operation] and not ended


def _check_people(
    command: Command, body: bytes, endorsements: tuple[bytes, ...], context: CommandContext
) -> None:
    staff = context.roster.get(command.actor)
    if staff is None or not _may(staff, command.op, context.now_ms):
        raise ContractError(ReasonCode.ROLE_NOT_ALLOWED)
    own_keys = {
        envelope.key_id(person.public_key): person.public_key
        for person in context.roster.values()
        if person.public_key and _may(person, command.op, context.now_ms)
    }
    signed_by = set()
    for endorsement in endorsements:
        opened = envelope.open_envelope(endorsement, ENDORSE_TYPE, own_keys)
        if opened.version != WIRE_VERSION:
            raise ContractError(ReasonCode.VERSION_UNSUPPORTED)
        if opened.body != body:
            raise ContractError(ReasonCode.BAD_SIGNATURE)
        signed_by.add(opened.kid)
    own = envelope.key_id(staff.public_key) if staff.public_key else b""
    if command.op in _TWO_PERSONS and len(signed_by) < 2:
        raise ContractError(ReasonCode.SECOND_PERSON_MISSING)
    if command.op is Operation.OPEN and context.open_needs_own_key and own not in signed_by:
        raise ContractError(ReasonCode.ROLE_NOT_ALLOWED)
