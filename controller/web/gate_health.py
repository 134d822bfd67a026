"""Hear how gates find a configuration on trial, and let the roll-out go on, wait or go back."""

from sqlalchemy import Engine

from controller.domain.moment import Moment
from controller.services.rollout.running import advance, take_health
from controller.services.site import Site
from controller.storage.models import GateRow
from controller.storage.unit_of_work import UnitOfWork
from mqtt.contract.envelope import key_id
from mqtt.contract.errors import ContractError
from mqtt.contract.reasons import ReasonCode
from mqtt.contract.rollout import open_health

__all__ = ["WATCH_EVERY_MS", "hear_health", "watch_rollouts"]

WATCH_EVERY_MS = 5_000


def hear_health(engine: Engine, site: Site, gate: str, payload: bytes, moment: Moment) -> bool:
    """Take one report; True if gates have to be told. Raises ContractError, StorageError."""
    with UnitOfWork(engine, writes=False) as uow:
        row = uow.find(GateRow, gate)
    if row is None or not row.public_key or row.revoked_at_ms is not None:
        raise ContractError(ReasonCode.UNKNOWN_KEY)
    keys = {key_id(row.public_key): row.public_key}
    report = open_health(payload, site.name, gate, keys)
    with UnitOfWork(engine) as uow:
        take_health(uow, report, moment)
        told = advance(uow, site, moment)
        uow.commit()
    return told


def watch_rollouts(engine: Engine, site: Site, moment: Moment) -> bool:
    """Do what is due without a report, such as a gate gone silent; True if gates must be told."""
    with UnitOfWork(engine) as uow:
        told = advance(uow, site, moment)
        uow.commit()
    return told
