"""Keep the desk's records: drafts that can be changed, versions that cannot, dates that come up.

A record counts when it is approved; where the form asks for a second person, by another one than
its author. What counts is never changed: a renewal is a new version that replaces it.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import msgspec
from sqlalchemy import select

from controller.domain.desk.forms import DeskForm, DeskKind, check_answers
from controller.domain.desk.forms_data import all_forms, form_of
from controller.domain.moment import DAY_MS, Moment
from controller.domain.refusal import Refusal, raise_if
from controller.domain.roles import Act, Actor
from controller.services.acts import need_act, record_act
from controller.services.site import Site
from controller.storage.models import DeskRecordRow
from controller.storage.unit_of_work import UnitOfWork
from mqtt.contract.reasons import ReasonCode

__all__ = ["SOON_MS", "DeskState", "approve", "desk_state", "in_force", "keep", "records", "renew"]

SOON_MS = 30 * DAY_MS
_TITLE_CHARACTERS = 80


@dataclass(frozen=True, slots=True)
class DeskState:
    """Where one kind of record stands; `verdict` is for the overview."""

    form: DeskForm
    newest: DeskRecordRow | None
    drafts: int
    is_late: bool
    is_soon: bool

    @property
    def verdict(self) -> str:
        """Return `PASS`, `FAIL` past its date, or `NEEDS HUMAN` where nothing counts yet."""
        if self.newest is None:
            return "NOT APPLICABLE" if self.form.kind is DeskKind.INCIDENT else "NEEDS HUMAN"
        return "FAIL" if self.is_late else "PASS"


def keep(
    uow: UnitOfWork,
    site: Site,
    actor: Actor,
    kind: DeskKind,
    answers: Mapping[str, str],
    *,
    moment: Moment,
    draft: int | None = None,
    is_draft: bool = False,
) -> DeskRecordRow:
    """Save a record, or change a draft; without a second person to ask for, it counts at once.

    Raises RefusedError: `role_not_allowed`, `config_invalid` with the field, `face_favoured` for
    fees, `not_found`, `conflict` for a record that counts already.
    """
    need_act(actor, Act.EDIT_COMPLIANCE)
    form = form_of(kind)
    said = {name: text.strip() for name, text in answers.items() if text.strip()}
    raise_if(check_answers(form, said, is_draft=is_draft))
    row = DeskRecordRow(kind=kind.value, replaces=None) if draft is None else _draft(uow, draft)
    row.title = said.get(form.asked[0].name, "")[:_TITLE_CHARACTERS]
    row.document, row.digest = said, _digest(kind, said)
    row.made_at_ms, row.made_by = moment.utc_ms, actor.id
    row.is_approved = not (form.needs_second or is_draft)
    row.approved_by = actor.id if row.is_approved else None
    row.approved_at_ms = moment.utc_ms if row.is_approved else None
    row.due_at_ms = _due(form, said, site, moment)
    uow.session.add(row)
    uow.session.flush()
    record_act(uow, moment, actor, Act.EDIT_COMPLIANCE, actor.id, reason=f"{kind.value} {row.id}")
    return row


def approve(uow: UnitOfWork, actor: Actor, record: int, moment: Moment) -> DeskRecordRow:
    """Let a complete draft count. Raises RefusedError: `second_person_missing` for one's own."""
    need_act(actor, Act.EDIT_COMPLIANCE)
    row = _draft(uow, record)
    form = form_of(DeskKind(row.kind))
    raise_if(check_answers(form, row.document))
    if form.needs_second and row.made_by == actor.id:
        raise Refusal(ReasonCode.SECOND_PERSON_MISSING, "CD-02", form.article).as_error()
    row.is_approved, row.approved_by, row.approved_at_ms = True, actor.id, moment.utc_ms
    uow.session.flush()
    reason = f"{row.kind} {row.id} approved"
    record_act(uow, moment, actor, Act.EDIT_COMPLIANCE, actor.id, reason=reason)
    return row


def renew(uow: UnitOfWork, actor: Actor, record: int, moment: Moment) -> DeskRecordRow:
    """Begin a new version of a record that counts, as a draft with its answers."""
    need_act(actor, Act.EDIT_COMPLIANCE)
    old = uow.need(DeskRecordRow, record)
    row = DeskRecordRow(
        kind=old.kind,
        title=old.title,
        document=dict(old.document),
        digest=old.digest,
        made_at_ms=moment.utc_ms,
        made_by=actor.id,
        due_at_ms=None,
        replaces=old.id,
        is_approved=False,
    )
    uow.session.add(row)
    uow.session.flush()
    return row


def records(uow: UnitOfWork, kind: DeskKind) -> tuple[DeskRecordRow, ...]:
    """Return every version of a kind of record, the newest first."""
    found = select(DeskRecordRow).where(DeskRecordRow.kind == kind.value)
    return tuple(uow.session.scalars(found.order_by(DeskRecordRow.id.desc())))


def in_force(uow: UnitOfWork, kind: DeskKind, moment: Moment) -> tuple[DeskRecordRow, ...]:
    """Return what counts now: approved, not replaced by another approved one, not past its date."""
    rows = [row for row in records(uow, kind) if row.is_approved]
    replaced = {row.replaces for row in rows}
    return tuple(
        row
        for row in rows
        if row.id not in replaced and (row.due_at_ms is None or row.due_at_ms > moment.utc_ms)
    )


def desk_state(uow: UnitOfWork, moment: Moment) -> tuple[DeskState, ...]:
    """Return where each kind of record stands."""
    return tuple(_state(uow, form, moment) for form in all_forms())


def _state(uow: UnitOfWork, form: DeskForm, moment: Moment) -> DeskState:
    rows = records(uow, form.kind)
    newest = next((row for row in rows if row.is_approved), None)
    due_ms = newest.due_at_ms if newest is not None else None
    return DeskState(
        form,
        newest,
        sum(not row.is_approved for row in rows),
        due_ms is not None and due_ms <= moment.utc_ms,
        due_ms is not None and moment.utc_ms < due_ms <= moment.utc_ms + SOON_MS,
    )


def _draft(uow: UnitOfWork, record: int) -> DeskRecordRow:
    row = uow.need(DeskRecordRow, record)
    if row.is_approved:
        raise Refusal(ReasonCode.CONFLICT, "CD-03", detail="record counts already").as_error()
    return row


def _due(form: DeskForm, said: Mapping[str, str], site: Site, moment: Moment) -> int | None:
    if form.ends_by and said.get(form.ends_by):
        day = date.fromisoformat(said[form.ends_by]) + timedelta(days=1)
    elif form.renew_days:
        day = site.today(moment) + timedelta(days=form.renew_days)
    else:
        return None
    at = datetime.combine(day, time(), ZoneInfo(site.zone)).astimezone(UTC)
    return round(at.timestamp() * 1000)


def _digest(kind: DeskKind, said: Mapping[str, str]) -> bytes:
    return hashlib.sha256(msgspec.json.encode([kind.value, dict(said)], order="sorted")).digest()
