"""Tell which non-biometric ways a person has where face is fitted; nothing here changes them."""

from sqlalchemy import select

from controller.domain.credentials import Carrier, method_of
from controller.domain.moment import Moment
from controller.services.access import level_access_points
from controller.services.gates import point_record
from controller.services.register import active_rows
from controller.storage.models import AccessPointRow, FaceSettingsRow, PortalRow
from controller.storage.unit_of_work import UnitOfWork
from mqtt.contract.containment import opens_without_face
from mqtt.contract.events import Method
from mqtt.contract.records import AccessPointRecord, CredentialRecord

__all__ = ["FacePoint", "face_points", "has_way"]

FacePoint = tuple[str, AccessPointRecord, str]
"""Gate, access point and the notice version on record there."""


def face_points(uow: UnitOfWork) -> dict[str, FacePoint]:
    """Return every access point where face is fitted and on record."""
    rows = uow.session.execute(
        select(AccessPointRow, PortalRow.gate, FaceSettingsRow.notice_version)
        .join(PortalRow, PortalRow.name == AccessPointRow.portal)
        .join(FaceSettingsRow, FaceSettingsRow.access_point == AccessPointRow.name)
    )
    return {
        row.name: (gate, point_record(row, row.methods), version)
        for row, gate, version in rows
        if Method.FACE.value in row.methods
    }


def has_way(uow: UnitOfWork, holder: bytes, points: frozenset[str], moment: Moment) -> bool:
    """Tell whether the person's own QR pass or fob works now at each of these access points."""
    fitted = face_points(uow)
    held = []
    for row in active_rows(uow, holder, moment):
        if row.valid_from_ms > moment.utc_ms or row.dwelling_id is not None:
            continue
        record = CredentialRecord(
            holder=row.holder_id,
            method=method_of(Carrier(row.carrier)),
            levels=row.levels,
            valid_from_ms=row.valid_from_ms,
            valid_until_ms=row.valid_until_ms,
        )
        held.append((record, level_access_points(uow, row.levels).keys()))
    return all(
        any(
            point in reached and opens_without_face(record, fitted[point][1], ())
            for record, reached in held
        )
        for point in points
        if point in fitted
    )
