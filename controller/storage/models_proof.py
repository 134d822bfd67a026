"""Map what makes promises checkable: witnessed logs, the controller's own log, proofs, verdicts.

Nothing here names a person: what is about somebody is bound by a salted commitment that lies
beside it and can be erased (`ControlLeafRow.salt`, `personal`).
"""

from sqlalchemy import JSON, BigInteger, ForeignKey, Index, Integer
from sqlalchemy.orm import Mapped, mapped_column

from controller.storage.base import Base, Blob, Count, InstantMs, Name, Prose

__all__ = [
    "ContainmentRow",
    "ControlLeafRow",
    "ControlLogRow",
    "GateHeadRow",
    "ParityCellRow",
    "RuleFindingRow",
]

_ROWID = BigInteger().with_variant(Integer, "sqlite")


class GateHeadRow(Base):
    """What a gate signed about the state of its log, and our countersignature under it.

    `presence` is the birth or heartbeat as received (`kind` `birth` or `hb`), one for every five
    minutes (`slot`); `note` is the C2SP checkpoint with our line, empty until we hold and have
    compared all of the `size` leaves; `at_s` is when we signed.
    """

    __tablename__ = "gate_heads"
    __table_args__ = (Index("ix_gate_heads_note", "note", "gate"),)

    gate: Mapped[Name] = mapped_column(ForeignKey("gates.name"), primary_key=True)
    epoch: Mapped[Count] = mapped_column(primary_key=True)
    kind: Mapped[Name] = mapped_column(primary_key=True)
    slot: Mapped[Count] = mapped_column(primary_key=True)
    size: Mapped[Count]
    root: Mapped[Blob]
    presence: Mapped[Blob]
    heard_at_ms: Mapped[InstantMs]
    note: Mapped[Prose] = mapped_column(default="")
    at_s: Mapped[InstantMs] = mapped_column(default=0)


class ControlLogRow(Base):
    """The head of the controller's own log; one row, `id` 1. `frontier` as in `audit.Frontier`."""

    __tablename__ = "control_log"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    size: Mapped[Count]
    root: Mapped[Blob]
    frontier: Mapped[Blob]
    changed_at_ms: Mapped[InstantMs]


class ControlLeafRow(Base):
    """One leaf of the controller's log; `leaf` is hashed as stored, `seq` begins at 0."""

    __tablename__ = "control_leaves"

    seq: Mapped[int] = mapped_column(_ROWID, primary_key=True, autoincrement=False)
    kind: Mapped[Name] = mapped_column(index=True)
    at_ms: Mapped[InstantMs]
    leaf: Mapped[Blob]
    leaf_hash: Mapped[Blob]
    salt: Mapped[Blob | None]
    personal: Mapped[Blob | None]


class ContainmentRow(Base):
    """The proof that nothing opens for a face only, made when a configuration was published.

    `config_hash` is SHA-256 over the digests of `config`, `policy` and the classes of equal
    access; `proof` is canonical CBOR and can be computed again from the configuration alone.
    """

    __tablename__ = "containment_proofs"

    gate: Mapped[Name] = mapped_column(ForeignKey("gates.name"), primary_key=True)
    config_hash: Mapped[Blob] = mapped_column(primary_key=True)
    config_version: Mapped[Count]
    policy_version: Mapped[Count]
    proof: Mapped[Blob]
    proof_hash: Mapped[Blob]
    classes: Mapped[int]
    beyond: Mapped[int]
    made_at_ms: Mapped[InstantMs] = mapped_column(index=True)


class RuleFindingRow(Base):
    """A verdict of one rule from `since_ms` on; the present one has no `until_ms`.

    A new row begins when the verdict changes; evidence and words are those seen last.
    """

    __tablename__ = "rule_findings"
    __table_args__ = (Index("ix_rule_findings_rule_since_ms", "rule", "since_ms"),)

    id: Mapped[int] = mapped_column(_ROWID, primary_key=True)
    rule: Mapped[Name]
    catalogue: Mapped[Name]
    verdict: Mapped[Name]
    zh: Mapped[Prose]
    en: Mapped[Prose]
    evidence: Mapped[list[list[str]]] = mapped_column(JSON)
    since_ms: Mapped[InstantMs]
    seen_at_ms: Mapped[InstantMs]
    until_ms: Mapped[InstantMs | None] = mapped_column(index=True)


class ParityCellRow(Base):
    """How one way served at one access point in one month, counted from the gates' leaves.

    `counted` are the numbers of `mqtt.contract.parity.ParityRow` after its key, in order;
    `availability_ppm` is parts per million, -1 where nothing is known; `computed_at_ms` is when.
    """

    __tablename__ = "parity_cells"

    month: Mapped[Name] = mapped_column(primary_key=True)
    access_point: Mapped[Name] = mapped_column(primary_key=True)
    method: Mapped[Name] = mapped_column(primary_key=True)
    counted: Mapped[list[int]] = mapped_column(JSON)
    availability_ppm: Mapped[int]
    computed_at_ms: Mapped[InstantMs]
