"""Map people: dwellings, holders, residences, guardians, staff, sessions and staff acts.

Names and telephone numbers exist in these tables and nowhere else in the system (PIPL Art. 6).
"""

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from controller.storage.base import Base, Blob, InstantMs, Label, Name, Prose, Pseudonym

__all__ = [
    "DwellingRow",
    "GuardianshipRow",
    "HolderRow",
    "ResidenceRow",
    "SessionRow",
    "StaffActRow",
    "StaffRow",
]


class DwellingRow(Base):
    """One flat. `label` is building-unit-room, for example `3-2-502`."""

    __tablename__ = "dwellings"

    id: Mapped[int] = mapped_column(primary_key=True)
    label: Mapped[Label] = mapped_column(unique=True)


class HolderRow(Base):
    """One person known to access control.

    `adult_from` is the ISO date of the 18th birthday, or empty for an adult.
    """

    __tablename__ = "holders"
    __table_args__ = (CheckConstraint("kind IN ('resident', 'visitor', 'staff')", name="kind"),)

    id: Mapped[Pseudonym] = mapped_column(primary_key=True)
    kind: Mapped[Name]
    name: Mapped[Label]
    phone: Mapped[Label] = mapped_column(default="")
    adult_from: Mapped[Name] = mapped_column(default="")
    longer_opening: Mapped[bool] = mapped_column(default=False)
    language: Mapped[Name] = mapped_column(default="zh-CN")
    created_at_ms: Mapped[InstantMs]
    left_at_ms: Mapped[InstantMs | None]


class ResidenceRow(Base):
    """A holder's right to live in a dwelling: `owner`, `tenant` or `occupant`.

    It is current while `ended_at_ms` is null.
    """

    __tablename__ = "residences"
    __table_args__ = (
        CheckConstraint("relation IN ('owner', 'tenant', 'occupant')", name="relation"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    holder_id: Mapped[Pseudonym] = mapped_column(ForeignKey("holders.id"), index=True)
    dwelling_id: Mapped[int] = mapped_column(ForeignKey("dwellings.id"), index=True)
    relation: Mapped[Name]
    from_ms: Mapped[InstantMs]
    until_ms: Mapped[InstantMs | None]
    ended_at_ms: Mapped[InstantMs | None]


class GuardianshipRow(Base):
    """An adult who may act for a child; either guardian may block the child's fob."""

    __tablename__ = "guardianships"

    child_id: Mapped[Pseudonym] = mapped_column(ForeignKey("holders.id"), primary_key=True)
    guardian_id: Mapped[Pseudonym] = mapped_column(ForeignKey("holders.id"), primary_key=True)


class StaffRow(Base):
    """A staff account.

    It has an Argon2id hash for the pages, a scrypt PIN hash and a fob for the roster.

    `totp_secret` is sealed by the web layer. A row is never deleted: a leaver has `ended_at_ms`.
    """

    __tablename__ = "staff"
    __table_args__ = (
        CheckConstraint("role IN ('guard', 'manager', 'inspector', 'installer')", name="role"),
    )

    id: Mapped[Pseudonym] = mapped_column(primary_key=True)
    login: Mapped[Name] = mapped_column(unique=True)
    name: Mapped[Label]
    role: Mapped[Name]
    password_hash: Mapped[Prose] = mapped_column(default="")
    totp_secret: Mapped[Blob] = mapped_column(default=b"")
    pin_salt: Mapped[Blob] = mapped_column(default=b"")
    pin_hash: Mapped[Blob] = mapped_column(default=b"")
    card_value: Mapped[Name] = mapped_column(default="")
    card_length: Mapped[int] = mapped_column(default=0)
    public_key: Mapped[Blob] = mapped_column(default=b"")
    holder_id: Mapped[Pseudonym | None] = mapped_column(ForeignKey("holders.id"))
    valid_until_ms: Mapped[InstantMs]
    created_at_ms: Mapped[InstantMs]
    ended_at_ms: Mapped[InstantMs | None]


class SessionRow(Base):
    """A signed-in browser of a staff member or a holder. Only SHA-256 of the cookie is kept."""

    __tablename__ = "sessions"
    __table_args__ = (
        CheckConstraint("(staff_id IS NULL) <> (holder_id IS NULL)", name="one_person"),
    )

    cookie_hash: Mapped[Blob] = mapped_column(primary_key=True)
    staff_id: Mapped[Pseudonym | None] = mapped_column(ForeignKey("staff.id"), index=True)
    holder_id: Mapped[Pseudonym | None] = mapped_column(ForeignKey("holders.id"), index=True)
    created_at_ms: Mapped[InstantMs]
    until_ms: Mapped[InstantMs]
    ended_at_ms: Mapped[InstantMs | None]


class StaffActRow(Base):
    """What staff did to somebody's access and why.

    Never changed, never deleted before its retention ends.
    """

    __tablename__ = "staff_acts"
    __table_args__ = (Index("ix_staff_acts_subject_at_ms", "subject", "at_ms"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    at_ms: Mapped[InstantMs]
    actor: Mapped[Pseudonym]
    act: Mapped[Name]
    subject: Mapped[Pseudonym]
    reason: Mapped[Prose]
    order_reference: Mapped[Label] = mapped_column(default="")
