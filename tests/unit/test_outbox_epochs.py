import pytest

from edge.adapters.memory_store import MemoryDisk
from edge.gate.parcels import Verdict, settle
from mqtt.contract.audit import leaf_hash
from mqtt.contract.events import Ack
from tests.support.gate_log import (
    GATE,
    SITE,
    FakeController,
    fill,
    memory_store,
    moment,
)
from tests.support.outbox_wire import Wire, seqs


@pytest.fixture
def disk() -> MemoryDisk:
    return MemoryDisk()


@pytest.fixture
def wire(disk: MemoryDisk) -> Wire:
    return Wire(memory_store(disk))


def test_a_wrong_root_is_a_fork_nothing_is_marked_and_the_epoch_rests(wire: Wire) -> None:
    fill(wire.log, 64)
    wire.connect()
    wire.sent.clear()
    wire.acknowledge(FakeController.sealed(1, 32, b"x" * 32))
    assert [verdict.verdict for verdict in wire.verdicts] == [Verdict.FORK]
    assert wire.log.heads()[-1].acked == 0
    wire.wait(100_000)
    assert wire.sent == []
    wire.drop()
    wire.connect()
    assert len(wire.sent) == 2


def test_an_acknowledgement_of_more_than_the_log_holds_begins_a_new_epoch(wire: Wire) -> None:
    fill(wire.log, 3)
    wire.connect()
    wire.sent.clear()
    wire.acknowledge(FakeController.sealed(1, 9, b"x" * 32))
    assert [verdict.verdict for verdict in wire.verdicts] == [Verdict.SET_BACK]
    assert [head.epoch for head in wire.log.heads()] == [1, 2]
    fill(wire.log, 1)
    wire.courier.committed(moment())
    wire.deliver()
    assert (seqs(wire, 1), seqs(wire, 2)) == ([0, 1, 2], [0])


def test_F15_a_replaced_unit_goes_on_above_the_epochs_that_the_controller_knows(
    wire: Wire,
) -> None:
    wire.connect()
    wire.acknowledge(FakeController.sealed(7, 500, b"x" * 32))
    assert wire.log.heads()[-1].epoch == 8


def test_an_earlier_epoch_is_delivered_first_and_then_let_go(wire: Wire, disk: MemoryDisk) -> None:
    fill(wire.log, 40)
    wire.log.mark_acked(8)
    wire.log.begin_epoch(1)
    fill(wire.log, 5)
    wire.connect()
    for payload in wire.sent:
        wire.controller.take(payload)
    assert wire.controller.gaps == 32
    wire.controller.held[1].leaves = [event.leaf for event in wire.log.read_epoch(1, 0, 8)]
    for leaf in wire.controller.held[1].leaves:
        wire.controller.held[1].tree.append(leaf_hash(leaf))
    wire.drop()
    wire.connect()
    wire.deliver()
    assert seqs(wire, 1) == list(range(8, 40))
    assert wire.log.heads()[-1].acked == 5
    assert [head.epoch for head in wire.log.heads()] == [2]


def test_a_controller_restored_from_a_backup_gets_its_events_again(wire: Wire) -> None:
    fill(wire.log, 96)
    wire.connect()
    wire.deliver()
    wire.controller.forget(1, 40)
    wire.drop()
    wire.connect()
    assert wire.sent == []
    wire.acknowledge(wire.controller.ack(1))
    wire.deliver()
    assert len(wire.controller.held[1].leaves) == 96


def test_a_controller_restored_while_connected_gets_its_events_again(wire: Wire) -> None:
    fill(wire.log, 96)
    wire.connect()
    wire.deliver()
    wire.controller.forget(1, 40)
    fill(wire.log, 1)
    wire.courier.committed(moment())
    wire.deliver()
    assert wire.controller.gaps == 1
    for _ in range(10):
        wire.wait(1_000)
        wire.deliver()
    assert len(wire.controller.held[1].leaves) == 97


def test_a_full_queue_at_the_broker_is_tried_again_without_a_hole(wire: Wire) -> None:
    fill(wire.log, 32 * 6)
    wire.room = 2
    wire.connect()
    assert len(wire.sent) == 2
    for _ in range(10):
        wire.wait(1_000)
        wire.deliver()
    assert seqs(wire) == list(range(192))
    assert wire.controller.doubles == 0


def test_a_disk_that_does_not_answer_is_asked_again(wire: Wire, disk: MemoryDisk) -> None:
    fill(wire.log, 5)
    wire.log.close()
    wire.connect()
    assert wire.sent == []
    wire.log.open()
    wire.wait(1_000)
    wire.deliver()
    assert seqs(wire) == list(range(5))


def test_an_acknowledgement_of_an_epoch_that_is_done_is_ignored() -> None:
    log = memory_store()
    fill(log, 2)
    log.mark_acked(2)
    log.begin_epoch(1)
    assert settle(log, Ack(SITE, GATE, 1, 2, b"r" * 32, {})).verdict is Verdict.IGNORED
