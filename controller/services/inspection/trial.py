"""Try to save a plan in which face is the only way, and see it refused (acceptance case J11)."""

from dataclasses import dataclass

from controller.domain.moment import Moment
from controller.domain.roles import Act, Actor
from controller.services.acts import need_act
from controller.services.face_plan import check_plan
from controller.services.logbook.control import append
from controller.services.site import Site
from controller.storage.models import AccessPointRow, InspectionRow
from controller.storage.unit_of_work import UnitOfWork
from mqtt.contract.control_log import ControlKind
from mqtt.contract.errors import RefusedError
from mqtt.contract.events import Method
from mqtt.contract.findings import PolicyError

__all__ = ["Trial", "try_face_only"]


@dataclass(frozen=True, slots=True)
class Trial:
    """What became of the plan: the rule and article by which it was refused, and the witness.

    An empty rule means that it was taken, which must never be.
    """

    rule: str
    article: str
    witness: str

    @property
    def was_refused(self) -> bool:
        """Tell whether it was refused."""
        return bool(self.rule)


def try_face_only(
    uow: UnitOfWork, site: Site, actor: Actor, inspection: bytes, moment: Moment
) -> Trial:
    """Put the plan through the very check that saving goes through; nothing of it stays.

    The result is kept with the visit and in the controller's log.
    """
    need_act(actor, Act.INSPECT)
    row = uow.need(InspectionRow, inspection)
    point = uow.need(AccessPointRow, row.access_points[0])
    trial = Trial("", "", "")
    with uow.session.begin_nested() as attempt:
        point.methods = (Method.FACE.value,)
        uow.session.flush()
        try:
            check_plan(uow, site, moment)
        except RefusedError as error:
            trial = Trial(error.rule, error.article, error.detail)
        except PolicyError as error:
            first = error.findings[0]
            trial = Trial(first.rule, first.article, first.where)
        attempt.rollback()
    uow.session.refresh(point)
    row.refused_rule, row.refused_witness = trial.rule[:40], trial.witness[:80]
    append(
        uow,
        moment,
        ControlKind.DRILL,
        drill=row.id,
        step="face_only_plan",
        refused=trial.rule,
        witness=trial.witness,
    )
    uow.session.flush()
    return trial
