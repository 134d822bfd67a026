"""Gather what the report says; the same table is `report.json` and the source of `report.pdf`."""

from dataclasses import astuple

from sqlalchemy import select

from controller.domain.moment import Moment
from controller.services.face_views import counts
from controller.services.inspection import steps_of
from controller.services.logbook.control import control_checkpoint, control_head
from controller.services.site import Site
from controller.storage.models import GatePresenceRow, GateRow, InspectionRow, RuleFindingRow
from controller.storage.unit_of_work import UnitOfWork
from mqtt.contract.parity import ParityTally
from mqtt.contract.rules import CATALOGUE_VERSION, Rule, Verdict, rules
from mqtt.contract.versions import SOFTWARE

__all__ = ["report_table"]


def report_table(
    uow: UnitOfWork,
    site: Site,
    title: str,
    moment: Moment,
    *,
    tally: ParityTally,
    proof: dict[str, object],
    period_ms: tuple[int, int],
) -> dict[str, object]:
    """Return the report: verdicts, numbers of the ways in, gates, consents in numbers.

    `proof` is what shows that nothing opens for a face only. No person is named; numbers of people
    below ten are given as null (DESIGN §9).
    """
    gates = _gates(uow)
    return {
        "site": site.name,
        "title": title,
        "zone": site.zone,
        "software": SOFTWARE,
        "made_at_ms": moment.utc_ms,
        "from_ms": period_ms[0],
        "to_ms": period_ms[1],
        "catalogue": CATALOGUE_VERSION,
        "rules": _rules(uow),
        "parity": [list(astuple(row)) for row in tally.rows()],
        **proof,
        "gates": gates,
        "simulated": any(gate["adapter_kind"] != "real" for gate in gates),
        "face": _face(uow, moment),
        "drills": _drills(uow, period_ms[0]),
        "control_log": _control_log(uow, site, moment),
    }


def _face(uow: UnitOfWork, moment: Moment) -> dict[str, object]:
    seen = counts(uow, moment)
    return {
        "standing": dict(seen.standing),
        "enrolled": dict(seen.enrolled),
        "ended": dict(seen.ended),
        "declined": seen.declined,
        "requests_open": seen.requests_open,
        "requests_late": seen.requests_late,
    }


def _drills(uow: UnitOfWork, from_ms: int) -> list[dict[str, object]]:
    """Return inspectors' visits, oldest first; the passes that they carried name nobody."""
    rows = uow.session.scalars(
        select(InspectionRow)
        .where(InspectionRow.opened_at_ms >= from_ms)
        .order_by(InspectionRow.opened_at_ms, InspectionRow.id)
    )
    return [
        {
            "kind": row.kind,
            "opened_at_ms": row.opened_at_ms,
            "closed_at_ms": row.closed_at_ms,
            "list_hash": row.list_hash.hex(),
            "refused": row.refused_rule,
            "steps": [
                [step.access_point, step.way, step.outcome, step.is_as_expected, step.place,
                 step.is_simulated, step.machine_ms, step.stopwatch_ms]
                for step in steps_of(uow, row.id)
            ],
        }
        for row in rows
    ]  # fmt: skip


def _control_log(uow: UnitOfWork, site: Site, moment: Moment) -> dict[str, object]:
    head = control_head(uow)
    return {
        "size": head.size,
        "root": head.root.hex(),
        "checkpoint": control_checkpoint(uow, site, moment),
    }


def _rules(uow: UnitOfWork) -> list[dict[str, object]]:
    """Return the present verdict of every rule of the catalogue, unknown ones as such."""
    found = uow.session.scalars(select(RuleFindingRow).where(RuleFindingRow.until_ms.is_(None)))
    present = {row.rule: row for row in found}
    return [_rule(rule, present.get(rule.id)) for rule in rules()]


def _rule(rule: Rule, found: RuleFindingRow | None) -> dict[str, object]:
    verdict = Verdict.INSUFFICIENT_DATA.value if found is None else found.verdict
    return {
        "rule": rule.id,
        "verdict": verdict,
        "text_zh": rule.zh,
        "text_en": rule.en,
        "sources": [{"zh": each.said("zh-CN"), "en": each.said("en")} for each in rule.sources],
        "zh": "" if found is None else found.zh,
        "en": "" if found is None else found.en,
        "evidence": [] if found is None else found.evidence,
        "since_ms": 0 if found is None else found.since_ms,
    }


def _gates(uow: UnitOfWork) -> list[dict[str, object]]:
    presence = {row.gate: row for row in uow.session.scalars(select(GatePresenceRow))}
    rows = uow.session.scalars(
        select(GateRow).where(GateRow.revoked_at_ms.is_(None)).order_by(GateRow.name)
    )
    return [_gate(row, presence.get(row.name)) for row in rows]


def _gate(row: GateRow, heard: GatePresenceRow | None) -> dict[str, object]:
    return {
        "gate": row.name,
        "title": row.title,
        "heard_at_ms": 0 if heard is None else heard.heard_at_ms,
        "adapter_kind": "unknown" if heard is None else heard.adapter_kind,
        "software": "" if heard is None else heard.software,
        "methods": {} if heard is None else heard.methods,
        "face_state": None if heard is None else heard.face_state,
        "face": None if heard is None else heard.face,
    }
