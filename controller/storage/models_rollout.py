"""Map roll-outs: what is to change, where it stands at each gate, and everything that happened."""

from typing import Any

from sqlalchemy import JSON, BigInteger, CheckConstraint, ForeignKey, Integer
from sqlalchemy.orm import Mapped, mapped_column

from controller.storage.base import (
    Base,
    Blob,
    Count,
    InstantMs,
    Label,
    Name,
    Prose,
    Pseudonym,
    Words,
)

__all__ = ["RolloutGateRow", "RolloutRow", "RolloutStepRow"]

_ROWID = BigInteger().with_variant(Integer, "sqlite")


class RolloutRow(Base):
    """One roll-out. `changes` maps a record of `config` to its changed fields.

    `canaries` are the gates that try it first; `window_ms` is how long each gate must stay without
    a fault, `patience_ms` how long it may stay unproven.
    """

    __tablename__ = "rollouts"
    __table_args__ = (
        CheckConstraint("kind IN ('config', 'software', 'model')", name="kind"),
        CheckConstraint(
            "state IN ('draft', 'canary', 'rest', 'done', 'stopped', 'rolled_back')", name="state"
        ),
    )

    id: Mapped[int] = mapped_column(_ROWID, primary_key=True)
    kind: Mapped[Name]
    title: Mapped[Label]
    changes: Mapped[dict[str, Any]] = mapped_column(JSON)
    gates: Mapped[tuple[str, ...]] = mapped_column(Words)
    canaries: Mapped[tuple[str, ...]] = mapped_column(Words)
    window_ms: Mapped[Count]
    patience_ms: Mapped[Count]
    state: Mapped[Name]
    made_at_ms: Mapped[InstantMs]
    made_by: Mapped[Pseudonym]
    started_at_ms: Mapped[InstantMs | None]
    ended_at_ms: Mapped[InstantMs | None]
    outcome: Mapped[Prose] = mapped_column(default="")


class RolloutGateRow(Base):
    """How one gate fares in one roll-out.

    `state` is `waiting`, `trial`, `healthy`, `unproven`, `failed`, `kept`, `rolled_back` or
    `untouched`; `base_version` is the `config` version before, `version` the one on trial. The
    rest is from the gate's newest signed health report.
    """

    __tablename__ = "rollout_gates"

    rollout: Mapped[int] = mapped_column(_ROWID, ForeignKey("rollouts.id"), primary_key=True)
    gate: Mapped[Name] = mapped_column(ForeignKey("gates.name"), primary_key=True, index=True)
    state: Mapped[Name]
    base_version: Mapped[Count] = mapped_column(default=0)
    version: Mapped[Count] = mapped_column(default=0)
    sent_at_ms: Mapped[InstantMs | None]
    heard_at_ms: Mapped[InstantMs | None]
    boot_id: Mapped[Blob] = mapped_column(default=b"")
    mono_ms: Mapped[Count] = mapped_column(default=0)
    elapsed_ms: Mapped[Count] = mapped_column(default=0)
    checks: Mapped[dict[str, str]] = mapped_column(JSON)
    failed: Mapped[Label] = mapped_column(default="")
    decided: Mapped[Count] = mapped_column(default=0)
    refused: Mapped[Count] = mapped_column(default=0)


class RolloutStepRow(Base):
    """One thing that happened in a roll-out; `actor` is empty where the system did it."""

    __tablename__ = "rollout_steps"

    id: Mapped[int] = mapped_column(_ROWID, primary_key=True)
    rollout: Mapped[int] = mapped_column(_ROWID, ForeignKey("rollouts.id"), index=True)
    at_ms: Mapped[InstantMs]
    gate: Mapped[Name] = mapped_column(default="")
    step: Mapped[Name]
    actor: Mapped[Blob] = mapped_column(default=b"")
    note: Mapped[Prose] = mapped_column(default="")
