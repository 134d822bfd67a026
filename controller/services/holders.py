"""Register dwellings, holders, residences and guardians, and answer who lives with whom."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import select

from controller.domain.moment import Moment
from controller.domain.people import HolderKind, Relation, Residence, is_child, right_until
from controller.domain.refusal import Refusal
from controller.services.site import Site, new_pseudonym
from controller.storage.models import DwellingRow, GuardianshipRow, HolderRow, ResidenceRow
from controller.storage.unit_of_work import UnitOfWork
from mqtt.contract.reasons import ReasonCode

__all__ = [
    "HolderDraft",
    "add_dwelling",
    "add_guardian",
    "add_holder",
    "add_residence",
    "dwelling_adults",
    "guardians_of",
    "lives_here",
    "residences_among",
    "residences_of",
    "right_of",
]


@dataclass(frozen=True, slots=True)
class HolderDraft:
    """What is entered about a person. `adult_from` is the 18th birthday of a child, else None."""

    name: str
    kind: HolderKind = HolderKind.RESIDENT
    phone: str = ""
    adult_from: date | None = None
    longer_opening: bool = False
    language: str = "zh-CN"

    def __repr__(self) -> str:
        return f"HolderDraft(kind={self.kind.value})"


def add_dwelling(uow: UnitOfWork, label: str) -> int:
    """Register a dwelling, such as `3-2-502`; return its number. An existing one is returned."""
    known = uow.session.scalar(select(DwellingRow.id).where(DwellingRow.label == label))
    if known is not None:
        return known
    row = DwellingRow(label=label)
    uow.session.add(row)
    uow.session.flush()
    return row.id


def add_holder(
    uow: UnitOfWork, draft: HolderDraft, moment: Moment, holder_id: bytes | None = None
) -> bytes:
    """Register a person; return the pseudonym.

    Raises RefusedError(`config_invalid`) for no name.
    """
    if not draft.name.strip():
        raise Refusal(ReasonCode.CONFIG_INVALID, "HO-01", detail="name").as_error()
    row = HolderRow(
        id=holder_id or new_pseudonym(),
        kind=draft.kind.value,
        name=draft.name.strip(),
        phone=draft.phone,
        adult_from=draft.adult_from.isoformat() if draft.adult_from else "",
        longer_opening=draft.longer_opening,
        language=draft.language,
        created_at_ms=moment.utc_ms,
    )
    uow.session.add(row)
    uow.session.flush()
    return row.id


def add_residence(
    uow: UnitOfWork,
    holder: bytes,
    dwelling: int,
    relation: Relation,
    moment: Moment,
    *,
    until_ms: int | None = None,
) -> int:
    """Give a holder the right to live in a dwelling from now on; return the residence's number."""
    uow.need(HolderRow, holder)
    uow.need(DwellingRow, dwelling)
    row = ResidenceRow(
        holder_id=holder,
        dwelling_id=dwelling,
        relation=relation.value,
        from_ms=moment.utc_ms,
        until_ms=until_ms,
    )
    uow.session.add(row)
    uow.session.flush()
    return row.id


def add_guardian(uow: UnitOfWork, child: bytes, guardian: bytes, today: date) -> None:
    """Let an adult act for a child. Raises RefusedError(`not_allowed`) for anybody else."""
    young = is_child(uow.need(HolderRow, child).adult_from, today)
    grown = not is_child(uow.need(HolderRow, guardian).adult_from, today)
    if not (young and grown):
        raise Refusal(ReasonCode.NOT_ALLOWED, "CR-03", "Civil Code Art. 27").as_error()
    uow.session.merge(GuardianshipRow(child_id=child, guardian_id=guardian))
    uow.session.flush()


def residences_of(uow: UnitOfWork, holder: bytes) -> tuple[Residence, ...]:
    """Return all residences of a holder, ended ones too."""
    rows = uow.session.scalars(select(ResidenceRow).where(ResidenceRow.holder_id == holder))
    return tuple(_as_residence(row) for row in rows)


def residences_among(
    uow: UnitOfWork, holders: frozenset[bytes]
) -> dict[bytes, tuple[Residence, ...]]:
    """Return the residences of these people, all read at once."""
    found: dict[bytes, list[Residence]] = {}
    if holders:
        for row in uow.session.scalars(select(ResidenceRow)):
            if row.holder_id in holders:
                found.setdefault(row.holder_id, []).append(_as_residence(row))
    return {holder: tuple(rows) for holder, rows in found.items()}


def lives_here(uow: UnitOfWork, holder: bytes, moment: Moment) -> bool:
    """Tell whether a holder is a current resident of any dwelling."""
    return any(each.is_current(moment.utc_ms) for each in residences_of(uow, holder))


def right_of(uow: UnitOfWork, holder: bytes, moment: Moment) -> int | None:
    """Return until when the holder may live here (UTC ms); None is open-ended, 0 is no right."""
    return right_until(residences_of(uow, holder), moment.utc_ms)


def dwelling_adults(uow: UnitOfWork, site: Site, dwelling: int, moment: Moment) -> frozenset[bytes]:
    """Return the adults who live in a dwelling now."""
    rows = uow.session.execute(
        select(ResidenceRow, HolderRow.adult_from)
        .join(HolderRow, HolderRow.id == ResidenceRow.holder_id)
        .where(ResidenceRow.dwelling_id == dwelling)
    )
    today = site.today(moment)
    return frozenset(
        row.holder_id
        for row, adult_from in rows
        if _as_residence(row).is_current(moment.utc_ms) and not is_child(adult_from, today)
    )


def guardians_of(uow: UnitOfWork, site: Site, holder: bytes, moment: Moment) -> frozenset[bytes]:
    """Return who may act for a child; nobody may act for an adult, whatever is on record."""
    if not is_child(uow.need(HolderRow, holder).adult_from, site.today(moment)):
        return frozenset()
    found = select(GuardianshipRow.guardian_id).where(GuardianshipRow.child_id == holder)
    return frozenset(uow.session.scalars(found))


def _as_residence(row: ResidenceRow) -> Residence:
    return Residence(
        row.holder_id,
        row.dwelling_id,
        Relation(row.relation),
        row.from_ms,
        row.until_ms,
        row.ended_at_ms,
    )
