"""Judge consent leases and keep the worker in step with them (promise 4).

The document was verified when it was accepted; here it is asked whether a person's face may be
used here and now. The same question is asked for every attempt, so what the worker was told decides
nothing alone. Judging many leases is cut into small parts, so that no other way in waits for it.
"""

from msgspec import structs

from edge.domain.effects import TellFace
from edge.domain.face_orders import AllowFace, ListStoredFaces, RevokeFace
from edge.domain.face_state import FaceState
from edge.domain.facts import FactMap
from edge.domain.gate_memory import GateMemory
from edge.domain.gate_turn import Turn, with_key, without_key
from edge.domain.knowledge import Knowledge
from edge.domain.model import ClockTrust, Moment, Refusal
from edge.domain.standing import Scene, standing_of, wall_ms
from mqtt.contract.events import Direction, Method
from mqtt.contract.lease import LeaseVerdict, judge_lease
from mqtt.contract.reasons import ReasonCode
from mqtt.contract.records import AccessPointRecord
from mqtt.contract.topics import DocumentName

__all__ = ["AT_GATE", "ENDED", "ask_stored", "forget_told", "keep_in_step", "lease_at", "revoke"]

AT_GATE = "at_gate"
"""The note of a receipt for somebody who opted out at this gate."""
ENDED = "ended"
"""The note of a receipt for references under which no consent stands any more."""

_PART = 64
_PART_EVERY_MS = 20
_JUDGE_AGAIN_MS = 60_000


def lease_at(
    holder: bytes, access_point: str, knowledge: Knowledge, memory: GateMemory, at: Moment
) -> LeaseVerdict:
    """Return whether a person's face may be used at an access point now, and until when."""
    consents = knowledge.consents
    if memory.face_withdrawn.get(holder) is not None or holder in consents.erasures:
        return LeaseVerdict(ReasonCode.CONSENT_WITHDRAWN)
    lease = consents.leases.get(holder)
    scene = Scene(access_point, knowledge, memory, at)
    named = None if lease is None else standing_of(lease.credential, scene)
    if isinstance(named, Refusal) and named.reason in {ReasonCode.REVOKED, ReasonCode.EXPIRED}:
        return LeaseVerdict(ReasonCode.LEASE_ENDED)
    held = (
        record
        for id_, record in knowledge.lease_holders.get(holder, ())
        if not scene.is_revoked(id_)
    )
    methods = tuple(sorted(knowledge.fitted.get(access_point, ())))
    return judge_lease(
        lease,
        holder,
        None if isinstance(named, Refusal) else named,
        held,
        AccessPointRecord("", Direction.NONE, methods),
        now_ms=wall_ms(at),
    )


def forget_told(face: FaceState) -> FaceState:
    """Return the state for a worker that has just connected: nobody is allowed, nothing known."""
    return structs.replace(face, told={}, pending=(), judged=(), stored=frozenset(), erasing={})


def revoke(turn: Turn, holder: bytes, note: str) -> None:
    """Have a person's references erased now; `note` goes into the receipt."""
    face = turn.state.face
    turn.change(
        face=structs.replace(
            face,
            told=without_key(face.told, holder),
            erasing=with_key(face.erasing, holder, note),
        )
    )
    turn.effects.append(TellFace(RevokeFace(holder), wait_for_disk=False))


def ask_stored(turn: Turn) -> None:
    """Ask whose references are stored, to hold them against the consents that stand."""
    turn.effects.append(TellFace(ListStoredFaces(), wait_for_disk=False))


def keep_in_step(turn: Turn) -> int | None:
    """Erase what has no consent, allow what has a lease; return when to go on (monotonic ms)."""
    worker = turn.state.face.worker
    if worker is None or not worker.is_here:
        return None
    _erase_asked(turn)
    _erase_without_consent(turn)
    _begin_round(turn)
    face, now_ms = turn.state.face, turn.at.mono_ms
    part, rest = face.pending[:_PART], face.pending[_PART:]
    turn.change(face=structs.replace(face, pending=rest))
    for holder in part:
        _judge(turn, holder)
    return now_ms + _PART_EVERY_MS if rest else face.judged_mono_ms + _JUDGE_AGAIN_MS


def _erase_asked(turn: Turn) -> None:
    """Carry out the controller's requests; one whose receipt is in the log is done."""
    for holder, request in turn.knowledge.consents.erasures.items():
        note = request.id.hex()
        face = turn.state.face
        if request.id not in face.receipts and face.erasing.get(holder) != note:
            revoke(turn, holder, note)


def _erase_without_consent(turn: Turn) -> None:
    """Erase at once whoever left the document or opted out here (rules WD-05, CO-06).

    Without the document nothing is known about consents: nobody is allowed then, and nothing is
    erased either.
    """
    face, memory = turn.state.face, turn.memory
    held = face.stored.union(face.told)
    if not held:
        return
    people = turn.knowledge.consents.people()
    is_known = turn.knowledge.versions.get(DocumentName.LEASES, 0) > 0
    for holder in sorted(held):
        if holder in face.erasing:
            continue
        if memory.face_withdrawn.get(holder) is not None:
            revoke(turn, holder, AT_GATE)
        elif is_known and holder not in people:
            revoke(turn, holder, ENDED)


def _begin_round(turn: Turn) -> None:
    """Judge everybody anew once a minute, and whenever that on which it stands has changed."""
    face, now_ms = turn.state.face, turn.at.mono_ms
    stands_on = _stands_on(turn)
    same = len(face.judged) == len(stands_on) and all(map(_is, face.judged, stands_on))
    if same and now_ms - face.judged_mono_ms < _JUDGE_AGAIN_MS:
        return
    pending = tuple(sorted({*turn.knowledge.consents.leases, *face.told}))
    turn.change(
        face=structs.replace(face, pending=pending, judged=stands_on, judged_mono_ms=now_ms)
    )


def _stands_on(turn: Turn) -> tuple[object, ...]:
    knowledge, memory, state = turn.knowledge, turn.memory, turn.state
    revoked: FactMap[int] = memory.revoked
    return (
        knowledge.consents,
        knowledge.credentials,
        knowledge.revoked,
        knowledge.fitted,
        revoked,
        memory.face_withdrawn,
        turn.at.trust is ClockTrust.UNKNOWN,
        state.on_battery,
        state.face.suspended,
    )


def _is(one: object, other: object) -> bool:
    return one is other


def _judge(turn: Turn, holder: bytes) -> None:
    """Tell the worker until when a person's reference may be used, where that has changed."""
    face = turn.state.face
    until_ms = _until(turn, holder)
    told_ms = face.told.get(holder, 0)
    if until_ms == told_ms:
        return
    told = with_key(face.told, holder, until_ms) if until_ms else without_key(face.told, holder)
    turn.change(face=structs.replace(face, told=told))
    turn.effects.append(TellFace(AllowFace(holder, until_ms), wait_for_disk=False))


def _until(turn: Turn, holder: bytes) -> int:
    """Return the end of a person's lease at the access points that may use it now, or 0."""
    state, knowledge = turn.state, turn.knowledge
    if state.on_battery or holder in state.face.erasing:
        return 0
    verdicts = (
        lease_at(holder, name, knowledge, turn.memory, turn.at)
        for name, fitted in knowledge.fitted.items()
        if Method.FACE in fitted
        and name not in state.face.suspended
        and knowledge.consents.switched_off(name) is None
    )
    return max((found.until_ms for found in verdicts if found.holds), default=0)
