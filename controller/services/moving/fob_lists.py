"""Take over an old system's list of fobs as its preview showed it, and undo that.

An unclaimed fob belongs to a holder of its own who is no person and lives nowhere, so that it opens
like any other and shows in nobody's record; whoever claims it gets the credential itself.
"""

import hashlib
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, func, insert, select

from controller.domain.credentials import Carrier, EndReason
from controller.domain.fobs.forms import FobReading
from controller.domain.moment import DAY_MS, Moment
from controller.domain.people import HolderKind, right_until
from controller.domain.refusal import Refusal
from controller.domain.roles import Act, Actor
from controller.services.access import level_access_points
from controller.services.acts import need_act, need_reason, record_act
from controller.services.holders import residences_among
from controller.services.moving.fob_plan import FobPlan, Origin, preview_fobs
from controller.services.register import LIFE_MS, end_row
from controller.services.site import new_pseudonym
from controller.storage.models import (
    CredentialRow,
    FobListCardRow,
    FobListRow,
    GateRow,
    HolderRow,
    PassageRow,
)
from controller.storage.unit_of_work import UnitOfWork
from mqtt.contract.reasons import ReasonCode

__all__ = ["MOST_OPEN_MS", "UNCLAIMED_NAME", "FobOrder", "FobsTaken", "apply_fobs", "undo_fobs"]

MOST_OPEN_MS = 366 * DAY_MS
"""Longest time that unclaimed fobs may open (our number)."""
UNCLAIMED_NAME = "(未认领)"
"""The name of a holder that is no person."""
_BATCH = 1_000


@dataclass(frozen=True, slots=True)
class FobOrder:
    """A confirmed list. Unclaimed fobs open until `open_until_ms` (UTC ms)."""

    raw: bytes
    reading: FobReading
    levels: tuple[str, ...]
    open_until_ms: int
    token: str

    def __repr__(self) -> str:
        return f"FobOrder({len(self.raw)} bytes)"


@dataclass(frozen=True, slots=True)
class FobsTaken:
    """What was taken over; `list_id` undoes it."""

    list_id: bytes
    fobs: int
    unclaimed: int


def apply_fobs(uow: UnitOfWork, actor: Actor, order: FobOrder, moment: Moment) -> FobsTaken:
    """Take the list over, whole or not at all. The caller commits and publishes.

    Raises RefusedError: `role_not_allowed`; `config_invalid` with the row of the first fault, or
    for a date that is past or too far; `conflict` if list or register are no longer what was shown;
    `capacity` with the gate that would be too full (B04).
    """
    need_act(actor, Act.EDIT_HOLDERS)
    seen = preview_fobs(uow, order.raw, order.reading, order.levels, moment)
    if seen.faults:
        fault = seen.faults[0]
        detail = f"row {fault.row} {fault.column}: {fault.kind.value}"
        raise Refusal(ReasonCode.CONFIG_INVALID, "IM-01", detail=detail).as_error()
    if seen.token != order.token:
        raise Refusal(ReasonCode.CONFLICT, "IM-02").as_error()
    if not moment.utc_ms < order.open_until_ms <= moment.utc_ms + MOST_OPEN_MS:
        raise Refusal(ReasonCode.CONFIG_INVALID, "IM-03", detail="open_until").as_error()
    _check_capacity(uow, order.levels, len(seen.plans), moment)
    row = FobListRow(
        id=new_pseudonym(),
        digest=hashlib.sha256(order.raw).digest(),
        reading=order.reading.word,
        levels=order.levels,
        fobs=len(seen.plans),
        open_until_ms=order.open_until_ms,
        made_at_ms=moment.utc_ms,
        made_by=actor.id,
    )
    uow.session.add(row)
    uow.session.flush()
    _insert(uow, row, seen.plans, moment)
    record_act(uow, moment, actor, Act.EDIT_HOLDERS, row.id, reason="fob list taken over")
    unclaimed = len(seen.plans) - seen.count(Origin.PERSON)
    return FobsTaken(row.id, len(seen.plans), unclaimed)


def undo_fobs(uow: UnitOfWork, actor: Actor, list_id: bytes, reason: str, moment: Moment) -> int:
    """Take a list back; return how many fobs stopped opening. Fobs that were claimed stay.

    A fob that nobody used leaves no trace; one that was used ends. Raises RefusedError:
    `role_not_allowed`, `reason_required`, `not_found`, `conflict` for a list already undone.
    """
    need_act(actor, Act.EDIT_HOLDERS)
    need_reason(reason)
    row = uow.need(FobListRow, list_id)
    if row.undone_at_ms is not None:
        raise Refusal(ReasonCode.CONFLICT, "IM-04", detail="undone").as_error()
    unclaimed = FobListCardRow.claimed_at_ms.is_(None)
    cards = uow.session.scalars(
        select(FobListCardRow).where(FobListCardRow.list_id == list_id, unclaimed)
    ).all()
    used = _used(uow, [card for card in cards if card.origin != Origin.PERSON.value])
    for card in cards:
        if card.origin == Origin.PERSON.value or card.holder_id in used:
            credential = uow.need(CredentialRow, card.credential_id)
            end_row(uow, credential, EndReason.RETURNED, actor, moment)
    _forget(uow, [card for card in cards if _leaves_no_trace(card, used)])
    row.undone_at_ms, row.undone_by = moment.utc_ms, actor.id
    record_act(uow, moment, actor, Act.EDIT_HOLDERS, list_id, reason=reason)
    uow.session.flush()
    return len(cards)


def _leaves_no_trace(card: FobListCardRow, used: frozenset[bytes]) -> bool:
    return card.origin != Origin.PERSON.value and card.holder_id not in used


def _insert(uow: UnitOfWork, row: FobListRow, plans: tuple[FobPlan, ...], moment: Moment) -> None:
    holders, credentials, cards = [], [], []
    lasts = _lasts(uow, plans, moment)
    for plan in plans:
        holder = plan.holder or new_pseudonym()
        if plan.holder is None:
            holders.append(_nobody(holder, moment))
        until_ms = lasts.get(holder, row.open_until_ms)
        credential = _credential(plan, holder, row.levels, until_ms, moment)
        credentials.append(credential)
        cards.append(
            {
                "credential_id": credential["id"],
                "list_id": row.id,
                "holder_id": holder,
                "origin": plan.origin.value,
                "dwelling": plan.dwelling,
            }
        )
    for model, values in (
        (HolderRow, holders),
        (CredentialRow, credentials),
        (FobListCardRow, cards),
    ):
        for start in range(0, len(values), _BATCH):
            uow.session.execute(insert(model), values[start : start + _BATCH])


def _lasts(uow: UnitOfWork, plans: tuple[FobPlan, ...], moment: Moment) -> dict[bytes, int]:
    """Return until when the fobs of known residents last: as long as their right to live here."""
    people = frozenset(plan.holder for plan in plans if plan.holder is not None)
    longest, lasts = moment.utc_ms + LIFE_MS, {}
    for holder, residences in residences_among(uow, people).items():
        right_ms = right_until(residences, moment.utc_ms)
        lasts[holder] = longest if right_ms is None else min(longest, right_ms)
    return lasts


def _nobody(holder: bytes, moment: Moment) -> dict[str, Any]:
    return {
        "id": holder,
        "kind": HolderKind.VISITOR.value,
        "name": UNCLAIMED_NAME,
        "created_at_ms": moment.utc_ms,
    }


def _credential(
    plan: FobPlan, holder: bytes, levels: tuple[str, ...], until_ms: int, moment: Moment
) -> dict[str, Any]:
    return {
        "id": new_pseudonym(),
        "holder_id": holder,
        "carrier": Carrier.FOB.value,
        "levels": levels,
        "valid_from_ms": moment.utc_ms,
        "valid_until_ms": until_ms,
        "card_value": plan.card.stored,
        "card_length": plan.card.length,
        "created_at_ms": moment.utc_ms,
    }


def _check_capacity(uow: UnitOfWork, levels: tuple[str, ...], more: int, moment: Moment) -> None:
    gates = set(level_access_points(uow, levels).values())
    held: dict[str, int] = dict.fromkeys(gates, 0)
    found = (
        select(CredentialRow.levels, func.count())
        .where(CredentialRow.ended_at_ms.is_(None), CredentialRow.valid_until_ms > moment.utc_ms)
        .group_by(CredentialRow.levels)
    )
    for each, count in uow.session.execute(found):
        for gate in set(level_access_points(uow, each).values()) & gates:
            held[gate] += count
    for gate in sorted(gates):
        most = uow.need(GateRow, gate).credential_capacity
        if held[gate] + more > most:
            raise Refusal(ReasonCode.CAPACITY, "B04", detail=f"{gate}: {most}").as_error()


def _used(uow: UnitOfWork, cards: list[FobListCardRow]) -> frozenset[bytes]:
    """Return the holders of unclaimed fobs that opened something."""
    wanted = {card.holder_id for card in cards}
    if not wanted:
        return frozenset()
    return frozenset(wanted & set(uow.session.scalars(select(PassageRow.holder_id).distinct())))


def _forget(uow: UnitOfWork, cards: list[FobListCardRow]) -> None:
    for start in range(0, len(cards), _BATCH // 2):
        part = cards[start : start + _BATCH // 2]
        credentials = [card.credential_id for card in part]
        holders = [card.holder_id for card in part]
        for condition in (
            delete(FobListCardRow).where(FobListCardRow.credential_id.in_(credentials)),
            delete(CredentialRow).where(CredentialRow.id.in_(credentials)),
            delete(HolderRow).where(HolderRow.id.in_(holders)),
        ):
            uow.session.execute(condition.execution_options(synchronize_session=False))
