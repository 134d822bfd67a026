"""Map what managers' pages add: all controlled points, sites of access points, plans, requests."""

from typing import Any

from sqlalchemy import JSON, BigInteger, CheckConstraint, ForeignKey, Integer
from sqlalchemy.orm import Mapped, mapped_column

from controller.storage.base import Base, Blob, InstantMs, Label, Name, Prose, Pseudonym, Words

__all__ = [
    "AccessPointSiteRow",
    "ControlledPointRow",
    "EndRequestRow",
    "ImportItemRow",
    "ImportRunRow",
    "MovementRequestRow",
    "NameKeyRow",
    "PlanVersionRow",
]

_ROWID = BigInteger().with_variant(Integer, "sqlite")


class ControlledPointRow(Base):
    """One place of the compound where something decides who gets through, ours or not.

    `access_point` is set where EqualGate controls it; everything else is NOT COVERED by any verdict
    and is counted. `photo_hash` is SHA-256 of the photo that the site keeps.
    """

    __tablename__ = "controlled_points"
    __table_args__ = (
        CheckConstraint(
            "kind IN ('gate', 'unit_door', 'lift', 'gym', 'garage', 'other')", name="kind"
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[Label]
    kind: Mapped[Name]
    place: Mapped[Label]
    operator: Mapped[Label]
    access_point: Mapped[Name | None] = mapped_column(ForeignKey("access_points.name"))
    ways: Mapped[tuple[str, ...]] = mapped_column(Words)
    photo_hash: Mapped[Blob]
    photo_at_ms: Mapped[InstantMs | None]
    made_at_ms: Mapped[InstantMs]
    made_by: Mapped[Pseudonym]
    ended_at_ms: Mapped[InstantMs | None]


class AccessPointSiteRow(Base):
    """How an access point stands on the ground, as somebody measured it.

    `layout` maps each way to [lanes, distance from the lane's centre in cm, height in cm].
    `sign_hash` is SHA-256 of the photo of the sign; `sign_seen_at_ms` when it was taken.
    """

    __tablename__ = "access_point_sites"

    access_point: Mapped[Name] = mapped_column(ForeignKey("access_points.name"), primary_key=True)
    layout: Mapped[dict[str, list[int]]] = mapped_column(JSON)
    qr_frames_per_s: Mapped[int]
    qr_exposure_us: Mapped[int]
    sign_hash: Mapped[Blob]
    sign_seen_at_ms: Mapped[InstantMs | None]
    changed_at_ms: Mapped[InstantMs]
    changed_by: Mapped[Pseudonym]


class PlanVersionRow(Base):
    """The whole configuration as it was after a change; `rolled_back_to` names an older one.

    `snapshot` holds gates, levels, schedules and holidays, and no person.
    """

    __tablename__ = "plan_versions"

    id: Mapped[int] = mapped_column(primary_key=True)
    at_ms: Mapped[InstantMs]
    actor: Mapped[Pseudonym]
    reason: Mapped[Prose]
    snapshot: Mapped[dict[str, Any]] = mapped_column(JSON)
    digest: Mapped[Blob]
    rolled_back_to: Mapped[int | None] = mapped_column(ForeignKey("plan_versions.id"))


class EndRequestRow(Base):
    """Staff want to end a credential for a reason that needs a second person and a notice."""

    __tablename__ = "end_requests"

    id: Mapped[int] = mapped_column(primary_key=True)
    credential_id: Mapped[Pseudonym] = mapped_column(ForeignKey("credentials.id"), index=True)
    holder_id: Mapped[Pseudonym] = mapped_column(ForeignKey("holders.id"), index=True)
    reason: Mapped[Name]
    note: Mapped[Prose]
    order_reference: Mapped[Label]
    with_replacement: Mapped[bool]
    asked_by: Mapped[Pseudonym]
    asked_at_ms: Mapped[InstantMs]
    ends_at_ms: Mapped[InstantMs] = mapped_column(index=True)
    approved_by: Mapped[Pseudonym | None]
    approved_at_ms: Mapped[InstantMs | None]
    done_at_ms: Mapped[InstantMs | None] = mapped_column(index=True)
    withdrawn_by: Mapped[Pseudonym | None]
    withdrawn_at_ms: Mapped[InstantMs | None]


class MovementRequestRow(Base):
    """Somebody asks to see one named person's movements; another approves, for a day (DM-09)."""

    __tablename__ = "movement_requests"

    id: Mapped[int] = mapped_column(primary_key=True)
    holder_id: Mapped[Pseudonym] = mapped_column(ForeignKey("holders.id"), index=True)
    ticket: Mapped[Label]
    reason: Mapped[Prose]
    from_ms: Mapped[InstantMs]
    to_ms: Mapped[InstantMs]
    asked_by: Mapped[Pseudonym]
    asked_at_ms: Mapped[InstantMs]
    approved_by: Mapped[Pseudonym | None]
    approved_at_ms: Mapped[InstantMs | None]
    open_until_ms: Mapped[InstantMs | None]


class ImportRunRow(Base):
    """One list of residents: uploaded, shown, confirmed, perhaps undone.

    `raw` is emptied when it is applied, or after an hour.
    """

    __tablename__ = "import_runs"

    id: Mapped[Pseudonym] = mapped_column(primary_key=True)
    raw: Mapped[Blob]
    levels: Mapped[tuple[str, ...]] = mapped_column(Words)
    token: Mapped[Prose]
    made_at_ms: Mapped[InstantMs] = mapped_column(index=True)
    made_by: Mapped[Pseudonym]
    applied_at_ms: Mapped[InstantMs | None]
    counts: Mapped[dict[str, int]] = mapped_column(JSON)
    undone_at_ms: Mapped[InstantMs | None]


class ImportItemRow(Base):
    """What one list did to one person; `before` is what undoing puts back."""

    __tablename__ = "import_items"

    id: Mapped[int] = mapped_column(_ROWID, primary_key=True)
    run_id: Mapped[Pseudonym] = mapped_column(ForeignKey("import_runs.id"), index=True)
    change: Mapped[Name]
    holder_id: Mapped[Pseudonym] = mapped_column(ForeignKey("holders.id"))
    before: Mapped[dict[str, Any]] = mapped_column(JSON)


class NameKeyRow(Base):
    """One way to type a name: all pinyin readings, whole and as initials, and the name itself."""

    __tablename__ = "name_keys"

    id: Mapped[int] = mapped_column(_ROWID, primary_key=True)
    holder_id: Mapped[Pseudonym] = mapped_column(ForeignKey("holders.id"), index=True)
    key: Mapped[Label] = mapped_column(index=True)
