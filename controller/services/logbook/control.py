"""Append to the controller's own log and prove things about it.

An entry is part of the transaction of what it tells: both happen, or neither. The head row is
locked first, so that two processes never take one number.
"""

import secrets
from dataclasses import dataclass

from sqlalchemy import select

from controller.domain.moment import Moment
from controller.services.keys import signer_for
from controller.services.site import Site
from controller.storage.models import ControlLeafRow, ControlLogRow
from controller.storage.unit_of_work import UnitOfWork
from mqtt.contract import audit, checkpoint, codec
from mqtt.contract.audit import Frontier
from mqtt.contract.control_log import (
    CONTROL_EPOCH,
    CONTROL_NAME,
    CONTROL_VERSION,
    ControlKind,
    ControlLeaf,
)
from mqtt.contract.records import KeyScope

__all__ = [
    "ControlHead",
    "append",
    "control_checkpoint",
    "control_head",
    "control_leaves",
    "first_break",
    "prove_consistency",
    "prove_inclusion",
]

_HEAD_ID = 1


@dataclass(frozen=True, slots=True)
class ControlHead:
    """The state of the controller's log: `size` leaves under `root`."""

    size: int
    root: bytes


def append(
    uow: UnitOfWork,
    moment: Moment,
    kind: ControlKind,
    *,
    personal: codec.Plain = None,
    **facts: int | str | bytes,
) -> int:
    """Add one leaf and return its number; `facts` name nobody.

    `personal` is bound by a salted commitment and can be erased.
    """
    head = _locked_head(uow)
    frontier = Frontier.load(head.size, head.frontier)
    salt = part = None
    if personal is not None:
        salt, part = secrets.token_bytes(audit.SALT_BYTES), codec.encode_plain(personal)
    commitment = audit.commitment(salt, part) if salt and part else b""
    leaf = codec.encode(
        ControlLeaf(CONTROL_VERSION, head.size, kind, moment.utc_ms, facts, commitment)
    )
    hashed = audit.leaf_hash(leaf)
    uow.session.add(
        ControlLeafRow(
            seq=head.size,
            kind=kind.value,
            at_ms=moment.utc_ms,
            leaf=leaf,
            leaf_hash=hashed,
            salt=salt,
            personal=part,
        )
    )
    frontier.append(hashed)
    head.size, head.root, head.frontier = frontier.size, frontier.root(), frontier.dump()
    head.changed_at_ms = moment.utc_ms
    uow.session.flush()
    return frontier.size - 1


def control_head(uow: UnitOfWork) -> ControlHead:
    """Return size and root as they are now."""
    row = uow.find(ControlLogRow, _HEAD_ID)
    return ControlHead(0, audit.EMPTY_ROOT) if row is None else ControlHead(row.size, row.root)


def control_checkpoint(uow: UnitOfWork, site: Site, moment: Moment) -> str:
    """Return the signed C2SP checkpoint of the controller's log."""
    head = control_head(uow)
    said = checkpoint.Checkpoint(site.name, CONTROL_NAME, CONTROL_EPOCH, head.size, head.root)
    return checkpoint.make_checkpoint(said, signer_for(uow, site, KeyScope.ACK, moment))


def control_leaves(
    uow: UnitOfWork, first: int = 0, kind: ControlKind | None = None
) -> tuple[bytes, ...]:
    """Return the leaves from a number on, as hashed."""
    found = select(ControlLeafRow.leaf).where(ControlLeafRow.seq >= first)
    if kind is not None:
        found = found.where(ControlLeafRow.kind == kind.value)
    return tuple(uow.session.scalars(found.order_by(ControlLeafRow.seq)))


def prove_inclusion(uow: UnitOfWork, seq: int) -> list[bytes]:
    """Return the audit path of a leaf in the present tree."""
    return audit.inclusion_proof(_hashes(uow), seq)


def prove_consistency(uow: UnitOfWork, old_size: int) -> list[bytes]:
    """Prove that the first `old_size` leaves are unchanged in the present tree."""
    return audit.consistency_proof(_hashes(uow), old_size)


def first_break(uow: UnitOfWork) -> int | None:
    """Compute the whole log again; return the first number that does not hold, or None.

    The size stands for a head that does not follow from the leaves.
    """
    frontier = Frontier()
    rows = uow.session.execute(
        select(ControlLeafRow.seq, ControlLeafRow.leaf, ControlLeafRow.leaf_hash).order_by(
            ControlLeafRow.seq
        )
    )
    for seq, leaf, hashed in rows:
        if seq != frontier.size or audit.leaf_hash(leaf) != hashed:
            return frontier.size
        frontier.append(hashed)
    head = control_head(uow)
    return None if (head.size, head.root) == (frontier.size, frontier.root()) else frontier.size


def _hashes(uow: UnitOfWork) -> list[bytes]:
    found = select(ControlLeafRow.leaf_hash).order_by(ControlLeafRow.seq)
    return list(uow.session.scalars(found))


def _locked_head(uow: UnitOfWork) -> ControlLogRow:
    row = uow.session.get(ControlLogRow, _HEAD_ID, with_for_update=True)
    if row is None:
        row = ControlLogRow(
            id=_HEAD_ID, size=0, root=audit.EMPTY_ROOT, frontier=b"", changed_at_ms=0
        )
        uow.session.add(row)
        uow.session.flush()
    return row
