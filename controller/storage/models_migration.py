"""Map the move from an old system: lists of fobs, claims, each gate's mode, old terminals.

No column can hold a picture or a template: what old terminals held is wiped there, not brought.
"""

from sqlalchemy import CheckConstraint, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from controller.storage.base import Base, Blob, InstantMs, Label, Name, Prose, Pseudonym, Words

__all__ = [
    "FobClaimRow",
    "FobListCardRow",
    "FobListRow",
    "GateModeRow",
    "GateModeStepRow",
    "OldTerminalRow",
]


class FobListRow(Base):
    """One list that was taken over. `digest` is SHA-256 of the file, which is not kept."""

    __tablename__ = "fob_lists"

    id: Mapped[Pseudonym] = mapped_column(primary_key=True)
    digest: Mapped[Blob]
    reading: Mapped[Name]
    levels: Mapped[tuple[str, ...]] = mapped_column(Words)
    fobs: Mapped[int]
    open_until_ms: Mapped[InstantMs]
    made_at_ms: Mapped[InstantMs] = mapped_column(index=True)
    made_by: Mapped[Pseudonym]
    undone_at_ms: Mapped[InstantMs | None]
    undone_by: Mapped[Pseudonym | None]


class FobListCardRow(Base):
    """One fob of a list by its credential.

    `origin` says what the list knew: `person`, `dwelling`, `orphan` or `shared`. A fob with
    `claimed_at_ms` null and an origin other than `person` is unclaimed: it opens until the list's
    date, and belongs to a holder of its own that is no person.
    """

    __tablename__ = "fob_list_cards"
    __table_args__ = (
        CheckConstraint("origin IN ('person', 'dwelling', 'orphan', 'shared')", name="origin"),
    )

    credential_id: Mapped[Pseudonym] = mapped_column(primary_key=True)
    list_id: Mapped[Pseudonym] = mapped_column(ForeignKey("fob_lists.id"), index=True)
    holder_id: Mapped[Pseudonym] = mapped_column(index=True)
    origin: Mapped[Name]
    dwelling: Mapped[Label]
    claimed_at_ms: Mapped[InstantMs | None]
    claimed_by: Mapped[Pseudonym | None]


class FobClaimRow(Base):
    """Somebody says "the fob I tap there now is mine".

    `outcome` is empty while it waits, then `claimed`, `ambiguous` or `nothing`.
    """

    __tablename__ = "fob_claims"

    id: Mapped[Pseudonym] = mapped_column(primary_key=True)
    holder_id: Mapped[Pseudonym] = mapped_column(ForeignKey("holders.id"), index=True)
    access_point: Mapped[Name] = mapped_column(ForeignKey("access_points.name"))
    opened_at_ms: Mapped[InstantMs]
    until_ms: Mapped[InstantMs]
    opened_by: Mapped[Pseudonym]
    outcome: Mapped[Name]
    credential_id: Mapped[Pseudonym | None]
    closed_at_ms: Mapped[InstantMs | None] = mapped_column(index=True)


class GateModeRow(Base):
    """How a gate works now: no row means live, else `shadow` or `live`."""

    __tablename__ = "gate_modes"
    __table_args__ = (CheckConstraint("mode IN ('shadow', 'live')", name="mode"),)

    gate: Mapped[Name] = mapped_column(ForeignKey("gates.name"), primary_key=True)
    mode: Mapped[Name]
    since_ms: Mapped[InstantMs]


class GateModeStepRow(Base):
    """One step of a gate's move, kept for good: `shadow`, `cut_over` or `returned`."""

    __tablename__ = "gate_mode_steps"

    id: Mapped[int] = mapped_column(primary_key=True)
    gate: Mapped[Name] = mapped_column(ForeignKey("gates.name"), index=True)
    step: Mapped[Name]
    at_ms: Mapped[InstantMs]
    actor: Mapped[Pseudonym]
    reason: Mapped[Prose]


class OldTerminalRow(Base):
    """An old terminal that held faces or fingerprints, from its listing to its proven wiping."""

    __tablename__ = "old_terminals"

    id: Mapped[Pseudonym] = mapped_column(primary_key=True)
    place: Mapped[Label]
    maker: Mapped[Label]
    serial: Mapped[Label]
    people: Mapped[int]
    listed_at_ms: Mapped[InstantMs]
    listed_by: Mapped[Pseudonym]
    attestation_id: Mapped[int | None] = mapped_column(ForeignKey("attestations.id"))
