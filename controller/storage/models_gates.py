"""Map the compound's gates, the openings they control and what is published to them."""

from sqlalchemy import ForeignKey, ForeignKeyConstraint
from sqlalchemy.orm import Mapped, mapped_column

from controller.storage.base import Base, Blob, Count, InstantMs, Label, Name, Prose, Words

__all__ = [
    "AccessPointRow",
    "CommandRow",
    "DocumentChangeRow",
    "DocumentRecordRow",
    "DocumentRow",
    "GateRow",
    "PortalRow",
]


class GateRow(Base):
    """One gate unit.

    `public_key` (32 bytes) signs its events, births and heartbeats; empty until it is enrolled.
    """

    __tablename__ = "gates"

    name: Mapped[Name] = mapped_column(primary_key=True)
    title: Mapped[Label] = mapped_column(default="")
    public_key: Mapped[Blob] = mapped_column(default=b"")
    passback: Mapped[Name] = mapped_column(default="off")
    open_needs_own_key: Mapped[bool] = mapped_column(default=False)
    double_tap_hold: Mapped[bool] = mapped_column(default=False)
    credential_capacity: Mapped[int] = mapped_column(default=10_000)
    created_at_ms: Mapped[InstantMs]
    revoked_at_ms: Mapped[InstantMs | None]


class PortalRow(Base):
    """One physical opening; `settings` is the canonical CBOR of its `PortalRecord`."""

    __tablename__ = "portals"

    name: Mapped[Name] = mapped_column(primary_key=True)
    gate: Mapped[Name] = mapped_column(ForeignKey("gates.name"), index=True)
    title: Mapped[Label] = mapped_column(default="")
    settings: Mapped[Blob]


class AccessPointRow(Base):
    """One direction of a portal.

    It names the ways in that are fitted and its readers' card formats.
    """

    __tablename__ = "access_points"

    name: Mapped[Name] = mapped_column(primary_key=True)
    portal: Mapped[Name] = mapped_column(ForeignKey("portals.name"), index=True)
    title: Mapped[Label] = mapped_column(default="")
    direction: Mapped[Name]
    methods: Mapped[tuple[str, ...]] = mapped_column(Words)
    card_formats: Mapped[tuple[str, ...]] = mapped_column(Words)
    zone_from: Mapped[Name] = mapped_column(default="")
    zone_to: Mapped[Name] = mapped_column(default="")
    entry_confirmed: Mapped[bool] = mapped_column(default=False)


class DocumentRow(Base):
    """What a gate should hold of one document.

    `version_floor` is the highest version that the gate itself has reported: after a restore the
    next version is above it. `published_version` lags while the broker is away.
    """

    __tablename__ = "documents"

    gate: Mapped[Name] = mapped_column(ForeignKey("gates.name"), primary_key=True)
    name: Mapped[Name] = mapped_column(primary_key=True)
    version: Mapped[Count]
    digest: Mapped[Blob]
    records: Mapped[int]
    issued_at_ms: Mapped[InstantMs]
    version_floor: Mapped[Count] = mapped_column(default=0)
    published_version: Mapped[Count] = mapped_column(default=0)


class DocumentRecordRow(Base):
    """One record of a document as compiled last: its id and canonical CBOR."""

    __tablename__ = "document_records"
    __table_args__ = (ForeignKeyConstraint(["gate", "name"], ["documents.gate", "documents.name"]),)

    gate: Mapped[Name] = mapped_column(primary_key=True)
    name: Mapped[Name] = mapped_column(primary_key=True)
    record: Mapped[Label] = mapped_column(primary_key=True)
    body: Mapped[Blob]


class DocumentChangeRow(Base):
    """Which records a version changed.

    From these a delta can be made from any version kept here.
    """

    __tablename__ = "document_changes"
    __table_args__ = (ForeignKeyConstraint(["gate", "name"], ["documents.gate", "documents.name"]),)

    gate: Mapped[Name] = mapped_column(primary_key=True)
    name: Mapped[Name] = mapped_column(primary_key=True)
    version: Mapped[Count] = mapped_column(primary_key=True)
    digest: Mapped[Blob]
    changed: Mapped[tuple[str, ...]] = mapped_column(Words)


class CommandRow(Base):
    """An order that was given.

    `state` is `sent`, `done`, `refused` or `expired`; the record of what happened is the gate's
    event.
    """

    __tablename__ = "commands"

    id: Mapped[Blob] = mapped_column(primary_key=True)
    gate: Mapped[Name] = mapped_column(ForeignKey("gates.name"), index=True)
    op: Mapped[Name]
    access_point: Mapped[Name]
    actor: Mapped[Blob]
    reason: Mapped[Prose]
    boot_id: Mapped[Blob]
    issued_at_ms: Mapped[InstantMs] = mapped_column(index=True)
    deadline_mono_ms: Mapped[Count]
    expires_at_ms: Mapped[InstantMs]
    state: Mapped[Name] = mapped_column(default="sent")
    result: Mapped[Name] = mapped_column(default="")
    answered_at_ms: Mapped[InstantMs | None]
