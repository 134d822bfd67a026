"""Commands at the gate: once, in time, durable first (G02, G05, promise 7)."""

import pytest

from edge.domain.effects import InstallMode, MemoryKind, Record, Remember, Unlock
from mqtt.contract.commands import MAX_AHEAD_MS, Operation
from mqtt.contract.events import EventKind, Method, Outcome
from mqtt.contract.reasons import ReasonCode
from mqtt.contract.records import ConfigRecord
from tests.support.gate_factories import (
    GUARD,
    HOUR,
    IN,
    MINUTE,
    Papers,
    make_access_point,
    person,
)
from tests.support.gate_run import GateRun


def test_an_open_burns_its_id_first_and_waits_for_the_disk() -> None:
    gate = GateRun()
    reply = gate.command(Operation.OPEN)
    assert (reply.done, reply.reason) == (True, ReasonCode.REMOTE_OPEN)
    first = gate.effects[0]
    assert isinstance(first, Remember)
    assert (first.kind, first.key) == (MemoryKind.BURNT, (1).to_bytes(16, "big"))
    kinds = [type(effect) for effect in gate.effects]
    assert kinds.index(Remember) < kinds.index(Record) < kinds.index(Unlock)
    assert gate.unlocks()[0].wait_for_disk
    record = next(one for one in gate.records if one.kind is EventKind.DECISION)
    assert (record.method, record.reason) == (Method.REMOTE, ReasonCode.REMOTE_OPEN)
    assert record.personal is not None
    assert (record.personal.actor, record.personal.note) == (GUARD, "delivery")


def test_the_same_command_opens_once() -> None:
    gate = GateRun()
    gate.command(Operation.OPEN)
    again = gate.command(Operation.OPEN)
    assert (again.done, again.reason) == (False, ReasonCode.BURNT)
    assert len(gate.unlocks()) == 1
    assert gate.records[-1].outcome is Outcome.DENIED


def test_G02_a_late_command_and_one_from_too_far_ahead_open_nothing() -> None:
    gate = GateRun()
    late = gate.command(Operation.OPEN, 1, deadline_mono_ms=gate.at.mono_ms - 1)
    assert late.reason is ReasonCode.LATE
    ahead = gate.command(Operation.OPEN, 2, deadline_mono_ms=gate.at.mono_ms + MAX_AHEAD_MS + 1)
    assert ahead.reason is ReasonCode.NOT_ALLOWED
    assert gate.unlocks() == []
    in_time = gate.command(Operation.OPEN, 1, deadline_mono_ms=gate.at.mono_ms)
    assert in_time.done


def test_G05_burnt_ids_do_not_pile_up() -> None:
    gate = GateRun()
    for number in range(3_000):
        gate.at = type(gate.at)(gate.at.mono_ms + 5_000, gate.at.utc_ms + 5_000)
        gate.command(Operation.ANSWER_CALL, number)
    assert len(gate.state.memory.burnt) < 3_600 // 5 + 40


def test_an_open_for_an_unknown_place_is_answered() -> None:
    gate = GateRun()
    reply = gate.command(Operation.OPEN, access_point="nowhere")
    assert (reply.done, reply.reason) == (False, ReasonCode.WRONG_ACCESS_POINT)


def test_a_hold_by_command_has_a_reason_a_limit_and_waits_for_the_disk() -> None:
    gate = GateRun()
    assert gate.command(Operation.HOLD_OPEN, 1, reason=" ").reason is ReasonCode.REASON_REQUIRED
    assert gate.command(Operation.HOLD_OPEN, 2, duration_s=86_400).done
    assert gate.unlocks()[0].wait_for_disk
    gate.wait(30 * MINUTE)
    assert not gate.is_unlocked()
    assert gate.command(Operation.HOLD_OPEN, 3, duration_s=60).done
    gate.wait(MINUTE)
    assert not gate.is_unlocked()


@pytest.mark.parametrize(
    ("op", "reason"),
    [
        (Operation.EMERGENCY_HOLD, ReasonCode.EMERGENCY_HOLD),
        (Operation.LOCKDOWN, ReasonCode.LOCKDOWN),
        (Operation.END_LOCKDOWN, ReasonCode.LOCKDOWN_ENDED),
        (Operation.END_HOLD, ReasonCode.FREE_ENDED),
        (Operation.CLEAR_TAMPER, ReasonCode.TAMPER_CLEARED),
        (Operation.RESET_FIRE, ReasonCode.FIRE_ENDED),
        (Operation.ANSWER_CALL, ReasonCode.CALL_ANSWERED),
        (Operation.INSTALL_MODE, ReasonCode.INSTALL_MODE),
    ],
)
def test_every_operation_is_answered_and_recorded(op: Operation, reason: ReasonCode) -> None:
    gate = GateRun()
    reply = gate.command(op)
    assert (reply.done, reply.reason) == (True, reason)
    record = next(one for one in gate.records if one.kind is EventKind.COMMAND)
    assert (record.outcome, record.reason) == (Outcome.GRANTED, reason)


def test_install_mode_ends_by_itself_after_ten_minutes() -> None:
    gate = GateRun()
    gate.command(Operation.INSTALL_MODE)
    assert InstallMode(IN, 10 * MINUTE) in gate.effects


def test_C09_clearing_passback_resets_one_person_only() -> None:
    papers = Papers(gate=ConfigRecord(passback="soft"))
    papers.access_points[IN] = make_access_point(zone_to="court")
    gate = GateRun(papers)
    gate.fob()
    gate.wait(HOUR)
    gate.pin("135790")
    assert gate.state.memory.positions.get(person(1)) is not None
    assert gate.command(Operation.CLEAR_PASSBACK, holder=person(2)).done
    assert gate.state.memory.positions.get(person(1)) is not None
    assert gate.command(Operation.CLEAR_PASSBACK, 2, holder=person(1)).done
    assert gate.state.memory.positions.get(person(1)) is None
    gate.restart()
    assert gate.state.memory.positions.get(person(1)) is None
    assert not gate.command(Operation.CLEAR_PASSBACK, 3).done
