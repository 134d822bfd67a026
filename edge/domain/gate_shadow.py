"""Listen beside an old controller: judge every attempt, record what would have been, let nobody in.

The readers' lines are tapped, so the person is told by the old system; here nothing is shown. What
is recorded is of kind `shadow`: no decision, no passage, nothing that parity counts, and no use of
a pass is spent. Fire and the exit button go on winning as in every state (DESIGN promise 8).
"""

from dataclasses import replace

from edge.domain.authenticate import authenticate
from edge.domain.authorise import authorise
from edge.domain.door import phase_of
from edge.domain.gate_attempt import code_of, door_view, in_view, noted, within_budget
from edge.domain.gate_turn import Turn, with_key
from edge.domain.inputs import DoorSensed
from edge.domain.model import AccessAttempt, Refusal, StaffAction
from mqtt.contract.commands import Operation
from mqtt.contract.events import EventKind, Method, Outcome, Personal

__all__ = ["MOVES", "PANEL_MOVES", "door_sensed", "is_shadow", "take_attempt"]

MOVES = frozenset(
    {
        Operation.OPEN,
        Operation.HOLD_OPEN,
        Operation.EMERGENCY_HOLD,
        Operation.END_HOLD,
        Operation.LOCKDOWN,
        Operation.END_LOCKDOWN,
    }
)
"""Commands that are refused in shadow: the old system works the door."""
PANEL_MOVES = frozenset(
    {
        StaffAction.RELEASE,
        StaffAction.HOLD_OPEN,
        StaffAction.EMERGENCY_HOLD,
        StaffAction.END_HOLD,
        StaffAction.LOCKDOWN,
        StaffAction.END_LOCKDOWN,
    }
)
"""What a guard's panel is refused in shadow, for the same reason."""


def is_shadow(turn: Turn) -> bool:
    """Tell whether this gate only listens."""
    return turn.knowledge.settings.shadow


def take_attempt(turn: Turn, attempt: AccessAttempt) -> None:
    """Judge an attempt as a live gate would, and record the answer only."""
    code = code_of(attempt)
    if attempt.method is Method.FACE or (code and in_view(turn, attempt.access_point, code)):
        return
    found = authenticate(attempt, turn.knowledge, turn.memory, turn.at)
    if isinstance(found, Refusal):
        if found.holder or found.credential or within_budget(turn, attempt):
            note = noted(turn, found.note)
            who = Personal(found.holder, found.credential, note=note)
            turn.record(
                EventKind.SHADOW,
                found.reason,
                outcome=Outcome.DENIED,
                access_point=attempt.access_point,
                method=attempt.method,
                personal=who,
            )
        return
    bearer, view = found.bearer, door_view(turn, found.bearer, attempt.access_point)
    decision = authorise(bearer, attempt.access_point, turn.at, view, turn.knowledge.rules)
    turn.record(
        EventKind.SHADOW,
        decision.reason,
        outcome=decision.outcome,
        access_point=attempt.access_point,
        method=attempt.method,
        personal=Personal(bearer.holder, bearer.credential, note=noted(turn, found.note)),
    )


def door_sensed(turn: Turn, item: DoorSensed) -> None:
    """Keep the position only: the old system opens doors without a cause that we could know."""
    door = replace(turn.door_state(item.portal), is_open=item.is_open)
    door = replace(door, phase=phase_of(door))
    turn.change(doors=with_key(turn.state.doors, item.portal, door))
