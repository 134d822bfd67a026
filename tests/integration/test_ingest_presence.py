"""Ingest on both databases: what it believes about presence, and what it asks gates for."""

import pytest
from sqlalchemy import Engine, select

from controller.ingest.core import IngestCore
from controller.storage.models import AlarmRow, GatePresenceRow
from controller.storage.unit_of_work import UnitOfWork
from mqtt.client.port import Message
from mqtt.contract import codec
from mqtt.contract.envelope import peek
from mqtt.contract.events import Ack
from tests.support.compound import NOW, Compound, build_compound, later
from tests.support.gate_events import Recorder

GATE = Recorder()


@pytest.fixture
def compound(engine: Engine) -> Compound:
    return build_compound(engine)


@pytest.fixture
def core(engine: Engine, compound: Compound) -> IngestCore:
    return IngestCore(engine, compound.site)


def alarms(engine: Engine) -> list[tuple[str, str, int | None]]:
    with engine.connect() as connection:
        found = select(AlarmRow.gate, AlarmRow.reason, AlarmRow.seq).order_by(AlarmRow.id)
        return [(row.gate, row.reason, row.seq) for row in connection.execute(found)]


def presence(engine: Engine, gate: str = "gate-south") -> GatePresenceRow:
    with UnitOfWork(engine, writes=False) as uow:
        return uow.need(GatePresenceRow, gate)


def test_a_birth_and_its_heartbeats_are_kept(engine: Engine, core: IngestCore) -> None:
    birth = GATE.birth(1_000, documents={"config": (3, b"d" * 32)})
    core.take([birth], NOW)
    core.take([GATE.heartbeat(16_000, power="battery")], later(15_000))
    row = presence(engine)
    assert (row.mono_ms, row.heard_at_ms, row.power) == (16_000, later(15_000).utc_ms, "battery")
    assert row.documents == {"config": [3, (b"d" * 32).hex()]}
    assert row.methods["face"] == "not_installed"
    assert row.online
    core.take([GATE.birth(20_000)], later(19_000))
    assert presence(engine).methods["face"] == "not_installed"


def test_a_recorded_birth_stays_refused_after_a_restart(
    engine: Engine,
    core: IngestCore,
    compound: Compound,
) -> None:
    old = GATE.birth(1_000)
    core.take([old], NOW)
    core.take([old], NOW)
    assert alarms(engine) == []
    core.take([GATE.rebooted().birth(500)], NOW)
    restarted = IngestCore(engine, compound.site)
    restarted.take([old, GATE.birth(9_000_000), GATE.heartbeat(9_000_001)], NOW)
    row = presence(engine)
    assert (row.boot_counter, row.mono_ms) == (2, 500)
    assert alarms(engine) == [("gate-south", "old_boot", None)]


def test_an_old_heartbeat_moves_no_clock(engine: Engine, core: IngestCore) -> None:
    core.take([GATE.birth(1_000), GATE.heartbeat(30_000)], NOW)
    core.take([GATE.heartbeat(16_000)], later(1_000))
    assert presence(engine).mono_ms == 30_000
    assert presence(engine).heard_at_ms == NOW.utc_ms


def state(online: str, boot: str) -> Message:
    payload = f'{{"online":{online},"boot":"{boot}"}}'.encode()
    return Message(GATE.topic("state"), payload, 1, retain=True)


def test_only_the_will_of_the_current_boot_takes_a_gate_offline(
    engine: Engine,
    core: IngestCore,
) -> None:
    core.take([GATE.rebooted().birth(1_000)], NOW)
    core.take([state("false", "aeaqcaibaeaqcaibaeaqcaibae")], NOW)
    assert presence(engine).online
    core.take([state("false", "aibaeaqcaibaeaqcaibaeaqcai")], NOW)
    assert not presence(engine).online
    core.take([Message(GATE.topic("state"), b"[", 1, retain=True)], NOW)
    assert [reason for _, reason, _ in alarms(engine)] == ["wrong_shape"]


def asked(core: IngestCore, messages: list[Message], ms: int = 0) -> list[bool]:
    """Return for each acknowledgement whether it asks for the birth."""
    taken = core.take(messages, later(ms))
    return [codec.decode(peek(ack.payload).body, Ack).announce for ack in taken.acks]


def test_a_gate_whose_birth_was_missed_is_asked_for_it(engine: Engine, core: IngestCore) -> None:
    assert asked(core, GATE.run(0, 1)) == [True]
    assert asked(core, [GATE.heartbeat(16_000)]) == [True]
    assert asked(core, [GATE.birth(17_000)]) == []
    assert asked(core, [GATE.batch(1)]) == [False]
    assert alarms(engine) == []


def test_a_heartbeat_of_a_boot_that_was_missed_asks_and_a_late_one_does_not(
    engine: Engine, core: IngestCore
) -> None:
    core.take([*GATE.run(0, 1), GATE.birth(1_000), GATE.heartbeat(30_000)], NOW)
    assert asked(core, [GATE.heartbeat(16_000)]) == []
    assert asked(core, [GATE.rebooted().heartbeat(2_000)]) == [True]
    assert presence(engine).mono_ms == 30_000


def test_a_controller_that_comes_greets_every_gate_that_it_knows(
    engine: Engine, core: IngestCore
) -> None:
    assert core.greet(NOW) == ()
    core.take([*GATE.run(0, 40), GATE.birth(1_000)], NOW)
    (greeting,) = core.greet(NOW)
    ack = codec.decode(peek(greeting.payload).body, Ack)
    assert (ack.gate, ack.epoch, ack.upto, ack.announce) == ("gate-south", 7, 40, True)
    assert not greeting.retain
