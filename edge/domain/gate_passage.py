"""Follow each grant to its end: entered, not entered, or not to be known (B03, C04).

Only the door sensor can say that somebody went through. Where a portal has none, or its door stood
open already, the outcome is `unknown`, and the grant counts as used.
"""

from dataclasses import replace

from edge.domain.antipassback import moved
from edge.domain.authenticate_pass import Spend, UseSpend
from edge.domain.door_model import NEVER
from edge.domain.effects import TellMove, Unlock
from edge.domain.gate_memory import Uses
from edge.domain.gate_state import Passage
from edge.domain.gate_turn import Turn, with_key
from edge.domain.inputs import RelayMoved
from edge.domain.memory_codec import remember_positions, remember_uses
from edge.domain.model import AccessAttempt, Bearer, Decision
from edge.domain.rules import Place
from mqtt.contract.events import EventKind, Outcome
from mqtt.contract.reasons import ReasonCode

__all__ = ["begin", "door_opened", "give_up_due", "note_move", "relay_moved"]

_GRACE_MS = 1_000
_TURNSTILE_MS = 8_000
"""A turnstile gives one passage in this time (protocol notes §3.5)."""


def begin(
    turn: Turn,
    attempt: AccessAttempt,
    bearer: Bearer,
    decision: Decision,
    *,
    spend: Spend | None = None,
    code: bytes = b"",
) -> Unlock:
    """Note a grant at a configured access point, and return how its lock is to be driven."""
    place = turn.knowledge.rules.places[attempt.access_point]
    settings = turn.knowledge.rules.portal(place.portal)
    window_ms = _TURNSTILE_MS if settings.turnstile else decision.unlock_ms + _GRACE_MS
    passage = Passage(
        place.portal,
        attempt.access_point,
        attempt.method,
        bearer,
        turn.at.mono_ms + window_ms,
        turn.kind,
        (spend.pass_id, spend.use) if isinstance(spend, UseSpend) else None,
        code,
    )
    turn.change(passages=(*turn.state.passages, passage))
    if not place.entry_confirmed:
        note_move(turn, bearer, place)
    return Unlock(
        place.portal,
        decision.unlock_ms,
        decision.durable_first,
        attempt.access_point,
        attempt.presence_mono_ms,
        attempt.method,
    )


def relay_moved(turn: Turn, item: RelayMoved) -> None:
    """Bind a grant to its record; tell the outcome at once where no sensor can tell it later.

    The shell tells of a move when the disk has answered; the door may have opened meanwhile.
    """
    if not item.unlocked or not item.access_point:
        return
    if item.cause_seq >= 0:
        turn.change(causes=with_key(turn.state.causes, item.portal, item.cause_seq))
    here = (item.portal, item.access_point)
    waiting = (
        passage
        for passage in turn.state.passages
        if (passage.portal, passage.access_point) == here
        and (not passage.moved or (passage.cause_seq < 0 <= item.cause_seq))
    )
    passage = next(waiting, None)
    if passage is None:
        return
    bound = replace(passage, moved=True, cause_seq=item.cause_seq)
    if not passage.moved and item.intent_mono_ms >= 0:
        took_ms = max(0, item.at.mono_ms - item.intent_mono_ms)
        bound = replace(bound, intent_to_unlock_ms=took_ms)
    _replace(turn, passage, bound)
    door = turn.door_state(item.portal)
    if not passage.moved and NEVER < item.at.mono_ms <= door.opened_ms:
        _end(turn, bound, Outcome.ENTERED, ReasonCode.OPENED)
    elif not turn.knowledge.rules.portal(item.portal).has_door_sensor or door.is_open is True:
        _end(turn, bound, Outcome.UNKNOWN, ReasonCode.OUTCOME_UNKNOWN)


def door_opened(turn: Turn, portal: str) -> None:
    """Count the open grants of a portal as entered; a turnstile lets one person through."""
    waiting = [
        passage for passage in turn.state.passages if passage.portal == portal and passage.moved
    ]
    if turn.knowledge.rules.portal(portal).turnstile:
        waiting = waiting[:1]
    for passage in waiting:
        _end(turn, passage, Outcome.ENTERED, ReasonCode.OPENED)


def give_up_due(turn: Turn) -> None:
    """Count what nobody went through in time as not entered."""
    for passage in turn.state.passages:
        if passage.until_mono_ms > turn.at.mono_ms:
            continue
        if passage.moved:
            _end(turn, passage, Outcome.NOT_ENTERED, ReasonCode.NOT_OPENED)
        else:  # The lock was never driven: the disk did not take a use, so nothing was used.
            _replace(turn, passage, None)
            _give_back(turn, passage)


def note_move(turn: Turn, bearer: Bearer, place: Place) -> None:
    """Note a holder's new zones and tell the other gates."""
    zones = place.zone_from or place.zone_to
    if turn.knowledge.rules.passback == "off" or not zones or not bearer.holder:
        return
    memory, at_ms = turn.memory, turn.at.utc_ms
    known = memory.positions.get(bearer.holder) or ()
    positions = moved(known, place.zone_from, place.zone_to, at_ms)
    memory = replace(memory, positions=memory.positions.put(bearer.holder, positions))
    turn.learn(memory, remember_positions(bearer.holder, positions))
    turn.effects.append(TellMove(bearer.holder, place.zone_from, place.zone_to))


def _end(turn: Turn, passage: Passage, outcome: Outcome, reason: ReasonCode) -> None:
    kind = turn.kind
    turn.involve(passage.adapter_kind)
    turn.record(
        EventKind.PASSAGE,
        reason,
        outcome=outcome,
        access_point=passage.access_point,
        method=passage.method,
        cause_seq=passage.cause_seq,
        intent_to_unlock_ms=passage.intent_to_unlock_ms,
    )
    turn.kind = kind
    _replace(turn, passage, None)
    place = turn.knowledge.rules.places.get(passage.access_point)
    if place is None or not place.entry_confirmed:
        return
    if outcome is Outcome.NOT_ENTERED:
        _give_back(turn, passage)
    else:
        note_move(turn, passage.bearer, place)


def _replace(turn: Turn, old: Passage, new: Passage | None) -> None:
    at = next(index for index, one in enumerate(turn.state.passages) if one is old)
    middle = () if new is None else (new,)
    passages = turn.state.passages
    turn.change(passages=(*passages[:at], *middle, *passages[at + 1 :]))


def _give_back(turn: Turn, passage: Passage) -> None:
    """Undo the use of a pass that opened nothing."""
    if passage.pass_use is None:
        return
    pass_id, number = passage.pass_use
    memory = turn.memory
    uses = memory.uses.get(pass_id)
    if uses is None:
        return
    left = tuple(one for one in uses.redeemed if (one[0], one[1]) != (turn.knowledge.gate, number))
    uses = Uses(left, uses.until_ms)
    memory = replace(memory, uses=memory.uses.put(pass_id, uses))
    turn.learn(memory, remember_uses(pass_id, uses))
