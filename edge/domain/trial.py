"""Judge a configuration on trial by how the gate fares under it. Pure.

Five things are watched: each lock, each door sensor, the fire input, each reader, and how many
people are refused. Face is not among them: a configuration stands or falls by the ways in that
everybody can use. What was broken before does not count against it, what was never used does not
count for it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from edge.domain.door_model import lock_open
from edge.domain.gate_state import GateState
from edge.domain.knowledge import Knowledge
from mqtt.contract.events import Method
from mqtt.contract.rollout import TrialVerdict

__all__ = [
    "FAULT",
    "LEAST_DECIDED",
    "LEAST_REFUSED",
    "MOVED",
    "OK",
    "REFUSALS",
    "REFUSALS_FACTOR",
    "Tally",
    "Trial",
    "checks_of",
    "judge",
    "note",
]

OK = "ok"
FAULT = "fault"
MOVED = "moved"
"""A lock that is commanded open and says, where it has a contact, that it is."""
PENDING = "pending"
"""A file that was offered and has not arrived yet."""
UNPROVEN = "unproven"
BEFORE = "before"
REFUSALS = "refusals"
REFUSALS_FACTOR = 3
"""A trial fails when the share of refusals is at least three times what it was (case G13)."""
LEAST_DECIDED = 10
LEAST_REFUSED = 5
"""Fewer decisions or refusals than this prove nothing about a share."""
_FEWEST_SHARE = 0.02
"""A gate that refused nobody before is held against one refusal in fifty."""


@dataclass(frozen=True, slots=True)
class Tally:
    """Decisions counted over some time, and how many of them were refusals."""

    decided: int = 0
    refused: int = 0

    def less(self, earlier: "Tally") -> "Tally":
        """Return what came after `earlier`."""
        return Tally(self.decided - earlier.decided, self.refused - earlier.refused)

    @property
    def share(self) -> float:
        """Return the share of refusals, 0 where nobody came."""
        return self.refused / self.decided if self.decided else 0.0


@dataclass(frozen=True, slots=True)
class Trial:
    """One bundle on trial at this gate; `began` is the tally when it began.

    `before` names what was broken then, `proven` the locks that an opening has proven since.
    """

    began_mono_ms: int
    window_ms: int
    began: Tally
    before: frozenset[str] = frozenset()
    proven: frozenset[str] = frozenset()


def checks_of(state: GateState, knowledge: Knowledge) -> dict[str, str]:
    """Return every check as it stands now: `ok`, `fault`, or `moved` for an open lock."""
    found: dict[str, str] = {}
    for name, settings in knowledge.rules.portals.items():
        door = state.doors.get(name)
        if door is None:
            continue
        follows = door.reported_locked in {None, False} and not door.lock_fault
        moved = MOVED if lock_open(door) and follows else OK
        found[f"lock:{name}"] = FAULT if door.lock_fault else moved
        if settings.has_door_sensor:
            found[f"door:{name}"] = FAULT if door.is_open is None else OK
    found["fire"] = FAULT if state.fire_line_fault else OK
    for place, fitted in knowledge.fitted.items():
        for method in sorted(fitted - {Method.FACE}):
            is_broken = state.ways.get((place, method)) == FAULT
            found[f"reader:{place}:{method.value}"[:64]] = FAULT if is_broken else OK
    return found


def note(trial: Trial, checks: Mapping[str, str]) -> Trial:
    """Return the trial with what the checks prove."""
    moved = {name for name, state in checks.items() if state == MOVED}
    return trial if moved <= trial.proven else replace(trial, proven=trial.proven | moved)


def judge(
    trial: Trial, checks: Mapping[str, str], tally: Tally, now_mono_ms: int
) -> tuple[TrialVerdict, dict[str, str], str]:
    """Return the verdict, each check as reported, and the check that failed or an empty text."""
    during = tally.less(trial.began)
    shown = {name: _shown(trial, name, state) for name, state in checks.items()}
    shown[REFUSALS] = _refusals(during, trial.began)
    failed = next((name for name, state in shown.items() if state == FAULT), "")
    if failed:
        return TrialVerdict.FAILED, shown, failed
    if now_mono_ms - trial.began_mono_ms < trial.window_ms:
        return TrialVerdict.WAITING, shown, ""
    unproven = any(state == UNPROVEN for state in shown.values())
    return (TrialVerdict.UNPROVEN if unproven else TrialVerdict.HEALTHY), shown, ""


def _shown(trial: Trial, name: str, state: str) -> str:
    if state == FAULT:
        return BEFORE if name in trial.before else FAULT
    if state == PENDING:
        return UNPROVEN
    if name.startswith("lock:"):
        return OK if name in trial.proven or state == MOVED else UNPROVEN
    return OK


def _refusals(during: Tally, before: Tally) -> str:
    if during.decided < LEAST_DECIDED or during.refused < LEAST_REFUSED:
        return OK
    usual = max(before.share, _FEWEST_SHARE)
    return FAULT if during.share >= REFUSALS_FACTOR * usual else OK
