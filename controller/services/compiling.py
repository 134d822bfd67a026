"""Compile what one gate needs to know into records: pseudonyms only, and only what leads there.

No name, telephone number or dwelling passes this file; `test_documents_hold_no_personal_data` scans
every byte for planted ones.
"""

from collections.abc import Mapping
from typing import Any

import msgspec
from sqlalchemy import Row, and_, or_, select

from controller.domain.credentials import Carrier, method_of
from controller.domain.moment import DAY_MS, Moment
from controller.domain.rollout.settings import Changes
from controller.services.access import calendar, levels, schedules
from controller.services.gates import GateView, config_of
from controller.services.keys import key_records
from controller.services.leases import FaceBook, HeldAt
from controller.services.rollout.overlay import Overlay, overlaid, overlays
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

__all__ = ["ENDED_FOB_KNOWN_MS", "Compiled", "Records", "compile_gates"]

ENDED_FOB_KNOWN_MS = 30 * DAY_MS
"""How long a gate can still tell an ended fob from an unknown one.

Its holder is then told that it has ended. The revocation refuses it; printed passes need no record
for that.
"""

_COLUMNS = (
    CredentialRow.id,
    CredentialRow.holder_id,
    CredentialRow.carrier,
    CredentialRow.levels,
    CredentialRow.valid_from_ms,
    CredentialRow.valid_until_ms,
    CredentialRow.card_value,
    CredentialRow.card_length,
    CredentialRow.pin_salt,
    CredentialRow.pin_hash,
    CredentialRow.duress_hash,
    CredentialRow.fob_needs_pin,
    CredentialRow.dwelling_id,
    CredentialRow.ended_at_ms,
)

Records = dict[str, bytes]
"""Record id to canonical CBOR."""

Compiled = dict[DocumentName, Records]


def compile_gates(
    uow: UnitOfWork,
    site: Site,
    gates: tuple[str, ...],
    moment: Moment,
    trial: Mapping[str, Changes] | None = None,
) -> dict[str, Compiled]:
    """Return the records of every document of each gate. Raises RefusedError(`not_found`).

    What all gates share is read and encoded once. `trial` puts changes of a roll-out that has not
    begun over the settings of gates, to see whether they can be used.
    """
    all_levels, credentials = levels(uow), _Credentials(uow, moment)
    shared = {
        DocumentName.KEYS: _encoded(key_records(uow, moment)),
        DocumentName.REVOCATIONS: _revocations(uow, moment),
        DocumentName.ROSTER: _roster(uow, moment),
    }
    face, book = FaceBook(uow, moment), overlays(uow)
    compiled = {}
    for gate in gates:
        overlay = book.get(gate, Overlay())
        changes = overlay.changes if trial is None else trial.get(gate, {})
        view = overlaid(config_of(uow, site, gate), changes)
        here = _levels_here(all_levels, view)
        compiled[gate] = shared | {
            DocumentName.CONFIG: _config(view, face) | overlay.records(),
            DocumentName.POLICY: _policy(uow, view, here),
            DocumentName.CREDENTIALS: credentials.at(frozenset(here)),
            DocumentName.LEASES: face.records_at(
                gate, view, credentials.held_at(frozenset(here), face.people_at(gate))
            ),
        }
    return compiled


def _levels_here(all_levels: Mapping[str, LevelRecord], view: GateView) -> dict[str, LevelRecord]:
    """Return the levels that lead through this gate, cut down to its access points."""
    found = {}
    for name, level in all_levels.items():
        grants = tuple(
            msgspec.structs.replace(grant, access_points=points)
            for grant in level.grants
            if (points := tuple(p for p in grant.access_points if p in view.access_points))
        )
        if grants:
            found[name] = LevelRecord(grants)
    return found


def _config(view: GateView, face: FaceBook) -> Records:
    on_record = face.settings_at(view)
    return {
        "gate": codec.encode(view.gate),
        **{f"portal:{name}": codec.encode(portal) for name, portal in view.portals.items()},
        **{f"ap:{name}": codec.encode(point) for name, point in view.access_points.items()},
        **{f"face:{name}": codec.encode(record) for name, record in on_record.items()},
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


class _Credentials:
    """The credentials that gates know: read once, and equal records are encoded once."""

    def __init__(self, uow: UnitOfWork, moment: Moment) -> None:
        rows = uow.session.execute(
            select(*_COLUMNS, HolderRow.longer_opening)
            .join(HolderRow, HolderRow.id == CredentialRow.holder_id)
            .where(CredentialRow.valid_until_ms > moment.utc_ms)
            .where(
                or_(
                    CredentialRow.ended_at_ms.is_(None),
                    and_(
                        CredentialRow.carrier == Carrier.FOB.value,
                        CredentialRow.ended_at_ms > moment.utc_ms - ENDED_FOB_KNOWN_MS,
                    ),
                )
            )
        )
        self._rows = [(id_to_text(row.id), row) for row in rows]
        self._encoded: dict[tuple[str, tuple[str, ...]], bytes] = {}

    def at(self, here: frozenset[str]) -> Records:
        """Return those of which at least one level leads through this gate."""
        found = Records()
        for key, row in self._rows:
            kept = tuple(level for level in row.levels if level in here)
            if not kept:
                continue
            if (key, kept) not in self._encoded:
                self._encoded[key, kept] = codec.encode(_credential(row, kept))
            found[key] = self._encoded[key, kept]
        return found

    def held_at(self, here: frozenset[str], people: frozenset[bytes]) -> HeldAt:
        """Return these people's own credentials that work and lead through this gate, for leases.

        Passes that a household owns are nobody's own.
        """
        held: dict[bytes, dict[bytes, CredentialRecord]] = {}
        for _, row in self._rows if people else ():
            if row.holder_id not in people:
                continue
            kept = tuple(level for level in row.levels if level in here)
            if kept and row.ended_at_ms is None and row.dwelling_id is None:
                held.setdefault(row.holder_id, {})[row.id] = _credential(row, kept)
        return held


def _credential(row: Row[*tuple[Any, ...]], kept: tuple[str, ...]) -> CredentialRecord:
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
        longer_opening=row.longer_opening,
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
