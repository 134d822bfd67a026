"""Hold leases back after a restore until what gates recorded since has been read back.

A restored database may lack withdrawals. They are in the gates' logs, which come again; until
then nobody's face is given a lease that a withdrawal would have ended (DESIGN §9).
"""

from sqlalchemy import select

from controller.domain.moment import HOUR_MS, Moment
from controller.storage.models import (
    FaceCursorRow,
    GateEpochRow,
    GatePresenceRow,
    GateRow,
    SiteValueRow,
)
from controller.storage.unit_of_work import UnitOfWork

__all__ = ["HOLD_KEY", "hold_face", "is_held", "release_face"]

HOLD_KEY = "face_hold"
"""Site value: UTC ms since when leases are held back; 0 where the restore knew no time."""

_LONGEST_MS = 24 * HOUR_MS
"""A gate that was not heard for so long after the restore has no lease left."""


def hold_face(uow: UnitOfWork, moment: Moment) -> None:
    """Begin to hold leases back; begins anew if they are held already."""
    row = uow.find(SiteValueRow, HOLD_KEY)
    if row is None:
        row = SiteValueRow(name=HOLD_KEY, value=b"")
        uow.session.add(row)
    row.value = str(moment.utc_ms).encode()
    uow.session.flush()


def is_held(uow: UnitOfWork) -> bool:
    """Tell whether leases are held back."""
    return uow.find(SiteValueRow, HOLD_KEY) is not None


def release_face(uow: UnitOfWork, moment: Moment) -> bool:
    """End the hold once it is safe; return whether it ended now. Runs every minute.

    Safe is: every gate in use was heard since and all that it had recorded then is learned. A gate
    that stays silent for 24 h has no lease left and no longer holds up the others.
    """
    row = uow.find(SiteValueRow, HOLD_KEY)
    if row is None:
        return False
    since_ms = int(row.value)
    if since_ms == 0:
        hold_face(uow, moment)
        return False
    is_old = moment.utc_ms >= since_ms + _LONGEST_MS
    gates = uow.session.scalars(select(GateRow.name).where(GateRow.revoked_at_ms.is_(None)))
    for gate in gates:
        heard = uow.find(GatePresenceRow, gate)
        if heard is None or heard.heard_at_ms <= since_ms:
            if not is_old:
                return False
        elif not _is_learned(uow, heard):
            return False
    uow.session.delete(row)
    uow.session.flush()
    return True


def _is_learned(uow: UnitOfWork, heard: GatePresenceRow) -> bool:
    key = (heard.gate, heard.epoch)
    log, cursor = uow.find(GateEpochRow, key), uow.find(FaceCursorRow, key)
    held, learned = log.size if log else 0, cursor.upto if cursor else 0
    return min(held, learned) >= heard.size
