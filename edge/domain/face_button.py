"""Take the face button: a short press asks for the camera or says yes, holding it erases.

Only a press shorter than 1 s arms, when the button is let go, and the camera closes 8 s after that
(promise 2, rule DM-01). Held for 3 s within 15 s of an own fob or pass it ends the person's consent
at this gate and erases at once, online or not (promise 4, rule WD-01). Nothing is armed there
before that has ended.
"""

from dataclasses import replace

from msgspec import structs

from edge.domain.effects import MemoryKind, Signal, TellFace
from edge.domain.face_consent import answer, end_dialogue
from edge.domain.face_hindrance import hindrance
from edge.domain.face_leases import AT_GATE, revoke
from edge.domain.face_orders import ArmFace
from edge.domain.face_state import Armed, Erasing, Presenter, Press
from edge.domain.face_watch import disarm
from edge.domain.gate_turn import Turn, with_key, without_key
from edge.domain.memory_codec import remember_number
from mqtt.contract.events import EventKind, Method, Personal
from mqtt.contract.reasons import ReasonCode

__all__ = ["ARMED_MS", "HOLD_MS", "PRESENTED_MS", "SHORT_MS", "held_long", "moved"]

SHORT_MS = 1_000
HOLD_MS = 3_000
PRESENTED_MS = 15_000
ARMED_MS = 8_000
_ERASING_MS = 10_000
_WITHDRAWN_KEPT_MS = 400 * 86_400_000
"""Longer than any consent lasts (12 months)."""


def moved(turn: Turn, access_point: str, *, pressed: bool) -> None:
    """Take the button going down or up."""
    face, now_ms = turn.state.face, turn.at.mono_ms
    press = face.presses.get(access_point)
    if pressed:
        if press is None:
            presses = with_key(face.presses, access_point, Press(now_ms))
            turn.change(face=structs.replace(face, presses=presses))
        return
    if press is None:
        return
    held_long(turn)
    face = turn.state.face
    turn.change(face=structs.replace(face, presses=without_key(face.presses, access_point)))
    if 0 <= now_ms - press.since_mono_ms < SHORT_MS:
        _pressed(turn, access_point, press.since_mono_ms)


def held_long(turn: Turn) -> None:
    """Erase where the button has been down for 3 s; once for each press."""
    for place, press in sorted(turn.state.face.presses.items()):
        if press.is_used or turn.at.mono_ms - press.since_mono_ms < HOLD_MS:
            continue
        face = turn.state.face
        presses = with_key(face.presses, place, replace(press, is_used=True))
        turn.change(face=structs.replace(face, presses=presses))
        presenter = face.presenters.get(place)
        age_ms = PRESENTED_MS + 1 if presenter is None else press.since_mono_ms - presenter.mono_ms
        if presenter is None or age_ms > PRESENTED_MS:
            turn.indicate(place, Signal.DENIED, ReasonCode.CREDENTIAL_FIRST)
        else:
            _opt_out(turn, place, presenter)


def _pressed(turn: Turn, access_point: str, since_ms: int) -> None:
    face = turn.state.face
    turn.change(face=structs.replace(face, pressed_count=face.pressed_count + 1))
    if access_point in face.erasures:
        turn.indicate(access_point, Signal.DENIED, ReasonCode.ERASING)
        return
    if access_point in face.dialogues:
        answer(turn, access_point)
        return
    reason = hindrance(turn, access_point)
    if reason is not None:
        turn.indicate(access_point, Signal.DENIED, reason)
    elif access_point not in face.armed:
        _arm(turn, access_point, since_ms)


def _arm(turn: Turn, access_point: str, since_ms: int) -> None:
    face, deadline_ms = turn.state.face, turn.at.mono_ms + ARMED_MS
    armed = with_key(face.armed, access_point, Armed(since_ms, deadline_ms))
    turn.change(face=structs.replace(face, armed=armed))
    turn.record(
        EventKind.FACE, ReasonCode.FACE_ARMED, access_point=access_point, method=Method.FACE
    )
    turn.indicate(access_point, Signal.LOOK, ReasonCode.FACE_ARMED)
    turn.effects.append(TellFace(ArmFace(access_point, deadline_ms, since_ms)))


def _opt_out(turn: Turn, access_point: str, presenter: Presenter) -> None:
    """End the consent of whoever presented an own fob or pass, and erase, here and at once."""
    holder, face, consents = presenter.holder, turn.state.face, turn.knowledge.consents
    if holder not in consents.people() and holder not in face.stored.union(face.told):
        turn.indicate(access_point, Signal.DONE, ReasonCode.FACE_NOTHING_HELD)
        return
    if access_point in face.armed:
        disarm(turn, access_point)
    for place, dialogue in sorted(face.dialogues.items()):
        if dialogue.holder == holder:
            end_dialogue(turn, place)
    _remember(turn, holder)
    turn.record(
        EventKind.CONSENT,
        ReasonCode.CONSENT_WITHDRAWN,
        access_point=access_point,
        method=Method.FACE,
        personal=Personal(holder, presenter.credential, note=AT_GATE),
    )
    worker = face.worker
    if worker is None or not worker.is_here:
        # The references are sealed and nobody is there to use them; they go when the worker comes.
        turn.indicate(access_point, Signal.DONE, ReasonCode.CONSENT_WITHDRAWN)
        return
    erasing = Erasing(holder, turn.at.mono_ms + _ERASING_MS)
    face = turn.state.face
    erasures = with_key(face.erasures, access_point, erasing)
    turn.change(face=structs.replace(face, erasures=erasures))
    revoke(turn, holder, AT_GATE)
    turn.indicate(access_point, Signal.LOOK, ReasonCode.ERASING)


def _remember(turn: Turn, holder: bytes) -> None:
    now_ms, memory = turn.at.utc_ms, turn.memory
    memory = replace(memory, face_withdrawn=memory.face_withdrawn.put(holder, now_ms))
    until_ms = now_ms + _WITHDRAWN_KEPT_MS
    turn.learn(memory, remember_number(MemoryKind.FACE_WITHDRAWN, holder, now_ms, until_ms))
