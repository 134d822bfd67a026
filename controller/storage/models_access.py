"""Map access: credentials, levels, schedules, holidays, revocations and site keys.

A level's grant names access points and a schedule and has no column for a method: nothing here can
slow, price or schedule one way differently (DESIGN §2, promise 1).
"""

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from controller.storage.base import (
    Base,
    Blob,
    InstantMs,
    Label,
    Name,
    Pseudonym,
    Words,
)

__all__ = [
    "CalendarDayRow",
    "CredentialRow",
    "GrantRow",
    "LevelRow",
    "RevocationRow",
    "ScheduleRow",
    "SiteKeyRow",
    "SiteValueRow",
    "WindowRow",
]

_ACTIVE_FOB = text("ended_at_ms IS NULL AND carrier = 'fob'")


class CredentialRow(Base):
    """One credential of one holder.

    A card is its data bits without parity plus their number: `card_value` in hexadecimal,
    `card_length` in bits.

    `dwelling_id` marks a pass that a household owns and that ends with it; `host_id` the resident
    who invited. `uses` 0 means any number. `pass_id` and `pass_from_ms` are those of the
    pass printed last; `former_pass_id` is the one before it, which ends when the new one is used.
    """

    __tablename__ = "credentials"
    __table_args__ = (
        CheckConstraint(
            "carrier IN ('fob', 'phone', 'paper', 'slip', 'visitor', 'pin')", name="carrier"
        ),
        Index(
            "uq_credentials_active_fob",
            "card_value",
            "card_length",
            unique=True,
            sqlite_where=_ACTIVE_FOB,
            postgresql_where=_ACTIVE_FOB,
        ),
    )

    id: Mapped[Pseudonym] = mapped_column(primary_key=True)
    holder_id: Mapped[Pseudonym] = mapped_column(ForeignKey("holders.id"), index=True)
    carrier: Mapped[Name]
    levels: Mapped[tuple[str, ...]] = mapped_column(Words)
    valid_from_ms: Mapped[InstantMs]
    valid_until_ms: Mapped[InstantMs] = mapped_column(index=True)
    card_value: Mapped[Name] = mapped_column(default="")
    card_length: Mapped[int] = mapped_column(default=0)
    pin_salt: Mapped[Blob] = mapped_column(default=b"")
    pin_hash: Mapped[Blob] = mapped_column(default=b"")
    duress_hash: Mapped[Blob] = mapped_column(default=b"")
    fob_needs_pin: Mapped[bool] = mapped_column(default=False)
    dwelling_id: Mapped[int | None] = mapped_column(ForeignKey("dwellings.id"), index=True)
    host_id: Mapped[Pseudonym | None] = mapped_column(ForeignKey("holders.id"), index=True)
    label: Mapped[Label] = mapped_column(default="")
    uses: Mapped[int] = mapped_column(default=0)
    hours_from_first_use: Mapped[int] = mapped_column(default=0)
    home_gate: Mapped[Name] = mapped_column(default="")
    pass_id: Mapped[Pseudonym | None]
    pass_from_ms: Mapped[InstantMs] = mapped_column(default=0)
    former_pass_id: Mapped[Pseudonym | None]
    former_until_ms: Mapped[InstantMs] = mapped_column(default=0)
    first_used_at_ms: Mapped[InstantMs | None]
    created_at_ms: Mapped[InstantMs]
    ended_at_ms: Mapped[InstantMs | None] = mapped_column(index=True)
    end_reason: Mapped[Name] = mapped_column(default="")
    ended_by: Mapped[Pseudonym | None]


class ScheduleRow(Base):
    """A named weekly plan; `always` needs no windows, no windows means never."""

    __tablename__ = "schedules"

    name: Mapped[Name] = mapped_column(primary_key=True)
    title: Mapped[Label] = mapped_column(default="")
    always: Mapped[bool] = mapped_column(default=False)
    windows: Mapped[list["WindowRow"]] = relationship(
        cascade="all, delete-orphan", order_by="WindowRow.id", lazy="selectin"
    )


class WindowRow(Base):
    """One weekly window; `days` has bit 0 for Monday.

    Minutes after local midnight in the compound's zone.
    """

    __tablename__ = "schedule_windows"

    id: Mapped[int] = mapped_column(primary_key=True)
    schedule: Mapped[Name] = mapped_column(
        ForeignKey("schedules.name", ondelete="CASCADE"), index=True
    )
    days: Mapped[int]
    start_min: Mapped[int]
    end_min: Mapped[int]
    on_holidays: Mapped[bool] = mapped_column(default=True)


class CalendarDayRow(Base):
    """A public holiday or make-up workday by ISO date.

    Source: State Council notice of the year; editable.
    """

    __tablename__ = "calendar_days"

    day: Mapped[Name] = mapped_column(primary_key=True)
    kind: Mapped[Name]


class LevelRow(Base):
    """A named set of grants."""

    __tablename__ = "access_levels"

    name: Mapped[Name] = mapped_column(primary_key=True)
    title: Mapped[Label] = mapped_column(default="")
    grants: Mapped[list["GrantRow"]] = relationship(
        cascade="all, delete-orphan", order_by="GrantRow.id", lazy="selectin"
    )


class GrantRow(Base):
    """One line of a level: these access points in this schedule."""

    __tablename__ = "grants"

    id: Mapped[int] = mapped_column(primary_key=True)
    level: Mapped[Name] = mapped_column(
        ForeignKey("access_levels.name", ondelete="CASCADE"), index=True
    )
    access_points: Mapped[tuple[str, ...]] = mapped_column(Words)
    schedule: Mapped[Name] = mapped_column(ForeignKey("schedules.name"))


class RevocationRow(Base):
    """An ended credential or pass.

    It leaves the list at `until_ms`, when it would have ended by itself.
    """

    __tablename__ = "revocations"

    id: Mapped[Pseudonym] = mapped_column(primary_key=True)
    at_ms: Mapped[InstantMs]
    until_ms: Mapped[InstantMs] = mapped_column(index=True)


class SiteValueRow(Base):
    """One value that the whole site shares, such as the salt of all residents' PINs."""

    __tablename__ = "site_values"

    name: Mapped[Name] = mapped_column(primary_key=True)
    value: Mapped[Blob]


class SiteKeyRow(Base):
    """A signing key of the site. The private half is in the keystore folder only.

    It signs until `sign_until_ms` and is believed until `not_after_ms`, so that what it signed last
    lives its full life.
    """

    __tablename__ = "site_keys"

    kid: Mapped[Blob] = mapped_column(primary_key=True)
    public_key: Mapped[Blob]
    scopes: Mapped[tuple[str, ...]] = mapped_column(Words)
    not_before_ms: Mapped[InstantMs]
    sign_until_ms: Mapped[InstantMs]
    not_after_ms: Mapped[InstantMs]
    created_at_ms: Mapped[InstantMs]
    withdrawn_at_ms: Mapped[InstantMs | None]
