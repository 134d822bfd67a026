"""Say what a gate's `config` document holds because of roll-outs: settings on trial, a record.

While a roll-out runs, its changes lie over the settings of the gates that got it; the settings
themselves are changed when it is done. So taking one back is leaving it out.
"""

from dataclasses import dataclass, field, replace
from typing import TypeVar

from sqlalchemy import select

from controller.domain.refusal import Refusal
from controller.domain.rollout.progress import GateStage
from controller.domain.rollout.settings import Changes, artefact_of, changed
from controller.services.gates import GateView
from controller.storage.models import RolloutGateRow, RolloutRow
from controller.storage.unit_of_work import UnitOfWork
from mqtt.contract import codec
from mqtt.contract.records import AccessPointRecord, ConfigRecord, PortalRecord
from mqtt.contract.rollout import ROLLOUT_RECORD, RolloutRecord, Stage

__all__ = ["Overlay", "bundle_name", "overlaid", "overlays"]

T = TypeVar("T", ConfigRecord, PortalRecord, AccessPointRecord)

_STAGES = {
    GateStage.TRIAL: Stage.TRIAL,
    GateStage.HEALTHY: Stage.TRIAL,
    GateStage.UNPROVEN: Stage.TRIAL,
    GateStage.FAILED: Stage.ROLLED_BACK,
    GateStage.ROLLED_BACK: Stage.ROLLED_BACK,
    GateStage.KEPT: Stage.KEPT,
}


@dataclass(frozen=True, slots=True)
class Overlay:
    """What lies over one gate's settings: changes on trial, files offered, the record."""

    record: RolloutRecord | None = None
    changes: Changes = field(default_factory=dict)
    artefacts: Changes = field(default_factory=dict)

    def records(self) -> dict[str, bytes]:
        """Return the records that the document has because of roll-outs."""
        found = {} if self.record is None else {ROLLOUT_RECORD: codec.encode(self.record)}
        for name, values in self.artefacts.items():
            record = artefact_of(values)
            if record is not None:
                found[name] = codec.encode(record)
        return found


def bundle_name(rollout: int) -> str:
    """Return the name of a roll-out's bundle at the gates."""
    return f"r{rollout}"


def overlays(uow: UnitOfWork) -> dict[str, Overlay]:
    """Return the overlay of every gate that ever took part in a roll-out."""
    rows = uow.session.execute(
        select(RolloutGateRow, RolloutRow)
        .join(RolloutRow, RolloutRow.id == RolloutGateRow.rollout)
        .where(RolloutGateRow.state.in_([stage.value for stage in _STAGES]))
        .order_by(RolloutRow.id)
    )
    found: dict[str, Overlay] = {}
    for at, rollout in rows:
        stage = _STAGES[GateStage(at.state)]
        undoes = at.version if stage is Stage.ROLLED_BACK else 0
        record = RolloutRecord(bundle_name(rollout.id), stage, rollout.window_ms, undoes)
        old = found.get(at.gate, Overlay())
        is_file = rollout.kind != "config"
        artefacts = {**old.artefacts}
        if is_file and stage is not Stage.ROLLED_BACK:
            artefacts.update(rollout.changes)
        changes = rollout.changes if stage is Stage.TRIAL and not is_file else {}
        found[at.gate] = Overlay(record, changes, artefacts)
    return found


def overlaid(view: GateView, changes: Changes) -> GateView:
    """Return a gate's settings with changes over them. Raises RefusedError(`config_invalid`)."""
    if not changes:
        return view
    gate = _with("gate", view.gate, changes)
    portals = {n: _with(f"portal:{n}", record, changes) for n, record in view.portals.items()}
    points = {n: _with(f"ap:{n}", record, changes) for n, record in view.access_points.items()}
    return replace(view, gate=gate, portals=portals, access_points=points)


def _with(name: str, record: T, changes: Changes) -> T:
    found = changed(name, record, changes)
    if isinstance(found, Refusal):
        raise found.as_error()
    return found
