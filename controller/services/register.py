"""Read and write credential rows: the one place where a credential begins or ends.

Beginning checks where its levels lead and that no gate is full (B04); ending writes the revocation
in the same transaction, so that no gate can miss it.
"""

from dataclasses import dataclass

from sqlalchemy import func, select

from controller.domain.credentials import Carrier, Credential, EndReason
from controller.domain.moment import DAY_MS, Moment
from controller.domain.people import HolderKind
from controller.domain.refusal import Refusal
from controller.domain.roles import Actor
from controller.services.access import level_access_points
from controller.services.holders import right_of
from controller.services.site import new_pseudonym
from controller.storage.models import CredentialRow, GateRow, HolderRow, RevocationRow
from controller.storage.unit_of_work import UnitOfWork
from mqtt.contract.reasons import ReasonCode

__all__ = [
    "LIFE_MS",
    "Draft",
    "active_rows",
    "as_credential",
    "begin",
    "end_row",
    "lasts_until",
    "revoke",
]

LIFE_MS = 3650 * DAY_MS
"""Longest life of a fob or PIN of a resident whose right to live here has no end."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A credential about to begin; instants in UTC ms."""

    holder: bytes
    carrier: Carrier
    levels: tuple[str, ...]
    valid_from_ms: int
    valid_until_ms: int
    dwelling: int | None = None
    host: bytes | None = None
    label: str = ""


def begin(uow: UnitOfWork, draft: Draft, moment: Moment) -> CredentialRow:
    """Add a credential and return its row, to which the caller adds card, PIN or uses.

    Raises RefusedError: `not_found` (holder, level), `no_access_level`, `expired`, `capacity`.
    """
    uow.need(HolderRow, draft.holder)
    if not draft.levels:
        raise Refusal(ReasonCode.NO_ACCESS_LEVEL, "AC-01").as_error()
    if draft.valid_until_ms <= max(moment.utc_ms, draft.valid_from_ms):
        raise Refusal(ReasonCode.EXPIRED, "AC-01", detail="valid_until").as_error()
    _check_capacity(uow, set(level_access_points(uow, draft.levels).values()), moment)
    row = CredentialRow(
        id=new_pseudonym(),
        holder_id=draft.holder,
        carrier=draft.carrier.value,
        levels=draft.levels,
        valid_from_ms=draft.valid_from_ms,
        valid_until_ms=draft.valid_until_ms,
        dwelling_id=draft.dwelling,
        host_id=draft.host,
        label=draft.label,
        created_at_ms=moment.utc_ms,
    )
    uow.session.add(row)
    return row


def end_row(
    uow: UnitOfWork, row: CredentialRow, reason: EndReason, actor: Actor, moment: Moment
) -> None:
    """End a credential and put it on the revocation list; an ended one is left as it is."""
    if row.ended_at_ms is not None:
        return
    row.ended_at_ms, row.end_reason, row.ended_by = moment.utc_ms, reason.value, actor.id
    if row.valid_until_ms > moment.utc_ms:
        revoke(uow, row.id, row.valid_until_ms, moment)
    uow.session.flush()


def revoke(uow: UnitOfWork, id_: bytes, until_ms: int, moment: Moment) -> None:
    """Put a credential or a single pass on the revocation list until it would have ended."""
    uow.session.merge(RevocationRow(id=id_, at_ms=moment.utc_ms, until_ms=until_ms))


def active_rows(uow: UnitOfWork, holder: bytes, moment: Moment) -> tuple[CredentialRow, ...]:
    """Return a holder's credentials that have neither ended nor expired."""
    found = select(CredentialRow).where(
        CredentialRow.holder_id == holder,
        CredentialRow.ended_at_ms.is_(None),
        CredentialRow.valid_until_ms > moment.utc_ms,
    )
    return tuple(uow.session.scalars(found.order_by(CredentialRow.created_at_ms)))


def as_credential(row: CredentialRow) -> Credential:
    """Return the domain's view of a row."""
    return Credential(
        row.id,
        row.holder_id,
        Carrier(row.carrier),
        row.valid_from_ms,
        row.valid_until_ms,
        row.ended_at_ms,
        row.dwelling_id,
        row.host_id,
    )


def lasts_until(uow: UnitOfWork, holder: bytes, moment: Moment, life_ms: int = LIFE_MS) -> int:
    """Return the end of a new credential: its life, or a resident's right to live here."""
    if uow.need(HolderRow, holder).kind != HolderKind.RESIDENT.value:
        return moment.utc_ms + life_ms
    right_ms = right_of(uow, holder, moment)
    longest = moment.utc_ms + life_ms
    return longest if right_ms is None else min(longest, right_ms)


def _check_capacity(uow: UnitOfWork, gates: set[str], moment: Moment) -> None:
    held: dict[str, int] = dict.fromkeys(gates, 0)
    found = (
        select(CredentialRow.levels, func.count())
        .where(CredentialRow.ended_at_ms.is_(None), CredentialRow.valid_until_ms > moment.utc_ms)
        .group_by(CredentialRow.levels)
    )
    for levels, count in uow.session.execute(found):
        for gate in set(level_access_points(uow, levels).values()) & gates:
            held[gate] += count
    for gate in sorted(gates):
        if held[gate] >= uow.need(GateRow, gate).credential_capacity:
            raise Refusal(ReasonCode.CAPACITY, "B04", detail=gate).as_error()
