"""The controller's own log and its countersignatures on both databases."""

import pytest
from sqlalchemy import Engine, select, update

from controller.domain.roles import Act
from controller.ingest.core import IngestCore
from controller.services.acts import record_act
from controller.services.keys import believed_keys
from controller.services.logbook import control
from controller.services.logbook.witness import WITNESS, countersign, has_unsigned, heads
from controller.storage.models import AlarmRow, ControlLeafRow
from controller.storage.unit_of_work import UnitOfWork
from mqtt.contract import audit, checkpoint, codec
from mqtt.contract.control_log import ControlKind, ControlLeaf
from mqtt.contract.records import KeyScope
from tests.support.compound import NOW, Compound, build_compound, later
from tests.support.gate_events import Recorder


@pytest.fixture
def compound(engine: Engine) -> Compound:
    return build_compound(engine)


def tree_over(recorder: Recorder, count: int) -> bytes:
    return audit.root_of(audit.leaf_hash(recorder.leaf(seq)[0]) for seq in range(count))


def test_a_staff_act_is_in_the_log_without_a_person(compound: Compound, engine: Engine) -> None:
    with UnitOfWork(engine) as uow:
        before = control.control_head(uow)
        record_act(uow, NOW, compound.manager, Act.EDIT_HOLDERS, b"someone1", reason="moved")
        uow.commit()
        after = control.control_head(uow)
        assert after.size == before.size + 1
        leaf = codec.decode(control.control_leaves(uow, before.size)[0], ControlLeaf)
        row = uow.need(ControlLeafRow, before.size)
    assert leaf.kind is ControlKind.STAFF_ACT
    assert leaf.facts == {"act": "edit_holders", "role": "manager"}
    assert b"someone1" not in row.leaf
    assert b"someone1" in (row.personal or b"")
    assert audit.commitment(row.salt or b"", row.personal or b"") == leaf.commitment


def test_what_is_rolled_back_is_not_in_the_log(compound: Compound, engine: Engine) -> None:
    with UnitOfWork(engine) as uow:
        before = control.control_head(uow)
        record_act(uow, NOW, compound.manager, Act.EDIT_HOLDERS, b"someone1")
    with UnitOfWork(engine) as uow:
        assert control.control_head(uow) == before
        assert control.first_break(uow) is None


def test_proofs_hold_and_erasing_who_it_was_breaks_nothing(
    compound: Compound, engine: Engine
) -> None:
    with UnitOfWork(engine) as uow:
        for at in range(9):
            control.append(uow, NOW, ControlKind.DRILL, personal=[b"x"], step=at)
        old = control.control_head(uow)
        for at in range(5):
            control.append(uow, NOW, ControlKind.DRILL, step=at)
        head = control.control_head(uow)
        proof = control.prove_consistency(uow, old.size)
        assert audit.verify_consistency(old.size, old.root, head.size, head.root, proof)
        hashed = audit.leaf_hash(control.control_leaves(uow)[3])
        path = control.prove_inclusion(uow, 3)
        assert audit.verify_inclusion(hashed, 3, head.size, path, head.root)
        uow.session.execute(update(ControlLeafRow).values(salt=None, personal=None))
        assert control.first_break(uow) is None
        note = control.control_checkpoint(uow, compound.site, NOW)
        assert note.startswith("tongxing/controller/0\n")


@pytest.mark.parametrize("change", ["leaf", "gone"])
def test_a_changed_or_missing_leaf_is_found(
    compound: Compound, engine: Engine, change: str
) -> None:
    with UnitOfWork(engine) as uow:
        for at in range(6):
            control.append(uow, NOW, ControlKind.DRILL, step=at)
        third = control.control_head(uow).size - 4
        row = uow.need(ControlLeafRow, third)
        if change == "leaf":
            row.leaf = row.leaf[:-1] + bytes([row.leaf[-1] ^ 1])
        else:
            uow.session.delete(row)
        uow.session.flush()
        assert control.first_break(uow) == third


def test_heads_are_countersigned_once_their_leaves_are_held(
    compound: Compound, engine: Engine
) -> None:
    gate, core = Recorder(access_point="door-south-in"), IngestCore(engine, compound.site)
    core.take([gate.birth(1), *gate.run(0, 40)], NOW)
    full = gate.heartbeat(10, size=40, root=tree_over(gate, 40))
    part = gate.heartbeat(20, size=33, root=tree_over(gate, 33))
    ahead = gate.heartbeat(30, size=99, root=b"\x07" * 32)
    for at, said in enumerate((full, part, ahead)):
        core.take([said], later(at * 301_000))
    with UnitOfWork(engine) as uow:
        assert has_unsigned(uow)
        assert countersign(uow, compound.site, later(900_000)) == 2
        uow.commit()
        found = heads(uow, "gate-south", gate.epoch)
        assert not has_unsigned(uow)
        witness_key = witness_public_key(uow)
    assert [head.size for head in found] == [33, 40]
    assert found[1].presence == full.payload
    for head in found:
        told = checkpoint.Checkpoint("tongxing", "gate-south", gate.epoch, head.size, head.root)
        assert head.note.startswith(told.body)
        assert checkpoint.open_witnessed(head.note, WITNESS, witness_key).at_s == head.at_s


def test_another_tree_is_never_signed_and_alarms_once(compound: Compound, engine: Engine) -> None:
    gate, core = Recorder(access_point="door-south-in"), IngestCore(engine, compound.site)
    core.take([gate.birth(1), *gate.run(0, 3)], NOW)
    for at in (10, 20):
        core.take([gate.heartbeat(at, size=3, root=b"\x09" * 32)], later(at))
        with UnitOfWork(engine) as uow:
            assert countersign(uow, compound.site, NOW) == 0
            uow.commit()
    with UnitOfWork(engine, writes=False) as uow:
        assert heads(uow, "gate-south", gate.epoch) == ()
        alarms = uow.session.scalars(select(AlarmRow).where(AlarmRow.reason == "fork")).all()
    assert len(alarms) == 1


def witness_public_key(uow: UnitOfWork) -> bytes:
    keys = believed_keys(uow, NOW)
    return next(key.public_key for key in keys if KeyScope.ACK in key.scopes)
