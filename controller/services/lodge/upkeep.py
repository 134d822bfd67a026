"""Raise what is overdue at the lodge: reasons that may follow, and countersignatures."""

from typing import TypeVar

from sqlalchemy import select
from sqlalchemy.orm import InstrumentedAttribute

from controller.domain.moment import Moment
from controller.storage.models import AlarmRow, CommandRow, CountersignRow, OpenReasonRow
from controller.storage.unit_of_work import UnitOfWork
from mqtt.contract.reasons import ReasonCode

__all__ = ["keep_lodge"]

_Debt = TypeVar("_Debt", OpenReasonRow, CountersignRow)


def keep_lodge(uow: UnitOfWork, moment: Moment) -> None:
    """Raise an alarm for each debt that is overdue; runs every minute and may run twice."""
    reason, unsigned = ReasonCode.REASON_OVERDUE, ReasonCode.SECOND_PERSON_MISSING
    _raise_late(uow, moment, OpenReasonRow, OpenReasonRow.given_at_ms, reason)
    _raise_late(uow, moment, CountersignRow, CountersignRow.signed_at_ms, unsigned)


def _raise_late(
    uow: UnitOfWork,
    moment: Moment,
    debt: type[_Debt],
    paid_at_ms: InstrumentedAttribute[int | None],
    reason: ReasonCode,
) -> None:
    due = uow.session.execute(
        select(debt, CommandRow.gate)
        .join(CommandRow, CommandRow.id == debt.command_id)
        .where(paid_at_ms.is_(None), debt.alarmed_at_ms.is_(None), debt.due_at_ms <= moment.utc_ms)
    ).all()
    for row, gate in due:
        row.alarmed_at_ms = moment.utc_ms
        uow.session.add(AlarmRow(at_ms=moment.utc_ms, gate=gate, reason=reason.value))
    uow.session.flush()
