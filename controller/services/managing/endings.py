"""End credentials through the desk: at once, or by two people with a notice and a date (CR-07).

Before anything is asked for, `outlook` says for every reason what would happen: ended at once, with
a paper pass issued in the same act, two people and a notice, or refused with rule and article.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import select

from controller.domain.credentials import EndReason
from controller.domain.ending import EndPlan, EndRequest, plan_end
from controller.domain.managing.second_person import Course, course_of, may_approve
from controller.domain.moment import Moment
from controller.domain.refusal import Refusal
from controller.domain.roles import Act, Actor
from controller.services.acts import need_act, need_reason, record_act
from controller.services.credentials import Ended, end_credential, end_facts
from controller.services.register import as_credential
from controller.services.site import Site
from controller.storage.models import CredentialRow, EndRequestRow, StaffRow
from controller.storage.unit_of_work import UnitOfWork
from mqtt.contract.errors import RefusedError
from mqtt.contract.reasons import ReasonCode
from mqtt.contract.records import Role

__all__ = [
    "DESK_REASONS",
    "EndDraft",
    "Outlook",
    "approve_end",
    "ask_end",
    "notices_for",
    "open_requests",
    "outlook",
    "run_due",
    "withdraw_end",
]

DESK_REASONS = (
    EndReason.LOST,
    EndReason.DAMAGED,
    EndReason.RETURNED,
    EndReason.HOLDER_WISH,
    EndReason.MISUSE,
    EndReason.ORDER,
    EndReason.ARREARS,
)
"""What the desk may choose from; arrears stands there to be refused with its article."""


@dataclass(frozen=True, slots=True)
class EndDraft:
    """What somebody at the desk wants to end, and why. `ends_at_ms` None is as early as allowed."""

    credential: bytes
    reason: EndReason
    note: str = ""
    order_reference: str = ""
    with_replacement: bool = False
    ends_at_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Outlook:
    """What an ending for one reason would come to: a refusal, or its plan and its course."""

    refusal: Refusal | None
    plan: EndPlan
    course: Course


def outlook(
    uow: UnitOfWork, site: Site, actor: Actor, credential: bytes, moment: Moment
) -> Mapping[EndReason, Outlook]:
    """Return what each reason of the desk would come to now. Raises RefusedError(`not_found`)."""
    row = uow.need(CredentialRow, credential)
    facts, found = end_facts(uow, site, row, moment), {}
    for reason in DESK_REASONS:
        # An order's reference is asked for when it is chosen.
        request = EndRequest(as_credential(row), actor, reason, order_reference="…")
        plan = plan_end(request, facts)
        refusal = plan if isinstance(plan, Refusal) else None
        allowed = plan if isinstance(plan, EndPlan) else EndPlan()
        found[reason] = Outlook(refusal, allowed, course_of(reason))
    return found


def ask_end(
    uow: UnitOfWork, site: Site, actor: Actor, draft: EndDraft, moment: Moment
) -> Ended | EndRequestRow:
    """End a credential now, or begin the course that its reason needs.

    Raises what `end_credential` raises, and RefusedError(`reason_required`) where two people decide
    and nothing says why.
    """
    if course_of(draft.reason).needs_second:
        return _begin(uow, site, actor, draft, moment)
    return end_credential(
        uow,
        site,
        actor,
        draft.credential,
        draft.reason,
        moment=moment,
        with_replacement=draft.with_replacement,
        order_reference=draft.order_reference,
        note=draft.note,
    )


def _begin(
    uow: UnitOfWork, site: Site, actor: Actor, draft: EndDraft, moment: Moment
) -> EndRequestRow:
    """Ask a second person for an ending."""
    need_act(actor, Act.END_CREDENTIAL)
    need_reason(draft.note)
    row = uow.need(CredentialRow, draft.credential)
    _check_now(uow, site, actor, draft, row, moment=moment)
    if _open_for(uow, row.id) is not None:
        raise Refusal(ReasonCode.CONFLICT, "CR-07", detail="request").as_error()
    request = EndRequestRow(
        credential_id=row.id,
        holder_id=row.holder_id,
        reason=draft.reason.value,
        note=draft.note.strip(),
        order_reference=draft.order_reference.strip(),
        with_replacement=draft.with_replacement,
        asked_by=actor.id,
        asked_at_ms=moment.utc_ms,
        ends_at_ms=max(draft.ends_at_ms or 0, moment.utc_ms + course_of(draft.reason).notice_ms),
    )
    uow.session.add(request)
    uow.session.flush()
    reason = f"asked: {draft.reason.value}: {draft.note.strip()}"
    record_act(uow, moment, actor, Act.END_CREDENTIAL, row.id, reason=reason)
    return request


def approve_end(uow: UnitOfWork, site: Site, actor: Actor, request: int, moment: Moment) -> bool:
    """Approve an ending as the second person; return whether it ended at once.

    The notice counts from now. Raises RefusedError: `second_person_missing` for the one who asked,
    `role_not_allowed`, `expired` for a request that is over, and what ending raises.
    """
    need_act(actor, Act.END_CREDENTIAL)
    row = _open(uow, request)
    if not may_approve(row.asked_by, actor.id):
        raise Refusal(ReasonCode.SECOND_PERSON_MISSING, "CR-07").as_error()
    course = course_of(EndReason(row.reason))
    row.approved_by, row.approved_at_ms = actor.id, moment.utc_ms
    row.ends_at_ms = max(row.ends_at_ms, moment.utc_ms + course.notice_ms)
    record_act(uow, moment, actor, Act.END_CREDENTIAL, row.credential_id, reason="approved")
    uow.session.flush()
    return _end(uow, site, row, moment)


def withdraw_end(uow: UnitOfWork, actor: Actor, request: int, moment: Moment) -> None:
    """Drop an ending before it happened; anybody who may end may drop. Raises RefusedError."""
    need_act(actor, Act.END_CREDENTIAL)
    row = _open(uow, request)
    row.withdrawn_by, row.withdrawn_at_ms = actor.id, moment.utc_ms
    record_act(uow, moment, actor, Act.END_CREDENTIAL, row.credential_id, reason="withdrawn")
    uow.session.flush()


def run_due(uow: UnitOfWork, site: Site, moment: Moment) -> int:
    """End what two people decided and whose date has come; runs every minute and may run twice.

    What the rules refuse by now (a last credential) is left standing and shows as overdue.
    """
    found = select(EndRequestRow).where(
        EndRequestRow.approved_at_ms.is_not(None),
        EndRequestRow.done_at_ms.is_(None),
        EndRequestRow.withdrawn_at_ms.is_(None),
        EndRequestRow.ends_at_ms <= moment.utc_ms,
    )
    done = 0
    for row in uow.session.scalars(found).all():
        try:
            done += _end(uow, site, row, moment)
        except RefusedError:
            continue
    return done


def open_requests(uow: UnitOfWork) -> tuple[EndRequestRow, ...]:
    """Return the endings that wait for a person or for their date, oldest first."""
    found = select(EndRequestRow).where(
        EndRequestRow.done_at_ms.is_(None), EndRequestRow.withdrawn_at_ms.is_(None)
    )
    return tuple(uow.session.scalars(found.order_by(EndRequestRow.id)))


def notices_for(uow: UnitOfWork, holder: bytes) -> tuple[EndRequestRow, ...]:
    """Return the endings that were decided and that their holder must know of, newest first."""
    found = select(EndRequestRow).where(
        EndRequestRow.holder_id == holder,
        EndRequestRow.approved_at_ms.is_not(None),
        EndRequestRow.withdrawn_at_ms.is_(None),
    )
    return tuple(uow.session.scalars(found.order_by(EndRequestRow.id.desc()).limit(10)))


def _check_now(
    uow: UnitOfWork,
    site: Site,
    actor: Actor,
    draft: EndDraft,
    row: CredentialRow,
    *,
    moment: Moment,
) -> None:
    """Refuse at once what would be refused at the end."""
    request = EndRequest(
        as_credential(row), actor, draft.reason, draft.with_replacement, draft.order_reference
    )
    plan = plan_end(request, end_facts(uow, site, row, moment))
    if isinstance(plan, Refusal):
        raise plan.as_error()


def _end(uow: UnitOfWork, site: Site, row: EndRequestRow, moment: Moment) -> bool:
    if row.ends_at_ms > moment.utc_ms:
        return False
    approver = uow.need(StaffRow, row.approved_by)
    end_credential(
        uow,
        site,
        Actor(approver.id, Role(approver.role)),
        row.credential_id,
        EndReason(row.reason),
        moment=moment,
        with_replacement=row.with_replacement,
        order_reference=row.order_reference,
        note=row.note,
    )
    row.done_at_ms = moment.utc_ms
    uow.session.flush()
    return True


def _open(uow: UnitOfWork, request: int) -> EndRequestRow:
    row = uow.need(EndRequestRow, request)
    if row.done_at_ms is not None or row.withdrawn_at_ms is not None:
        raise Refusal(ReasonCode.EXPIRED, "CR-07", detail="request").as_error()
    return row


def _open_for(uow: UnitOfWork, credential: bytes) -> EndRequestRow | None:
    return next((row for row in open_requests(uow) if row.credential_id == credential), None)
