"""Start, watch, finish and take back roll-outs.

A roll-back is never silent and never a lower version: the gate's next `config` document has a
higher version, and its `rollout` record says which version it undoes. What the gates did by
themselves before that is in their signed events.
"""

import json
from dataclasses import dataclass

from sqlalchemy import select

from controller.domain.moment import Moment
from controller.domain.refusal import Refusal
from controller.domain.roles import Act, Actor
from controller.domain.rollout.progress import At, GateStage, Next, Step, next_step
from controller.services.acts import need_act, need_reason, record_act
from controller.services.gates import config_of, save_access_point, save_portal
from controller.services.rollout.drafts import Draft, diff, make
from controller.services.rollout.overlay import bundle_name, overlaid
from controller.services.rollout.rows import rollout_gates, rollout_steps
from controller.services.site import Site
from controller.storage.models import (
    AccessPointRow,
    AlarmRow,
    DocumentRow,
    GatePresenceRow,
    GateRow,
    RolloutGateRow,
    RolloutRow,
    RolloutStepRow,
)
from controller.storage.unit_of_work import UnitOfWork
from mqtt.contract.reasons import ReasonCode
from mqtt.contract.rollout import HealthReport, TrialVerdict
from mqtt.contract.topics import DocumentName

__all__ = ["RUNNING", "advance", "start", "stop", "take_health", "undo"]

RUNNING = ("canary", "rest")
_NOBODY = b""
_VERDICTS = {
    TrialVerdict.WAITING: GateStage.TRIAL,
    TrialVerdict.HEALTHY: GateStage.HEALTHY,
    TrialVerdict.UNPROVEN: GateStage.UNPROVEN,
    TrialVerdict.FAILED: GateStage.FAILED,
}
_SENT = frozenset(_VERDICTS.values())


@dataclass(frozen=True, slots=True)
class _Run:
    """One roll-out in hand."""

    uow: UnitOfWork
    row: RolloutRow
    moment: Moment
    actor: bytes = _NOBODY

    def note(self, step: str, gate: str = "", note: str = "") -> None:
        """Add a line to the history."""
        self.uow.session.add(
            RolloutStepRow(
                rollout=self.row.id,
                at_ms=self.moment.utc_ms,
                gate=gate,
                step=step,
                actor=self.actor,
                note=note,
            )
        )

    def send(self, gates: tuple[str, ...]) -> None:
        """Put the changes on trial at gates; the caller publishes."""
        for at in rollout_gates(self.uow, self.row.id):
            if at.gate not in gates or at.state != GateStage.WAITING.value:
                continue
            at.state, at.sent_at_ms = GateStage.TRIAL.value, self.moment.utc_ms
            at.base_version = _version(self.uow, at.gate)
            self.note("sent", at.gate)
        self.uow.session.flush()


def start(uow: UnitOfWork, actor: Actor, rollout: int, reason: str, moment: Moment) -> RolloutRow:
    """Send a draft to its canaries. The caller commits and publishes.

    Raises RefusedError: `role_not_allowed`, `reason_required`, `not_found`, `conflict` for one that
    was started before or while another runs, `timeout` for a canary that is not online.
    """
    need_act(actor, Act.EDIT_GATES)
    need_reason(reason)
    row = uow.need(RolloutRow, rollout)
    running = uow.session.scalars(select(RolloutRow.id).where(RolloutRow.state.in_(RUNNING)))
    if row.state != "draft" or running.first() is not None:
        raise Refusal(ReasonCode.CONFLICT, "RL-02", detail="state").as_error()
    for gate in row.canaries:
        presence = uow.find(GatePresenceRow, gate)
        if presence is None or not presence.online:
            raise Refusal(ReasonCode.TIMEOUT, "RL-02", detail=gate).as_error()
    row.state, row.started_at_ms = "canary", moment.utc_ms
    run = _Run(uow, row, moment, actor.id)
    run.note("started", note=reason.strip())
    run.send(row.canaries)
    record_act(uow, moment, actor, Act.EDIT_GATES, actor.id, reason=reason.strip())
    return row


def stop(uow: UnitOfWork, actor: Actor, rollout: int, reason: str, moment: Moment) -> RolloutRow:
    """Take a running roll-out back, or put a draft away. The caller commits and publishes.

    Raises RefusedError: `role_not_allowed`, `reason_required`, `not_found`, `conflict`.
    """
    need_act(actor, Act.EDIT_GATES)
    need_reason(reason)
    row = uow.need(RolloutRow, rollout)
    if row.state not in (*RUNNING, "draft"):
        raise Refusal(ReasonCode.CONFLICT, "RL-02", detail="state").as_error()
    run = _Run(uow, row, moment, actor.id)
    run.note("stopped", note=reason.strip())
    _take_back(run, "stopped", reason.strip())
    record_act(uow, moment, actor, Act.EDIT_GATES, actor.id, reason=reason.strip())
    return row


def undo(uow: UnitOfWork, site: Site, actor: Actor, rollout: int, moment: Moment) -> RolloutRow:
    """Make a draft that sets everything as it was before a finished roll-out, canaries first.

    Raises RefusedError: `conflict` for one that is not done, and what `make` raises.
    """
    row = uow.need(RolloutRow, rollout)
    if row.state != "done" or row.kind != "config":
        raise Refusal(ReasonCode.CONFLICT, "RL-02", detail="state").as_error()
    back: dict[str, dict[str, object]] = {}
    for step in rollout_steps(uow, rollout):
        if step.step == "was":
            record, name, old = json.loads(step.note)
            if back.setdefault(record, {}).setdefault(name, old) != old:
                raise Refusal(ReasonCode.CONFLICT, "RL-02", detail=f"{record}.{name}").as_error()
    title = f"↩ {row.title}"
    draft = Draft(title, back, row.canaries, row.gates, "config", row.window_ms, row.patience_ms)
    return make(uow, site, actor, draft, moment)


def take_health(uow: UnitOfWork, report: HealthReport, moment: Moment) -> bool:
    """Keep what a verified report says; True if it says something new. The caller commits.

    A report of another boot, an older one, or one for no running roll-out changes nothing.
    """
    at = _gate_of(uow, report)
    if at is None or at.state not in {stage.value for stage in _SENT}:
        return False
    presence = uow.find(GatePresenceRow, report.gate)
    is_old = at.boot_id == report.boot_id and report.mono_ms <= at.mono_ms
    if is_old or (presence is not None and presence.boot_id not in {b"", report.boot_id}):
        return False
    before = at.state
    at.state = _VERDICTS[report.verdict].value
    at.version, at.boot_id, at.mono_ms = report.version, report.boot_id, report.mono_ms
    at.heard_at_ms, at.elapsed_ms = moment.utc_ms, report.elapsed_ms
    at.checks, at.failed = dict(report.checks), report.failed
    at.decided, at.refused = report.decided, report.refused
    if at.state != before:
        row = uow.need(RolloutRow, at.rollout)
        _Run(uow, row, moment).note(at.state, at.gate, report.failed)
    uow.session.flush()
    return True


def advance(uow: UnitOfWork, site: Site, moment: Moment) -> bool:
    """Do what is due in the running roll-out; True if gates have to be told. The caller commits."""
    row = uow.session.scalars(select(RolloutRow).where(RolloutRow.state.in_(RUNNING))).first()
    if row is None:
        return False
    gates = {
        at.gate: At(GateStage(at.state), at.heard_at_ms or 0, at.sent_at_ms or 0, at.failed)
        for at in rollout_gates(uow, row.id)
    }
    due = next_step(gates, frozenset(row.canaries), row.patience_ms, moment.utc_ms)
    run = _Run(uow, row, moment)
    match due.step:
        case Step.WAIT:
            return False
        case Step.SEND_REST:
            row.state = "rest"
            run.note("canaries_healthy")
            run.send(row.gates)
        case Step.FINISH:
            _finish(run, site)
        case Step.ROLL_BACK:
            _fail(run, due)
    return True


def _fail(run: _Run, due: Next) -> None:
    at = run.uow.need(RolloutGateRow, (run.row.id, due.gate))
    if at.state != GateStage.FAILED.value:
        at.state, at.failed = GateStage.FAILED.value, due.check
        run.note("failed", due.gate, due.check)
    _take_back(run, "rolled_back", f"{due.gate}: {due.check}")
    reason, detail = ReasonCode.ROLLED_BACK.value, f"{bundle_name(run.row.id)} {due.check}"
    run.uow.session.add(
        AlarmRow(at_ms=run.moment.utc_ms, gate=due.gate, reason=reason, detail=detail)
    )
    run.uow.session.flush()


def _take_back(run: _Run, state: str, outcome: str) -> None:
    for at in rollout_gates(run.uow, run.row.id):
        if at.state == GateStage.WAITING.value:
            at.state = GateStage.UNTOUCHED.value
            continue
        at.version = at.version or _version(run.uow, at.gate)
        at.state = GateStage.ROLLED_BACK.value
        run.note("rolled_back", at.gate, f"version {at.version}")
    run.row.state, run.row.ended_at_ms = state, run.moment.utc_ms
    run.row.outcome = outcome
    run.uow.session.flush()


def _finish(run: _Run, site: Site) -> None:
    """Make the changes the settings themselves, and say so to every gate."""
    if run.row.kind == "config":
        for change in diff(run.uow, site, run.row.id):
            was = [change.record, change.field, change.before]
            run.note("was", change.gate, json.dumps(was, ensure_ascii=False))
        for gate in run.row.gates:
            _settle(run.uow, site, gate, run.row)
    for at in rollout_gates(run.uow, run.row.id):
        at.state = GateStage.KEPT.value
    run.row.state, run.row.ended_at_ms, run.row.outcome = "done", run.moment.utc_ms, "kept"
    run.note("done")
    run.uow.session.flush()


def _settle(uow: UnitOfWork, site: Site, gate: str, row: RolloutRow) -> None:
    after = overlaid(config_of(uow, site, gate), row.changes)
    gate_row = uow.need(GateRow, gate)
    gate_row.passback, gate_row.open_needs_own_key, gate_row.double_tap_hold = (
        after.gate.passback,
        after.gate.open_needs_own_key,
        after.gate.double_tap_hold,
    )
    for name, portal in after.portals.items():
        save_portal(uow, gate, name, portal)
    for name, point in after.access_points.items():
        formats = uow.need(AccessPointRow, name).card_formats
        save_access_point(uow, name, point, card_formats=formats)


def _version(uow: UnitOfWork, gate: str) -> int:
    row = uow.find(DocumentRow, (gate, DocumentName.CONFIG.value))
    return 0 if row is None else row.version


def _gate_of(uow: UnitOfWork, report: HealthReport) -> RolloutGateRow | None:
    digits = report.bundle.removeprefix("r")
    if not digits.isdecimal() or len(digits) > 18:
        return None
    return uow.find(RolloutGateRow, (int(digits), report.gate))
