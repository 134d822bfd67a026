"""End what has run out and erase what nothing stands behind any more; runs every minute.

Everything here may run twice, and late: leases follow from what stands (`leases`), so that a
missed run lets nobody in (rules CO-06, MI-03, WD-05).
"""

from sqlalchemy import exists, select

from controller.domain.consent import ConsentEnd
from controller.domain.moment import DAY_MS, Moment
from controller.domain.roles import Actor
from controller.services.consent import end_wish
from controller.services.erasure import end_consents, keep_requests, open_request
from controller.services.face_hold import is_held, release_face
from controller.services.face_ways import FacePoint, face_points
from controller.services.holders import residences_among
from controller.services.notices import notice_in_force
from controller.storage.models import (
    ErasureGateRow,
    ErasureRow,
    FaceConsentRow,
    FaceEnrolmentRow,
    FaceReservationRow,
)
from controller.storage.unit_of_work import UnitOfWork

__all__ = ["LOCKED_MS", "keep_face"]

LOCKED_MS = 7 * DAY_MS
"""How long references without a consent stay locked, for a yes to a new notice, before they go."""

_LOCKS = frozenset({ConsentEnd.NOTICE_CHANGED})


def keep_face(uow: UnitOfWork, system: Actor, moment: Moment) -> int:
    """Do the minute's work; return how many consents ended. The caller commits."""
    release_face(uow, moment)
    points, notice = face_points(uow), notice_in_force(uow)
    in_force = notice.version if notice is not None else ""
    _end_wishes(uow, in_force, moment)
    ended = _end_consents(uow, system, points, in_force, moment)
    if not is_held(uow):
        _erase_unfounded(uow, system, moment)
    keep_requests(uow, moment)
    uow.session.flush()
    return ended


def _end_wishes(uow: UnitOfWork, in_force: str, moment: Moment) -> None:
    rows = uow.session.scalars(
        select(FaceReservationRow).where(FaceReservationRow.ended_at_ms.is_(None))
    ).all()
    living = _living(uow, frozenset(row.holder_id for row in rows), moment)
    for row in rows:
        if row.holder_id not in living:
            end_wish(uow, row.holder_id, ConsentEnd.MOVED_OUT, moment)
        elif row.until_ms <= moment.utc_ms:
            end_wish(uow, row.holder_id, ConsentEnd.EXPIRED, moment)
        elif row.notice_version != in_force:
            end_wish(uow, row.holder_id, ConsentEnd.NOTICE_CHANGED, moment)


def _end_consents(
    uow: UnitOfWork, system: Actor, points: dict[str, FacePoint], in_force: str, moment: Moment
) -> int:
    rows = uow.session.scalars(
        select(FaceConsentRow).where(FaceConsentRow.ended_at_ms.is_(None))
    ).all()
    living = _living(uow, frozenset(row.holder_id for row in rows), moment)
    ended = 0
    for row in rows:
        end = _end_of(row, living, points, in_force, moment)
        if end is None:
            continue
        only = frozenset({row.id})
        gates = end_consents(uow, system, row.holder_id, end, moment=moment, only=only)
        if end not in _LOCKS:
            open_request(uow, system, row.holder_id, end, gates, moment=moment)
        ended += 1
    return ended


def _end_of(
    row: FaceConsentRow,
    living: frozenset[bytes],
    points: dict[str, FacePoint],
    in_force: str,
    moment: Moment,
) -> ConsentEnd | None:
    if row.holder_id not in living:
        return ConsentEnd.MOVED_OUT
    if row.until_ms <= moment.utc_ms:
        return ConsentEnd.EXPIRED
    if not any(point in points for point in row.access_points):
        return ConsentEnd.FACE_REMOVED
    return ConsentEnd.NOTICE_CHANGED if row.notice_version != in_force else None


def _living(uow: UnitOfWork, holders: frozenset[bytes], moment: Moment) -> frozenset[bytes]:
    homes = residences_among(uow, holders)
    return frozenset(
        holder
        for holder, residences in homes.items()
        if any(each.is_current(moment.utc_ms) for each in residences)
    )


def _erase_unfounded(uow: UnitOfWork, system: Actor, moment: Moment) -> None:
    """Ask gates to erase references that no consent there has stood behind for seven days."""
    since_ms = moment.utc_ms - LOCKED_MS
    stands = exists().where(
        FaceConsentRow.holder_id == FaceEnrolmentRow.holder_id,
        FaceConsentRow.gate == FaceEnrolmentRow.gate,
        (FaceConsentRow.ended_at_ms.is_(None)) | (FaceConsentRow.ended_at_ms > since_ms),
    )
    asked = exists().where(
        ErasureRow.id == ErasureGateRow.erasure_id,
        ErasureRow.holder_id == FaceEnrolmentRow.holder_id,
        ErasureRow.closed_at_ms.is_(None),
        ErasureGateRow.gate == FaceEnrolmentRow.gate,
    )
    found = uow.session.scalars(
        select(FaceEnrolmentRow).where(
            FaceEnrolmentRow.erased_at_ms.is_(None),
            FaceEnrolmentRow.enrolled_at_ms <= since_ms,
            ~stands,
            ~asked,
        )
    ).all()
    for row in found:
        open_request(uow, system, row.holder_id, ConsentEnd.EXPIRED, (row.gate,), moment=moment)
