"""Keep what people attest for rules that software cannot check, as a chain of dated records.

Verdicts read them: without one in force a rule of this kind stays NEEDS HUMAN.
"""

import hashlib
from dataclasses import dataclass

from sqlalchemy import select

from controller.domain.moment import Moment
from controller.domain.refusal import Refusal
from controller.domain.roles import Act, Actor
from controller.services.acts import need_act
from controller.services.logbook.control import append
from controller.storage.models import AttestationRow
from controller.storage.unit_of_work import UnitOfWork
from mqtt.contract import codec
from mqtt.contract.control_log import ControlKind
from mqtt.contract.reasons import ReasonCode

__all__ = ["COMPOUND", "AttestationDraft", "attest", "attestations", "chain_break", "in_force"]

COMPOUND = "compound"
"""The subject of what holds for the whole compound."""
_HASH_BYTES = 32


@dataclass(frozen=True, slots=True)
class AttestationDraft:
    """What somebody saw. `evidence_hash` is SHA-256 of a photo or scan, or empty.

    `valid_until_ms` None means for good; `seen_at_ms` None means now.
    """

    rule: str
    statement: str
    subject: str = COMPOUND
    witness: str = ""
    evidence_hash: bytes = b""
    seen_at_ms: int | None = None
    valid_until_ms: int | None = None


def attest(
    uow: UnitOfWork, actor: Actor, draft: AttestationDraft, moment: Moment
) -> AttestationRow:
    """Add an attestation of the acting member of staff.

    Raises RefusedError: `role_not_allowed`, `reason_required` without a statement,
    `config_invalid` for a hash of another length or a date in the future.
    """
    need_act(actor, Act.ATTEST)
    if not draft.statement.strip() or not draft.rule.strip():
        raise Refusal(ReasonCode.REASON_REQUIRED, "AT-01", detail="statement").as_error()
    if len(draft.evidence_hash) not in {0, _HASH_BYTES}:
        raise Refusal(ReasonCode.CONFIG_INVALID, "AT-01", detail="evidence_hash").as_error()
    seen_at_ms = moment.utc_ms if draft.seen_at_ms is None else draft.seen_at_ms
    if seen_at_ms > moment.utc_ms:
        raise Refusal(ReasonCode.CONFIG_INVALID, "AT-01", detail="seen_at").as_error()
    row = AttestationRow(
        rule=draft.rule.strip(),
        subject=draft.subject.strip() or COMPOUND,
        statement=draft.statement.strip(),
        witness=draft.witness.strip(),
        evidence_hash=draft.evidence_hash,
        seen_at_ms=seen_at_ms,
        valid_until_ms=draft.valid_until_ms,
        made_at_ms=moment.utc_ms,
        made_by=actor.id,
        previous=_head(uow),
        digest=b"",
    )
    row.digest = _digest(row)
    uow.session.add(row)
    uow.session.flush()
    _note_in_log(uow, row, moment)
    return row


def in_force(uow: UnitOfWork, rule: str, subject: str, moment: Moment) -> AttestationRow | None:
    """Return the newest attestation of a rule about a subject that still counts, or None."""
    found = (
        select(AttestationRow)
        .where(AttestationRow.rule == rule, AttestationRow.subject == subject)
        .order_by(AttestationRow.id.desc())
        .limit(1)
    )
    row = uow.session.scalar(found)
    if row is None or (row.valid_until_ms is not None and row.valid_until_ms <= moment.utc_ms):
        return None
    return row


def attestations(uow: UnitOfWork, rule: str | None = None) -> tuple[AttestationRow, ...]:
    """Return all attestations, or those of one rule, oldest first."""
    found = select(AttestationRow).order_by(AttestationRow.id)
    if rule is not None:
        found = found.where(AttestationRow.rule == rule)
    return tuple(uow.session.scalars(found))


def chain_break(uow: UnitOfWork) -> int | None:
    """Return the id of the first attestation that does not follow from the one before, or None."""
    previous = b""
    for row in attestations(uow):
        if row.previous != previous or row.digest != _digest(row):
            return row.id
        previous = row.digest
    return None


def _note_in_log(uow: UnitOfWork, row: AttestationRow, moment: Moment) -> None:
    append(
        uow,
        moment,
        ControlKind.ATTESTATION,
        personal=[row.made_by],
        rule=row.rule,
        subject=row.subject,
        digest=row.digest,
    )


def _head(uow: UnitOfWork) -> bytes:
    newest = select(AttestationRow.digest).order_by(AttestationRow.id.desc()).limit(1)
    return uow.session.scalar(newest) or b""


def _digest(row: AttestationRow) -> bytes:
    said: codec.Plain = [
        row.previous,
        row.rule,
        row.subject,
        row.statement,
        row.witness,
        row.evidence_hash,
        row.seen_at_ms,
        row.valid_until_ms,
        row.made_at_ms,
        row.made_by,
    ]
    return hashlib.sha256(codec.encode_plain(said)).digest()
