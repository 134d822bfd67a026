"""Decide what a running roll-out does next from where it stands at each gate. Pure.

1. One failed gate ends it everywhere: what was sent is taken back, what was not stays untouched.
2. The rest is sent only when every canary is healthy: a whole window without a fault, and every
   lock proven by an opening.
3. A gate from which nothing is heard for a minute has failed: a configuration that ends the daemon
   must not be waited for.
4. What stays unproven longer than the site's patience is taken back: nobody knows whether it works.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

__all__ = ["SILENT", "SILENT_MS", "UNPROVEN", "At", "GateStage", "Next", "Step", "next_step"]

SILENT_MS = 60_000
SILENT = "silent"
UNPROVEN = "unproven"


class GateStage(StrEnum):
    """Where a roll-out stands at one gate."""

    WAITING = "waiting"
    TRIAL = "trial"
    HEALTHY = "healthy"
    UNPROVEN = "unproven"
    FAILED = "failed"
    KEPT = "kept"
    ROLLED_BACK = "rolled_back"
    UNTOUCHED = "untouched"


class Step(StrEnum):
    """What to do next."""

    WAIT = "wait"
    SEND_REST = "send_rest"
    FINISH = "finish"
    ROLL_BACK = "roll_back"


@dataclass(frozen=True, slots=True)
class At:
    """One gate: its stage, when it was last heard or sent to (UTC ms), when the trial began.

    `check` names what failed.
    """

    stage: GateStage
    heard_at_ms: int = 0
    sent_at_ms: int = 0
    check: str = ""


@dataclass(frozen=True, slots=True)
class Next:
    """What to do, and for a roll-back at which gate which check failed."""

    step: Step
    gate: str = ""
    check: str = ""


_SENT = frozenset({GateStage.TRIAL, GateStage.HEALTHY, GateStage.UNPROVEN, GateStage.FAILED})


def next_step(
    gates: Mapping[str, At], canaries: frozenset[str], patience_ms: int, now_ms: int
) -> Next:
    """Return the next step of a running roll-out at `now_ms` (UTC)."""
    for gate, at in sorted(gates.items()):
        if at.stage not in _SENT:
            continue
        if at.stage is GateStage.FAILED:
            return Next(Step.ROLL_BACK, gate, at.check)
        if now_ms - max(at.heard_at_ms, at.sent_at_ms) > SILENT_MS:
            return Next(Step.ROLL_BACK, gate, SILENT)
        if at.stage is GateStage.UNPROVEN and now_ms - at.sent_at_ms > patience_ms:
            return Next(Step.ROLL_BACK, gate, UNPROVEN)
    healthy = {gate for gate, at in gates.items() if at.stage is GateStage.HEALTHY}
    if not canaries <= healthy:
        return Next(Step.WAIT)
    if healthy == set(gates):
        return Next(Step.FINISH)
    waiting = any(at.stage is GateStage.WAITING for at in gates.values())
    return Next(Step.SEND_REST if waiting else Step.WAIT)
