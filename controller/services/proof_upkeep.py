"""Keep the evidence current; runs every minute, and on demand before a bundle is made.

Every part has a transaction of its own: a part that fails holds up no other and is tried again.
"""

from sqlalchemy import Engine

from controller.domain.moment import Moment
from controller.services.logbook.witness import countersign, has_unsigned
from controller.services.parity.months import keep_parity
from controller.services.proofs import keep_proofs
from controller.services.rules.engine import keep_findings
from controller.services.site import Site
from controller.storage.unit_of_work import UnitOfWork
from mqtt.contract.rules import Evaluation

__all__ = ["keep_proof"]


def keep_proof(
    engine: Engine, site: Site, moment: Moment, *, at_once: bool = False
) -> tuple[Evaluation, ...]:
    """Countersign gates' logs, prove configurations, count the month, evaluate the rules.

    Rules are evaluated every five minutes, or now with `at_once`. Raises StorageError.
    """
    with UnitOfWork(engine, writes=False) as uow:
        is_waiting = has_unsigned(uow)
    if is_waiting:
        with UnitOfWork(engine) as uow:
            countersign(uow, site, moment)
            uow.commit()
    with UnitOfWork(engine) as uow:
        keep_proofs(uow, moment)
        keep_parity(uow, moment)
        uow.commit()
        found = keep_findings(uow, site, moment, at_once=at_once)
        uow.commit()
    return found
