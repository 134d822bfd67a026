"""Step a gate unit: one state, one input, one new state and what to do. Pure and total.

Rules of this file:
1. Everything that is due by the input's time happens first, so an input meets the state of then.
2. Every input of every kind is answered in every state; nothing here raises.
3. Fire and exit unlock before anything is written; everything else is recorded before it moves.
4. Inputs may come a little out of order: timers compare monotonic instants and count nothing.
"""

from typing import assert_never

from edge.domain import gate_doors, gate_face, gate_feeds, gate_passage, gate_shadow, gate_witness
from edge.domain.effects import Effect, Relock, Unlock
from edge.domain.face_inputs import FaceInput
from edge.domain.gate_attempt import take_attempt
from edge.domain.gate_command import take_command
from edge.domain.gate_guard import fob_granted, take_staff
from edge.domain.gate_state import GateState
from edge.domain.gate_timers import catch_up, settle
from edge.domain.gate_turn import Turn
from edge.domain.inputs import (
    Attempted,
    CallPressed,
    CommandArrived,
    DoorSensed,
    ExitRequested,
    FeedHeard,
    FireSensed,
    Input,
    LockSensed,
    MoveHeard,
    Observed,
    PowerSensed,
    RedemptionHeard,
    RelayMoved,
    StaffActed,
    TamperSensed,
    Tick,
    WayChanged,
)
from edge.domain.knowledge import Knowledge
from mqtt.contract.events import Method

__all__ = ["step"]


def step(
    state: GateState, item: Input, knowledge: Knowledge
) -> tuple[GateState, tuple[Effect, ...]]:
    """Take one input and return the new state with the effects, in the order to do them."""
    turn = Turn(state, item.at, knowledge, state.adapter_kind)
    catch_up(turn)
    _take(turn, item)
    settle(turn)
    if isinstance(item, FaceInput | Tick) or _is_face(item):
        gate_face.settle_face(turn)
    else:
        gate_face.wake(turn, at_once=isinstance(item, PowerSensed | WayChanged | CallPressed))
    if isinstance(item, ExitRequested | FireSensed):
        turn.effects.sort(key=_is_written)
    return turn.state, tuple(turn.effects)


def _is_face(item: Input) -> bool:
    """Tell whether an input belongs to face alone."""
    attempted = isinstance(item, Attempted) and item.attempt.method is Method.FACE
    return attempted or (isinstance(item, WayChanged) and item.method is Method.FACE)


def _is_written(effect: Effect) -> bool:
    """Tell what waits behind the locks; their own order stays, so the last word on each counts."""
    return not isinstance(effect, Unlock | Relock)


def _take(turn: Turn, item: Input) -> None:
    if isinstance(item, FaceInput):
        turn.involve(item.adapter_kind)
        gate_face.take_face(turn, item)
        return
    match item:
        case Attempted(attempt=attempt):
            turn.involve(attempt.adapter_kind)
            if gate_witness.is_nonce(attempt):
                gate_witness.take_nonce(turn, attempt)
            elif gate_feeds.is_carried(attempt):
                gate_feeds.take_carried(turn, attempt)
            elif gate_shadow.is_shadow(turn):
                gate_shadow.take_attempt(turn, attempt)
            elif take_attempt(turn, gate_face.checked(turn, attempt)) is not None:
                fob_granted(turn, attempt)
        case CommandArrived():
            take_command(turn, item)
        case RedemptionHeard():
            gate_feeds.redemption_heard(turn, item)
        case FeedHeard():
            gate_feeds.feed_heard(turn, item)
        case MoveHeard():
            gate_feeds.move_heard(turn, item)
        case Tick():
            pass
        case _:
            _take_sensed(turn, item)


_Sensed = (
    DoorSensed
    | LockSensed
    | ExitRequested
    | FireSensed
    | TamperSensed
    | PowerSensed
    | StaffActed
    | CallPressed
    | RelayMoved
    | WayChanged
    | Observed
)


def _take_sensed(turn: Turn, item: _Sensed) -> None:
    turn.involve(item.adapter_kind)
    match item:
        case DoorSensed():
            gate_doors.door_sensed(turn, item)
        case LockSensed():
            gate_doors.lock_sensed(turn, item)
        case ExitRequested():
            gate_doors.exit_requested(turn, item)
        case FireSensed():
            gate_doors.fire_sensed(turn, item)
        case TamperSensed():
            gate_doors.tamper_sensed(turn, item)
        case PowerSensed():
            gate_doors.power_sensed(turn, item)
        case StaffActed():
            take_staff(turn, item)
        case CallPressed():
            gate_doors.call_pressed(turn, item)
            gate_face.called(turn, item.access_point)
        case RelayMoved():
            gate_passage.relay_moved(turn, item)
        case WayChanged():
            gate_doors.way_changed(turn, item)
        case Observed():
            gate_doors.observed(turn, item)
        case _:
            assert_never(item)
