"""Ingest on both databases: once, in order, checked, acknowledged only when it is stored."""

import random

import pytest
from sqlalchemy import Engine, select, text

from controller.ingest.core import GAP_AFTER_MS, KEYS_FOR_MS, IngestCore
from controller.services.documents import sync
from controller.services.gates import revoke_gate
from controller.services.keys import believed_keys
from controller.services.ports import MemoryPublisher
from controller.storage.models import AlarmRow, EventRow, GateEpochRow, GatePresenceRow
from controller.storage.unit_of_work import UnitOfWork
from mqtt.client.port import Message
from mqtt.contract.audit import leaf_hash, root_of
from mqtt.contract.errors import StorageError
from mqtt.contract.events import Ack, EventKind, Outcome, Personal, open_ack
from mqtt.contract.reasons import ReasonCode
from mqtt.contract.records import KeyScope
from tests.support.compound import GATE_KEYS, NOW, Compound, build_compound, later
from tests.support.gate_events import Recorder, Said

GATE = Recorder()
NORTH = Recorder("gate-north", signer=GATE_KEYS["gate-north"])


@pytest.fixture
def compound(engine: Engine) -> Compound:
    return build_compound(engine)


@pytest.fixture
def core(engine: Engine, compound: Compound) -> IngestCore:
    return IngestCore(engine, compound.site)


def acks(engine: Engine, core: IngestCore, messages: list[Message], ms: int = 0) -> list[Ack]:
    taken = core.take(messages, later(ms))
    with UnitOfWork(engine, writes=False) as uow:
        keys = {
            key.kid: key.public_key for key in believed_keys(uow, NOW) if KeyScope.ACK in key.scopes
        }
    return [open_ack(ack.payload, "tongxing", ack.topic.split("/")[3], keys) for ack in taken.acks]


def stored(engine: Engine) -> list[tuple[str, int, int]]:
    with engine.connect() as connection:
        found = select(EventRow.gate, EventRow.epoch, EventRow.seq).order_by(EventRow.id)
        return [(row.gate, row.epoch, row.seq) for row in connection.execute(found)]


def alarms(engine: Engine) -> list[tuple[str, str, int | None]]:
    with engine.connect() as connection:
        found = select(AlarmRow.gate, AlarmRow.reason, AlarmRow.seq).order_by(AlarmRow.id)
        return [(row.gate, row.reason, row.seq) for row in connection.execute(found)]


def test_an_acknowledgement_binds_epoch_number_and_root(engine: Engine, core: IngestCore) -> None:
    (ack,) = acks(engine, core, GATE.run(0, 40))
    assert (ack.epoch, ack.upto) == (7, 40)
    assert ack.root == root_of(leaf_hash(GATE.leaf(seq)[0]) for seq in range(40))
    assert stored(engine) == [("gate-south", 7, seq) for seq in range(40)]


def test_F07_a_lost_acknowledgement_is_given_again_and_doubles_nothing(
    engine: Engine,
    core: IngestCore,
) -> None:
    acks(engine, core, GATE.run(0, 40))
    again = core.take(GATE.run(0, 40), later(1))
    assert again.new_events == 0
    (ack,) = acks(engine, core, GATE.run(32, 8), 2)
    assert ack.upto == 40
    assert len(stored(engine)) == 40


def test_copies_in_one_group_are_stored_once(engine: Engine, core: IngestCore) -> None:
    messages = GATE.run(0, 64)
    (ack,) = acks(engine, core, [*messages, *messages, messages[0]])
    assert ack.upto == 64
    assert len(stored(engine)) == 64


def test_events_beyond_a_hole_are_kept_and_only_the_prefix_is_acknowledged(
    engine: Engine,
    core: IngestCore,
) -> None:
    first, second, third = GATE.run(0, 96)
    assert [ack.upto for ack in acks(engine, core, [first, third])] == [32]
    assert len(stored(engine)) == 64
    assert [ack.upto for ack in acks(engine, core, [third], 1)] == [32]
    (ack,) = acks(engine, core, [second], 2)
    assert ack.upto == 96
    assert ack.root == root_of(leaf_hash(GATE.leaf(seq)[0]) for seq in range(96))
    assert len(stored(engine)) == 96


@pytest.mark.parametrize("seed", range(8))
def test_duplicates_and_reordering_end_in_every_event_once(
    seed: int,
    engine: Engine,
    core: IngestCore,
) -> None:
    draw = random.Random(seed)
    messages = GATE.run(0, 100, size=draw.choice((1, 7, 32))) + NORTH.run(0, 60, size=9)
    sent = messages + draw.sample(messages, len(messages) // 2)
    draw.shuffle(sent)
    last: dict[str, int] = {}
    while sent:
        count = draw.randint(1, 12)
        for ack in acks(engine, core, sent[:count]):
            assert ack.upto >= last.get(ack.gate, 0)
            last[ack.gate] = ack.upto
        sent = sent[count:]
    assert last == {"gate-south": 100, "gate-north": 60}
    assert len(stored(engine)) == len(set(stored(engine))) == 160


def test_a_new_process_goes_on_where_the_old_one_was_killed(
    engine: Engine,
    core: IngestCore,
    compound: Compound,
) -> None:
    first, second, third = GATE.run(0, 96)
    acks(engine, core, [first, third])
    (ack,) = acks(engine, IngestCore(engine, compound.site), [second])
    assert ack.upto == 96


def test_another_event_under_the_same_number_is_a_fork(engine: Engine, core: IngestCore) -> None:
    before = acks(engine, core, GATE.run(0, 3))
    denied = Said(outcome=Outcome.DENIED, reason=ReasonCode.REVOKED)
    after = acks(engine, core, [GATE.batch(1, denied)])
    assert after[0].root == before[0].root
    assert alarms(engine) == [("gate-south", "fork", 1)]
    core.take([GATE.batch(1, denied)], later(5))
    assert len(alarms(engine)) == 1


def test_poison_is_an_alarm_and_does_not_hold_up_good_events(
    engine: Engine,
    core: IngestCore,
) -> None:
    foreign = Recorder(signer=GATE_KEYS["gate-north"])
    elsewhere = Message(GATE.topic("up/ev"), NORTH.payload(0), 1)
    poison = [
        foreign.batch(0),
        elsewhere,
        Message(GATE.topic("up/ev"), b"\x00" * 70_000, 1),
        Message(GATE.topic("up/ev"), b"", 1),
        Message(GATE.topic("up/ev"), GATE.payload(0), 1, retain=True),
        Recorder("gate-ghost").batch(0),
        Message("ac/1/tongxing/gate-south/up/ev/deeper", b"x", 1),
        Message("ac/1/other-site/gate-south/up/ev", GATE.payload(0), 1),
    ]
    (ack,) = acks(engine, core, [*poison, *GATE.run(0, 3)])
    assert ack.upto == 3
    assert {(gate, reason) for gate, reason, _ in alarms(engine)} == {
        ("gate-south", "unknown_key"),
        ("gate-south", "too_large"),
        ("gate-south", "malformed"),
        ("gate-south", "retained"),
        ("gate-ghost", "unknown_key"),
        ("", "bad_topic"),
        ("", "wrong_audience"),
    }
    core.take(poison, later(1))
    assert len(alarms(engine)) == 7


def test_a_batch_with_one_changed_byte_is_refused_whole(engine: Engine, core: IngestCore) -> None:
    payload = bytearray(GATE.payload(0, Said(), Said()))
    payload[len(payload) // 2] ^= 1
    core.take([Message(GATE.topic("up/ev"), bytes(payload), 1)], NOW)
    assert stored(engine) == []
    assert len(alarms(engine)) == 1


def test_a_hole_that_lasts_is_an_alarm(engine: Engine, core: IngestCore) -> None:
    core.take([GATE.batch(5)], NOW)
    assert core.watch(later(0)) == 0
    assert core.watch(later(GAP_AFTER_MS - 1)) == 0
    assert core.watch(later(GAP_AFTER_MS)) == 1
    assert core.watch(later(GAP_AFTER_MS + 5_000)) == 0
    assert alarms(engine) == [("gate-south", "gap", 0)]


def test_F04_F05_times_of_the_gate_are_kept_beside_the_time_of_arrival(
    engine: Engine,
    core: IngestCore,
) -> None:
    yesterday = Said(at_s=NOW.utc_s - 86_400)
    core.take([GATE.batch(0, *[yesterday] * 25), GATE.batch(25, *[yesterday] * 25)], NOW)
    with engine.connect() as connection:
        rows = connection.execute(select(EventRow.at_s, EventRow.received_at_ms)).all()
    assert set(rows) == {(NOW.utc_s - 86_400, NOW.utc_ms)}
    assert len(rows) == 50


def test_F08_a_counted_gap_and_a_forced_door_raise_alarms(engine: Engine, core: IngestCore) -> None:
    gap = Said(EventKind.GAP, reason=ReasonCode.GAP, outcome=Outcome.OBSERVED, person=None)
    forced = Said(EventKind.DOOR, reason=ReasonCode.FORCED, outcome=Outcome.OBSERVED, person=None)
    core.take([GATE.batch(0, Said(), gap, forced)], NOW)
    core.take([GATE.batch(0, Said(), gap, forced)], NOW)
    assert alarms(engine) == [("gate-south", "gap", 1), ("gate-south", "forced", 2)]


def test_F13_events_keep_their_gate_in_any_order(engine: Engine, core: IngestCore) -> None:
    core.take([NORTH.batch(0), GATE.batch(0), NORTH.batch(1)], NOW)
    with engine.connect() as connection:
        found = connection.execute(select(EventRow.gate, EventRow.access_point)).all()
    assert set(found) == {("gate-north", "door-north-in"), ("gate-south", "door-south-in")}


def test_F15_replaced_hardware_begins_a_new_epoch_and_the_change_shows(
    engine: Engine,
    core: IngestCore,
) -> None:
    core.take(GATE.run(0, 10), NOW)
    fresh = Recorder(epoch=8)
    (ack,) = acks(engine, core, fresh.run(0, 2))
    assert (ack.epoch, ack.upto) == (8, 2)
    assert [reason for _, reason, _ in alarms(engine)] == ["epoch_changed"]
    with engine.connect() as connection:
        assert len(connection.execute(select(GateEpochRow.epoch)).all()) == 2


def test_a_revoked_gate_is_not_believed_within_5_s(engine: Engine, core: IngestCore) -> None:
    core.take(GATE.run(0, 1), NOW)
    with UnitOfWork(engine) as uow:
        revoke_gate(uow, "gate-south", NOW)
        uow.commit()
    taken = core.take([GATE.batch(1)], later(KEYS_FOR_MS))
    assert (taken.new_events, taken.acks) == (0, ())
    assert [reason for _, reason, _ in alarms(engine)] == ["revoked"]


def presence(engine: Engine, gate: str = "gate-south") -> GatePresenceRow:
    with UnitOfWork(engine, writes=False) as uow:
        return uow.need(GatePresenceRow, gate)


def test_a_document_in_force_is_learned_from_the_gates_event(
    engine: Engine,
    core: IngestCore,
    compound: Compound,
) -> None:
    published = sync(engine, compound.site, MemoryPublisher(), NOW)
    config = next(d for d in published if (d.gate, d.name.value) == ("gate-south", "config"))
    adopted = Said(
        EventKind.DOCUMENT,
        outcome=Outcome.OBSERVED,
        reason=ReasonCode.ADOPTED,
        person=Personal(note=f"config {config.version}"),
    )
    core.take([GATE.birth(1_000), GATE.batch(0, adopted)], NOW)
    assert presence(engine).documents == {"config": [config.version, config.digest.hex()]}


def test_nothing_is_acknowledged_when_the_database_cannot_store(
    engine: Engine,
    core: IngestCore,
) -> None:
    core.take(GATE.run(0, 1), NOW)
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE events RENAME TO events_away"))
    with pytest.raises(StorageError):
        core.take([GATE.batch(1)], NOW)
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE events_away RENAME TO events"))
    (ack,) = acks(engine, core, [GATE.batch(1)])
    assert ack.upto == 2
