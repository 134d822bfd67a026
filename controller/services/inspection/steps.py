"""Follow what is played at the gates, by their own signed records.

A step of QR or fob is done by the first decision there about one of the visit's credentials; one
of the guard or of face by the first decision by that way there after the visit began: by the gate's
own clock, and by ours, so that neither an old record that comes late nor one of a gate whose clock
is ahead is taken for the visit's. Nothing is taken twice, and nothing but a gate's record makes a
step done.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select

from controller.domain.moment import Moment
from controller.domain.refusal import Refusal
from controller.domain.roles import Act, Actor
from controller.services.acts import need_act
from controller.services.inspection.drill import list_of
from controller.storage.models import (
    AccessPointRow,
    ErasureRow,
    EventRow,
    InspectionRow,
    InspectionStepRow,
)
from controller.storage.unit_of_work import UnitOfWork
from mqtt.contract import codec
from mqtt.contract.events import EventKind, Outcome, Personal
from mqtt.contract.reasons import ReasonCode

__all__ = ["StepView", "follow", "set_stopwatch", "steps_of"]

MOST_STOPWATCH_MS = 600_000
_NEAR = 500
"""A passage follows its decision within this many records."""
_AS_GUARD = ("guard", "remote")


@dataclass(frozen=True, slots=True)
class StepView:
    """One step as it stands; `expects` is what ought to happen."""

    id: int
    access_point: str
    title: str
    way: str
    expects: str
    outcome: str
    reason: str
    place: str
    is_simulated: bool
    machine_ms: int | None
    stopwatch_ms: int | None

    @property
    def is_done(self) -> bool:
        """Tell whether it was played."""
        return bool(self.outcome)

    @property
    def is_as_expected(self) -> bool:
        """Tell whether what ought to happen did."""
        return self.outcome == self.expects


def follow(uow: UnitOfWork, inspection: bytes, moment: Moment) -> int:
    """Mark the steps that were played since; return how many. The caller commits."""
    row = uow.need(InspectionRow, inspection)
    if row.closed_at_ms is not None:
        return 0
    _follow_opt_out(uow, row)
    waiting = uow.session.scalars(
        select(InspectionStepRow)
        .where(InspectionStepRow.inspection_id == row.id, InspectionStepRow.outcome == "")
        .order_by(InspectionStepRow.at)
    ).all()
    done = 0
    taken = _taken(uow, row)
    for event in _events(uow, row) if waiting else ():
        if (event.gate, event.epoch, event.seq) in taken:
            continue
        step = _step_of(waiting, event, frozenset(list_of(row.list_body)))
        if step is not None:
            _mark(step, event, moment)
            done += 1
    uow.session.flush()
    return done


def steps_of(uow: UnitOfWork, inspection: bytes) -> tuple[StepView, ...]:
    """Return every step of a visit in its order."""
    # A gate decides before it unlocks: the time is in the record of the passage that follows.
    took = (
        select(func.max(EventRow.intent_to_unlock_ms))
        .where(EventRow.gate == InspectionStepRow.gate, EventRow.epoch == InspectionStepRow.epoch)
        .where(EventRow.seq > InspectionStepRow.seq, EventRow.seq < InspectionStepRow.seq + _NEAR)
        .where(EventRow.kind == EventKind.PASSAGE.value)
        .where(EventRow.cause_seq == InspectionStepRow.seq, EventRow.intent_to_unlock_ms >= 0)
        .scalar_subquery()
    )
    rows = uow.session.execute(
        select(InspectionStepRow, AccessPointRow.title, took)
        .join(AccessPointRow, AccessPointRow.name == InspectionStepRow.access_point)
        .where(InspectionStepRow.inspection_id == inspection)
        .order_by(InspectionStepRow.at)
    )
    return tuple(
        StepView(
            step.id,
            step.access_point,
            title,
            step.way,
            Outcome.DENIED.value if step.way == "face" else Outcome.GRANTED.value,
            step.outcome,
            step.reason,
            f"{step.gate}/{step.epoch}/{step.seq}" if step.outcome else "",
            step.adapter_kind not in {"", "real"},
            took_ms if step.machine_ms is None else step.machine_ms,
            step.stopwatch_ms,
        )
        for step, title, took_ms in rows
    )


def set_stopwatch(
    uow: UnitOfWork, actor: Actor, step: int, stopwatch_ms: int, moment: Moment
) -> None:
    """Keep what the inspector measured by hand. Raises RefusedError: `config_invalid`."""
    need_act(actor, Act.INSPECT)
    row = uow.need(InspectionStepRow, step)
    if not 0 < stopwatch_ms <= MOST_STOPWATCH_MS:
        raise Refusal(ReasonCode.CONFIG_INVALID, "EQ-02", detail="0.1 s to 600 s").as_error()
    row.stopwatch_ms = stopwatch_ms
    row.done_at_ms = row.done_at_ms or moment.utc_ms
    uow.session.flush()


def _events(uow: UnitOfWork, row: InspectionRow) -> list[EventRow]:
    found = (
        select(EventRow)
        .where(
            EventRow.at_s >= row.opened_at_ms // 1000,
            EventRow.received_at_ms >= row.opened_at_ms,
            EventRow.kind.in_((EventKind.DECISION.value, EventKind.COMMAND.value)),
            EventRow.access_point.in_(row.access_points),
        )
        .order_by(EventRow.id)
        .limit(5_000)
    )
    return list(uow.session.scalars(found))


def _taken(uow: UnitOfWork, row: InspectionRow) -> set[tuple[str, int | None, int | None]]:
    found = select(InspectionStepRow).where(
        InspectionStepRow.inspection_id == row.id, InspectionStepRow.outcome != ""
    )
    return {(step.gate, step.epoch, step.seq) for step in uow.session.scalars(found)}


def _step_of(
    waiting: Sequence[InspectionStepRow],
    event: EventRow,
    credentials: frozenset[bytes],
) -> InspectionStepRow | None:
    way = "guard" if event.method in _AS_GUARD else event.method
    if way in {"qr", "fob"} and _credential_of(event) not in credentials:
        return None
    for step in waiting:
        if (step.access_point, step.way, step.outcome) == (event.access_point, way, ""):
            return step
    return None


def _credential_of(event: EventRow) -> bytes:
    return b"" if event.personal is None else codec.decode(event.personal, Personal).credential


def _mark(step: InspectionStepRow, event: EventRow, moment: Moment) -> None:
    step.outcome, step.reason = event.outcome, event.reason
    step.gate, step.epoch, step.seq = event.gate, event.epoch, event.seq
    step.adapter_kind = event.adapter_kind
    step.machine_ms = event.intent_to_unlock_ms if event.intent_to_unlock_ms >= 0 else None
    step.done_at_ms = moment.utc_ms


def _follow_opt_out(uow: UnitOfWork, row: InspectionRow) -> None:
    """Keep the first request to erase that was opened during the visit, to follow its receipts."""
    if row.opt_out:
        return
    found = select(ErasureRow.id).where(ErasureRow.opened_at_ms >= row.opened_at_ms)
    row.opt_out = uow.session.scalar(found.order_by(ErasureRow.opened_at_ms).limit(1)) or b""
