"""Hold what the checks of one evaluation share, and how a verdict is said."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property

from sqlalchemy import select

from controller.domain.moment import Moment
from controller.services.parity.months import Cell, cells, last_months
from controller.services.site import Site
from controller.storage.models import (
    AccessPointRow,
    FaceConsentRow,
    GatePresenceRow,
    GateRow,
    PortalRow,
)
from controller.storage.unit_of_work import UnitOfWork
from mqtt.contract.containment import AUTOMATED_METHODS
from mqtt.contract.rules import Evaluation, Evidence, Verdict

__all__ = [
    "Case",
    "Check",
    "Point",
    "counted",
    "failed_or_passed",
    "no_data",
    "not_applicable",
    "said",
]

_LISTED = 40


@dataclass(frozen=True, slots=True)
class Point:
    """An access point in use."""

    name: str
    gate: str
    title: str
    methods: tuple[str, ...]

    @property
    def automated(self) -> tuple[str, ...]:
        """Return its automated non-biometric ways."""
        return tuple(sorted(method for method in self.methods if method in AUTOMATED_METHODS))


class Case:
    """One evaluation at one moment; what several checks need is read once."""

    def __init__(self, uow: UnitOfWork, site: Site, moment: Moment) -> None:
        self.uow = uow
        self.site = site
        self.moment = moment

    @cached_property
    def points(self) -> tuple[Point, ...]:
        """Return every access point of a gate in use."""
        rows = self.uow.session.execute(
            select(AccessPointRow, PortalRow.gate)
            .join(PortalRow, PortalRow.name == AccessPointRow.portal)
            .join(GateRow, GateRow.name == PortalRow.gate)
            .where(GateRow.revoked_at_ms.is_(None))
            .order_by(AccessPointRow.name)
        )
        return tuple(Point(row.name, gate, row.title, row.methods) for row, gate in rows)

    @cached_property
    def with_face(self) -> tuple[Point, ...]:
        """Return those at which face is fitted."""
        return tuple(point for point in self.points if "face" in point.methods)

    @cached_property
    def presence(self) -> dict[str, GatePresenceRow]:
        """Return what each gate last said about itself."""
        return {row.gate: row for row in self.uow.session.scalars(select(GatePresenceRow))}

    @cached_property
    def consents(self) -> tuple[FaceConsentRow, ...]:
        """Return the consents that stand."""
        found = select(FaceConsentRow).where(FaceConsentRow.ended_at_ms.is_(None))
        return tuple(self.uow.session.scalars(found))

    @cached_property
    def ever_consented(self) -> bool:
        """Tell whether anybody ever said yes here."""
        return self.uow.session.scalar(select(FaceConsentRow.id).limit(1)) is not None

    @cached_property
    def months(self) -> tuple[str, ...]:
        """Return the month before and the present one."""
        return last_months(self.moment, 2)

    @cached_property
    def cells(self) -> dict[tuple[str, str, str], Cell]:
        """Return the numbers of both months by (month, point, way)."""
        return {
            (cell.row.month, cell.row.access_point, cell.row.method): cell
            for cell in cells(self.uow, self.months)
        }


Check = Callable[[Case, str], Evaluation]
"""Takes the case and the id of the rule."""


def said(
    rule: str, verdict: Verdict, zh: str, en: str, evidence: Iterable[Evidence] = ()
) -> Evaluation:
    """Return an evaluation; of long evidence the first items are kept."""
    return Evaluation(rule, verdict, zh, en, tuple(evidence)[:_LISTED])


def failed_or_passed(
    rule: str,
    wrong: list[Evidence],
    right: list[Evidence],
    *,
    fails: tuple[str, str],
    passes: tuple[str, str],
) -> Evaluation:
    """Return FAIL with what is wrong, or PASS with what was looked at."""
    if wrong:
        return said(rule, Verdict.FAIL, *fails, wrong)
    return said(rule, Verdict.PASS, *passes, right)


def not_applicable(rule: str, zh: str, en: str) -> Evaluation:
    """Return NOT APPLICABLE with its reason."""
    return said(rule, Verdict.NOT_APPLICABLE, zh, en)


def no_data(rule: str, zh: str, en: str, evidence: Iterable[Evidence] = ()) -> Evaluation:
    """Return INSUFFICIENT DATA with its reason."""
    return said(rule, Verdict.INSUFFICIENT_DATA, zh, en, evidence)


def counted(
    rule: str, what: str, wrong: int, fails: tuple[str, str], passes: tuple[str, str]
) -> Evaluation:
    """Return FAIL where something that must not exist was counted, else PASS."""
    shown = [Evidence("count", what, str(wrong), "0")]
    return failed_or_passed(rule, shown if wrong else [], shown, fails=fails, passes=passes)
