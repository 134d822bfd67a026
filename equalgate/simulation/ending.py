"""Compare both ends: what the gates have on their disks and what the controller has stored."""

from collections.abc import Sequence
from random import Random

from sqlalchemy import select

from controller.storage.models import AlarmRow, EventRow, GateEpochRow
from controller.storage.unit_of_work import UnitOfWork
from equalgate.simulation.compound import Compound, gate_signer
from equalgate.simulation.desk import Desk
from equalgate.simulation.gate_unit import GateUnit
from equalgate.simulation.world import InvariantError
from mqtt.client.port import Message
from mqtt.contract.audit import leaf_hash, root_of
from mqtt.contract.errors import ContractError
from mqtt.contract.events import open_batch
from mqtt.contract.reasons import ReasonCode
from mqtt.contract.topics import TopicKind, parse

__all__ = ["check_acknowledged", "check_logs", "check_mutations", "converged"]


def check_acknowledged(units: Sequence[GateUnit], compound: Compound) -> None:
    """Check that nothing counts as acknowledged that the controller has not stored (I1)."""
    with UnitOfWork(compound.engine, writes=False) as uow:
        found = select(GateEpochRow.gate, GateEpochRow.epoch, GateEpochRow.size)
        stored = {(gate, epoch): size for gate, epoch, size in uow.session.execute(found)}
    for unit in units:
        for epoch, kept in unit.disk.epochs.items():
            if kept.acked > stored.get((unit.name, epoch), 0):
                raise InvariantError(f"I1 {unit.name}: acknowledged but not stored")


def converged(units: Sequence[GateUnit], desk: Desk) -> str:
    """Return what still differs between the two ends, or nothing."""
    for unit in units:
        process = unit.process
        if process is None or not process.uplink.is_connected:
            return f"{unit.name} is not connected"
        if any(kept.acked < len(kept.events) for kept in unit.disk.epochs.values()):
            return f"{unit.name}: the outbox is not drained"
        held = process.trusted.versions()
        for name, wanted in desk.wanted(unit.name).items():
            if held.get(name.value) != (wanted.version, wanted.digest):
                return f"{unit.name}: {name.value} is not the newest"
            if unit.disk.documents[name].version != wanted.version:
                return f"{unit.name}: {name.value} is not saved"
    return ""


def check_logs(units: Sequence[GateUnit], compound: Compound) -> None:
    """Check that every event arrived exactly once and that the trees are equal (I1, I7)."""
    with UnitOfWork(compound.engine, writes=False) as uow:
        columns = (EventRow.gate, EventRow.epoch, EventRow.seq, EventRow.leaf)
        rows = uow.session.execute(select(*columns).order_by(*columns[:3])).all()
        trees = select(GateEpochRow.gate, GateEpochRow.epoch, GateEpochRow.root)
        roots = {(gate, epoch): root for gate, epoch, root in uow.session.execute(trees)}
        forks = select(AlarmRow.id).where(AlarmRow.reason == ReasonCode.FORK.value)
        forked = uow.session.execute(forks).first() is not None
    if forked:
        raise InvariantError("I7 the controller saw two events with one number")
    stored: dict[tuple[str, int], list[tuple[int, bytes]]] = {}
    for gate, epoch, seq, leaf in rows:
        stored.setdefault((gate, epoch), []).append((seq, leaf))
    for unit in units:
        for epoch, kept in unit.disk.epochs.items():
            expected = [(event.seq, event.leaf) for event in kept.events]
            arrived = stored.pop((unit.name, epoch), [])
            if arrived != expected:
                told = f"{len(arrived)} of {len(expected)}"
                raise InvariantError(f"I1 {unit.name}: {told} events of epoch {epoch} arrived")
            if expected and roots[unit.name, epoch] != kept.tree.root():
                raise InvariantError(f"I7 {unit.name}: the roots of epoch {epoch} differ")
            _check_tree([leaf for _, leaf in expected], kept.tree.root(), unit.name)
    if stored:
        raise InvariantError("I1 the controller holds events that no gate committed")


def _check_tree(leaves: list[bytes], root: bytes, gate: str) -> None:
    """Check that the root binds the first leaf of the log."""
    if not leaves:
        return
    changed = [bytes([leaves[0][0] ^ 1]) + leaves[0][1:], *leaves[1:]]
    if root_of(leaf_hash(leaf) for leaf in changed) == root:
        raise InvariantError(f"I7 {gate}: a changed event leaves the root as it was")


def check_mutations(recorded: Sequence[Message], rng: Random, count: int) -> int:
    """Check that batches with one flipped bit are refused (I7); return how many were tried."""
    batches = [each for each in recorded if each.topic.endswith(TopicKind.EVENTS.value)]
    for message in rng.sample(batches, min(count, len(batches))):
        flipped = bytearray(message.payload)
        flipped[rng.randrange(len(flipped))] ^= 1 << rng.randrange(8)
        public_key = gate_signer(parse(message.topic).gate).public_key
        try:
            open_batch(bytes(flipped), public_key)
        except ContractError:
            continue
        raise InvariantError("I7 a changed batch was accepted")
    return min(count, len(batches))
