"""Serve the guard at the panel (DESIGN §7, acceptance K01, K03).

1. A guard signs on with fob and PIN, for a shift of at most 12 h; what is done then is theirs.
2. A single release opens at once; its reason is due within 5 min and is escalated when overdue.
3. A hold-open needs a reason and a second person beforehand. An emergency hold needs nobody, lasts
   10 min, and is countersigned by a second person later.
4. A lockdown ends by itself, and one person may end it.
Nothing here needs the network.
"""

from dataclasses import replace

from edge.domain import gate_acts, gate_shadow
from edge.domain.authenticate import Authenticated
from edge.domain.effects import Signal
from edge.domain.gate_attempt import decide, wrong_pin
from edge.domain.gate_memory import Shift
from edge.domain.gate_state import Tap
from edge.domain.gate_turn import Turn
from edge.domain.inputs import StaffActed
from edge.domain.model import AccessAttempt, Bearer, CardClaim, GuardClaim, Refusal, StaffAction
from edge.domain.staff import check_staff, staff_in_force
from mqtt.contract.events import EventKind, Method, Outcome, Personal
from mqtt.contract.reasons import ReasonCode

__all__ = ["DOUBLE_TAP_MS", "SHIFT_MS", "fob_granted", "take_staff"]

SHIFT_MS = 12 * 3_600_000
DOUBLE_TAP_MS = 2_000
DOUBLE_TAP_REASON_MS = 60_000

_DONE = {
    StaffAction.HOLD_OPEN: ReasonCode.HOLD_OPEN,
    StaffAction.EMERGENCY_HOLD: ReasonCode.EMERGENCY_HOLD,
    StaffAction.END_HOLD: ReasonCode.FREE_ENDED,
    StaffAction.LOCKDOWN: ReasonCode.LOCKDOWN,
    StaffAction.END_LOCKDOWN: ReasonCode.LOCKDOWN_ENDED,
    StaffAction.CLEAR_TAMPER: ReasonCode.TAMPER_CLEARED,
    StaffAction.RESET_FIRE: ReasonCode.FIRE_ENDED,
}


def take_staff(turn: Turn, item: StaffActed) -> None:
    """Do what somebody asked for at the panel, or say why not."""
    if item.action is StaffAction.SIGN_ON:
        _sign_on(turn, item)
        return
    actor = _on_duty(turn)
    if actor is None:
        _told(turn, item, ReasonCode.ROLE_NOT_ALLOWED, b"", done=False)
        return
    if gate_shadow.is_shadow(turn) and item.action in gate_shadow.PANEL_MOVES:
        _told(turn, item, ReasonCode.SHADOW_MODE, actor, done=False)
        return
    match item.action:
        case StaffAction.SIGN_OFF:
            turn.change(memory=replace(turn.memory, shift=None))
            _told(turn, item, ReasonCode.SIGNED_OFF, actor, done=True)
        case StaffAction.RELEASE:
            _release(turn, item, actor)
        case StaffAction.GIVE_REASON:
            _give_reason(turn, item, actor)
        case _:
            _act(turn, item, actor)


def fob_granted(turn: Turn, attempt: AccessAttempt) -> None:
    """Hold the door in an emergency when the guard on duty taps twice, if the site allows (C02)."""
    claim, shift = attempt.claim, turn.memory.shift
    if not (turn.knowledge.settings.double_tap_hold and isinstance(claim, CardClaim) and shift):
        return
    staff = turn.knowledge.staff_cards.get((claim.card.value, claim.card.length))
    if staff is None or staff != _on_duty(turn):
        return
    tap, now_ms = turn.state.tap, turn.at.mono_ms
    twice = tap is not None and (tap.access_point, tap.staff) == (attempt.access_point, staff)
    if tap is None or not twice or now_ms - tap.mono_ms > DOUBLE_TAP_MS:
        turn.change(tap=Tap(attempt.access_point, staff, now_ms))
        return
    turn.change(tap=None)
    turn.record(
        EventKind.GUARD,
        ReasonCode.EMERGENCY_HOLD,
        outcome=Outcome.GRANTED,
        access_point=attempt.access_point,
        personal=Personal(actor=staff),
    )
    emergency = ReasonCode.EMERGENCY_HOLD
    gate_acts.hold(turn, attempt.access_point, 0, emergency, durable=False)
    _owe_for_emergency(turn, staff, attempt.access_point, DOUBLE_TAP_REASON_MS)


def _sign_on(turn: Turn, item: StaffActed) -> None:
    found = check_staff(item.card, item.pin, turn.knowledge, turn.memory, turn.at)
    if isinstance(found, Refusal):
        if found.reason is ReasonCode.PIN_WRONG:
            wrong_pin(turn, found.credential, item.access_point)
        _told(turn, item, found.reason, found.credential, done=False)
        return
    turn.change(memory=replace(turn.memory, shift=Shift(found, turn.at.mono_ms)))
    _told(turn, item, ReasonCode.SIGNED_ON, found, done=True)


def _on_duty(turn: Turn) -> bytes | None:
    shift = turn.memory.shift
    if shift is None or turn.at.mono_ms - shift.since_mono_ms > SHIFT_MS:
        return None
    return shift.staff if staff_in_force(shift.staff, turn.knowledge, turn.at) else None


def _release(turn: Turn, item: StaffActed, actor: bytes) -> None:
    attempt = AccessAttempt(
        item.access_point, Method.GUARD, GuardClaim(actor), turn.at.mono_ms, item.adapter_kind
    )
    bearer = Bearer(b"", b"", released=True, actor=actor)
    decision = decide(turn, attempt, Authenticated(bearer, note=item.reason))
    if decision.outcome is Outcome.GRANTED and not item.reason.strip():
        gate_acts.add_due(turn, actor, item.access_point, gate_acts.REASON_DUE_MS)


def _give_reason(turn: Turn, item: StaffActed, actor: bytes) -> None:
    """Take the reason for the oldest act that lacks one, or a second person's countersignature."""
    if item.card is not None:
        _countersign(turn, item)
        return
    if not item.reason.strip():
        _told(turn, item, ReasonCode.REASON_REQUIRED, actor, done=False)
        return
    owed = [due for due in turn.state.dues if not due.countersign]
    if owed:
        gate_acts.drop_due(turn, owed[0])
    _told(turn, item, ReasonCode.REASON_GIVEN, actor, done=True)


def _countersign(turn: Turn, item: StaffActed) -> None:
    second = _second_person(turn, item)
    owed = [due for due in turn.state.dues if due.countersign and due.actor != second]
    if isinstance(second, Refusal):
        _told(turn, item, second.reason, second.credential, done=False)
    elif not owed:
        _told(turn, item, ReasonCode.SECOND_PERSON_MISSING, second, done=False)
    else:
        gate_acts.drop_due(turn, owed[0])
        _told(turn, item, ReasonCode.COUNTERSIGNED, second, done=True)


def _second_person(turn: Turn, item: StaffActed) -> bytes | Refusal:
    """Identify who stands beside the guard on duty by fob and PIN."""
    if item.card is None:
        return Refusal(ReasonCode.SECOND_PERSON_MISSING)
    found = check_staff(item.card, item.pin, turn.knowledge, turn.memory, turn.at)
    if isinstance(found, Refusal) and found.reason is ReasonCode.PIN_WRONG:
        wrong_pin(turn, found.credential, item.access_point)
    return found


def _act(turn: Turn, item: StaffActed, actor: bytes) -> None:
    mark = len(turn.effects)
    reason = _do(turn, item, actor)
    after, turn.effects = turn.effects[mark:], turn.effects[:mark]
    shown = _DONE[item.action] if reason is None else reason
    _told(turn, item, shown, actor, done=reason is None)
    turn.effects += after


def _do(turn: Turn, item: StaffActed, actor: bytes) -> ReasonCode | None:
    """Do one act; return why it was not done."""
    match item.action:
        case StaffAction.HOLD_OPEN:
            return _hold_open(turn, item, actor)
        case StaffAction.EMERGENCY_HOLD:
            emergency = ReasonCode.EMERGENCY_HOLD
            reason = gate_acts.hold(turn, item.access_point, 0, emergency, durable=False)
            if reason is None:
                after_ms = 0 if item.reason.strip() else gate_acts.REASON_DUE_MS
                _owe_for_emergency(turn, actor, item.access_point, after_ms)
            return reason
        case StaffAction.END_HOLD:
            return gate_acts.end_hold(turn, item.access_point)
        case StaffAction.LOCKDOWN:
            return gate_acts.lockdown(turn, item.access_point)
        case StaffAction.END_LOCKDOWN:
            return gate_acts.end_lockdown(turn, item.access_point)
        case StaffAction.CLEAR_TAMPER:
            return gate_acts.clear_tamper(turn, item.reason)
        case _:
            return gate_acts.reset_fire(turn)


def _hold_open(turn: Turn, item: StaffActed, actor: bytes) -> ReasonCode | None:
    if not item.reason.strip():
        return ReasonCode.REASON_REQUIRED
    second = _second_person(turn, item)
    if isinstance(second, Refusal):
        return second.reason
    if second == actor:
        return ReasonCode.SECOND_PERSON_MISSING
    return gate_acts.hold(turn, item.access_point, 0, ReasonCode.HOLD_OPEN, durable=False)


def _owe_for_emergency(turn: Turn, actor: bytes, access_point: str, reason_ms: int) -> None:
    if reason_ms:
        gate_acts.add_due(turn, actor, access_point, reason_ms)
    later_ms = gate_acts.COUNTERSIGN_DUE_MS
    gate_acts.add_due(turn, actor, access_point, later_ms, countersign=True)


def _told(turn: Turn, item: StaffActed, reason: ReasonCode, actor: bytes, *, done: bool) -> None:
    """Record an act or its refusal, and show it at the panel."""
    turn.record(
        EventKind.GUARD,
        reason,
        outcome=Outcome.GRANTED if done else Outcome.DENIED,
        access_point=item.access_point,
        personal=Personal(actor=actor, note=item.reason),
    )
    signal = Signal.QUIET if done else Signal.DENIED
    turn.indicate(item.access_point, signal, reason)
