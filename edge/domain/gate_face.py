"""Step everything about face beside the gate's other work.

Rules of this file:
1. A face attempt counts only after a press at that access point, while nothing hinders face there;
   then it is judged like any other attempt, and its lock waits for the disk (no log, no face).
2. What face does on its own is done at Ticks and at inputs of its own: no step of another way in
   gets an effect more than the wish for a Tick.
"""

from dataclasses import replace

from msgspec import structs

from edge.domain import face_button, face_consent, face_leases, face_watch
from edge.domain.effects import FaceWakeAt, Signal
from edge.domain.face_hindrance import hindrance
from edge.domain.face_inputs import FaceButton, FaceInput, KeyPressed
from edge.domain.face_reports import reported
from edge.domain.face_watch import disarm
from edge.domain.gate_turn import Turn, with_key, without_key
from edge.domain.model import AccessAttempt, FaceClaim
from mqtt.contract.events import EventKind, Method
from mqtt.contract.reasons import ReasonCode

__all__ = ["called", "checked", "settle_face", "take_face", "wake"]

_RESULT_GRACE_MS = 1_000
"""An answer may be this late: frames of the last moment are still looked at."""


def checked(turn: Turn, attempt: AccessAttempt) -> AccessAttempt:
    """Return a face attempt as it counts: without a press, or while hindered, it names nobody."""
    face, place = turn.state.face, attempt.access_point
    if attempt.method is not Method.FACE or not isinstance(attempt.claim, FaceClaim):
        return attempt
    armed = face.armed.get(place)
    reason = hindrance(turn, place)
    if reason is None and armed is None:
        reason = ReasonCode.INTENT_MISSING
    elif reason is None and armed is not None:
        late = turn.at.mono_ms > armed.deadline_mono_ms + _RESULT_GRACE_MS
        reason = ReasonCode.INTENT_MISSING if late else None
    turn.change(face=structs.replace(face, armed=without_key(face.armed, place)))
    if reason is not None:
        return replace(attempt, claim=FaceClaim(b"", reason))
    assert armed is not None
    return replace(attempt, presence_mono_ms=armed.presence_mono_ms)


def take_face(turn: Turn, item: FaceInput) -> None:
    """Take an input of the face button, a key, or the face worker."""
    match item:
        case FaceButton():
            face_button.moved(turn, item.access_point, pressed=item.pressed)
        case KeyPressed():
            _decline(turn, item.access_point)
        case _:
            reported(turn, item)


def _decline(turn: Turn, place: str) -> None:
    """Take a key as a no to the question that is asked, or as the wish to close the camera."""
    if place in turn.state.face.armed:
        disarm(turn, place)
        turn.record(
            EventKind.FACE, ReasonCode.FACE_CANCELLED, access_point=place, method=Method.FACE
        )
        turn.indicate(place, Signal.DONE, ReasonCode.FACE_CANCELLED)
        return
    face_consent.say_no(turn, place)


def called(turn: Turn, access_point: str) -> None:
    """Take the call button as a no, while somebody is asked; the next Tick says so."""
    face = turn.state.face
    dialogue = face.dialogues.get(access_point)
    if dialogue is not None:
        over = replace(dialogue, until_mono_ms=turn.at.mono_ms)
        dialogues = with_key(face.dialogues, access_point, over)
        turn.change(face=structs.replace(face, dialogues=dialogues))


def wake(turn: Turn, *, at_once: bool) -> None:
    """Ask for a Tick where a presenter has to be considered, or `at_once`."""
    face = turn.state.face
    if face.worker is None:
        return
    if at_once or any(one.is_new for one in face.presenters.values()):
        turn.effects.append(FaceWakeAt(turn.at.mono_ms))


def settle_face(turn: Turn) -> None:
    """Do what is due and bring face to what the gate knows now; say when to come again."""
    if turn.state.face.worker is None:
        return
    face_button.held_long(turn)
    face_consent.no_answer(turn)
    _end_due(turn)
    look_ms = face_watch.look(turn)
    face_watch.settle_ways(turn)
    round_ms = face_leases.keep_in_step(turn)
    face_consent.ask_presenters(turn)
    times = [look_ms, *([] if round_ms is None else [round_ms]), *_due_times(turn)]
    turn.effects.append(FaceWakeAt(max(min(times), turn.at.mono_ms)))


def _end_due(turn: Turn) -> None:
    now_ms = turn.at.mono_ms
    for place, armed in sorted(turn.state.face.armed.items()):
        if now_ms > armed.deadline_mono_ms + _RESULT_GRACE_MS:
            disarm(turn, place)
    face = turn.state.face
    running = {p: one for p, one in face.erasures.items() if one.until_mono_ms > now_ms}
    if len(running) < len(face.erasures):
        turn.change(face=structs.replace(face, erasures=running))


def _due_times(turn: Turn) -> list[int]:
    face = turn.state.face
    presses = (one for one in face.presses.values() if not one.is_used)
    return [
        *(one.since_mono_ms + face_button.HOLD_MS for one in presses),
        *(one.deadline_mono_ms + _RESULT_GRACE_MS + 1 for one in face.armed.values()),
        *(one.until_mono_ms for one in face.dialogues.values()),
        *(one.until_mono_ms for one in face.erasures.values()),
    ]
