"""Evaluate every rule, keep the verdicts with what is behind them, and their history.

A rule that only people can check is NEEDS HUMAN until somebody attests it; one that the release
holds by construction names the tests that hold it in `docs/compliance.yaml`, and is told apart from
what was measured here by its evidence.
"""

from collections.abc import Mapping

from sqlalchemy import select

from controller.domain.desk.forms import DeskKind
from controller.domain.moment import MINUTE_MS, Moment
from controller.services.attestations import attestations
from controller.services.desk.records import in_force
from controller.services.logbook.control import append
from controller.services.rules.case import Case, Check, no_data, said
from controller.services.rules.consents import CONSENTS
from controller.services.rules.duties import DUTIES
from controller.services.rules.equal import EQUAL
from controller.services.rules.minors import MINORS
from controller.services.rules.ways import WAYS
from controller.services.site import Site
from controller.storage.models import AttestationRow, RuleFindingRow
from controller.storage.unit_of_work import UnitOfWork
from mqtt.contract.control_log import ControlKind
from mqtt.contract.rules import (
    CATALOGUE_VERSION,
    Evaluation,
    Evidence,
    Looks,
    Rule,
    Verdict,
    rules,
)
from mqtt.contract.versions import SOFTWARE

__all__ = ["CHECKS", "evaluate", "history", "keep_findings", "present_findings"]

EVERY_MS = 5 * MINUTE_MS

_DESK: Mapping[str, DeskKind] = {
    "PI-02": DeskKind.PROCESSING,
    "PR-02": DeskKind.AGREEMENT,
    "EQ-07": DeskKind.FEES,
    "SE-06": DeskKind.INCIDENT,
}
"""Rules that a record of the compliance desk answers."""

CHECKS: Mapping[str, Check] = {**WAYS, **EQUAL, **CONSENTS, **MINORS, **DUTIES}
"""Rule to its measurement; the rest is held by construction or by people."""


def evaluate(uow: UnitOfWork, site: Site, moment: Moment) -> tuple[Evaluation, ...]:
    """Return the verdict of every rule of the catalogue, in its order; only reads."""
    case = Case(uow, site, moment)
    attested: dict[str, AttestationRow] = {}
    for row in attestations(uow):
        if row.valid_until_ms is None or row.valid_until_ms > moment.utc_ms:
            attested[row.rule] = row
    return tuple(_evaluated(case, rule, attested.get(rule.id)) for rule in rules())


def keep_findings(
    uow: UnitOfWork, site: Site, moment: Moment, *, at_once: bool = False
) -> tuple[Evaluation, ...]:
    """Evaluate every five minutes, or now; keep what changed and note it in the log.

    Returns what is in force. The caller commits.
    """
    present = _present_rows(uow)
    newest_ms = max((row.seen_at_ms for row in present.values()), default=0)
    if not at_once and moment.utc_ms - newest_ms < EVERY_MS:
        return tuple(_as_evaluation(row) for row in present.values())
    found = evaluate(uow, site, moment)
    for each in found:
        _keep(uow, present.get(each.rule), each, moment)
    uow.session.flush()
    return found


def present_findings(uow: UnitOfWork) -> dict[str, RuleFindingRow]:
    """Return the verdicts in force by rule; empty before the first evaluation."""
    return _present_rows(uow)


def history(uow: UnitOfWork, rule: str) -> tuple[RuleFindingRow, ...]:
    """Return every verdict that a rule ever had, the newest first."""
    found = select(RuleFindingRow).where(RuleFindingRow.rule == rule)
    return tuple(uow.session.scalars(found.order_by(RuleFindingRow.since_ms.desc())))


def _evaluated(case: Case, rule: Rule, attested: AttestationRow | None) -> Evaluation:
    check = CHECKS.get(rule.id)
    if check is not None:
        found = check(case, rule.id)
        needs_person = Looks.PERSON in rule.looks and found.verdict is Verdict.PASS
        return _with_person(found, attested) if needs_person else found
    if Looks.CONSTRUCTION in rule.looks:
        found = _constructed(case, rule)
        needs_person = Looks.PERSON in rule.looks and found.verdict is Verdict.PASS
        return _with_person(found, attested) if needs_person else found
    on_desk = _on_desk(case, rule.id)
    if on_desk is not None:
        return on_desk
    if Looks.PERSON in rule.looks:
        return _with_person(Evaluation(rule.id, Verdict.PASS, "", ""), attested)
    return said(rule.id, Verdict.NOT_COVERED, "没有核查。", "It is not checked.")


def _with_person(found: Evaluation, attested: AttestationRow | None) -> Evaluation:
    """Return the finding with the attestation, or NEEDS HUMAN where there is none in force."""
    if attested is None:
        zh, en = "须由人到现场查看并登记。", "Somebody has to look on site and attest it."
        zh, en = (f"{found.zh}{zh}", f"{found.en} {en}".strip())
        return said(found.rule, Verdict.NEEDS_HUMAN, zh, en, found.evidence)
    shown = Evidence("attestation", attested.digest.hex(), attested.subject)
    zh, en = (f"{found.zh}已有人现场确认。", f"{found.en} Somebody attested it.".strip())
    return said(found.rule, Verdict.PASS, zh, en, (*found.evidence, shown))


def _on_desk(case: Case, rule: str) -> Evaluation | None:
    """Return PASS where a record of the compliance desk that counts answers the rule."""
    kind = _DESK.get(rule)
    rows = () if kind is None else in_force(case.uow, kind, case.moment)
    if not rows:
        return None
    shown = [Evidence("record", f"{row.kind} {row.id}", row.digest.hex()) for row in rows]
    zh, en = (
        "有经批准且在期内的记录；内容由人看。",
        "An approved record is in force; a person reads it.",
    )
    return said(rule, Verdict.PASS, zh, en, shown)


def _constructed(case: Case, rule: Rule) -> Evaluation:
    """Say that the release holds a rule, if every gate runs this release."""
    others = sorted(
        gate for gate, row in case.presence.items() if row.software and row.software != SOFTWARE
    )
    held = Evidence("construction", f"{SOFTWARE} tests/compliance {rule.id}")
    if others and rule.is_gated:
        zh, en = (
            "有大门运行其他版本，其测试不在此。",
            "A gate runs another release, whose tests are not here.",
        )
        return no_data(rule.id, zh, en, (held, *(Evidence("record", each) for each in others)))
    zh = "由本版本的设计保证，并有测试；未在现场测量。"
    en = "Held by the release's design and tests; not measured here."
    return said(rule.id, Verdict.PASS, zh, en, (held,))


def _present_rows(uow: UnitOfWork) -> dict[str, RuleFindingRow]:
    found = select(RuleFindingRow).where(RuleFindingRow.until_ms.is_(None))
    return {row.rule: row for row in uow.session.scalars(found.order_by(RuleFindingRow.id))}


def _keep(uow: UnitOfWork, row: RuleFindingRow | None, found: Evaluation, moment: Moment) -> None:
    evidence = [[each.kind, each.ref, each.value, each.limit] for each in found.evidence]
    same = row is not None and (row.verdict, row.catalogue) == (found.verdict, CATALOGUE_VERSION)
    if row is not None and same:
        row.zh, row.en, row.evidence, row.seen_at_ms = found.zh, found.en, evidence, moment.utc_ms
        return
    if row is not None:
        row.until_ms = moment.utc_ms
    uow.session.add(
        RuleFindingRow(
            rule=found.rule,
            catalogue=CATALOGUE_VERSION,
            verdict=found.verdict.value,
            zh=found.zh,
            en=found.en,
            evidence=evidence,
            since_ms=moment.utc_ms,
            seen_at_ms=moment.utc_ms,
        )
    )
    append(uow, moment, ControlKind.VERDICT, rule=found.rule, verdict=found.verdict.value)


def _as_evaluation(row: RuleFindingRow) -> Evaluation:
    evidence = tuple(Evidence(*each) for each in row.evidence)
    return Evaluation(row.rule, Verdict(row.verdict), row.zh, row.en, evidence)
