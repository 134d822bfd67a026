"""Take what the face worker reports: its state, what is stored, enrolled, erased, counted."""

from msgspec import structs

from edge.domain.effects import MemoryKind, Signal
from edge.domain.face_consent import end_dialogue, wait_for_press
from edge.domain.face_inputs import (
    FaceCalibrated,
    FaceCounted,
    FaceCounts,
    FaceEnrolEnded,
    FaceEnrolled,
    FaceEnrolWaits,
    FaceErased,
    FaceHinted,
    FaceStored,
    FaceWorker,
)
from edge.domain.face_leases import ENDED, ask_stored, forget_told, revoke
from edge.domain.face_state import Dialogue, Stage, Worker
from edge.domain.gate_turn import Turn, with_key, without_key
from edge.domain.memory_codec import remember_number
from mqtt.contract.events import EventKind, Method, Personal
from mqtt.contract.reasons import ReasonCode

__all__ = ["FaceReport", "reported", "summed"]

FaceReport = (
    FaceWorker
    | FaceHinted
    | FaceEnrolWaits
    | FaceEnrolled
    | FaceEnrolEnded
    | FaceErased
    | FaceStored
    | FaceCounted
    | FaceCalibrated
)
_RECEIPT_KEPT_MS = 400 * 86_400_000


def reported(turn: Turn, item: FaceReport) -> None:
    """Take one report. What nobody asked for changes nothing, or is undone."""
    match item:
        case FaceWorker():
            _worker(turn, item)
        case FaceHinted():
            face = turn.state.face
            if item.access_point in face.armed or item.access_point in face.dialogues:
                turn.indicate(item.access_point, Signal.LOOK, item.reason)
        case FaceEnrolWaits():
            wait_for_press(turn, item.access_point, item.holder)
        case FaceEnrolled():
            _enrolled(turn, item)
        case FaceEnrolEnded():
            _enrol_ended(turn, item)
        case FaceErased():
            _erased(turn, item)
        case FaceStored():
            face = turn.state.face
            stored = face.stored | frozenset(item.holders)
            turn.change(face=structs.replace(face, stored=stored))
        case FaceCounted():
            face = turn.state.face
            counts = with_key(face.counts, item.cause, item.counts)
            turn.change(face=structs.replace(face, counts=counts))
        case FaceCalibrated():
            turn.record(
                EventKind.FACE,
                ReasonCode.FACE_CALIBRATED,
                method=Method.FACE,
                personal=Personal(note=item.note),
            )


def _worker(turn: Turn, item: FaceWorker) -> None:
    face = turn.state.face
    if item.is_new or not item.is_here:
        # Counters of a worker begin anew with it; the gate's go on.
        total = {cause: summed(face.counted.get(cause), now) for cause, now in face.counts.items()}
        face = structs.replace(forget_told(face), counted={**face.counted, **total}, counts={})
        face = structs.replace(face, armed={}, erasures={})
    said = Worker(
        item.is_here,
        item.is_ready,
        item.reason,
        item.adapter_kind,
        item.has_pad,
        item.has_valve,
    )
    turn.change(face=structs.replace(face, worker=said))
    for place in sorted(face.dialogues) if item.is_new or not item.is_here else ():
        end_dialogue(turn, place)
    if item.is_new:
        ask_stored(turn)


def summed(before: FaceCounts | None, now: FaceCounts) -> FaceCounts:
    """Return the sum of two counts."""
    old = before or FaceCounts()
    return FaceCounts(
        old.armed + now.armed,
        old.frames + now.frames,
        old.detections + now.detections,
        old.pad_votes + now.pad_votes,
        old.embeddings + now.embeddings,
        old.unknown + now.unknown,
    )


def _talk(turn: Turn, place: str, holder: bytes) -> Dialogue | None:
    """Return the talk that led to an enrolment, if there is one that did."""
    dialogue = turn.state.face.dialogues.get(place)
    began = dialogue is not None and dialogue.stage is not Stage.ASKED
    return dialogue if began and dialogue is not None and dialogue.holder == holder else None


def _enrolled(turn: Turn, item: FaceEnrolled) -> None:
    face = turn.state.face
    turn.change(face=structs.replace(face, stored=face.stored | {item.holder}, judged=()))
    dialogue = _talk(turn, item.access_point, item.holder)
    if dialogue is None:
        revoke(turn, item.holder, ENDED)
        return
    face = turn.state.face
    dialogues = without_key(face.dialogues, item.access_point)
    turn.change(face=structs.replace(face, dialogues=dialogues))
    turn.record(
        EventKind.CONSENT,
        ReasonCode.ENROLLED,
        access_point=item.access_point,
        method=Method.FACE,
        personal=Personal(
            item.holder, dialogue.credential, note=f"{item.references} {item.digest[:32]}"
        ),
    )
    turn.indicate(item.access_point, Signal.DONE, ReasonCode.ENROLLED)


def _enrol_ended(turn: Turn, item: FaceEnrolEnded) -> None:
    dialogue = _talk(turn, item.access_point, item.holder)
    if dialogue is None:
        return
    face = turn.state.face
    dialogues = without_key(face.dialogues, item.access_point)
    turn.change(face=structs.replace(face, dialogues=dialogues))
    turn.record(
        EventKind.CONSENT,
        ReasonCode.ENROLMENT_FAILED,
        access_point=item.access_point,
        method=Method.FACE,
        personal=Personal(item.holder, dialogue.credential, note=item.word),
    )
    turn.indicate(item.access_point, Signal.DONE, ReasonCode.ENROLMENT_FAILED)


def _erased(turn: Turn, item: FaceErased) -> None:
    """Sign the receipt into the log: for the controller's request, or for what was done here."""
    face, holder = turn.state.face, item.holder
    note = face.erasing.get(holder, ENDED)
    request = turn.knowledge.consents.erasures.get(holder)
    is_due = request is not None and request.id not in face.receipts
    if request is not None and is_due:
        note = request.id.hex()
        until_ms = turn.at.utc_ms + _RECEIPT_KEPT_MS
        turn.effects.append(
            remember_number(MemoryKind.FACE_RECEIPT, request.id, turn.at.utc_ms, until_ms)
        )
        face = structs.replace(face, receipts=face.receipts | {request.id})
    asked_here = any(erasing.holder == holder for erasing in face.erasures.values())
    turn.change(
        face=structs.replace(
            face,
            stored=face.stored - {holder},
            told=without_key(face.told, holder),
            erasing=without_key(face.erasing, holder),
        )
    )
    if is_due or asked_here or item.references:
        turn.record(
            EventKind.ERASURE,
            ReasonCode.FACE_ERASED,
            method=Method.FACE,
            personal=Personal(holder, note=note),
        )
    _show_receipt(turn, holder)


def _show_receipt(turn: Turn, holder: bytes) -> None:
    for place, erasing in sorted(turn.state.face.erasures.items()):
        if erasing.holder == holder:
            face = turn.state.face
            erasures = without_key(face.erasures, place)
            turn.change(face=structs.replace(face, erasures=erasures))
            turn.indicate(place, Signal.DONE, ReasonCode.FACE_ERASED)
