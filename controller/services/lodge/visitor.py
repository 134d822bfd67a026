"""Print a slip for a visitor at the lodge: whom he visits, for how long; no face, no telephone."""

from dataclasses import dataclass

from sqlalchemy import select

from controller.domain.moment import HOUR_MS, Moment
from controller.domain.passes import VisitorTerms
from controller.domain.people import HolderKind
from controller.domain.refusal import Refusal
from controller.domain.roles import Actor
from controller.services.access import ensure_plan
from controller.services.holders import HolderDraft, add_holder
from controller.services.passes import IssuedPass, VisitorDraft, issue_visitor
from controller.services.site import Site
from controller.storage.models import AccessPointRow, DwellingRow, PortalRow
from controller.storage.unit_of_work import UnitOfWork
from mqtt.contract.reasons import ReasonCode
from mqtt.contract.records import WindowRecord

__all__ = ["HOURS", "VisitorAsked", "print_visitor_slip"]

HOURS = (2, 8, 24)
_ALWAYS = WindowRecord(tuple(range(7)), 0, 1440)


@dataclass(frozen=True, slots=True)
class VisitorAsked:
    """Who comes (as he calls himself), to which flat (may be empty), through which gate."""

    name: str
    dwelling: str
    gate: str
    hours: int


def print_visitor_slip(
    uow: UnitOfWork, site: Site, actor: Actor, asked: VisitorAsked, moment: Moment
) -> IssuedPass:
    """Issue a paper pass for a visitor at one gate.

    Raises RefusedError: `role_not_allowed`, `not_found` (flat, gate), `config_invalid`.
    """
    if asked.hours not in HOURS or not asked.name.strip():
        raise Refusal(ReasonCode.CONFIG_INVALID, "PA-02", detail="name, hours").as_error()
    dwelling = _dwelling(uow, asked.dwelling)
    points = uow.session.scalars(
        select(AccessPointRow.name)
        .join(PortalRow, PortalRow.name == AccessPointRow.portal)
        .where(PortalRow.gate == asked.gate)
        .order_by(AccessPointRow.name)
    )
    level = ensure_plan(uow, (_ALWAYS,), tuple(points))
    holder = add_holder(uow, HolderDraft(asked.name.strip(), HolderKind.VISITOR), moment)
    until_s = moment.utc_s + asked.hours * HOUR_MS // 1000
    terms = VisitorTerms(moment.utc_s, until_s, uses=0, home_gate=asked.gate)
    draft = VisitorDraft(holder, (level,), terms, dwelling, None, "访客")
    return issue_visitor(uow, site, actor, draft, moment)


def _dwelling(uow: UnitOfWork, label: str) -> int | None:
    if not label.strip():
        return None
    found = uow.session.scalar(select(DwellingRow.id).where(DwellingRow.label == label.strip()))
    if found is None:
        raise Refusal(ReasonCode.NOT_FOUND, "LO-03", detail="dwelling").as_error()
    return found
