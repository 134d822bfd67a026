"""Keep the evidence current; runs every minute, and on demand before a bundle is made.

Every part has a transaction of its own: a part that fails holds up no other and is tried again.
"""

from sqlalchemy import Engine

from controller.domain.moment import Moment
from controller.services.logbook.witness import countersign, has_unsigned
from controller.services.site import Site
from controller.storage.unit_of_work import UnitOfWork

__all__ = ["keep_proof"]


def keep_proof(engine: Engine, site: Site, moment: Moment) -> None:
    """Countersign what gates signed about their logs. Raises StorageError."""
    with UnitOfWork(engine, writes=False) as uow:
        if not has_unsigned(uow):
            return
    with UnitOfWork(engine) as uow:
        countersign(uow, site, moment)
        uow.commit()
