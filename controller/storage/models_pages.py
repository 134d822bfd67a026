"""Map what residents' and guards' pages add: login slips, own records, disputes, calls, reasons."""

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, Integer
from sqlalchemy.orm import Mapped, mapped_column

from controller.storage.base import Base, Blob, InstantMs, Name, Prose, Pseudonym, Words

__all__ = ["CallRow", "DisputeRow", "LoginSlipRow", "OpenReasonRow", "PassageRow"]

_ROWID = BigInteger().with_variant(Integer, "sqlite")


class LoginSlipRow(Base):
    """A printed slip for a resident's first login on a device; only SHA-256 of the code is kept.

    `levels` are those of the phone pass that begins with it, if the resident has none yet.
    """

    __tablename__ = "login_slips"

    code_hash: Mapped[Blob] = mapped_column(primary_key=True)
    holder_id: Mapped[Pseudonym] = mapped_column(ForeignKey("holders.id"), index=True)
    levels: Mapped[tuple[str, ...]] = mapped_column(Words)
    made_at_ms: Mapped[InstantMs]
    made_by: Mapped[Pseudonym]
    until_ms: Mapped[InstantMs]
    used_at_ms: Mapped[InstantMs | None]


class PassageRow(Base):
    """Which event was whose, so that a resident's own page needs no search through all events.

    It goes with the personal part of the event after 30 days.
    """

    __tablename__ = "passages"
    __table_args__ = (Index("ix_passages_holder_id_at_s", "holder_id", "at_s", "event_id"),)

    event_id: Mapped[int] = mapped_column(_ROWID, primary_key=True, autoincrement=False)
    holder_id: Mapped[Pseudonym]
    at_s: Mapped[InstantMs] = mapped_column(index=True)


class DisputeRow(Base):
    """Somebody said that a record is wrong: `not_me`. Never deleted by staff (case J17).

    The record is named by its identity, and held until 60 days after the answer.
    """

    __tablename__ = "disputes"

    id: Mapped[int] = mapped_column(_ROWID, primary_key=True)
    holder_id: Mapped[Pseudonym] = mapped_column(ForeignKey("holders.id"), index=True)
    event_id: Mapped[int] = mapped_column(BigInteger, unique=True)
    method: Mapped[Name]
    opened_at_ms: Mapped[InstantMs]
    answer_due_ms: Mapped[InstantMs]
    answer: Mapped[Prose] = mapped_column(default="")
    answered_at_ms: Mapped[InstantMs | None] = mapped_column(index=True)
    answered_by: Mapped[Pseudonym | None]


class CallRow(Base):
    """Somebody wants the guard: at a gate (`event_id`) or from a resident's page (`holder_id`)."""

    __tablename__ = "calls"
    __table_args__ = (
        CheckConstraint("(event_id IS NULL) <> (holder_id IS NULL)", name="one_source"),
    )

    id: Mapped[int] = mapped_column(_ROWID, primary_key=True)
    event_id: Mapped[int | None] = mapped_column(BigInteger, unique=True)
    holder_id: Mapped[Pseudonym | None] = mapped_column(ForeignKey("holders.id"), index=True)
    access_point: Mapped[Name] = mapped_column(default="")
    at_ms: Mapped[InstantMs] = mapped_column(index=True)
    answered_at_ms: Mapped[InstantMs | None]
    answered_by: Mapped[Pseudonym | None]


class OpenReasonRow(Base):
    """The reason for a remote opening, which may follow within five minutes (case K01)."""

    __tablename__ = "open_reasons"

    command_id: Mapped[Blob] = mapped_column(ForeignKey("commands.id"), primary_key=True)
    actor: Mapped[Pseudonym]
    due_at_ms: Mapped[InstantMs]
    reason: Mapped[Prose] = mapped_column(default="")
    given_at_ms: Mapped[InstantMs | None] = mapped_column(index=True)
    given_by: Mapped[Pseudonym | None]
    alarmed_at_ms: Mapped[InstantMs | None]
