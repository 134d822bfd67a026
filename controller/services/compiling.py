"""Compile what one gate needs to know into records: pseudonyms only, and only what leads there.

No name, telephone number or dwelling passes this file; `test_documents_hold_no_personal_data` scans
every byte for planted ones.
"""

from collections.abc import Mapping

import msgspec
from sqlalchemy import select

from controller.domain.credentials import Carrier, method_of
from controller.domain.moment import Moment
from controller.services.access import calendar, levels, schedules
from controller.services.gates import GateView, config_of
from controller.services.keys import key_records
from controller.services.site import Site
from controller.storage.models import CredentialRow, HolderRow, RevocationRow, StaffRow
from controller.storage.unit_of_work import UnitOfWork
from mqtt.contract import codec
from mqtt.contract.ids import id_to_text
from mqtt.contract.records import (
    CalendarRecord,
    CredentialRecord,
    DayKind,
    LevelRecord,
    RevocationRecord,
    Role,
    StaffRecord,
)
from mqtt.contract.topics import DocumentName

__all__ = ["Records", "compile_gate"]

Records = dict[str, bytes]
"""Record id to canonical CBOR."""


def compile_gate(
    uow: UnitOfWork, site: Site, gate: str, moment: Moment
) -> dict[DocumentName, Records]:
    """Return the records of every document of a gate. Raises RefusedError(`not_found`)."""
    view = config_of(uow, site, gate)
    here = _levels_here(uow, view)
    return {
        DocumentName.CONFIG: _config(view),
        DocumentName.POLICY: _policy(uow, view, here),
        DocumentName.CREDENTIALS: _credentials(uow, frozenset(here), moment),
        DocumentName.KEYS: _encoded(key_records(uow, moment)),
        DocumentName.REVOCATIONS: _revocations(uow, moment),
        DocumentName.ROSTER: _roster(uow, moment),
        DocumentName.LEASES: {},
    }


def _levels_here(uow: UnitOfWork, view: GateView) -> dict[str, LevelRecord]:
    """Return the levels that lead through this gate, cut down to its access points."""
    found = {}
    for name, level in levels(uow).items():
        grants = tuple(
            msgspec.structs.replace(grant, access_points=points)
            for grant in level.grants
            if (points := tuple(p for p in grant.access_points if p in view.access_points))
        )
        if grants:
            found[name] = LevelRecord(grants)
    return found


def _config(view: GateView) -> Records:
    return {
        "gate": codec.encode(view.gate),
        **{f"portal:{name}": codec.encode(portal) for name, portal in view.portals.items()},
        **{f"ap:{name}": codec.encode(point) for name, point in view.access_points.items()},
    }


def _policy(uow: UnitOfWork, view: GateView, here: Mapping[str, LevelRecord]) -> Records:
    needed = {grant.schedule for level in here.values() for grant in level.grants}
    needed |= {portal.free_schedule for portal in view.portals.values() if portal.free_schedule}
    years: dict[str, dict[str, DayKind]] = {}
    for day, kind in calendar(uow).items():
        years.setdefault(day[:4], {})[day] = kind
    return {
        **{f"level:{name}": codec.encode(level) for name, level in here.items()},
        **{
            f"schedule:{name}": codec.encode(schedule)
            for name, schedule in schedules(uow).items()
            if name in needed
        },
        **{f"calendar:{year}": codec.encode(CalendarRecord(days)) for year, days in years.items()},
    }


def _credentials(uow: UnitOfWork, here: frozenset[str], moment: Moment) -> Records:
    rows = uow.session.execute(
        select(CredentialRow, HolderRow.longer_opening)
        .join(HolderRow, HolderRow.id == CredentialRow.holder_id)
        .where(CredentialRow.ended_at_ms.is_(None), CredentialRow.valid_until_ms > moment.utc_ms)
    )
    return {
        id_to_text(row.id): codec.encode(_credential(row, kept, longer_opening))
        for row, longer_opening in rows
        if (kept := tuple(level for level in row.levels if level in here))
    }


def _credential(
    row: CredentialRow, kept: tuple[str, ...], longer_opening: bool
) -> CredentialRecord:
    has_card = row.carrier == Carrier.FOB
    return CredentialRecord(
        holder=row.holder_id,
        method=method_of(Carrier(row.carrier)),
        levels=kept,
        valid_from_ms=row.valid_from_ms,
        valid_until_ms=row.valid_until_ms,
        card=(int(row.card_value, 16), row.card_length) if has_card else None,
        pin_salt=row.pin_salt,
        pin_hash=row.pin_hash,
        duress_hash=row.duress_hash,
        fob_needs_pin=row.fob_needs_pin,
        longer_opening=longer_opening,
    )


def _revocations(uow: UnitOfWork, moment: Moment) -> Records:
    rows = uow.session.scalars(select(RevocationRow).where(RevocationRow.until_ms > moment.utc_ms))
    return {id_to_text(row.id): codec.encode(RevocationRecord(row.until_ms)) for row in rows}


def _roster(uow: UnitOfWork, moment: Moment) -> Records:
    rows = uow.session.scalars(
        select(StaffRow).where(
            StaffRow.ended_at_ms.is_(None), StaffRow.valid_until_ms > moment.utc_ms
        )
    )
    return {
        id_to_text(row.id): codec.encode(
            StaffRecord(
                role=Role(row.role),
                pin_salt=row.pin_salt,
                pin_hash=row.pin_hash,
                card=(int(row.card_value, 16), row.card_length) if row.card_value else None,
                public_key=row.public_key,
                valid_until_ms=row.valid_until_ms,
            )
        )
        for row in rows
    }


def _encoded(records: Mapping[str, msgspec.Struct]) -> Records:
    return {key: codec.encode(record) for key, record in records.items()}
