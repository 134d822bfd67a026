"""Countersign gates' checkpoints, as a witness that remembers what it signed before.

A gate's head is countersigned when we hold all of its leaves and the tree over them has the root
that the gate signed. Another root is a fork: it is never signed, and it is an alarm. The note has
the public C2SP form with our line; the gate's own word is the birth or heartbeat beside it.
"""

import logging
from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, select

from controller.domain.moment import Moment
from controller.services.keys import signer_for
from controller.services.site import Site
from controller.storage.models import AlarmRow, EventRow, GateEpochRow, GateHeadRow
from controller.storage.unit_of_work import UnitOfWork
from mqtt.contract import checkpoint
from mqtt.contract.audit import Frontier
from mqtt.contract.envelope import Signer
from mqtt.contract.reasons import ReasonCode
from mqtt.contract.records import KeyScope

__all__ = ["WITNESS", "Head", "countersign", "has_unsigned", "heads"]

WITNESS = "controller"
"""The name under which the controller countersigns."""

_AT_ONCE = 64
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Head:
    """A countersigned checkpoint and the gate's own signed word of it."""

    gate: str
    epoch: int
    size: int
    root: bytes
    note: str
    presence: bytes
    at_s: int


def has_unsigned(uow: UnitOfWork) -> bool:
    """Tell whether a head waits that could be countersigned now; only reads."""
    found = select(GateHeadRow.gate).join(GateEpochRow, _same_log()).where(*_ready())
    return uow.session.scalar(found.limit(1)) is not None


def countersign(uow: UnitOfWork, site: Site, moment: Moment) -> int:
    """Compare and countersign the heads that wait; return how many. The caller commits."""
    found = (
        select(GateHeadRow)
        .join(GateEpochRow, _same_log())
        .where(*_ready())
        .order_by(GateHeadRow.gate, GateHeadRow.epoch, GateHeadRow.size)
        .limit(_AT_ONCE)
    )
    rows = uow.session.scalars(found).all()
    if not rows:
        return 0
    signer = signer_for(uow, site, KeyScope.ACK, moment)
    trees: dict[tuple[str, int], Frontier] = {}
    signed = 0
    for row in rows:
        tree = _grown(uow, trees.get((row.gate, row.epoch)), row)
        trees[row.gate, row.epoch] = tree
        if tree.root() == row.root:
            row.note, row.at_s = _note(site, row, signer, moment), moment.utc_s
            signed += 1
        else:
            _alarm_once(uow, row, moment)
    uow.session.flush()
    return signed


def heads(uow: UnitOfWork, gate: str, epoch: int) -> tuple[Head, ...]:
    """Return the countersigned heads of one log, one for each size, in rising order.

    Where a birth and a heartbeat say the same size, the birth is given: it names documents too.
    """
    found = select(GateHeadRow).where(
        GateHeadRow.gate == gate, GateHeadRow.epoch == epoch, GateHeadRow.note != ""
    )
    rows = uow.session.scalars(found.order_by(GateHeadRow.size, GateHeadRow.kind.desc()))
    by_size = {row.size: row for row in rows}
    return tuple(
        Head(row.gate, row.epoch, row.size, row.root, row.note, row.presence, row.at_s)
        for _, row in sorted(by_size.items())
    )


def _same_log() -> ColumnElement[bool]:
    return and_(GateEpochRow.gate == GateHeadRow.gate, GateEpochRow.epoch == GateHeadRow.epoch)


def _ready() -> tuple[ColumnElement[bool], ...]:
    return (
        GateHeadRow.note == "",
        GateHeadRow.at_s == 0,
        GateHeadRow.size > 0,
        GateHeadRow.size <= GateEpochRow.size,
    )


def _grown(uow: UnitOfWork, tree: Frontier | None, row: GateHeadRow) -> Frontier:
    """Return the tree over the first `row.size` leaves that we hold."""
    held = uow.need(GateEpochRow, (row.gate, row.epoch))
    if held.size == row.size:
        return Frontier.load(held.size, held.frontier)
    tree = Frontier() if tree is None else tree.copy()
    hashes = uow.session.scalars(
        select(EventRow.leaf_hash)
        .where(
            EventRow.gate == row.gate,
            EventRow.epoch == row.epoch,
            EventRow.seq >= tree.size,
            EventRow.seq < row.size,
        )
        .order_by(EventRow.seq)
    )
    for hashed in hashes:
        tree.append(hashed)
    return tree


def _note(site: Site, row: GateHeadRow, signer: Signer, moment: Moment) -> str:
    said = checkpoint.Checkpoint(site.name, row.gate, row.epoch, row.size, row.root)
    return checkpoint.witnessed(said, WITNESS, signer, moment.utc_s)


def _alarm_once(uow: UnitOfWork, row: GateHeadRow, moment: Moment) -> None:
    """Tell of a fork once; `at_s` keeps the head from being looked at again."""
    row.at_s = moment.utc_s
    told = select(AlarmRow.id).where(
        AlarmRow.gate == row.gate,
        AlarmRow.epoch == row.epoch,
        AlarmRow.reason == ReasonCode.FORK.value,
        AlarmRow.cleared_at_ms.is_(None),
    )
    if uow.session.scalar(told.limit(1)) is not None:
        return
    _log.error("gate_log_forked", extra={"gate": row.gate})
    uow.session.add(
        AlarmRow(
            at_ms=moment.utc_ms,
            gate=row.gate,
            reason=ReasonCode.FORK.value,
            detail="signed head",
            epoch=row.epoch,
            seq=row.size,
        )
    )
