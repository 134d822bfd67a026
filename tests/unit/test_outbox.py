import time

import pytest

from edge.adapters.memory_store import MemoryDisk
from edge.domain.effects import Record
from edge.domain.ports import Commit
from edge.gate.outbox import WINDOW, Outbox
from edge.gate.parcels import BATCH_BYTES, Settled, Verdict, collect
from mqtt.contract import codec, events
from mqtt.contract.events import AdapterKind, EventKind, Outcome, Personal
from mqtt.contract.reasons import ReasonCode
from tests.support.gate_log import (
    GATE_SIGNER,
    FakeController,
    fill,
    memory_store,
    moment,
)
from tests.support.outbox_wire import SEALER, Wire, seqs


@pytest.fixture
def disk() -> MemoryDisk:
    return MemoryDisk()


@pytest.fixture
def wire(disk: MemoryDisk) -> Wire:
    return Wire(memory_store(disk))


def test_batches_are_full_signed_and_in_order(wire: Wire) -> None:
    fill(wire.log, 100)
    wire.connect()
    sizes = [len(events.open_batch(sent, GATE_SIGNER.public_key).leaves) for sent in wire.sent]
    assert sizes == [32, 32, 32, 4]
    wire.deliver()
    assert seqs(wire) == list(range(100))
    assert wire.log.heads()[-1].acked == 100
    assert {verdict.verdict for verdict in wire.verdicts} == {Verdict.TAKEN}


def test_F03_at_most_20_batches_are_on_their_way(wire: Wire) -> None:
    fill(wire.log, 32 * 50)
    wire.connect()
    assert len(wire.sent) == WINDOW
    wire.deliver(1)
    assert len(wire.sent) == WINDOW
    wire.deliver()
    assert seqs(wire) == list(range(1600))
    assert wire.controller.doubles == 0


def test_nothing_is_gone_without_an_acknowledgement(wire: Wire) -> None:
    fill(wire.log, 40)
    wire.connect()
    assert wire.log.heads()[-1].acked == 0
    assert len(wire.log.read(0, 100)) == 40


def test_new_events_follow_what_was_sent(wire: Wire) -> None:
    fill(wire.log, 3)
    wire.connect()
    wire.deliver()
    fill(wire.log, 1)
    wire.courier.committed(moment())
    assert len(wire.sent) == 1
    wire.deliver()
    assert seqs(wire) == [0, 1, 2, 3]


def test_what_brought_no_answer_is_sent_again_with_a_growing_pause(wire: Wire) -> None:
    fill(wire.log, 1)
    wire.connect()
    times: list[int] = []
    for _ in range(130):
        wire.wait(1_000)
        if len(wire.sent) > 1 + len(times):
            times.append(wire.mono_ms // 1000)
    assert times == [5, 15, 35, 75]
    wire.deliver()
    assert (seqs(wire), wire.controller.doubles) == ([0], len(times))


def test_a_reconnection_sends_again_at_once(wire: Wire) -> None:
    fill(wire.log, 70)
    wire.connect()
    wire.deliver(1)
    wire.drop()
    wire.wait(100_000)
    assert wire.sent == []
    wire.connect()
    wire.deliver()
    assert seqs(wire) == list(range(70))
    assert wire.controller.doubles == 0


def test_F07_lost_acknowledgements_cause_no_holes(wire: Wire) -> None:
    fill(wire.log, 96)
    wire.connect()
    for payload in wire.sent:
        wire.controller.take(payload)
    wire.drop()
    wire.connect()
    wire.deliver()
    assert seqs(wire) == list(range(96))
    assert wire.log.heads()[-1].acked == 96


def test_an_old_acknowledgement_changes_nothing(wire: Wire) -> None:
    fill(wire.log, 96)
    wire.connect()
    early = wire.controller.take(wire.sent.pop(0))
    wire.acknowledge(early)
    wire.deliver()
    for _ in range(3):
        wire.acknowledge(early)
    assert wire.sent == []
    assert wire.log.heads()[-1].acked == 96


def test_large_events_travel_in_smaller_batches() -> None:
    log = memory_store()
    note = "门" * events.NOTE_CHARACTERS
    record = Record(
        EventKind.DECISION,
        Outcome.DENIED,
        ReasonCode.INVALID_PASS,
        AdapterKind.SIMULATED,
        access_point="x" * 40,
        personal=Personal(b"h" * 8, b"c" * 8, b"a" * 8, note),
    )
    log.commit(Commit(moment(), 1, (record,) * 40))
    parcel = SEALER.seal(1, log.read(0, 40))
    assert parcel.upto <= 32
    assert len(parcel.payload) <= codec.MAX_BYTES
    assert BATCH_BYTES < codec.MAX_BYTES


def test_events_whose_personal_part_was_erased_still_travel(wire: Wire) -> None:
    fill(wire.log, 4)
    wire.log.erase_personal(0, 3, moment(), 1)
    wire.connect()
    batch = events.open_batch(wire.sent[0], GATE_SIGNER.public_key)
    assert [part is None for part in batch.personal] == [True, True, True, False, False]


def test_the_answer_to_a_plan_from_before_a_rewind_is_dropped() -> None:
    log = memory_store()
    fill(log, 64)
    outbox = Outbox()
    outbox.connected(0)
    plan = outbox.plan()
    assert plan is not None
    assert outbox.plan() is None
    collected = collect(log, plan, SEALER)
    outbox.settled(Settled(Verdict.TAKEN, 1, 32), 0)
    assert outbox.take(plan, collected, 0) == ()
    again = outbox.plan()
    assert again is not None
    assert collect(log, again, SEALER).parcels[0].first_seq == 32


def test_F03_200_000_events_are_drained_quickly(wire: Wire) -> None:
    """A sample of 20,000; the whole is a benchmark."""
    fill(wire.log, 20_000)
    wire.connect()
    began = time.process_time()
    acks = 0
    while wire.sent:
        batch = wire.sent.pop(0)
        first = events.open_batch(batch, GATE_SIGNER.public_key).header.first_seq
        upto = min(first + 32, 20_000)
        root = wire.log.root_at(upto)
        wire.acknowledge(FakeController.sealed(1, upto, root))
        acks += 1
    assert acks == 625
    assert wire.log.heads()[-1].acked == 20_000
    assert time.process_time() - began < 20
