"""Tell anybody what the gates here are: ways in, notices, verdicts. Nothing in it is a person."""

from dataclasses import dataclass

from sqlalchemy import select

from controller.services.rules.engine import present_findings
from controller.storage.models import (
    AccessPointRow,
    ControlledPointRow,
    FaceEnrolmentRow,
    FaceNoticeRow,
    GatePresenceRow,
    GateRow,
    PortalRow,
    RuleFindingRow,
)
from controller.storage.unit_of_work import UnitOfWork
from mqtt.contract.events import Method
from mqtt.contract.rules import Evaluation, Rule, Verdict, rules

__all__ = ["CheckResult", "Place", "check_results", "notices", "operators", "places_here"]

_WAYS = (Method.QR.value, Method.FOB.value, Method.GUARD.value, Method.FACE.value)


@dataclass(frozen=True, slots=True)
class Place:
    """An access point: its ways in their fixed order with their states, and face data held."""

    title: str
    gate: str
    ways: tuple[tuple[str, str], ...]
    holds_face_data: bool


@dataclass(frozen=True, slots=True)
class CheckResult:
    """A rule of the catalogue and what the newest evaluation says."""

    rule: Rule
    evaluation: Evaluation


def places_here(uow: UnitOfWork) -> tuple[Place, ...]:
    """Return every access point with the ways that are there, as the gates last said."""
    gates = {row.name: row.title or row.name for row in uow.session.scalars(select(GateRow))}
    states = {row.gate: row.methods for row in uow.session.scalars(select(GatePresenceRow))}
    held = select(FaceEnrolmentRow.gate).where(FaceEnrolmentRow.erased_at_ms.is_(None))
    with_data = set(uow.session.scalars(held.distinct()))
    found = uow.session.execute(
        select(AccessPointRow, PortalRow.gate)
        .join(PortalRow, PortalRow.name == AccessPointRow.portal)
        .order_by(PortalRow.gate, AccessPointRow.name)
    )
    return tuple(
        Place(
            row.title or row.name,
            gates[gate],
            tuple(
                (way, states.get(gate, {}).get(way, ""))
                for way in _WAYS
                if way in row.methods or way == Method.GUARD.value
            ),
            gate in with_data,
        )
        for row, gate in found
    )


def notices(uow: UnitOfWork) -> tuple[FaceNoticeRow, ...]:
    """Return every version of the notice, the one in force first."""
    newest_first = select(FaceNoticeRow).order_by(FaceNoticeRow.published_at_ms.desc())
    return tuple(uow.session.scalars(newest_first))


def operators(uow: UnitOfWork) -> tuple[str, ...]:
    """Return who runs controlled points here, as the register says."""
    found = select(ControlledPointRow.operator).where(ControlledPointRow.operator != "")
    return tuple(sorted(set(uow.session.scalars(found.distinct()))))


def check_results(uow: UnitOfWork) -> tuple[CheckResult, ...]:
    """Return the verdict in force of every rule; one that nothing was measured for has no data."""
    found = present_findings(uow)
    return tuple(CheckResult(rule, _evaluation(rule.id, found.get(rule.id))) for rule in rules())


def _evaluation(rule: str, row: RuleFindingRow | None) -> Evaluation:
    if row is None:
        return Evaluation(rule, Verdict.INSUFFICIENT_DATA, "尚未核查。", "Not checked yet.")
    return Evaluation(rule, Verdict(row.verdict), row.zh, row.en)
