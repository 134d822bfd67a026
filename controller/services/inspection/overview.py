"""Answer the first page: is anything wrong, where, since when, and what was not checked."""

from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import func, select

from controller.domain.local_time import local_date
from controller.domain.moment import DAY_MS, Moment
from controller.services.parity.months import last_months
from controller.services.site import Site
from controller.storage.models import (
    AlarmRow,
    ControlledPointRow,
    GateHeadRow,
    GatePresenceRow,
    GateRow,
    RuleFindingRow,
)
from controller.storage.unit_of_work import UnitOfWork
from mqtt.contract.reasons import ReasonCode
from mqtt.contract.rules import Verdict

__all__ = ["MonthView", "Omitted", "is_simulated", "months_of", "omitted"]

_SILENT_MS = DAY_MS


@dataclass(frozen=True, slots=True)
class MonthView:
    """One month: days on which some rule was FAIL, of the days since rules are evaluated."""

    month: str
    fail_days: int
    known_days: int
    rules: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Omitted:
    """Something that no verdict here covers, and why: `foreign`, `never`, `silent`, `unexplained`.

    `since_ms` is when it was heard last, or None.
    """

    title: str
    why: str
    since_ms: int | None


def months_of(uow: UnitOfWork, site: Site, moment: Moment) -> tuple[MonthView, ...]:
    """Return the last twelve months, the newest first."""
    started_ms = uow.session.scalar(select(func.min(RuleFindingRow.since_ms)))
    failed: dict[str, set[date]] = {}
    rules: dict[str, set[str]] = {}
    found = select(RuleFindingRow).where(RuleFindingRow.verdict == Verdict.FAIL.value)
    for row in uow.session.scalars(found):
        end_ms = moment.utc_ms if row.until_ms is None else row.until_ms
        for day in _days(site, row.since_ms, end_ms):
            month = f"{day:%Y-%m}"
            failed.setdefault(month, set()).add(day)
            rules.setdefault(month, set()).add(row.rule)
    known: dict[str, int] = {}
    for day in _days(site, started_ms, moment.utc_ms) if started_ms is not None else ():
        known[f"{day:%Y-%m}"] = known.get(f"{day:%Y-%m}", 0) + 1
    return tuple(
        MonthView(
            month,
            len(failed.get(month, ())),
            known.get(month, 0),
            tuple(sorted(rules.get(month, ()))),
        )
        for month in reversed(last_months(moment))
    )


def omitted(uow: UnitOfWork, moment: Moment) -> tuple[Omitted, ...]:
    """Return what verdicts leave out: other people's equipment, silent gates, unexplained logs."""
    foreign = uow.session.scalars(
        select(ControlledPointRow).where(
            ControlledPointRow.access_point.is_(None), ControlledPointRow.ended_at_ms.is_(None)
        )
    )
    found = [Omitted(row.title, "foreign", None) for row in foreign]
    presence = {row.gate: row for row in uow.session.scalars(select(GatePresenceRow))}
    gates = uow.session.scalars(select(GateRow).order_by(GateRow.name))
    for gate in gates:
        if gate.revoked_at_ms is not None:
            continue
        row = presence.get(gate.name)
        if row is None:
            found.append(Omitted(gate.title or gate.name, "never", None))
        elif moment.utc_ms - row.heard_at_ms > _SILENT_MS:
            found.append(Omitted(gate.title or gate.name, "silent", row.heard_at_ms))
        elif not _is_witnessed(uow, gate.name):
            found.append(Omitted(gate.title or gate.name, "unwitnessed", row.heard_at_ms))
    changed = select(AlarmRow).where(
        AlarmRow.reason == ReasonCode.EPOCH_CHANGED.value, AlarmRow.cleared_at_ms.is_(None)
    )
    unexplained = uow.session.scalars(changed)
    return (*found, *(Omitted(row.gate, "unexplained", row.at_ms) for row in unexplained))


def is_simulated(uow: UnitOfWork) -> bool:
    """Tell whether any gate has simulated hardware: then every page says so (promise 11)."""
    found = select(GatePresenceRow.gate).where(GatePresenceRow.adapter_kind != "real")
    return uow.session.scalar(found.limit(1)) is not None


def _is_witnessed(uow: UnitOfWork, gate: str) -> bool:
    found = select(GateHeadRow.gate).where(GateHeadRow.gate == gate, GateHeadRow.note != "")
    return uow.session.scalar(found.limit(1)) is not None


def _days(site: Site, from_ms: int, to_ms: int) -> list[date]:
    first, last = local_date(from_ms, site.zone), local_date(to_ms, site.zone)
    return [first + timedelta(days=at) for at in range((last - first).days + 1)]
