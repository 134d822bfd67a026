"""Read the rows of roll-outs."""

from sqlalchemy import select

from controller.storage.models import RolloutGateRow, RolloutStepRow
from controller.storage.unit_of_work import UnitOfWork

__all__ = ["rollout_gates", "rollout_steps"]


def rollout_gates(uow: UnitOfWork, rollout: int) -> tuple[RolloutGateRow, ...]:
    """Return where a roll-out stands at each gate, by name."""
    found = select(RolloutGateRow).where(RolloutGateRow.rollout == rollout)
    return tuple(uow.session.scalars(found.order_by(RolloutGateRow.gate)))


def rollout_steps(uow: UnitOfWork, rollout: int) -> tuple[RolloutStepRow, ...]:
    """Return everything that happened in a roll-out, oldest first."""
    found = select(RolloutStepRow).where(RolloutStepRow.rollout == rollout)
    return tuple(uow.session.scalars(found.order_by(RolloutStepRow.id)))
