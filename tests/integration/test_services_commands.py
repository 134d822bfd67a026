from dataclasses import replace

import pytest
from sqlalchemy import Engine

from controller.domain.roles import Actor
from controller.services import commands
from controller.services.commands import CommandDraft
from controller.services.keys import key_records
from controller.services.site import Site
from controller.services.staff import StaffDraft, add_staff
from controller.storage.models import CommandRow, GatePresenceRow, StaffRow
from controller.storage.unit_of_work import UnitOfWork
from mqtt.contract.commands import (
    CommandContext,
    CommandResult,
    Operation,
    check_command,
    endorse,
)
from mqtt.contract.errors import ContractError, RefusedError, UnavailableError
from mqtt.contract.ids import id_to_text
from mqtt.contract.keys import keys_for
from mqtt.contract.reasons import ReasonCode
from mqtt.contract.records import KeyScope, Role, StaffRecord
from tests.support.compound import GATE_KEYS, NOW, Compound, build_compound, later

OPEN = CommandDraft("gate-south", Operation.OPEN, "door-south-in", "送快递")
BOOT = b"boot" * 4
HEARD_MONO_MS = 900_000


def hear(uow: UnitOfWork, *, online: bool = True) -> None:
    uow.session.merge(
        GatePresenceRow(
            gate="gate-south",
            boot_id=BOOT,
            boot_counter=3,
            mono_ms=HEARD_MONO_MS,
            heard_at_ms=NOW.utc_ms,
            heard_mono_ms=NOW.mono_ms,
            online=online,
            clock_level=0,
            epoch=1,
            size=0,
            root=b"",
            adapter_kind="simulated",
            reads={},
            documents={},
            doors={},
            methods={},
        )
    )
    uow.session.flush()


def context(uow: UnitOfWork, site: Site, now_mono_ms: int) -> CommandContext:
    records = {bytes.fromhex(kid): each for kid, each in key_records(uow, NOW).items()}
    roster = {
        row.id: StaffRecord(Role(row.role), public_key=row.public_key)
        for row in uow.session.query(StaffRow)
    }
    keys = keys_for(records, KeyScope.COMMAND, NOW.utc_ms)
    return CommandContext(site.name, "gate-south", BOOT, now_mono_ms, keys, roster)


def give(uow: UnitOfWork, home: Compound, at_ms: int = 0, actor: Actor | None = None) -> bytes:
    _, sent = commands.give(uow, home.site, actor or home.manager, OPEN, moment=later(at_ms))
    return sent.payload


def test_G02_a_command_runs_within_its_time_on_the_gates_own_clock(
    engine: Engine,
) -> None:
    home = build_compound(engine)
    with UnitOfWork(engine) as uow:
        hear(uow)
        id_, sent = commands.give(uow, home.site, home.manager, OPEN, moment=later(7_000))
        assert (sent.topic, sent.retain, sent.expiry_s) == (
            "ac/1/tongxing/gate-south/dn/cmd",
            False,
            10,
        )
        deadline_ms = HEARD_MONO_MS + 7_000 + 10_000
        good = context(uow, home.site, deadline_ms)
        command = check_command(sent.payload, good, retained=False)
        assert (command.id, command.op, command.deadline_mono_ms) == (
            id_,
            Operation.OPEN,
            deadline_ms,
        )
        for bad, code in (
            (context(uow, home.site, deadline_ms + 1), ReasonCode.LATE),
            (replace_context(good, boot_id=b"new" * 4), ReasonCode.OLD_BOOT),
            (replace_context(good, gate="gate-north"), ReasonCode.WRONG_AUDIENCE),
        ):
            with pytest.raises(ContractError) as caught:
                check_command(sent.payload, bad, retained=False)
            assert caught.value.code is code
        assert commands.expire_commands(uow, later(16_999)) == 0
        assert commands.expire_commands(uow, later(17_001)) == 1
        assert uow.need(CommandRow, id_).state == "expired"


def replace_context(known: CommandContext, **changes: object) -> CommandContext:
    fields = {name: getattr(known, name) for name in known.__struct_fields__}
    return CommandContext(**fields | changes)


@pytest.mark.parametrize(("utc_ms", "mono_ms"), [(45_001, 45_001), (0, -1), (9_000, 3_000)])
def test_no_deadline_stands_on_an_old_word_or_a_jumped_clock(
    engine: Engine,
    utc_ms: int,
    mono_ms: int,
) -> None:
    home = build_compound(engine)
    with UnitOfWork(engine) as uow:
        hear(uow)
        moment = replace(NOW, utc_ms=NOW.utc_ms + utc_ms, mono_ms=NOW.mono_ms + mono_ms)
        with pytest.raises(UnavailableError):
            commands.give(uow, home.site, home.manager, OPEN, moment=moment)


def test_an_unknown_or_absent_gate_gets_no_command(engine: Engine) -> None:
    home = build_compound(engine)
    with UnitOfWork(engine) as uow:
        with pytest.raises(UnavailableError):
            give(uow, home)
        hear(uow, online=False)
        with pytest.raises(UnavailableError):
            give(uow, home)
        for draft, code in (
            (replace(OPEN, access_point="door-north-in"), ReasonCode.NOT_FOUND),
            (replace(OPEN, gate="gate-west"), ReasonCode.NOT_FOUND),
            (replace(OPEN, reason=" "), ReasonCode.REASON_REQUIRED),
        ):
            with pytest.raises(RefusedError) as caught:
                commands.give(uow, home.site, home.manager, draft, moment=NOW)
            assert caught.value.code is code


def test_only_roles_that_may_order_do(engine: Engine) -> None:
    home = build_compound(engine)
    with UnitOfWork(engine) as uow:
        hear(uow)
        for actor in (Actor(b"resident"), Actor(b"inspect-", Role.INSPECTOR)):
            with pytest.raises(RefusedError) as caught:
                give(uow, home, actor=actor)
            assert caught.value.code is ReasonCode.ROLE_NOT_ALLOWED


def test_holding_open_carries_two_own_signatures(engine: Engine) -> None:
    home = build_compound(engine)
    signers = list(GATE_KEYS.values())
    with UnitOfWork(engine) as uow:
        hear(uow)
        guards = [
            add_staff(
                uow,
                home.manager,
                StaffDraft(
                    login, "保安", Role.GUARD, "a long pass phrase", public_key=key.public_key
                ),
                NOW,
            )
            for login, key in zip(("guard1", "guard2"), signers, strict=True)
        ]
        hold = replace(OPEN, op=Operation.HOLD_OPEN, duration_s=600)
        actor = Actor(guards[0], Role.GUARD)
        _, sent = commands.give(
            uow,
            home.site,
            actor,
            hold,
            moment=NOW,
            endorse=lambda body: tuple(endorse(body, signer) for signer in signers),
        )
        at_gate = context(uow, home.site, HEARD_MONO_MS + 60_000)
        assert check_command(sent.payload, at_gate, retained=False).duration_s == 600
        _, alone = commands.give(uow, home.site, actor, hold, moment=NOW)
        with pytest.raises(ContractError) as caught:
            check_command(alone.payload, at_gate, retained=False)
        assert caught.value.code is ReasonCode.SECOND_PERSON_MISSING


def test_an_answer_counts_only_from_the_gate_that_was_asked(
    engine: Engine,
) -> None:
    home = build_compound(engine)
    with UnitOfWork(engine) as uow:
        hear(uow)
        id_, _ = commands.give(uow, home.site, home.manager, OPEN, moment=NOW)
        done = CommandResult(id_to_text(id_), True, ReasonCode.REMOTE_OPEN)
        assert not commands.take_result(uow, "gate-north", done, NOW)
        unknown = CommandResult(id_to_text(b"x" * 16), True, ReasonCode.REMOTE_OPEN)
        assert not commands.take_result(uow, "gate-south", unknown, NOW)
        assert commands.take_result(uow, "gate-south", done, later(300))
        row = uow.need(CommandRow, id_)
        assert (row.state, row.result) == ("done", "remote_open")
        assert commands.expire_commands(uow, later(99_999)) == 0
