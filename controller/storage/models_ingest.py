"""Map what arrives from gates. Ingest writes these tables through Core; pages only read them.

An event's identity is (gate, epoch, seq). Leaf bytes are stored and hashed as received; the
decoded columns exist for queries and are never hashed. Erasing a personal part sets `salt` and
`personal` to null and breaks nothing that was witnessed (DESIGN §6).
"""

from sqlalchemy import JSON, BigInteger, ForeignKey, Index, Integer, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from controller.storage.base import Base, Blob, Count, InstantMs, Name, Prose

__all__ = ["AlarmRow", "EventRow", "GateEpochRow", "GatePresenceRow"]

_ROWID = BigInteger().with_variant(Integer, "sqlite")


class GateEpochRow(Base):
    """One life of a gate's log.

    `size` leaves are held without a hole; `frontier` is `audit.Frontier.dump()` at that size.

    `acked` is the size last acknowledged with `acked_root`; `stored` counts rows including those
    beyond a hole.
    """

    __tablename__ = "gate_epochs"

    gate: Mapped[Name] = mapped_column(ForeignKey("gates.name"), primary_key=True)
    epoch: Mapped[Count] = mapped_column(primary_key=True)
    size: Mapped[Count] = mapped_column(default=0)
    root: Mapped[Blob]
    frontier: Mapped[Blob] = mapped_column(default=b"")
    stored: Mapped[Count] = mapped_column(default=0)
    acked: Mapped[Count] = mapped_column(default=0)
    acked_root: Mapped[Blob] = mapped_column(default=b"")
    first_received_at_ms: Mapped[InstantMs]
    last_received_at_ms: Mapped[InstantMs]


class EventRow(Base):
    """One event.

    `id` is the order of arrival here, for live pages; `(gate, epoch, seq)` is the identity.
    """

    __tablename__ = "events"
    __table_args__ = (
        UniqueConstraint("gate", "epoch", "seq"),
        Index("ix_events_at_s", "at_s"),
    )

    id: Mapped[int] = mapped_column(_ROWID, primary_key=True)
    gate: Mapped[Name]
    epoch: Mapped[Count]
    seq: Mapped[Count]
    leaf: Mapped[Blob]
    leaf_hash: Mapped[Blob]
    kind: Mapped[Name]
    access_point: Mapped[Name]
    method: Mapped[Name]
    outcome: Mapped[Name]
    reason: Mapped[Name]
    direction: Mapped[Name]
    adapter_kind: Mapped[Name]
    at_s: Mapped[InstantMs]
    clock_level: Mapped[int]
    intent_to_unlock_ms: Mapped[int]
    cause_seq: Mapped[Count]
    received_at_ms: Mapped[InstantMs]
    salt: Mapped[Blob | None]
    personal: Mapped[Blob | None]


class GatePresenceRow(Base):
    """What a gate last said about itself, believed by `PresenceTracker`.

    Command deadlines stand on these values.

    `mono_ms` is the gate's monotonic clock in the last birth or heartbeat, heard at `heard_at_ms`
    (UTC) and `heard_mono_ms` (this machine's monotonic clock, shared by all its processes).
    `documents` maps name to [version, digest in hex]; `face` are the counters of the last signed
    heartbeat (`mqtt.contract.presence`), null until one was heard.
    """

    __tablename__ = "gate_presence"

    gate: Mapped[Name] = mapped_column(ForeignKey("gates.name"), primary_key=True)
    boot_id: Mapped[Blob]
    boot_counter: Mapped[Count]
    mono_ms: Mapped[InstantMs]
    heard_at_ms: Mapped[InstantMs]
    heard_mono_ms: Mapped[InstantMs]
    online: Mapped[bool]
    clock_level: Mapped[int]
    epoch: Mapped[Count]
    size: Mapped[Count]
    root: Mapped[Blob]
    adapter_kind: Mapped[Name]
    software: Mapped[Prose] = mapped_column(default="")
    power: Mapped[Name] = mapped_column(default="mains")
    reads: Mapped[dict[str, int]] = mapped_column(JSON)
    documents: Mapped[dict[str, list[int | str]]] = mapped_column(JSON)
    doors: Mapped[dict[str, str]] = mapped_column(JSON)
    methods: Mapped[dict[str, str]] = mapped_column(JSON)
    face: Mapped[dict[str, int] | None] = mapped_column(JSON)
    face_state: Mapped[Name | None]


class AlarmRow(Base):
    """Something a person must look at: gap, fork, retained message, forced door, double spend.

    `detail` names no person.
    """

    __tablename__ = "alarms"
    __table_args__ = (Index("ix_alarms_open", "cleared_at_ms", "at_ms"),)

    id: Mapped[int] = mapped_column(_ROWID, primary_key=True)
    at_ms: Mapped[InstantMs]
    gate: Mapped[Name]
    reason: Mapped[Name]
    detail: Mapped[Prose] = mapped_column(default="")
    epoch: Mapped[Count | None]
    seq: Mapped[Count | None]
    cleared_at_ms: Mapped[InstantMs | None]
    cleared_by: Mapped[Blob | None]
    clear_reason: Mapped[Prose] = mapped_column(default="")
