"""Compile the `leases` document of a gate: leases, wishes, erasures, switches and notices.

A lease follows from what stands at this moment and is stored nowhere (`domain.face_lease`): what
ends, ends its leases with the next `documents.sync`. While leases are held back after a restore,
no lease and no wish goes out, and erasures do.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import select

from controller.domain.consent import ConsentEnd
from controller.domain.erasure import How, reason_for
from controller.domain.face_lease import Standing, lease_at
from controller.domain.face_switch import COMPOUND, ap_scope, gate_scope, is_on
from controller.domain.moment import Moment
from controller.domain.people import right_until
from controller.services.face_hold import is_held
from controller.services.face_settings import face_settings, switches
from controller.services.gates import GateView
from controller.services.holders import residences_among
from controller.services.notices import notice_in_force, notice_record
from controller.storage.models import (
    ErasureGateRow,
    ErasureRow,
    FaceConsentRow,
    FaceEnrolmentRow,
    FaceReservationRow,
)
from controller.storage.unit_of_work import UnitOfWork
from mqtt.contract import codec
from mqtt.contract.consents import COMPOUND_SWITCH, GATE_SWITCH
from mqtt.contract.events import Method
from mqtt.contract.ids import id_to_text
from mqtt.contract.reasons import ReasonCode
from mqtt.contract.records import AccessPointRecord, CredentialRecord
from mqtt.contract.records_face import (
    ErasureRequestRecord,
    FaceSettingsRecord,
    FaceSwitchRecord,
    ReservationRecord,
)

__all__ = ["FaceBook", "HeldAt"]

HeldAt = Mapping[bytes, Mapping[bytes, CredentialRecord]]
"""Working credentials that lead through a gate: holder to id to record."""

_Records = dict[str, bytes]


@dataclass(frozen=True, slots=True)
class _Person:
    """One consent that stands at a gate, with the person's right to live here."""

    standing: Standing
    notice_version: str
    is_enrolled: bool


class FaceBook:
    """What the compound knows about face, read once for all gates of one compilation."""

    def __init__(self, uow: UnitOfWork, moment: Moment) -> None:
        self._uow = uow
        self._now_ms = moment.utc_ms
        self._settings = face_settings(uow)
        self._notice = notice_in_force(uow)
        self._switches = switches(uow)
        self._is_held = is_held(uow)
        self._erasing = self._open_erasures()
        self._enrolled = self._enrolments()
        self._consents = self._standing()

    def settings_at(self, view: GateView) -> dict[str, FaceSettingsRecord]:
        """Return what `config` says of each access point with face."""
        return {
            name: self._settings[name]
            for name, point in view.access_points.items()
            if Method.FACE in point.methods and name in self._settings
        }

    def people_at(self, gate: str) -> frozenset[bytes]:
        """Return whose consent stands at a gate."""
        return frozenset(self._consents.get(gate, ()))

    def records_at(self, gate: str, view: GateView, held: HeldAt) -> _Records:
        """Return the records of the `leases` document of one gate."""
        records = self._erase_records(gate) | self._switch_records(gate, view)
        fitted = self._fitted(view)
        if fitted and self._notice is not None:
            records[f"notice:{self._notice.version}"] = codec.encode(notice_record(self._notice))
        if fitted and not self._is_held:
            records |= self._lease_records(gate, fitted, held)
            records |= self._reserved_records(gate, fitted)
        return records

    def _fitted(self, view: GateView) -> dict[str, AccessPointRecord]:
        """Return the access points with face whose sign is attested for the notice in force."""
        in_force = self._notice.version if self._notice is not None else ""
        return {
            name: point
            for name, point in view.access_points.items()
            if Method.FACE in point.methods
            and name in self._settings
            and self._settings[name].notice_version == in_force
        }

    def _lease_records(
        self, gate: str, fitted: Mapping[str, AccessPointRecord], held: HeldAt
    ) -> _Records:
        scopes = {scope: row.is_on for scope, row in self._switches.items()}
        if not any(is_on(scopes, gate, name) for name in fitted):
            return {}
        found = {}
        for holder, person in self._consents.get(gate, {}).items():
            if holder in self._erasing.get(gate, {}) or not self._is_of_notice(person):
                continue
            lease = lease_at(person.standing, held.get(holder, {}), fitted, self._now_ms)
            if lease is not None:
                found[f"lease:{id_to_text(holder)}"] = codec.encode(lease)
        return found

    def _is_of_notice(self, person: _Person) -> bool:
        return self._notice is not None and person.notice_version == self._notice.version

    def _reserved_records(self, gate: str, fitted: Mapping[str, AccessPointRecord]) -> _Records:
        """Return the wishes that wait here; one is done when its yes and its references are in."""
        rows = self._uow.session.scalars(
            select(FaceReservationRow).where(
                FaceReservationRow.ended_at_ms.is_(None),
                FaceReservationRow.until_ms > self._now_ms,
            )
        )
        found = {}
        for row in rows:
            points = tuple(point for point in row.access_points if point in fitted)
            person = self._consents.get(gate, {}).get(row.holder_id)
            is_done = person is not None and person.is_enrolled
            if not points or is_done or row.holder_id in self._erasing.get(gate, {}):
                continue
            if self._notice is None or row.notice_version != self._notice.version:
                continue
            record = ReservationRecord(
                notice_version=row.notice_version,
                notice_hash=self._notice.text_hash,
                until_ms=row.until_ms,
                access_points=points,
                purpose=row.purpose,
                guardian_needed=row.guardian_needed,
                guardian_ok=row.guardian_agreed_at_ms is not None,
            )
            found[f"reserved:{id_to_text(row.holder_id)}"] = codec.encode(record)
        return found

    def _erase_records(self, gate: str) -> _Records:
        return {
            f"erase:{id_to_text(holder)}": codec.encode(record)
            for holder, record in self._erasing.get(gate, {}).items()
        }

    def _switch_records(self, gate: str, view: GateView) -> _Records:
        scopes = {COMPOUND: COMPOUND_SWITCH, gate_scope(gate): GATE_SWITCH}
        scopes |= {ap_scope(name): name for name in view.access_points}
        return {
            f"switch:{name}": codec.encode(
                FaceSwitchRecord(
                    on=row.is_on,
                    reason=ReasonCode.FACE_RESUMED if row.is_on else ReasonCode.FACE_SWITCHED_OFF,
                    since_ms=row.since_ms,
                )
            )
            for scope, name in scopes.items()
            if (row := self._switches.get(scope)) is not None
        }

    def _open_erasures(self) -> dict[str, dict[bytes, ErasureRequestRecord]]:
        """Return what each gate has to erase; of several requests for one person the oldest."""
        rows = self._uow.session.execute(
            select(ErasureGateRow.gate, ErasureRow)
            .join(ErasureRow, ErasureRow.id == ErasureGateRow.erasure_id)
            .where(ErasureGateRow.how == How.OUTSTANDING.value, ErasureRow.closed_at_ms.is_(None))
            .order_by(ErasureRow.opened_at_ms.desc(), ErasureRow.id)
        )
        found: dict[str, dict[bytes, ErasureRequestRecord]] = {}
        for gate, row in rows:
            found.setdefault(gate, {})[row.holder_id] = ErasureRequestRecord(
                id=row.id, since_ms=row.opened_at_ms, reason=reason_for(ConsentEnd(row.reason))
            )
        return found

    def _enrolments(self) -> dict[tuple[bytes, str], int]:
        rows = self._uow.session.execute(
            select(
                FaceEnrolmentRow.holder_id, FaceEnrolmentRow.gate, FaceEnrolmentRow.enrolled_at_ms
            ).where(FaceEnrolmentRow.erased_at_ms.is_(None))
        )
        return {(holder, gate): at_ms for holder, gate, at_ms in rows}

    def _standing(self) -> dict[str, dict[bytes, _Person]]:
        rows = self._uow.session.scalars(
            select(FaceConsentRow).where(
                FaceConsentRow.ended_at_ms.is_(None), FaceConsentRow.until_ms > self._now_ms
            )
        ).all()
        homes = residences_among(self._uow, frozenset(row.holder_id for row in rows))
        found: dict[str, dict[bytes, _Person]] = {}
        for row in rows:
            right_ms = right_until(homes.get(row.holder_id, ()), self._now_ms)
            if right_ms == 0:
                continue
            standing = Standing(
                row.holder_id,
                frozenset(row.access_points),
                row.given_at_ms,
                row.until_ms,
                right_ms,
            )
            is_enrolled = self._enrolled.get((row.holder_id, row.gate), -1) >= row.given_at_ms
            found.setdefault(row.gate, {})[row.holder_id] = _Person(
                standing, row.notice_version, is_enrolled
            )
        return found
