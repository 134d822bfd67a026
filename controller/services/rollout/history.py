"""Show roll-outs: the list, and one with its gates and everything that happened."""

from dataclasses import dataclass

from sqlalchemy import select

from controller.services.rollout.overlay import bundle_name
from controller.services.rollout.rows import rollout_gates, rollout_steps
from controller.storage.models import RolloutGateRow, RolloutRow, RolloutStepRow
from controller.storage.unit_of_work import UnitOfWork

__all__ = ["Detail", "detail", "rollouts"]


@dataclass(frozen=True, slots=True)
class Detail:
    """One roll-out as pages show it; `bundle` is its name in the gates' documents."""

    row: RolloutRow
    bundle: str
    gates: tuple[RolloutGateRow, ...]
    steps: tuple[RolloutStepRow, ...]


def rollouts(uow: UnitOfWork, limit: int = 50) -> tuple[RolloutRow, ...]:
    """Return the roll-outs, newest first."""
    found = select(RolloutRow).order_by(RolloutRow.id.desc()).limit(limit)
    return tuple(uow.session.scalars(found))


def detail(uow: UnitOfWork, rollout: int) -> Detail:
    """Return one roll-out. Raises RefusedError(`not_found`)."""
    row = uow.need(RolloutRow, rollout)
    return Detail(
        row, bundle_name(rollout), rollout_gates(uow, rollout), rollout_steps(uow, rollout)
    )
