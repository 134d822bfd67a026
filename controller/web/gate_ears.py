"""Believe births for the web process: it learns from them which documents a gate holds.

Ingest keeps its own, durable view of presence; here a birth only leads to documents being sent,
which a replayed one could at most cause once more.
"""

from sqlalchemy import Engine

from controller.storage.models import GatePresenceRow, GateRow
from controller.storage.unit_of_work import UnitOfWork
from mqtt.contract.envelope import key_id
from mqtt.contract.errors import ContractError
from mqtt.contract.ids import SiteId
from mqtt.contract.presence import Birth, PresenceTracker
from mqtt.contract.reasons import ReasonCode

__all__ = ["GateEars"]


class GateEars:
    """One tracker for each gate and key, begun with what is stored of the boot before this one."""

    def __init__(self, site: SiteId) -> None:
        self._site = site
        self._trackers: dict[tuple[str, bytes], PresenceTracker] = {}

    def hear(self, engine: Engine, gate: str, payload: bytes) -> Birth | None:
        """Return a believed birth, None for an old one. Raises ContractError, StorageError."""
        with UnitOfWork(engine, writes=False) as uow:
            row = uow.find(GateRow, gate)
            presence = uow.find(GatePresenceRow, gate)
        if row is None or not row.public_key or row.revoked_at_ms is not None:
            raise ContractError(ReasonCode.UNKNOWN_KEY)
        tracker = self._trackers.get((gate, row.public_key))
        if tracker is None:
            tracker = PresenceTracker(self._site, gate, {key_id(row.public_key): row.public_key})
            if presence is not None:
                # Ingest may have stored this very birth already: one boot back believes it once.
                tracker.restore(b"", presence.boot_counter - 1, -1)
            self._trackers[gate, row.public_key] = tracker
        try:
            return tracker.hear_birth(payload)
        except ContractError as error:
            if error.code is ReasonCode.OLD_BOOT:
                return None
            raise
