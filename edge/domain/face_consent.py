"""Ask for consent at the gate and enrol there, in person (rules CO-01 to CO-04, ST-03, MI-01).

A reservation only lets the gate ask. Consent comes into being here: an own fob or pass at this
gate, the notice on the screen, and a yes, which is a short press of the face button. Any key, the
call button, somebody else's fob or pass, or no answer is a no of equal weight; of a no nothing
stays but its event. After the yes is on the disk the camera opens for 8 s at a time, once for
each press.
"""

from dataclasses import replace

from msgspec import structs

from edge.domain.effects import MemoryKind, Signal, TellFace
from edge.domain.face_hindrance import hindrance
from edge.domain.face_orders import EnrolFace, ShowNotice, StopEnrolment
from edge.domain.face_state import Dialogue, Presenter, Stage
from edge.domain.gate_turn import Turn, with_key, without_key
from edge.domain.memory_codec import forget
from edge.domain.standing import wall_ms
from mqtt.contract.events import EventKind, Method, Personal
from mqtt.contract.reasons import ReasonCode
from mqtt.contract.records_face import ENTRY_PURPOSE, NoticeRecord, ReservationRecord

__all__ = ["answer", "ask_presenters", "end_dialogue", "no_answer", "say_no", "wait_for_press"]

ANSWER_MS = 30_000
"""How long a notice stays for an answer."""
ENROL_MS = 8_000
_NEXT_PRESS_MS = 15_000


def ask_presenters(turn: Turn) -> None:
    """Show the notice to whoever presented an own fob or pass and has a reservation here."""
    for place, presenter in sorted(turn.state.face.presenters.items()):
        if not presenter.is_new:
            continue
        face = turn.state.face
        known = with_key(face.presenters, place, replace(presenter, is_new=False))
        turn.change(face=structs.replace(face, presenters=known))
        dialogue = face.dialogues.get(place)
        if dialogue is not None and dialogue.holder != presenter.holder:
            say_no(turn, place)
        if place not in turn.state.face.dialogues:
            _ask(turn, place, presenter)


def _ask(turn: Turn, place: str, presenter: Presenter) -> None:
    wish = turn.knowledge.consents.reservations.get(presenter.holder)
    now_ms = wall_ms(turn.at)
    if wish is None or place not in wish.access_points or now_ms is None:
        return
    is_over = now_ms >= wish.until_ms or wish.purpose != ENTRY_PURPOSE
    said_no = (presenter.holder, wish.until_ms) in turn.state.face.declined
    if is_over or said_no or hindrance(turn, place) is not None:
        return
    if place in turn.state.face.erasures or place in turn.state.face.armed:
        return
    notice = _notice_of(turn, place, wish)
    if notice is None:
        turn.indicate(place, Signal.DONE, ReasonCode.NOTICE_CHANGED)
        return
    if wish.guardian_needed and not wish.guardian_ok:
        turn.indicate(place, Signal.DONE, ReasonCode.GUARDIAN_MISSING)
        return
    until_ms = turn.at.mono_ms + ANSWER_MS
    dialogue = Dialogue(presenter.holder, presenter.credential, Stage.ASKED, until_ms)
    _keep(turn, place, dialogue)
    turn.effects.append(TellFace(ShowNotice(place, notice.zh, notice.en)))


def _notice_of(turn: Turn, place: str, wish: ReservationRecord) -> NoticeRecord | None:
    """Return the notice if it is the very one that was reserved with and is in force here."""
    settings = turn.knowledge.face.get(place)
    notice = turn.knowledge.consents.notices.get(wish.notice_version)
    in_force = settings is not None and settings.notice_version == wish.notice_version
    return notice if in_force and notice is not None and notice.hash == wish.notice_hash else None


def answer(turn: Turn, place: str) -> None:
    """Take a short press during a talk: the yes, or the press with which an enrolment goes on."""
    dialogue = turn.state.face.dialogues[place]
    if dialogue.stage is Stage.ENROLLING:
        return
    wish = turn.knowledge.consents.reservations.get(dialogue.holder)
    if wish is None or hindrance(turn, place) is not None:
        say_no(turn, place)
        return
    if dialogue.stage is Stage.ASKED:
        _consent(turn, place, dialogue, wish)
    deadline_ms = turn.at.mono_ms + ENROL_MS
    _keep(turn, place, replace(dialogue, stage=Stage.ENROLLING, until_mono_ms=deadline_ms + 2_000))
    turn.indicate(place, Signal.LOOK, ReasonCode.FACE_ARMED)
    turn.effects.append(TellFace(EnrolFace(place, dialogue.holder, deadline_ms)))


def _consent(turn: Turn, place: str, dialogue: Dialogue, wish: ReservationRecord) -> None:
    """Record the consent; with it a withdrawal at this gate before it has no effect any more."""
    holder, memory = dialogue.holder, turn.memory
    if memory.face_withdrawn.get(holder) is not None:
        memory = replace(memory, face_withdrawn=memory.face_withdrawn.drop(holder))
        turn.learn(memory, forget(MemoryKind.FACE_WITHDRAWN, holder))
    note = f"{wish.notice_version} {wish.notice_hash.hex()[:16]}"
    _record(turn, place, dialogue, ReasonCode.CONSENT_GIVEN, note)


def say_no(turn: Turn, place: str) -> None:
    """End a talk without a yes, or give up an enrolment."""
    dialogue = turn.state.face.dialogues.get(place)
    if dialogue is None:
        return
    end_dialogue(turn, place)
    if dialogue.stage is not Stage.ASKED:
        _record(turn, place, dialogue, ReasonCode.ENROLMENT_FAILED, "stopped")
        turn.indicate(place, Signal.DONE, ReasonCode.ENROLMENT_FAILED)
        return
    wish = turn.knowledge.consents.reservations.get(dialogue.holder)
    if wish is not None:
        face = turn.state.face
        declined = face.declined | {(dialogue.holder, wish.until_ms)}
        turn.change(face=structs.replace(face, declined=declined))
    _record(turn, place, dialogue, ReasonCode.CONSENT_DECLINED, "")
    turn.indicate(place, Signal.DONE, ReasonCode.CONSENT_DECLINED)


def no_answer(turn: Turn) -> None:
    """Take silence for a no."""
    for place, dialogue in sorted(turn.state.face.dialogues.items()):
        if turn.at.mono_ms >= dialogue.until_mono_ms:
            say_no(turn, place)


def wait_for_press(turn: Turn, place: str, holder: bytes) -> None:
    """Ask for another press: the camera has closed before the enrolment was complete."""
    dialogue = turn.state.face.dialogues.get(place)
    if dialogue is None or dialogue.holder != holder:
        return
    until_ms = turn.at.mono_ms + _NEXT_PRESS_MS
    _keep(turn, place, replace(dialogue, stage=Stage.WAITING, until_mono_ms=until_ms))
    turn.indicate(place, Signal.ASKING, ReasonCode.ENROLMENT_WAITS)


def end_dialogue(turn: Turn, place: str) -> None:
    """Forget a talk; an enrolment that had begun is stopped."""
    face = turn.state.face
    dialogue = face.dialogues.get(place)
    turn.change(face=structs.replace(face, dialogues=without_key(face.dialogues, place)))
    if dialogue is not None and dialogue.stage is not Stage.ASKED:
        turn.effects.append(TellFace(StopEnrolment(place), wait_for_disk=False))


def _keep(turn: Turn, place: str, dialogue: Dialogue) -> None:
    face = turn.state.face
    turn.change(face=structs.replace(face, dialogues=with_key(face.dialogues, place, dialogue)))


def _record(turn: Turn, place: str, dialogue: Dialogue, reason: ReasonCode, note: str) -> None:
    turn.record(
        EventKind.CONSENT,
        reason,
        access_point=place,
        method=Method.FACE,
        personal=Personal(dialogue.holder, dialogue.credential, note=note),
    )
