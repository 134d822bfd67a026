"""Roll configurations, models and software out by canaries: `/api/v1/rollouts`."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field

from controller.domain.local_time import local_text
from controller.services.rollout import drafts, history, running
from controller.services.rollout.drafts import PATIENCE_MS, WINDOW_MS, Draft
from controller.storage.models import RolloutRow
from controller.web.desk import Desk, desk_of
from controller.web.identity import Staff

__all__ = ["router"]

router = APIRouter(prefix="/api/v1/rollouts", tags=["rollouts"])

_Desk = Annotated[Desk, Depends(desk_of)]


class DraftBody(BaseModel, extra="forbid"):
    """What to change: record of `config` (`gate`, `portal:<name>`, `portal:*`, …) to fields."""

    title: str = Field(min_length=1, max_length=80)
    changes: dict[str, dict[str, Any]]
    canaries: list[str] = Field(min_length=1, max_length=64)
    gates: list[str] = Field(default_factory=list, max_length=1_000)
    kind: str = "config"
    window_s: int = Field(WINDOW_MS // 1_000, ge=5, le=86_400)
    patience_s: int = Field(PATIENCE_MS // 1_000, ge=5, le=604_800)


class ReasonBody(BaseModel, extra="forbid"):
    """Why it is started or stopped."""

    reason: str = Field(min_length=1, max_length=200)


class RolloutView(BaseModel):
    """A roll-out: `draft`, `canary`, `rest`, `done`, `stopped` or `rolled_back`."""

    id: int
    kind: str
    title: str
    state: str
    gates: list[str]
    canaries: list[str]
    window_s: int
    made_at: str
    outcome: str


class GateRolloutView(BaseModel):
    """How one gate fares; `checks` as in its newest signed health report."""

    gate: str
    state: str
    base_version: int
    version: int
    elapsed_s: int
    checks: dict[str, str]
    failed: str
    decided: int
    refused: int


class StepView(BaseModel):
    """One line of the history."""

    at: str
    gate: str
    step: str
    note: str


class DetailView(RolloutView):
    """A roll-out with its gates and its history."""

    at_gates: list[GateRolloutView]
    steps: list[StepView]


class ChangeView(BaseModel):
    """One setting that changes at one gate, and whether it takes effect live or at a restart."""

    gate: str
    record: str
    field: str
    before: Any
    after: Any
    mode: str


@router.get("")
def list_rollouts(desk: _Desk) -> list[RolloutView]:
    """Return the newest roll-outs."""
    with desk.reading() as uow:
        return [RolloutView(**_shown(row, desk.site.zone)) for row in history.rollouts(uow)]


@router.post("", status_code=201)
def make_rollout(body: DraftBody, desk: _Desk, staff: Staff) -> RolloutView:
    """Keep a draft; what a gate would refuse is refused here. Nothing is sent."""
    draft = Draft(
        body.title,
        body.changes,
        tuple(body.canaries),
        tuple(body.gates),
        body.kind,
        body.window_s * 1_000,
        body.patience_s * 1_000,
    )
    with desk.writing() as uow:
        view = _shown(drafts.make(uow, desk.site, staff, draft, desk.clock()), desk.site.zone)
        uow.commit()
    return RolloutView(**view)


@router.get("/{rollout}")
def show_rollout(rollout: int, desk: _Desk) -> DetailView:
    """Return one roll-out with everything that happened."""
    zone = desk.site.zone
    with desk.reading() as uow:
        found = history.detail(uow, rollout)
        gates = [
            GateRolloutView(
                gate=at.gate,
                state=at.state,
                base_version=at.base_version,
                version=at.version,
                elapsed_s=at.elapsed_ms // 1_000,
                checks=dict(at.checks),
                failed=at.failed,
                decided=at.decided,
                refused=at.refused,
            )
            for at in found.gates
        ]
        steps = [
            StepView(
                at=local_text(each.at_ms, zone), gate=each.gate, step=each.step, note=each.note
            )
            for each in found.steps
        ]
        return DetailView(**_shown(found.row, zone), at_gates=gates, steps=steps)


@router.get("/{rollout}/changes")
def show_changes(rollout: int, desk: _Desk) -> list[ChangeView]:
    """Return every setting that changes, gate by gate."""
    with desk.reading() as uow:
        return [
            ChangeView(
                gate=each.gate,
                record=each.record,
                field=each.field,
                before=each.before,
                after=each.after,
                mode=each.mode.value,
            )
            for each in drafts.diff(uow, desk.site, rollout)
        ]


@router.post("/{rollout}/start")
def start_rollout(rollout: int, body: ReasonBody, desk: _Desk, staff: Staff) -> RolloutView:
    """Send it to the canaries; the rest follows when every canary is healthy."""
    with desk.writing() as uow:
        row = running.start(uow, staff, rollout, body.reason, desk.clock())
        view = _shown(row, desk.site.zone)
        uow.commit()
    desk.wire.changed()
    return RolloutView(**view)


@router.post("/{rollout}/stop")
def stop_rollout(rollout: int, body: ReasonBody, desk: _Desk, staff: Staff) -> RolloutView:
    """Take it back wherever it was sent, with a new version that says so."""
    with desk.writing() as uow:
        row = running.stop(uow, staff, rollout, body.reason, desk.clock())
        view = _shown(row, desk.site.zone)
        uow.commit()
    desk.wire.changed()
    return RolloutView(**view)


@router.post("/{rollout}/undo", status_code=201)
def undo_rollout(rollout: int, desk: _Desk, staff: Staff) -> RolloutView:
    """Make a draft that takes a finished roll-out back, canaries first."""
    with desk.writing() as uow:
        row = running.undo(uow, desk.site, staff, rollout, desk.clock())
        view = _shown(row, desk.site.zone)
        uow.commit()
    return RolloutView(**view)


def _shown(row: RolloutRow, zone: str) -> dict[str, Any]:
    return {
        "id": row.id,
        "kind": row.kind,
        "title": row.title,
        "state": row.state,
        "gates": list(row.gates),
        "canaries": list(row.canaries),
        "window_s": row.window_ms // 1_000,
        "made_at": local_text(row.made_at_ms, zone),
        "outcome": row.outcome or "",
    }
