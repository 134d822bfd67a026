"""Make a roll-out and show what it would change; what a gate would refuse is refused here."""

from dataclasses import dataclass, field
from typing import Any

import msgspec

from controller.domain.gates import check_portal
from controller.domain.moment import MINUTE_MS, Moment
from controller.domain.refusal import Refusal, raise_if
from controller.domain.roles import Act, Actor
from controller.domain.rollout.progress import GateStage
from controller.domain.rollout.settings import Changed, Changes, check_changes
from controller.services.acts import need_act, record_act
from controller.services.compiling import compile_gates
from controller.services.documents import check_rules
from controller.services.gates import GateView, config_of, gate_names
from controller.services.rollout.overlay import overlaid
from controller.services.site import Site
from controller.storage.models import RolloutGateRow, RolloutRow, RolloutStepRow
from controller.storage.unit_of_work import UnitOfWork
from mqtt.contract.reasons import ReasonCode
from mqtt.contract.rollout import mode_of

__all__ = ["PATIENCE_MS", "WINDOW_MS", "Draft", "diff", "make"]

WINDOW_MS = 15 * MINUTE_MS
"""How long a gate must stay without a fault (case G13)."""
PATIENCE_MS = 240 * MINUTE_MS
_WINDOW_LIMITS = (5_000, 24 * 60 * MINUTE_MS)
_KINDS = ("config", "software", "model")


@dataclass(frozen=True, slots=True)
class Draft:
    """A roll-out about to be made; no gates means every gate in use."""

    title: str
    changes: Changes
    canaries: tuple[str, ...]
    gates: tuple[str, ...] = ()
    kind: str = "config"
    window_ms: int = WINDOW_MS
    patience_ms: int = field(default=PATIENCE_MS)


def make(uow: UnitOfWork, site: Site, actor: Actor, draft: Draft, moment: Moment) -> RolloutRow:
    """Check and keep a draft; nothing is sent. The caller commits.

    Raises RefusedError: `role_not_allowed`, `config_invalid`, `not_found`; PolicyError for what a
    gate would refuse.
    """
    need_act(actor, Act.EDIT_GATES)
    gates = draft.gates or gate_names(uow)
    raise_if(_wrong(uow, draft, gates))
    raise_if(check_changes(draft.changes))
    row = RolloutRow(
        kind=draft.kind,
        title=draft.title.strip()[:80],
        changes=msgspec.to_builtins(draft.changes),
        gates=tuple(sorted(set(gates))),
        canaries=tuple(sorted(set(draft.canaries))),
        window_ms=draft.window_ms,
        patience_ms=draft.patience_ms,
        state="draft",
        made_at_ms=moment.utc_ms,
        made_by=actor.id,
    )
    uow.session.add(row)
    uow.session.flush()
    for gate in row.gates:
        state = GateStage.WAITING.value
        uow.session.add(RolloutGateRow(rollout=row.id, gate=gate, state=state, checks={}))
    uow.session.add(
        RolloutStepRow(rollout=row.id, at_ms=moment.utc_ms, step="made", actor=actor.id)
    )
    uow.session.flush()
    _check_at_gates(uow, site, row, moment)
    record_act(uow, moment, actor, Act.EDIT_GATES, actor.id, reason=f"roll-out {row.id}")
    return row


def diff(uow: UnitOfWork, site: Site, rollout: int) -> tuple[Changed, ...]:
    """Return every setting that a roll-out changes, gate by gate. Raises RefusedError."""
    row = uow.need(RolloutRow, rollout)
    found: list[Changed] = []
    for gate in row.gates:
        if row.kind != "config":
            for name, values in row.changes.items():
                mode = mode_of(name)
                found += [Changed(gate, name, key, None, values[key], mode) for key in values]
            continue
        before = config_of(uow, site, gate)
        after = overlaid(before, row.changes)
        found += _differences(gate, _flat(before), _flat(after))
    return tuple(found)


def _wrong(uow: UnitOfWork, draft: Draft, gates: tuple[str, ...]) -> Refusal | None:
    known = set(gate_names(uow))
    least, most = _WINDOW_LIMITS
    is_file = all(record.startswith("artefact:") for record in draft.changes)
    found = (
        (not draft.title.strip(), "title"),
        (draft.kind not in _KINDS, "kind"),
        (is_file == (draft.kind == "config"), "kind"),
        (not gates or not set(gates) <= known, "gates"),
        (not draft.canaries or not set(draft.canaries) <= set(gates), "canaries"),
        (not least <= draft.window_ms <= most, "window_ms"),
        (draft.patience_ms < draft.window_ms, "patience_ms"),
    )
    for is_wrong, detail in found:
        if is_wrong:
            return Refusal(ReasonCode.CONFIG_INVALID, "RL-01", detail=detail)
    return None


def _check_at_gates(uow: UnitOfWork, site: Site, row: RolloutRow, moment: Moment) -> None:
    """Refuse what leads nowhere, breaks a limit or a rule at any gate, before anything is sent."""
    if row.kind == "config":
        for gate in row.gates:
            for portal in overlaid(config_of(uow, site, gate), row.changes).portals.values():
                raise_if(check_portal(portal))
        changed_ids = {each.record for each in diff(uow, site, row.id)}
        for record in row.changes:
            name = record.partition(":")[2]
            if name != "*" and record not in changed_ids and not _is_known(uow, site, row, record):
                raise Refusal(ReasonCode.NOT_FOUND, "RL-01", detail=record[:64]).as_error()
        if not changed_ids:
            raise Refusal(ReasonCode.CONFLICT, "RL-01", detail="no change").as_error()
    over = {gate: row.changes if row.kind == "config" else {} for gate in row.gates}
    for compiled in compile_gates(uow, site, row.gates, moment, over).values():
        check_rules(compiled)


def _is_known(uow: UnitOfWork, site: Site, row: RolloutRow, record: str) -> bool:
    return any(record in _flat(config_of(uow, site, gate)) for gate in row.gates)


def _flat(view: GateView) -> dict[str, dict[str, Any]]:
    records: dict[str, msgspec.Struct] = {"gate": view.gate}
    records |= {f"portal:{name}": record for name, record in view.portals.items()}
    records |= {f"ap:{name}": record for name, record in view.access_points.items()}
    return {name: msgspec.to_builtins(record) for name, record in records.items()}


def _differences(
    gate: str, before: dict[str, dict[str, Any]], after: dict[str, dict[str, Any]]
) -> list[Changed]:
    return [
        Changed(gate, record, name, old, after[record][name], mode_of(record))
        for record, values in before.items()
        for name, old in values.items()
        if after[record][name] != old
    ]
