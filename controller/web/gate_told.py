"""Hear what gates know to have ended, after a restore (`controller.services.read_back`).

The question carries a number drawn at the start of this process, and the signed answer repeats it:
a recorded answer from before the restore is worth nothing.
"""

import secrets

from sqlalchemy import Engine

from controller.domain.moment import Moment
from controller.services.read_back import take_held
from controller.storage.models import GateRow
from controller.storage.unit_of_work import UnitOfWork
from mqtt.contract.envelope import key_id
from mqtt.contract.errors import ContractError
from mqtt.contract.ids import SiteId
from mqtt.contract.read_back import NONCE_BYTES, ReadBack, open_held
from mqtt.contract.reasons import ReasonCode

__all__ = ["GateTold"]


class GateTold:
    """Collects the parts of each gate's answer."""

    def __init__(self, site: SiteId) -> None:
        self._site = site
        self._parts: dict[str, ReadBack] = {}
        self.nonce = secrets.token_bytes(NONCE_BYTES)

    def hear(self, engine: Engine, gate: str, payload: bytes, moment: Moment) -> bool:
        """Take one part; True when the gate's answer is whole and saved.

        Raises ContractError, StorageError.
        """
        with UnitOfWork(engine, writes=False) as uow:
            row = uow.find(GateRow, gate)
        if row is None or not row.public_key or row.revoked_at_ms is not None:
            raise ContractError(ReasonCode.UNKNOWN_KEY)
        keys = {key_id(row.public_key): row.public_key}
        part = open_held(payload, self._site, gate, keys)
        if part.nonce != self.nonce:
            raise ContractError(ReasonCode.REPLAYED)
        held = self._parts.setdefault(gate, ReadBack()).take(part)
        if held is None:
            return False
        with UnitOfWork(engine) as uow:
            take_held(uow, gate, held, moment)
            uow.commit()
        return True
