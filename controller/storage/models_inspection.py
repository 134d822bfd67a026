"""Map what inspectors do: drills, walk tests, their steps, and every look that they took."""

from sqlalchemy import JSON, BigInteger, CheckConstraint, ForeignKey, Index, Integer
from sqlalchemy.orm import Mapped, mapped_column

from controller.storage.base import Base, Blob, Count, InstantMs, Label, Name, Pseudonym, Words

__all__ = ["AdmissionRow", "InspectionRow", "InspectionStepRow", "InspectorLookRow"]

_ROWID = BigInteger().with_variant(Integer, "sqlite")


class InspectionRow(Base):
    """A drill or a walk test of one visit.

    `list_hash` is SHA-256 over `list_body` (the credentials used, with a salt), published before
    anything is played; the body is shown only after `revealed_at_ms`. `before` and `after` are
    each gate's signed face counters. `refused_rule` is the rule by which a face-only plan was
    refused, empty until it was tried. `holder_id` carries the credentials of the visit.
    """

    __tablename__ = "inspections"
    __table_args__ = (CheckConstraint("kind IN ('drill', 'walk')", name="kind"),)

    id: Mapped[Pseudonym] = mapped_column(primary_key=True)
    kind: Mapped[Name]
    inspector: Mapped[Pseudonym] = mapped_column(ForeignKey("staff.id"), index=True)
    access_points: Mapped[tuple[str, ...]] = mapped_column(Words)
    opened_at_ms: Mapped[InstantMs] = mapped_column(index=True)
    until_ms: Mapped[InstantMs]
    closed_at_ms: Mapped[InstantMs | None]
    holder_id: Mapped[Pseudonym] = mapped_column(ForeignKey("holders.id"))
    list_hash: Mapped[Blob]
    list_body: Mapped[Blob]
    revealed_at_ms: Mapped[InstantMs | None]
    before: Mapped[dict[str, dict[str, int]]] = mapped_column(JSON)
    after: Mapped[dict[str, dict[str, int]]] = mapped_column(JSON)
    refused_rule: Mapped[Name]
    refused_witness: Mapped[Label]
    opt_out: Mapped[Blob]
    opened_seq: Mapped[Count]


class InspectionStepRow(Base):
    """One way at one access point, played once; found again in the gate's log by its number.

    `outcome` is empty while it waits. `machine_ms` is the gate's time from presence to unlock,
    `stopwatch_ms` what the inspector measured by hand; both None where not known.
    """

    __tablename__ = "inspection_steps"
    __table_args__ = (Index("ix_inspection_steps_inspection_id_at", "inspection_id", "at"),)

    id: Mapped[int] = mapped_column(_ROWID, primary_key=True)
    inspection_id: Mapped[Pseudonym] = mapped_column(ForeignKey("inspections.id"))
    at: Mapped[int]
    access_point: Mapped[Name]
    way: Mapped[Name]
    outcome: Mapped[Name] = mapped_column(default="")
    reason: Mapped[Name] = mapped_column(default="")
    gate: Mapped[Name] = mapped_column(default="")
    epoch: Mapped[Count | None]
    seq: Mapped[Count | None]
    adapter_kind: Mapped[Name] = mapped_column(default="")
    machine_ms: Mapped[int | None]
    stopwatch_ms: Mapped[int | None]
    done_at_ms: Mapped[InstantMs | None]


class InspectorLookRow(Base):
    """One page or file that an inspector looked at (rule IN-02); never changed."""

    __tablename__ = "inspector_looks"

    id: Mapped[int] = mapped_column(_ROWID, primary_key=True)
    at_ms: Mapped[InstantMs] = mapped_column(index=True)
    inspector: Mapped[Pseudonym] = mapped_column(ForeignKey("staff.id"), index=True)
    page: Mapped[Label]


class AdmissionRow(Base):
    """A file from the district that admitted an inspector; used once, known by its hash."""

    __tablename__ = "admissions"

    file_hash: Mapped[Blob] = mapped_column(primary_key=True)
    staff_id: Mapped[Pseudonym] = mapped_column(ForeignKey("staff.id"))
    used_at_ms: Mapped[InstantMs]
