"""Take what comes from elsewhere: other gates' redemptions and moves, carried revocations."""

from dataclasses import replace

from edge.domain.antipassback import moved
from edge.domain.effects import MemoryKind, Signal
from edge.domain.gate_memory import GateMemory, Uses
from edge.domain.gate_turn import Turn, with_key
from edge.domain.inputs import FeedHeard, MoveHeard, RedemptionHeard
from edge.domain.memory_codec import remember_number, remember_positions, remember_uses
from edge.domain.model import AccessAttempt, PassClaim
from edge.domain.standing import wall_ms
from mqtt.contract.errors import ContractError
from mqtt.contract.events import EventKind, Outcome, Personal
from mqtt.contract.ids import id_to_text
from mqtt.contract.reasons import ReasonCode
from mqtt.contract.revocation import CARRIED_PREFIX, open_carried
from mqtt.contract.topics import DocumentName

__all__ = ["feed_heard", "is_carried", "move_heard", "redemption_heard", "take_carried"]

_GATES_LIMIT = 64
"""More gates than this are not in one compound; the bound keeps a hostile broker's names small."""

_USES_LIMIT = 255


def feed_heard(turn: Turn, item: FeedHeard) -> None:
    """Note that a gate's feed is alive."""
    turn.change(memory=_heard(turn, item.gate))


def redemption_heard(turn: Turn, item: RedemptionHeard) -> None:
    """Count a use that another gate redeemed; one number redeemed twice is reported (I03)."""
    memory = _heard(turn, item.gate)
    uses = memory.uses.get(item.pass_id) or Uses()
    turn.change(memory=memory)
    if item.gate == turn.knowledge.gate or len(uses.redeemed) >= _USES_LIMIT:
        return
    entry = (item.gate, item.use, item.at_ms)
    if any(one[:2] == entry[:2] for one in uses.redeemed):
        return
    doubled = any(one[1] == item.use for one in uses.redeemed)
    uses = Uses((*uses.redeemed, entry), uses.until_ms)
    memory = replace(memory, uses=memory.uses.put(item.pass_id, uses))
    turn.learn(memory, remember_uses(item.pass_id, uses))
    if doubled:
        note = f"pass={id_to_text(item.pass_id)} gate={item.gate}"
        turn.record(EventKind.HEALTH, ReasonCode.DOUBLE_SPEND, personal=Personal(note=note))


def move_heard(turn: Turn, item: MoveHeard) -> None:
    """Note where a holder went at another gate, unless something newer is known."""
    memory = _heard(turn, item.gate)
    turn.change(memory=memory)
    known = memory.positions.get(item.holder) or ()
    newest_ms = max((one.at_ms for one in known), default=0)
    own = item.gate == turn.knowledge.gate
    if own or not item.holder or item.at_ms < newest_ms or turn.knowledge.rules.passback == "off":
        return
    positions = moved(known, item.zone_from, item.zone_to, item.at_ms)
    memory = replace(memory, positions=memory.positions.put(item.holder, positions))
    turn.learn(memory, remember_positions(item.holder, positions))


def is_carried(attempt: AccessAttempt) -> bool:
    """Tell whether what was shown is a carried revocation, which opens nothing."""
    return isinstance(attempt.claim, PassClaim) and attempt.claim.text.startswith(CARRIED_PREFIX)


def take_carried(turn: Turn, attempt: AccessAttempt) -> None:
    """End the credentials that a guard's code names; showing it twice changes nothing."""
    knowledge = turn.knowledge
    assert isinstance(attempt.claim, PassClaim)
    try:
        carried = open_carried(
            attempt.claim.text, knowledge.site, knowledge.gate, knowledge.keys, wall_ms(turn.at)
        )
    except ContractError as error:
        _carried_told(turn, attempt, error.code, done=False)
        return
    if carried.counts_beside(knowledge.versions.get(DocumentName.REVOCATIONS, 0)):
        for id_, until_s in carried.entries:
            until_ms = until_s * 1_000 + 999
            memory = replace(turn.memory, revoked=turn.memory.revoked.put(id_, until_ms))
            turn.learn(memory, remember_number(MemoryKind.REVOKED, id_, until_ms, until_ms))
    _carried_told(turn, attempt, ReasonCode.REVOKED, done=True)


def _carried_told(turn: Turn, attempt: AccessAttempt, reason: ReasonCode, *, done: bool) -> None:
    turn.record(
        EventKind.DOCUMENT,
        reason,
        outcome=Outcome.GRANTED if done else Outcome.DENIED,
        access_point=attempt.access_point,
        method=attempt.method,
    )
    signal = Signal.QUIET if done else Signal.DENIED
    turn.indicate(attempt.access_point, signal, reason)


def _heard(turn: Turn, gate: str) -> GateMemory:
    feeds = turn.memory.feeds
    if gate not in feeds and len(feeds) >= _GATES_LIMIT:
        return turn.memory
    return replace(turn.memory, feeds=with_key(feeds, gate, turn.at.mono_ms))
