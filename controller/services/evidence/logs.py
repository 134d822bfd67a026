"""Read gates' logs for a bundle: leaves as received, and what was signed about them."""

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import func, select

from controller.services.logbook.witness import heads
from controller.storage.models import ControlLeafRow, EventRow, GateEpochRow
from controller.storage.unit_of_work import UnitOfWork
from mqtt.contract.audit import Frontier
from mqtt.contract.bundle import frame, leaf_frame

__all__ = ["Log", "control_parts", "head_parts", "leaf_parts", "logs_of"]

_ROWS = 2_000


@dataclass(frozen=True, slots=True)
class Log:
    """One epoch of a gate's log from record `first`; `peaks` are those of the tree before it."""

    gate: str
    epoch: int
    first: int
    count: int
    peaks: tuple[bytes, ...]


def logs_of(uow: UnitOfWork, gate: str, from_ms: int) -> tuple[Log, ...]:
    """Return what the bundle holds of a gate: from the first record of the period to the newest.

    An epoch that ended before the period is left out, but for the last one, so that every gate has
    a log.
    """
    rows = uow.session.scalars(
        select(GateEpochRow).where(GateEpochRow.gate == gate).order_by(GateEpochRow.epoch)
    ).all()
    found = [_log(uow, row, from_ms) for row in rows]
    kept = [log for log in found if log.count]
    return tuple(kept or found[-1:])


def leaf_parts(uow: UnitOfWork, log: Log) -> Iterator[tuple[bytes, bytes]]:
    """Yield each leaf framed, and plain, in order."""
    query = (
        select(EventRow.leaf)
        .where(EventRow.gate == log.gate, EventRow.epoch == log.epoch)
        .where(EventRow.seq >= log.first, EventRow.seq < log.first + log.count)
        .order_by(EventRow.seq)
        .execution_options(yield_per=_ROWS)
    )
    for leaf in uow.session.scalars(query):
        yield leaf_frame(leaf), leaf


def control_parts(uow: UnitOfWork) -> Iterator[bytes]:
    """Yield every leaf of the controller's own log, framed, in order; they name nobody."""
    query = select(ControlLeafRow.leaf).order_by(ControlLeafRow.seq)
    for leaf in uow.session.scalars(query.execution_options(yield_per=_ROWS)):
        yield leaf_frame(leaf)


def head_parts(uow: UnitOfWork, log: Log) -> Iterator[bytes]:
    """Yield the countersigned checkpoints at or after the start, each with the gate's own word."""
    for head in heads(uow, log.gate, log.epoch):
        if head.size >= log.first:
            yield frame(head.note.encode("utf-8")) + frame(head.presence)


def _log(uow: UnitOfWork, row: GateEpochRow, from_ms: int) -> Log:
    first = uow.session.scalar(
        select(func.min(EventRow.seq)).where(
            EventRow.gate == row.gate,
            EventRow.epoch == row.epoch,
            EventRow.seq < row.size,
            EventRow.at_s >= from_ms // 1000,
        )
    )
    first = row.size if first is None else first
    return Log(row.gate, row.epoch, first, row.size - first, _peaks(uow, row, first))


def _peaks(uow: UnitOfWork, row: GateEpochRow, first: int) -> tuple[bytes, ...]:
    if first == row.size:
        return tuple(Frontier.load(row.size, row.frontier).peaks)
    tree = Frontier()
    query = (
        select(EventRow.leaf_hash)
        .where(EventRow.gate == row.gate, EventRow.epoch == row.epoch, EventRow.seq < first)
        .order_by(EventRow.seq)
        .execution_options(yield_per=_ROWS)
    )
    for hashed in uow.session.scalars(query):
        tree.append(hashed)
    return tuple(tree.peaks)
