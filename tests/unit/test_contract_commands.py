"""Each check of a command, taken away, breaks one of these (protocol case 36 and G01-G04)."""

from dataclasses import dataclass

import pytest
from msgspec.structs import replace

from equalgate import contract_samples as sample
from mqtt.contract import codec, commands, envelope
from mqtt.contract.commands import Command, CommandContext, Operation
from mqtt.contract.envelope import Ed25519Signer, key_id
from mqtt.contract.errors import ContractError
from mqtt.contract.reasons import ReasonCode
from mqtt.contract.records import Role, StaffRecord

CONTROLLER = sample.signer("command")
GUARD, MANAGER = sample.signer("guard"), sample.signer("manager")
KEYS = {key_id(CONTROLLER.public_key): CONTROLLER.public_key}
CONTEXT = CommandContext(
    sample.SITE, sample.GATE, sample.BOOT_ID, 60_000, KEYS, sample.roster(), now_ms=sample.NOW_MS
)


def sealed(
    command: Command, *endorsers: Ed25519Signer, signer: Ed25519Signer = CONTROLLER
) -> bytes:
    body = codec.encode(command)
    return commands.seal_command(
        command, signer, tuple(commands.endorse(body, each) for each in endorsers)
    )


def code_of(
    data: bytes, context: CommandContext = CONTEXT, *, retained: bool = False
) -> ReasonCode:
    with pytest.raises(ContractError) as caught:
        commands.check_command(data, context, retained=retained)
    return caught.value.code


def test_a_good_command_is_accepted_up_to_its_deadline() -> None:
    for now_mono_ms in (60_000, 70_000):
        context = replace(CONTEXT, now_mono_ms=now_mono_ms)
        command = commands.check_command(sealed(sample.command()), context, retained=False)
        assert command == sample.command()


def test_g01_a_retained_command_is_refused() -> None:
    assert code_of(sealed(sample.command()), retained=True) is ReasonCode.RETAINED


def test_a_key_of_another_scope_signs_no_command() -> None:
    for who in ("document", "ack", "guard", "gate"):
        forged = sealed(sample.command(), signer=sample.signer(who))
        assert code_of(forged) is ReasonCode.UNKNOWN_KEY


def test_g04_a_forged_signature_is_refused() -> None:
    message = codec.decode(sealed(sample.command()), commands.CommandMessage)
    opened = envelope.peek(message.signed)
    forged = replace(opened, body=codec.encode(sample.command(access_point="south-in")))
    data = codec.encode(commands.CommandMessage(codec.encode(forged), ()))
    assert code_of(data) is ReasonCode.BAD_SIGNATURE


def test_another_type_signed_by_the_same_key_is_no_command() -> None:
    body = codec.encode(sample.command())
    for type_, version, code in (
        (commands.ENDORSE_TYPE, 1, ReasonCode.WRONG_TYPE),
        (commands.COMMAND_TYPE, 2, ReasonCode.VERSION_UNSUPPORTED),
    ):
        signed = envelope.seal(type_, version, body, CONTROLLER)
        assert code_of(codec.encode(commands.CommandMessage(signed, ()))) is code


@dataclass(frozen=True)
class Case:
    changes: dict[str, object]
    code: ReasonCode


@pytest.mark.parametrize(
    "case",
    [
        Case({"site": "another-site"}, ReasonCode.WRONG_AUDIENCE),
        Case({"gate": "gate-south"}, ReasonCode.WRONG_AUDIENCE),
        Case({"boot_id": bytes(16)}, ReasonCode.OLD_BOOT),
        Case({"id": b"short"}, ReasonCode.BAD_ID),
        Case({"deadline_mono_ms": 59_999}, ReasonCode.LATE),
        Case({"deadline_mono_ms": 60_001 + commands.MAX_AHEAD_MS}, ReasonCode.LATE),
        Case({"duration_s": 61}, ReasonCode.WRONG_SHAPE),
        Case({"op": Operation.END_LOCKDOWN, "duration_s": 1}, ReasonCode.WRONG_SHAPE),
        Case({"op": Operation.LOCKDOWN, "duration_s": 901}, ReasonCode.WRONG_SHAPE),
        Case({"op": Operation.EMERGENCY_HOLD, "duration_s": 601}, ReasonCode.WRONG_SHAPE),
        Case({"actor": b"nobody-1"}, ReasonCode.ROLE_NOT_ALLOWED),
        Case({"actor": b"inspect1"}, ReasonCode.ROLE_NOT_ALLOWED),
        Case({"op": Operation.RESET_FIRE}, ReasonCode.ROLE_NOT_ALLOWED),
        Case({"op": Operation.INSTALL_MODE}, ReasonCode.ROLE_NOT_ALLOWED),
        Case({"op": Operation.HOLD_OPEN}, ReasonCode.SECOND_PERSON_MISSING),
    ],
)
def test_one_wrong_field_is_refused(case: Case) -> None:
    assert code_of(sealed(sample.command(**case.changes))) is case.code


@pytest.mark.parametrize(
    "changes", [{"duration_s": -1}, {"deadline_mono_ms": 2**60}, {"reason": "x" * 65}]
)
def test_what_no_gate_would_take_is_neither_sent_nor_taken(changes: dict[str, object]) -> None:
    command = sample.command(**changes)
    with pytest.raises(ContractError) as caught:
        sealed(command)
    assert caught.value.code is ReasonCode.WRONG_SHAPE
    signed = envelope.seal("cmd", 1, codec.encode(command), CONTROLLER)
    data = codec.encode(commands.CommandMessage(signed, ()))
    assert code_of(data) is ReasonCode.WRONG_SHAPE


def test_an_unknown_operation_is_named_as_such() -> None:
    body = codec.decode_plain(codec.encode(sample.command()))
    assert isinstance(body, dict)
    signed = envelope.seal("cmd", 1, codec.encode_plain({**body, "op": "reboot"}), CONTROLLER)
    assert (
        code_of(codec.encode(commands.CommandMessage(signed, ()))) is ReasonCode.UNKNOWN_OPERATION
    )


def test_f38_a_staff_member_whose_time_is_over_orders_nothing() -> None:
    ended = StaffRecord(Role.GUARD, public_key=GUARD.public_key, valid_until_ms=sample.NOW_MS)
    context = replace(CONTEXT, roster={**sample.roster(), b"guard-01": ended})
    assert code_of(sealed(sample.command()), context) is ReasonCode.ROLE_NOT_ALLOWED
    unknown_clock = replace(context, now_ms=None)
    commands.check_command(sealed(sample.command()), unknown_clock, retained=False)


HOLD = sample.command(op=Operation.HOLD_OPEN, duration_s=1_800)


def test_hold_open_needs_two_people_of_the_roster() -> None:
    assert commands.check_command(sealed(HOLD, GUARD, MANAGER), CONTEXT, retained=False) == HOLD
    assert code_of(sealed(HOLD, GUARD)) is ReasonCode.SECOND_PERSON_MISSING
    assert code_of(sealed(HOLD, GUARD, GUARD)) is ReasonCode.SECOND_PERSON_MISSING
    assert code_of(sealed(HOLD, GUARD, sample.signer("witness"))) is ReasonCode.UNKNOWN_KEY
    assert code_of(sealed(HOLD, GUARD, CONTROLLER)) is ReasonCode.UNKNOWN_KEY
    ended = StaffRecord(Role.MANAGER, public_key=MANAGER.public_key, valid_until_ms=1)
    context = replace(CONTEXT, roster={**sample.roster(), b"manager1": ended})
    assert code_of(sealed(HOLD, GUARD, MANAGER), context) is ReasonCode.UNKNOWN_KEY


def test_a_staff_signature_counts_for_its_own_command_only() -> None:
    endorsed = tuple(commands.endorse(codec.encode(HOLD), each) for each in (GUARD, MANAGER))
    other = replace(HOLD, access_point="south-in")
    data = commands.seal_command(other, CONTROLLER, endorsed)
    assert code_of(data) is ReasonCode.BAD_SIGNATURE


def test_staff_signatures_have_a_version_and_a_number() -> None:
    body = codec.encode(HOLD)
    newer = (envelope.seal(commands.ENDORSE_TYPE, 2, body, GUARD),)
    assert code_of(commands.seal_command(HOLD, CONTROLLER, newer)) is ReasonCode.VERSION_UNSUPPORTED
    assert code_of(sealed(HOLD, *[GUARD] * 5)) is ReasonCode.WRONG_SHAPE


def test_an_open_can_ask_for_the_guards_own_key() -> None:
    context = replace(CONTEXT, open_needs_own_key=True)
    command = sample.command()
    assert commands.check_command(sealed(command, GUARD), context, retained=False) == command
    assert code_of(sealed(command), context) is ReasonCode.ROLE_NOT_ALLOWED
    assert code_of(sealed(command, MANAGER), context) is ReasonCode.ROLE_NOT_ALLOWED
    no_key = replace(context, roster={b"guard-01": StaffRecord(Role.GUARD)})
    assert code_of(sealed(command), no_key) is ReasonCode.ROLE_NOT_ALLOWED


def test_every_role_may_do_exactly_what_the_table_says() -> None:
    both = {Role.GUARD, Role.MANAGER}
    table = {
        Operation.RESET_FIRE: {Role.MANAGER},
        Operation.CLEAR_TAMPER: {*both, Role.INSTALLER},
        Operation.INSTALL_MODE: {Role.MANAGER, Role.INSTALLER},
    }
    for operation in Operation:
        for role in Role:
            roster = {**sample.roster(), b"guard-01": StaffRecord(role)}
            context = replace(CONTEXT, roster=roster)
            command = sample.command(op=operation)
            endorsers = (MANAGER, GUARD) if operation is Operation.HOLD_OPEN else ()
            if operation is Operation.HOLD_OPEN:
                roster[b"guard-02"] = StaffRecord(Role.GUARD, public_key=GUARD.public_key)
            data = sealed(command, *endorsers)
            if role in table.get(operation, both):
                assert commands.check_command(data, context, retained=False) == command
            else:
                assert code_of(data, context) is ReasonCode.ROLE_NOT_ALLOWED


def test_cut_or_lengthened_bytes_are_refused() -> None:
    data = sealed(sample.command())
    for cut in range(0, len(data), 7):
        code_of(data[:cut])
    assert code_of(data + b"\x00") is ReasonCode.NOT_CANONICAL
