"""Move gates one by one: in shadow beside the old controller, cut over, and back if need be."""

from sqlalchemy import select

from controller.domain.moment import Moment
from controller.domain.refusal import Refusal
from controller.domain.roles import Act, Actor
from controller.services.acts import need_act, need_reason
from controller.storage.models import GateModeRow, GateModeStepRow, GateRow
from controller.storage.unit_of_work import UnitOfWork
from mqtt.contract.reasons import ReasonCode

__all__ = ["CUT_OVER", "RETURNED", "SHADOW", "gate_steps", "is_shadow", "set_shadow", "shadows"]

SHADOW, CUT_OVER, RETURNED = "shadow", "cut_over", "returned"


def is_shadow(uow: UnitOfWork, gate: str) -> bool:
    """Tell whether a gate listens beside an old controller and moves nothing."""
    row = uow.find(GateModeRow, gate)
    return row is not None and row.mode == SHADOW


def shadows(uow: UnitOfWork) -> dict[str, int]:
    """Return the gates in shadow and since when (UTC ms)."""
    rows = uow.session.scalars(select(GateModeRow).where(GateModeRow.mode == SHADOW))
    return {row.gate: row.since_ms for row in rows}


def set_shadow(
    uow: UnitOfWork, actor: Actor, gate: str, *, on: bool, reason: str, moment: Moment
) -> str:
    """Begin shadow mode, cut over to live, or return to shadow; return the step that it was.

    The caller commits and publishes: the gate follows its `config` document. Raises RefusedError:
    `role_not_allowed`, `reason_required`, `not_found`, `conflict` where nothing would change.
    """
    need_act(actor, Act.EDIT_GATES)
    need_reason(reason)
    uow.need(GateRow, gate)
    if is_shadow(uow, gate) is on:
        raise Refusal(ReasonCode.CONFLICT, "MG-01", detail="mode").as_error()
    was_live = any(step.step == CUT_OVER for step in gate_steps(uow, gate))
    step = (RETURNED if was_live else SHADOW) if on else CUT_OVER
    mode = SHADOW if on else "live"
    uow.session.merge(GateModeRow(gate=gate, mode=mode, since_ms=moment.utc_ms))
    row = GateModeStepRow(
        gate=gate, step=step, at_ms=moment.utc_ms, actor=actor.id, reason=reason.strip()
    )
    uow.session.add(row)
    uow.session.flush()
    return step


def gate_steps(uow: UnitOfWork, gate: str) -> tuple[GateModeStepRow, ...]:
    """Return the history of a gate's move, oldest first."""
    found = select(GateModeStepRow).where(GateModeStepRow.gate == gate)
    return tuple(uow.session.scalars(found.order_by(GateModeStepRow.id)))
