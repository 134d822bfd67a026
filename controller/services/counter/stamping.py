"""Give a new fob to a resident by the resident's own tap at a reader; nobody types a number.

What is tapped is an unknown fob to the gate, whose record names its bits. Exactly one unknown fob
must have been tapped at that reader within the last two minutes; two are ambiguous.
"""

from dataclasses import dataclass

from sqlalchemy import select

from controller.domain.cards import Card
from controller.domain.moment import MINUTE_MS, Moment
from controller.domain.refusal import Refusal
from controller.domain.roles import Act, Actor
from controller.services.acts import need_act
from controller.services.credentials import FobDraft, enrol_fob
from controller.storage.models import EventRow
from controller.storage.unit_of_work import UnitOfWork
from mqtt.contract import codec
from mqtt.contract.errors import ContractError
from mqtt.contract.events import EventKind, Method, Personal
from mqtt.contract.reasons import ReasonCode

__all__ = ["WITHIN_MS", "Tapped", "stamp", "tapped_at"]

WITHIN_MS = 2 * MINUTE_MS
_RULE = "CR-06"


@dataclass(frozen=True, slots=True)
class Tapped:
    """The unknown fobs that were tapped at a reader since then; `last4` tells them apart."""

    cards: tuple[Card, ...]

    @property
    def last4(self) -> tuple[str, ...]:
        """Return the last four digits of each."""
        return tuple(f"{card.value % 10_000:04}" for card in self.cards)


def tapped_at(uow: UnitOfWork, access_point: str, since_ms: int, moment: Moment) -> Tapped:
    """Return the unknown fobs tapped at a reader since `since_ms`, at most two minutes ago."""
    from_ms = max(since_ms, moment.utc_ms - WITHIN_MS)
    found = uow.session.scalars(
        select(EventRow.personal).where(
            EventRow.access_point == access_point,
            EventRow.kind == EventKind.DECISION.value,
            EventRow.method == Method.FOB.value,
            EventRow.reason == ReasonCode.UNKNOWN_CREDENTIAL.value,
            EventRow.at_s >= from_ms // 1000,
            EventRow.personal.is_not(None),
        )
    )
    cards = {card for raw in found if (card := _card(raw or b"")) is not None}
    return Tapped(tuple(sorted(cards, key=lambda card: (card.length, card.value))))


def stamp(
    uow: UnitOfWork,
    actor: Actor,
    holder: bytes,
    access_point: str,
    *,
    since_ms: int,
    levels: tuple[str, ...],
    moment: Moment,
) -> bytes:
    """Give the one fob that was tapped there to a resident; return its credential id.

    Raises RefusedError: `role_not_allowed`, `not_found` where nothing was tapped, `ambiguous` where
    several were, and what `enrol_fob` raises.
    """
    need_act(actor, Act.ISSUE_CREDENTIAL)
    cards = tapped_at(uow, access_point, since_ms, moment).cards
    if not cards:
        raise Refusal(ReasonCode.NOT_FOUND, _RULE, detail="fob").as_error()
    if len(cards) > 1:
        raise Refusal(ReasonCode.CONFLICT, _RULE, detail="several fobs").as_error()
    draft = FobDraft(holder, cards[0].value, levels, cards[0].length)
    return enrol_fob(uow, actor, draft, moment)


def _card(raw: bytes) -> Card | None:
    """Return the card of a gate's record: `length:hex`, as the reader sent it."""
    try:
        note = codec.decode(raw, Personal).note.partition(" ")[0]
    except ContractError:
        return None
    length, _, value = note.partition(":")
    if not length.isdecimal() or not 0 < len(value) <= 32:
        return None
    try:
        return Card(int(value, 16), int(length))
    except ValueError:
        return None
