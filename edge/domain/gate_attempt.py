"""Take an access attempt from the claim to the door (DESIGN §7, order at the door).

Rules of this file:
1. authenticate, authorise, remember and record, then unlock; what is spent is remembered in the
   same transaction, and a use that can be spent once waits for the disk.
2. One presentation is one attempt: a code that stays in front of the camera, or a counted pass that
   is shown again while its own opening is under way, is not judged a second time.
3. A duress PIN opens like any other; the alarm is an event that nothing at the gate shows (I08).
4. A flood of refused codes is counted, not written one by one; valid codes are judged all the same.
"""

import hashlib
from dataclasses import replace

from edge.domain import face_watch, gate_passage
from edge.domain.authenticate import Authenticated, authenticate
from edge.domain.authenticate_pass import PaperSpend, Spend, UseSpend, WindowSpend
from edge.domain.authorise import DoorView, authorise
from edge.domain.door_model import Grant, lock_open
from edge.domain.effects import PREVIOUS_RECORD, MemoryKind, Signal, TellGates
from edge.domain.gate_memory import PAD, Uses, Windows
from edge.domain.gate_state import Reads, Sight
from edge.domain.gate_turn import Turn, with_key
from edge.domain.memory_codec import (
    remember_lock,
    remember_number,
    remember_uses,
    remember_windows,
)
from edge.domain.model import AccessAttempt, Bearer, Decision, PassClaim, Refusal
from edge.domain.pin_lockout import PinLockout
from mqtt.contract.events import EventKind, Method, Outcome, Personal
from mqtt.contract.reasons import ReasonCode

__all__ = [
    "IN_VIEW_MS",
    "code_of",
    "decide",
    "door_view",
    "in_view",
    "noted",
    "take_attempt",
    "within_budget",
    "wrong_pin",
]

IN_VIEW_MS = 1_500
"""A code seen again within this time never left the camera; a reader tells of it once a second."""

_SIGHTS = 32
_READS_MS = 10_000
_READS_LIMIT = 30
_LIST_AGE_TOLD_MS = 60_000


def take_attempt(turn: Turn, attempt: AccessAttempt) -> Bearer | None:
    """Judge an attempt and act on it; return the bearer of a grant."""
    code = code_of(attempt)
    if code and in_view(turn, attempt.access_point, code):
        return None
    found = authenticate(attempt, turn.knowledge, turn.memory, turn.at)
    if isinstance(found, Refusal):
        _refuse(turn, attempt, found)
        return None
    face_watch.note_presenter(turn, attempt, found.bearer)
    decision = decide(turn, attempt, found, code)
    face_watch.note_read(turn, attempt, let_in=decision.outcome is Outcome.GRANTED)
    return found.bearer if decision.outcome is Outcome.GRANTED else None


def decide(turn: Turn, attempt: AccessAttempt, found: Authenticated, code: bytes = b"") -> Decision:
    """Authorise a bearer, record, unlock if granted, and return the decision as recorded."""
    bearer = found.bearer
    view = door_view(turn, bearer, attempt.access_point)
    decision = authorise(bearer, attempt.access_point, turn.at, view, turn.knowledge.rules)
    granted = decision.outcome is Outcome.GRANTED
    if granted and found.spend is not None:
        _spend(turn, found.spend)
    personal = Personal(bearer.holder, bearer.credential, bearer.actor, noted(turn, found.note))
    reason = _shown_reason(attempt, decision)
    decision = replace(decision, reason=reason)
    turn.record(
        EventKind.DECISION,
        reason,
        outcome=decision.outcome,
        access_point=attempt.access_point,
        method=attempt.method,
        personal=personal,
    )
    if not granted:
        turn.indicate(attempt.access_point, Signal.DENIED, reason)
        return decision
    _remark(turn, attempt, bearer, decision)
    unlock = gate_passage.begin(turn, attempt, bearer, decision, spend=found.spend, code=code)
    turn.door(unlock.portal, Grant(decision.unlock_ms), unlock)
    turn.indicate(attempt.access_point, Signal.GRANTED, reason)
    if isinstance(found.spend, UseSpend):
        turn.effects.append(TellGates(found.spend.pass_id, found.spend.use))
    _first_person(turn, bearer, unlock.portal)
    return decision


def door_view(turn: Turn, bearer: Bearer, access_point: str) -> DoorView:
    """Look at a door with the eyes of `authorise`."""
    place = turn.knowledge.rules.places.get(access_point)
    if place is None:
        return DoorView()
    door = turn.door_state(place.portal)
    chamber = turn.knowledge.rules.portal(place.portal).interlock_with
    others = [turn.door_state(name) for name in chamber if name != place.portal]
    return DoorView(
        fire=door.fire,
        tampered=door.tampered,
        lockdown=door.lockdown,
        interlocked=any(other.is_open is True or lock_open(other) for other in others),
        positions=turn.memory.positions.get(bearer.holder) or (),
        all_gates_heard=turn.memory.hears_all(turn.knowledge.gate, turn.at.mono_ms),
    )


def wrong_pin(turn: Turn, key: bytes, access_point: str) -> None:
    """Count a wrong PIN under `key`; the one that reaches the limit raises one alarm (I07)."""
    memory = turn.memory
    lock, alarm = (memory.pin_locks.get(key) or PinLockout()).wrong(turn.at.mono_ms)
    memory = replace(memory, pin_locks=memory.pin_locks.put(key, lock))
    if not alarm:
        turn.change(memory=memory)
        return
    turn.learn(memory, remember_lock(key, lock, turn.at))
    turn.record(
        EventKind.READER, ReasonCode.PIN_LOCKED, access_point=access_point, method=Method.PIN
    )


def code_of(attempt: AccessAttempt) -> bytes:
    """Return a short tag of the text of a code, or nothing for other claims."""
    if not isinstance(attempt.claim, PassClaim):
        return b""
    text = attempt.claim.text.encode("utf-8", "surrogatepass")
    return hashlib.sha256(text).digest()[:8]


def in_view(turn: Turn, access_point: str, code: bytes) -> bool:
    """Note that a code is seen, and tell whether this is still the same presentation."""
    now_ms, here = turn.at.mono_ms, (access_point, code)
    recent = [one for one in turn.state.sights if now_ms - one.last_mono_ms < IN_VIEW_MS]
    others = [one for one in recent if (one.access_point, one.code) != here]
    seen = len(others) < len(recent)
    turn.change(sights=(*others[-(_SIGHTS - 1) :], Sight(access_point, code, now_ms)))
    opening = any(
        (one.access_point, one.code) == here and one.pass_use is not None
        for one in turn.state.passages
    )
    return seen or opening


def _refuse(turn: Turn, attempt: AccessAttempt, refusal: Refusal) -> None:
    reason, access_point = refusal.reason, attempt.access_point
    if reason is ReasonCode.PIN_WRONG:
        wrong_pin(turn, refusal.credential or PAD, access_point)
    asks_pin = reason is ReasonCode.PIN_REQUIRED
    turn.indicate(access_point, Signal.PIN_PLEASE if asks_pin else Signal.DENIED, reason)
    registered = bool(refusal.holder or refusal.credential)
    if not registered and not within_budget(turn, attempt):
        return
    turn.record(
        EventKind.DECISION,
        reason,
        outcome=Outcome.DENIED,
        access_point=access_point,
        method=attempt.method,
        personal=Personal(refusal.holder, refusal.credential, b"", noted(turn, refusal.note)),
    )


def within_budget(turn: Turn, attempt: AccessAttempt) -> bool:
    """Tell whether one more refusal of something unknown is written; say once that no more are.

    Each way in at each access point has its own budget, so none can hide what happens to another.
    """
    now_ms, access_point = turn.at.mono_ms, attempt.access_point
    key = (access_point, attempt.method)
    reads = turn.state.reads.get(key)
    if reads is None or now_ms - reads.since_mono_ms >= _READS_MS:
        reads = Reads(now_ms, 0)
    reads = Reads(reads.since_mono_ms, reads.count + 1)
    if access_point in turn.knowledge.rules.places:
        turn.change(reads=with_key(turn.state.reads, key, reads))
    if reads.count == _READS_LIMIT + 1:
        turn.record(
            EventKind.READER,
            ReasonCode.RATE_LIMITED,
            access_point=access_point,
            method=attempt.method,
        )
    return reads.count <= _READS_LIMIT


def noted(turn: Turn, note: str) -> str:
    """Add the age of the lists where they are not fresh (B06); ages are in seconds."""
    age_ms = turn.knowledge.list_age_ms(turn.at.utc_ms)
    aged = f"list_age={age_ms // 1_000}" if age_ms >= _LIST_AGE_TOLD_MS else ""
    return " ".join(part for part in (note, aged) if part)


def _shown_reason(attempt: AccessAttempt, decision: Decision) -> ReasonCode:
    released = decision.reason is ReasonCode.GUARD_RELEASE
    remote = released and attempt.method is Method.REMOTE
    return ReasonCode.REMOTE_OPEN if remote else decision.reason


def _remark(turn: Turn, attempt: AccessAttempt, bearer: Bearer, decision: Decision) -> None:
    """Record what stands beside a grant: a passback misfit, a duress alarm."""
    personal = Personal(bearer.holder, bearer.credential)
    for reason, kind in (
        (decision.remark, EventKind.DOOR),
        (ReasonCode.DURESS if bearer.duress else None, EventKind.GUARD),
    ):
        if reason is not None:
            turn.record(
                kind,
                reason,
                access_point=attempt.access_point,
                cause_seq=PREVIOUS_RECORD if reason is decision.remark else -1,
                personal=personal,
            )


def _spend(turn: Turn, spend: Spend) -> None:
    memory, now_ms = turn.memory, turn.at.utc_ms
    match spend:
        case WindowSpend(credential, use):
            windows = (memory.windows.get(credential) or Windows()).with_use(use, now_ms)
            memory = replace(memory, windows=memory.windows.put(credential, windows))
            turn.learn(memory, remember_windows(credential, windows))
        case PaperSpend(credential, start_s):
            memory = replace(memory, papers=memory.papers.put(credential, start_s))
            turn.learn(memory, remember_number(MemoryKind.PAPER, credential, start_s))
        case UseSpend(pass_id, number, until_ms):
            known = memory.uses.get(pass_id) or Uses()
            entry = (turn.knowledge.gate, number, now_ms)
            uses = Uses((*known.redeemed, entry), until_ms)
            memory = replace(memory, uses=memory.uses.put(pass_id, uses))
            turn.learn(memory, remember_uses(pass_id, uses))


def _first_person(turn: Turn, bearer: Bearer, portal: str) -> None:
    """Let the first resident of the day start a free period that waits for somebody (D09)."""
    state = turn.state
    waits = turn.knowledge.rules.portal(portal).free_needs_first_person
    if not waits or bearer.visitor or bearer.released or portal not in state.scheduled:
        return
    if portal in state.first_person:
        return
    turn.change(first_person=with_key(state.first_person, portal, turn.at.utc_ms))
    turn.effects.append(
        remember_number(
            MemoryKind.FIRST_PERSON, portal.encode(), turn.at.utc_ms, turn.at.utc_ms + 86_400_000
        )
    )
