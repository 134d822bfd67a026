"""Map what people attest and decide: attestations, the compliance desk, complaints, orders.

Nothing here is ever changed after it was signed off; a correction is a new row. Each attestation
carries the hash of the one before it, so that a missing or changed one is seen.
"""

from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from controller.storage.base import Base, Blob, InstantMs, Label, Name, Prose, Pseudonym

__all__ = [
    "AttestationRow",
    "ComplaintRow",
    "DeskRecordRow",
    "LegalHoldRow",
    "LegalOrderRow",
]


class AttestationRow(Base):
    """What a named person saw with their own eyes, for a rule that software cannot check.

    `rule` is its id, `subject` an access point, gate, terminal or `compound`. `evidence_hash` is
    SHA-256 of the photo or scan, which the site keeps; `digest` covers this row and `previous`.
    """

    __tablename__ = "attestations"

    id: Mapped[int] = mapped_column(primary_key=True)
    rule: Mapped[Name] = mapped_column(index=True)
    subject: Mapped[Label]
    statement: Mapped[Prose]
    witness: Mapped[Label]
    evidence_hash: Mapped[Blob]
    seen_at_ms: Mapped[InstantMs]
    valid_until_ms: Mapped[InstantMs | None]
    made_at_ms: Mapped[InstantMs]
    made_by: Mapped[Pseudonym]
    previous: Mapped[Blob]
    digest: Mapped[Blob]


class DeskRecordRow(Base):
    """One version of a record of the compliance desk; `kind` names its form.

    `document` are the answers, `digest` SHA-256 of their canonical JSON. `due_at_ms` is when it has
    to be renewed or answered. `replaces` points to the version before.
    """

    __tablename__ = "desk_records"

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[Name] = mapped_column(index=True)
    title: Mapped[Label]
    document: Mapped[dict[str, Any]] = mapped_column(JSON)
    digest: Mapped[Blob]
    made_at_ms: Mapped[InstantMs]
    made_by: Mapped[Pseudonym]
    due_at_ms: Mapped[InstantMs | None]
    replaces: Mapped[int | None] = mapped_column(ForeignKey("desk_records.id"))
    is_approved: Mapped[bool]
    approved_by: Mapped[Pseudonym | None]
    approved_at_ms: Mapped[InstantMs | None]


class ComplaintRow(Base):
    """A complaint with its 10-day clock.

    `topic` `forced` ("I was forced to use my face") is for inspectors only: staff read neither text
    nor sender. `holder_id` is null for somebody without an account; `contact` is how to answer.
    """

    __tablename__ = "complaints"

    id: Mapped[int] = mapped_column(primary_key=True)
    topic: Mapped[Name] = mapped_column(index=True)
    holder_id: Mapped[Pseudonym | None] = mapped_column(ForeignKey("holders.id"), index=True)
    contact: Mapped[Label]
    text: Mapped[Prose]
    opened_at_ms: Mapped[InstantMs]
    answer_due_ms: Mapped[InstantMs]
    answer: Mapped[Prose]
    answered_at_ms: Mapped[InstantMs | None] = mapped_column(index=True)
    answered_by: Mapped[Pseudonym | None]


class LegalOrderRow(Base):
    """An order of a court or authority and what became of it; two people approve it."""

    __tablename__ = "legal_orders"
    __table_args__ = (
        CheckConstraint("kind IN ('preserve', 'disclose', 'delete', 'end_access')", name="kind"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[Name]
    authority: Mapped[Label]
    document_number: Mapped[Label]
    holder_id: Mapped[Pseudonym] = mapped_column(ForeignKey("holders.id"), index=True)
    from_ms: Mapped[InstantMs | None]
    to_ms: Mapped[InstantMs | None]
    due_at_ms: Mapped[InstantMs]
    ends_at_ms: Mapped[InstantMs]
    made_at_ms: Mapped[InstantMs]
    made_by: Mapped[Pseudonym]
    approved_at_ms: Mapped[InstantMs | None]
    approved_by: Mapped[Pseudonym | None]
    done_at_ms: Mapped[InstantMs | None]
    result_hash: Mapped[Blob]
    result: Mapped[Prose]


class LegalHoldRow(Base):
    """What retention leaves alone for one person, until the order ends (rule RT-02)."""

    __tablename__ = "legal_holds"

    order_id: Mapped[int] = mapped_column(ForeignKey("legal_orders.id"), primary_key=True)
    holder_id: Mapped[Pseudonym] = mapped_column(index=True)
    until_ms: Mapped[InstantMs]
    ended_at_ms: Mapped[InstantMs | None]
